"""Which exposures of See in the Dark's Sony set make a pair.

By the authors' lists, or by the names of the files: the first digit tells the split,
the five digits the scene (https://github.com/cchen156/Learning-to-See-in-the-Dark).
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from lled_jax.data.published.download import Download
from lled_jax.data.published.facts import PUBLISHED
from lled_jax.errors import InputError

LARGEST_RATIO = 300.0
SPLITS = {"0": "train", "2": "val", "1": "test"}
_LIST = "Sony_{}_list.txt"
# Scene, number in the burst, seconds.
_NAME = re.compile(r"^(\d{5})_(\d{2})_(\d+(?:\.\d+)?)s$")


class Exposure(NamedTuple):
    """What the name of a file says: scene, number in the burst, seconds."""

    scene: str
    number: str
    seconds: float


def ratio(short: Exposure, long: Exposure) -> float:
    """How much longer the target was exposed, 300 at most."""
    return min(long.seconds / short.seconds, LARGEST_RATIO)


def parse(file: PurePosixPath | str) -> Exposure:
    """What a file's name says; `InputError` if it is none of the set's names."""
    match = _NAME.match(PurePosixPath(file).stem)
    if match is None or match[1][0] not in SPLITS or float(match[3]) == 0:
        raise InputError(f"{file}: no name such as 00001_00_0.04s.ARW; remove it")
    return Exposure(match[1], match[2], float(match[3]))


Key = tuple[str, str]
"""Folder, in lower case, and name: how lists and downloads agree."""


def key_of(file: PurePosixPath) -> Key:
    """The key of a file."""
    return file.parent.name.lower(), file.name


def find_lists(download: Download) -> dict[str, PurePosixPath]:
    """Split -> its list; empty if there is none, `InputError` if one is missing."""
    names = {_LIST.format(split).lower(): split for split in SPLITS.values()}
    found = {
        names[f.name.lower()]: f for f in download.files if f.name.lower() in names
    }
    if found and len(found) < len(names):
        absent = [
            _LIST.format(split) for split in SPLITS.values() if split not in found
        ]
        raise InputError(
            f"{download.root}: {', '.join(absent)} missing; get the lists from "
            f"{PUBLISHED['sid_sony'].page} (dataset/)"
        )
    return found


def by_lists(
    download: Download, lists: dict[str, PurePosixPath]
) -> list[tuple[Key, Key]]:
    """The pairs (short, long) of the lists, in their order.

    Raises:
        InputError: names the first line that is no pair of its split.
    """
    pairs = []
    for split in SPLITS.values():
        label = download.label(lists[split])
        text = download.read(lists[split]).decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                pairs.append(_parse_line(line, split, f"{label}, line {number}"))
    return pairs


def _parse_line(line: str, split: str, where: str) -> tuple[Key, Key]:
    """./Sony/short/A.ARW ./Sony/long/B.ARW ISO200 F8: of one scene and this split."""
    fields = line.split()
    if len(fields) >= 2:
        short, long = PurePosixPath(fields[0]), PurePosixPath(fields[1])
        folders = (short.parent.name.lower(), long.parent.name.lower())
        if folders == ("short", "long"):
            a, b = parse(short), parse(long)
            if a.scene == b.scene and SPLITS[a.scene[0]] == split:
                return key_of(short), key_of(long)
    raise InputError(
        f"{where}: '{line.strip()[:60]}' is no pair of the {split} list; download the "
        "list again"
    )


def too_few(pairs: list[tuple[Key, Key]], *, listed: bool) -> list[str]:
    """A line for each split that has not as many pairs as the published one."""
    splits = [SPLITS[short[1][0]] for short, _ in pairs]
    return [
        f"{_LIST.format(split)}: {splits.count(split)} of {count} lines"
        if listed
        else f"{split}: {splits.count(split)} of {count} short exposures"
        for split, count in PUBLISHED["sid_sony"].counts.items()
        if splits.count(split) != count
    ]


def by_names(files: dict[Key, PurePosixPath]) -> list[tuple[Key, Key]]:
    """Each short exposure with the long one of its scene, in order of their names.

    The key of a missing long exposure holds an asterisk.
    """
    long: dict[str, Key] = {}
    for key in sorted(files):
        if key[0] == "long":
            # Of several the first in the burst, as the authors' code takes.
            long.setdefault(parse(files[key]).scene, key)
    short = sorted(key for key in files if key[0] == "short")
    absent = "{}_00_*s.ARW"
    return [
        (key, long.get(scene, ("long", absent.format(scene))))
        for key in short
        for scene in [parse(files[key]).scene]
    ]
