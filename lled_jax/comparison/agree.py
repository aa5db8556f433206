"""Runs that are compared must have been measured on the same pairs by one rule."""

import fnmatch
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from lled_jax.columns import describe, in_order
from lled_jax.comparison.read import Run
from lled_jax.errors import InputError

# The dark inputs' own scores tell data sets apart; devices differ in the last digits.
_TOLERANCE = {"psnr": 0.01, "niqe": 0.01}
_OTHER_TOLERANCE = 1e-3


class Agreement(NamedTuple):
    """What all runs share, and where they may differ without harm but not unsaid."""

    names: tuple[str, ...]
    """The images, in the order of the first run."""

    columns: tuple[str, ...]
    """The columns that at least one run has, in the tables' order."""

    protocol: tuple[str, ...]
    data: str
    split: str
    input_means: dict[str, float]
    """The scores of the dark inputs themselves; empty if no run has them."""

    warnings: tuple[str, ...]


# Of photos without ground truth the input is scored beside the output.
_BEFORE = "niqe_input"


def agree(runs: Sequence[Run]) -> Agreement:
    """Check that `runs`, one or more, can stand in one table.

    Raises `InputError`, naming two runs, if they differ in images, split, data set
    (by its name, or by the scores of its dark inputs) or in the protocol of a column.
    """
    first = runs[0]
    for run, other in combinations(runs, 2):
        _same_images(run, other)
        _same_split(run, other)
        _same_data(run, other)
    columns = in_order(c for run in runs for c in run.means if c != _BEFORE)
    protocol, notes = _protocol(runs)
    inputs = {c: mean for run in runs for c, mean in _input_means(run).items()}
    warnings = [*notes, *_lacking(runs, columns), *_devices(runs), *_sizes(runs)]
    return Agreement(
        tuple(first.images),
        tuple(columns),
        protocol,
        _folder(first),
        first.fact("split"),
        inputs,
        tuple(warnings),
    )


def _same_images(first: Run, run: Run) -> None:
    ours, theirs = set(first.images), set(run.images)
    if ours == theirs:
        return
    more, fewer = (first, run) if ours - theirs else (run, first)
    name = sorted(set(more.images) - set(fewer.images))[0]
    raise InputError(
        f"{more.name!r} and {fewer.name!r} are of different images ({len(more.images)} "
        f"and {len(fewer.images)}; {name!r} is only in the first): evaluate both on "
        "the same --data and --split"
    )


def _same_split(first: Run, run: Run) -> None:
    splits = first.fact("split"), run.fact("split")
    if all(splits) and splits[0] != splits[1]:
        raise InputError(
            f"{first.name!r} was scored on the split {splits[0]!r}, {run.name!r} on "
            f"{splits[1]!r}: evaluate both with the same --split"
        )


def _same_data(first: Run, run: Run) -> None:
    """By the dark inputs' scores if both have them: paths differ between machines."""
    ours, theirs = _input_means(first), _input_means(run)
    shared = sorted(ours.keys() & theirs.keys())
    folders = _folder(first), _folder(run)
    cure = "evaluate both with the same --data"
    for column in shared:
        limit = _TOLERANCE.get(column.split("_")[0], _OTHER_TOLERANCE)
        if abs(ours[column] - theirs[column]) > limit:
            raise InputError(
                f"{first.name!r} and {run.name!r} are of different data: the dark "
                f"inputs' own {column} is {ours[column]:.4f} and {theirs[column]:.4f} "
                f"({folders[0]} and {folders[1]}): {cure}"
            )
    if not shared and all(folders) and not _same_folder(*folders):
        raise InputError(
            f"{first.name!r} was scored on {folders[0]}, {run.name!r} on {folders[1]}: "
            f"{cure}"
        )


def _folder(run: Run) -> str:
    """Of the pairs, or of photos without ground truth."""
    return run.fact("data") or run.fact("photos")


def _same_folder(one: str, other: str) -> bool:
    return one == other or Path(one).resolve() == Path(other).resolve()


def _input_means(run: Run) -> dict[str, float]:
    means = run.facts.get("input_means")
    if not isinstance(means, dict):
        return {"niqe": run.means[_BEFORE]} if _BEFORE in run.means else {}
    return {k: float(v) for k, v in means.items() if isinstance(v, int | float)}


def _protocol(runs: Sequence[Run]) -> tuple[tuple[str, ...], list[str]]:
    """Every line once, and notes on those that not all runs have.

    A line is of a column, as "psnr: ...", or of all.
    """
    known = {column for run in runs for column in run.means}
    meaning: dict[str, tuple[str, Run]] = {}
    general: dict[str, list[Run]] = {}
    for run in runs:
        for index, line in enumerate(run.protocol):
            key = line.partition(":")[0]
            # A key may stand for several columns, as "*_x8".
            if index and not fnmatch.filter(known, key):
                general.setdefault(line, []).append(run)
                continue
            # The first line says how images are averaged: of every column.
            other, owner = meaning.setdefault(key if index else "", (line, run))
            if other != line:
                raise InputError(
                    f"{owner.name!r} and {run.name!r} were scored by different "
                    f"protocols, {other!r} and {line!r}: evaluate both with one version"
                )
    shared = [line for line, owners in general.items() if len(owners) == len(runs)]
    partly = [
        f"Only {', '.join(run.name for run in owners)}: {line}"
        for line, owners in general.items()
        if len(owners) < len(runs)
    ]
    order = ["", *in_order(c for c in meaning if c)]
    return (*(meaning[c][0] for c in order if c in meaning), *shared), partly


def _lacking(runs: Sequence[Run], columns: Sequence[str]) -> list[str]:
    partly = [
        f"{describe(column).heading} (in {having} of {len(runs)})"
        for column in columns
        if (having := sum(column in run.means for run in runs)) < len(runs)
    ]
    if not partly:
        return []
    return [
        f"Not every run has {', '.join(partly)}: best and second best there are of "
        "those that do."
    ]


def _devices(runs: Sequence[Run]) -> list[str]:
    devices = {run.fact("device") or "an unnamed device" for run in runs if run.timing}
    if len(devices) < 2:
        return []
    return [
        f"Run times are of different devices ({', '.join(sorted(devices))}): they "
        "cannot be compared with each other."
    ]


def _sizes(runs: Sequence[Run]) -> list[str]:
    sizes = {run.timing.size for run in runs if run.timing}
    if len(sizes) < 2:
        return []
    return [f"Run times are of images of different sizes ({', '.join(sorted(sizes))})."]
