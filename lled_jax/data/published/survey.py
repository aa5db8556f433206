"""What was found in a download, and what of the published set is missing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt16

from lled_jax.arrays import EncodedImage
from lled_jax.data.published.download import Download
from lled_jax.data.published.facts import Facts
from lled_jax.errors import InputError

# Names of missing files in an error's one line; --check lists all.
SHOWN = 3

Packed = UInt16[np.ndarray, "h w 4"]
"""A Bayer mosaic, four colours in turn: linear light of the sensor."""


class Picture(NamedTuple):
    """One image of a pair: the file it comes from and how to make it.

    `render` raises `InputError`, which names the file, for a damaged one.
    """

    source: PurePosixPath
    render: Callable[[], EncodedImage | Packed]


class Original(NamedTuple):
    """A pair as it was published; `name` is unique in its split.

    `ratio` is the quotient of the exposures, where the set states them.
    """

    split: str
    name: str
    low: Picture
    high: Picture
    ratio: float | None = None


@dataclass(frozen=True)
class Survey:
    """The pairs that are there, and how they will be rendered.

    Attributes:
        key: a name of `facts.PUBLISHED`.
        expected: pairs of each split when nothing is missing.
        missing: a line for each file that is missing, as far as it can be named.
        settings: everything that decides the pixels, for JSON.
    """

    key: str
    facts: Facts
    root: str
    originals: tuple[Original, ...]
    expected: Mapping[str, int]
    missing: tuple[str, ...]
    settings: Mapping[str, Any]

    def counts(self) -> dict[str, int]:
        """Pairs found of each split."""
        found = Counter(original.split for original in self.originals)
        return {split: found[split] for split in self.expected}

    def shortfall(self) -> list[str]:
        """What differs from the published set, a line each; empty if nothing does."""
        counted = [
            f"{split}: {count} of {self.expected[split]} pairs"
            for split, count in self.counts().items()
            if count != self.expected[split]
        ]
        return [*counted, *self.missing]


def require(survey: Survey, *, partial: bool = False) -> None:
    """Make sure that all is there, or with `partial` that anything is.

    Raises:
        InputError: one line that says what is missing and where to get it.
    """
    where = f"get it from {survey.facts.page} ({survey.facts.download})"
    if not survey.originals:
        detail = f" ({_few(survey.missing)})" if survey.missing else ""
        raise InputError(
            f"{survey.root}: no pairs of {survey.facts.title} here{detail}; {where}"
        )
    lines = survey.shortfall()
    more = [
        f"{split} has {count - survey.expected[split]} too many"
        for split, count in survey.counts().items()
        if count > survey.expected[split]
    ]
    if lines and not partial:
        cure = "remove what does not belong to it" if more else where
        raise InputError(
            f"{survey.root}: not all of {survey.facts.title}: {_few(lines)}; {cure}; "
            "or list all with --check, or take what is there with --partial"
        )


def nothing_of(download: Download, facts: Facts, expected: str) -> InputError:
    """The error for a download that does not look like the set at all."""
    return InputError(
        f"{download.root}: no {facts.title} here; expected {expected}; get it from "
        f"{facts.page} ({facts.download})"
    )


def _few(lines: tuple[str, ...] | list[str]) -> str:
    rest = len(lines) - SHOWN
    return ", ".join(lines[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
