"""Write a survey's pairs as folders: train/{low,high} and so on, once, in parallel."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from lled_jax.data.pairs import check_same_size
from lled_jax.data.published.developing import libraw_version
from lled_jax.data.published.survey import Original, Survey
from lled_jax.data.published.writing import (
    link,
    size_if_whole,
    suffix_of,
    write,
)
from lled_jax.errors import InputError
from lled_jax.files import write_csv, write_json
from lled_jax.versions import version

ABOUT = "dataset.json"
PAIRS = "pairs.csv"
_LIBRARIES = ("lled-jax", "rawpy", "numpy", "pillow", "imagecodecs")
_SUFFIXES = (".png", ".npy")


def convert(
    survey: Survey, dest: Path, jobs: int, done: Callable[[Original], None]
) -> list[str]:
    """Render every pair into `dest`; what is there and whole is left alone.

    `dest` gets SPLIT/{low,high}/NAME.png (.npy for packed RAW), pairs.csv and
    dataset.json.  A target that several pairs share is written once and has several
    names.  Each file appears whole or not at all, so that after an interruption the
    same call goes on.  `done` is called after each pair, in this thread.

    Returns the messages of the pairs that could not be rendered, which are left out.

    Raises:
        InputError: `dest` holds something else, or cannot be written.
    """
    claim(survey, dest)
    groups: dict[Any, list[Original]] = {}
    for original in survey.originals:
        shared = (original.split, original.high.source)
        groups.setdefault(shared, []).append(original)
    failures: list[str] = []
    stop = threading.Event()

    def work(group: Sequence[Original]) -> list[str]:
        return _convert_group(dest, group, stop)

    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(work, group): group for group in groups.values()}
        for future in as_completed(futures):
            failures += future.result()
            for original in futures[future]:
                done(original)
    finally:
        # After a signal or a full disk: the pairs in work are ended, no more begun.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    _describe(survey, dest, len(failures))
    return sorted(failures)


def claim(survey: Survey, dest: Path) -> None:
    """Mark `dest` as the place of this survey's pairs.

    Raises:
        InputError: as `claim_is_possible`, or it cannot be written.
    """
    claim_is_possible(survey, dest)
    if not (dest / ABOUT).is_file():
        write_json(dest / ABOUT, _about(survey, complete=False))


def claim_is_possible(survey: Survey, dest: Path) -> None:
    """Make sure that `dest` is empty or an earlier call's with the same settings.

    Hidden files do not count.

    Raises:
        InputError: it is neither.
    """
    about = dest / ABOUT
    if not about.is_file():
        # Hidden files, such as .DS_Store, are nobody's work.
        if dest.exists() and not (dest.is_dir() and all(map(_hidden, dest.iterdir()))):
            raise InputError(
                f"{dest} holds other files; use a new or empty folder as DEST"
            )
        return
    try:
        before = json.loads(about.read_text(encoding="utf-8"))
        changed = _changed(before["name"], before["settings"], survey)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{about}: damaged; delete it, or use another DEST") from error
    if changed:
        raise InputError(
            f"{dest} holds another rendition ({changed}); use another DEST or delete it"
        )


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def whole_pairs(survey: Survey, dest: Path) -> int:
    """How many pairs need no more work."""
    return sum(
        _whole_target(dest, original) is not None for original in survey.originals
    )


def _changed(name: str, old: dict[str, Any], survey: Survey) -> str:
    """What makes the rendition another one; "" if it is the same."""
    if name != survey.key:
        return name
    # As JSON has it: tuples are lists there.
    new = json.loads(json.dumps(survey.settings))
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    # rawpy's thirty settings follow from the others, or are of another version.
    short = [key for key in keys if not isinstance(new.get(key, old.get(key)), dict)]
    changes = [f"{key}: {old.get(key)} -> {new.get(key)}" for key in short]
    return ", ".join(changes or keys)


def _convert_group(
    dest: Path, group: Sequence[Original], stop: threading.Event
) -> list[str]:
    """Pairs with one target, which is rendered at most once; messages of failures."""
    failures = []
    target: Path | None = None
    for original in group:
        if stop.is_set():
            break
        written = _whole_target(dest, original)
        if written is None:
            try:
                written = _render(dest, original, target)
            except _Damaged as failure:
                failures.append(str(failure))
                _remove(dest, original)
                continue
        target = written
    return failures


class _Damaged(Exception):
    """A pair that cannot be rendered; errors of writing are not meant."""


def _render(dest: Path, original: Original, target: Path | None) -> Path:
    """Write a pair; its target is also at `target` if that is given."""
    size = size_if_whole(target) if target else None
    high = None
    try:
        low = original.low.render()
        if size is None:
            high = original.high.render()
            size = high.shape[:2]
        check_same_size(original.name, low.shape[:2], size)
    except InputError as error:
        raise _Damaged(str(error)) from error
    path = _path(dest, original, "high", suffix_of(low))
    if high is not None:
        write(path, high)
    elif target is not None:
        link(target, path)
    write(_path(dest, original, "low", suffix_of(low)), low)
    return path


def _whole_target(dest: Path, original: Original) -> Path | None:
    """The target's file if both files of the pair are there, whole and of one size."""
    for suffix in _SUFFIXES:
        low, high = (_path(dest, original, side, suffix) for side in ("low", "high"))
        size = size_if_whole(low)
        if size is not None and size == size_if_whole(high):
            return high
    return None


def _remove(dest: Path, original: Original) -> None:
    for suffix in _SUFFIXES:
        for side in ("low", "high"):
            _path(dest, original, side, suffix).unlink(missing_ok=True)


def _path(dest: Path, original: Original, side: str, suffix: str) -> Path:
    return dest / original.split / side / f"{original.name}{suffix}"


def _describe(survey: Survey, dest: Path, failed: int) -> None:
    """What is there now, and where each pair came from."""
    rows = [
        (
            o.split,
            o.name,
            o.low.source,
            o.high.source,
            "" if o.ratio is None else o.ratio,
        )
        for o in survey.originals
        if _whole_target(dest, o) is not None
    ]
    write_csv(dest / PAIRS, ("split", "name", "low", "high", "ratio"), rows)
    counts = {s: sum(row[0] == s for row in rows) for s in survey.expected}
    complete = not failed and not survey.shortfall()
    write_json(dest / ABOUT, _about(survey, complete=complete) | {"counts": counts})


def _about(survey: Survey, *, complete: bool) -> dict[str, Any]:
    facts = survey.facts
    return {
        "name": survey.key,
        "title": facts.title,
        "page": facts.page,
        "licence": facts.licence,
        "citation": facts.citation,
        "complete": complete,
        "counts": dict.fromkeys(survey.expected, 0),
        "published_counts": facts.counts,
        "expected_counts": dict(survey.expected),
        "settings": dict(survey.settings),
        "versions": {name: version(name) for name in _LIBRARIES}
        | {"libraw": libraw_version()},
    }
