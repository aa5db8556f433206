"""LOL and LOL-v2: 8-bit pairs in folders, of which only the names change here."""

import re
from functools import partial
from pathlib import PurePosixPath

from lled_jax.arrays import EncodedImage
from lled_jax.data.decode import SUFFIXES, read_image_bytes
from lled_jax.data.published.download import Download
from lled_jax.data.published.facts import PUBLISHED
from lled_jax.data.published.survey import Original, Picture, Survey, nothing_of
from lled_jax.errors import InputError

# Of each set the folders of the splits, then those of the low images and targets,
# all in lower case, since copies differ in it.
_SPLITS: dict[str, dict[tuple[str, ...], str]] = {
    "lol": {("our485",): "train", ("eval15",): "test"},
    "lol_v2_real": {
        ("real_captured", "train"): "train",
        ("real_captured", "test"): "test",
    },
    "lol_v2_synthetic": {
        ("synthetic", "train"): "train",
        ("synthetic", "test"): "test",
    },
}
_SIDES = {"low": "low", "high": "high", "normal": "high"}
# LOL-v2 real: low00001.png and normal00001.png.
_PREFIX = re.compile(r"^(low|normal)(?=\d)", re.IGNORECASE)

Place = tuple[str, str]
"""Split and name of a pair."""


def survey(key: str, download: Download) -> Survey:
    """The pairs of "lol", "lol_v2_real" or "lol_v2_synthetic".

    Raises:
        InputError: the folders of the set are not there, or one name comes twice.
    """
    facts = PUBLISHED[key]
    sides = _sides(key, download)
    low, high = sides["low"], sides["high"]
    if not low and not high:
        folders = ", ".join("/".join(parts) for parts in _SPLITS[key])
        raise nothing_of(download, facts, f"the folders {folders}")

    def picture(file: PurePosixPath) -> Picture:
        return Picture(file, partial(_decoded, download, file))

    both = sorted(low.keys() & high.keys(), key=_natural)
    originals = tuple(
        Original(split, name, picture(low[split, name]), picture(high[split, name]))
        for split, name in both
    )
    missing = [f"the target of {low[at]}" for at in sorted(low.keys() - high.keys())]
    missing += [
        f"the low image of {high[at]}" for at in sorted(high.keys() - low.keys())
    ]
    return Survey(
        key,
        facts,
        str(download.root),
        originals,
        facts.counts,
        tuple(missing),
        {"pixels": "as published"},
    )


def _decoded(download: Download, file: PurePosixPath) -> EncodedImage:
    return read_image_bytes(download.read(file), download.label(file))


def _sides(key: str, download: Download) -> dict[str, dict[Place, PurePosixPath]]:
    """The files of the low images and of the targets."""
    found: dict[str, dict[Place, PurePosixPath]] = {"low": {}, "high": {}}
    for file in download.files:
        place = _place(key, file)
        if place is None:
            continue
        side, split, name = place
        other = found[side].setdefault((split, name), file)
        if other != file:
            raise InputError(
                f"{download.label(file)}: {other} is the same picture of the set; "
                "remove one"
            )
    return found


def _place(key: str, file: PurePosixPath) -> tuple[str, str, str] | None:
    """Side, split and name of a file; None for what is no picture of the set."""
    *folders, side = (part.lower() for part in file.parent.parts)
    if file.suffix.lower() not in SUFFIXES or side not in _SIDES:
        return None
    for tail, split in _SPLITS[key].items():
        if tuple(folders[-len(tail) :]) == tail:
            return _SIDES[side], split, _PREFIX.sub("", file.stem)
    return None


def _natural(place: Place) -> tuple[str, int, str]:
    split, name = place
    return split, int(name) if name.isdecimal() else 0, name
