"""Pairs of a low-light image and its target, from folders (or memory: `ArrayPairs`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int

from lled_jax.arrays import EncodedImage
from lled_jax.data.decode import SUFFIXES, by_stem, one_each, read_image, read_size
from lled_jax.data.pairs import (
    ArrayPairs,
    Indices,
    PairSource,
    as_dtype,
    check_same_size,
)
from lled_jax.data.parallel import parallel_map
from lled_jax.errors import InputError

SPLIT_FOLDERS = {
    "train": ("our485", "train", "Train"),
    "test": ("eval15", "test", "Test", "val", "Val"),
}
"""Where a split lies below a dataset's root: LOL's own names, then the usual ones."""

PAIR_FOLDERS = (
    ("low", "high"),  # LOL
    ("Low", "Normal"),  # LOL-v2
    ("low", "normal"),
    ("input", "target"),
    ("input", "gt"),
    ("input", "expertC"),  # MIT-Adobe FiveK
)
"""What the folders of low images and of their targets may be called."""

# LOL-v2 real: low00001.png and normal00001.png.
_PREFIX = re.compile(r"^(low|normal|high)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class FolderPairs:
    """Pairs that are read from their files on demand; made by `folder_pairs`."""

    names: tuple[str, ...]
    low: tuple[Path, ...]
    high: tuple[Path, ...]
    sizes: Int[np.ndarray, "n 2"]
    dtype: np.dtype

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: SupportsIndex) -> tuple[EncodedImage, EncodedImage]:
        """Decode pair `i`; InputError names a file that cannot be read."""
        low = as_dtype(read_image(self.low[i]), self.dtype)
        return low, as_dtype(read_image(self.high[i]), self.dtype)

    def subset(self, indices: Indices) -> "FolderPairs":
        """The pairs at `indices`, in that order; the dtype stays."""
        return FolderPairs(
            tuple(self.names[i] for i in indices),
            tuple(self.low[i] for i in indices),
            tuple(self.high[i] for i in indices),
            self.sizes[np.asarray(indices, np.int64)],
            self.dtype,
        )


def folder_pairs(low_dir: str | Path, high_dir: str | Path) -> FolderPairs:
    """Pair the images of two folders by their stem, in natural order (2 before 10).

    If no stem is in both folders, a leading "low", "normal" or "high" is ignored
    (LOL-v2).  Other files and hidden files are ignored.  The headers of all files
    are read now, the pixels on demand.

    Raises:
        InputError: a folder is missing or empty, an image has no partner, the sizes
            of a pair differ, or a header cannot be read.
    """
    low, high = _images_by_stem(Path(low_dir)), _images_by_stem(Path(high_dir))
    if not low.keys() & high.keys():
        low, high = _without_prefix(low), _without_prefix(high)
    _check_partners(low, Path(high_dir), high)
    _check_partners(high, Path(low_dir), low)
    names = tuple(sorted(low, key=_natural))
    lows, highs = tuple(low[n] for n in names), tuple(high[n] for n in names)
    sizes, dtype = _read_sizes(names, lows, highs)
    return FolderPairs(names, lows, highs, sizes, dtype)


def paired_folder(root: str | Path, split: str) -> FolderPairs:
    """The pairs of split "train" or "test" below `root`, laid out as datasets are.

    Looks for `SPLIT_FOLDERS` holding one of `PAIR_FOLDERS`; if `root` holds such a
    pair of folders itself, it serves whichever split is asked for.

    Raises:
        InputError: no such folder or layout, and all that `folder_pairs` raises.
    """
    root = Path(root)
    if split not in SPLIT_FOLDERS:
        raise InputError(f"split '{split}': choose 'train' or 'test'")
    _check_folder(root)
    bases = [root / name for name in SPLIT_FOLDERS[split]] + [root]
    for base in bases:
        for low, high in PAIR_FOLDERS:
            if (base / low).is_dir() and (base / high).is_dir():
                return folder_pairs(base / low, base / high)
    first, (low, high) = SPLIT_FOLDERS[split][0], PAIR_FOLDERS[0]
    raise InputError(
        f"{root}: no {split} pairs here; expected {first}/{low} and {first}/{high} (or "
        f"'{SPLIT_FOLDERS[split][1]}' for '{first}', or {low}/ and {high}/ alone), but "
        f"{_contents(root)}{_nested_hint(root, split)}"
    )


def _images_by_stem(folder: Path) -> dict[str, Path]:
    _check_folder(folder)
    found = by_stem(folder)
    if not found:
        raise InputError(
            f"{folder}: no images here; {_contents(folder)}, and we read "
            f"{', '.join(SUFFIXES)}"
        )
    return one_each(found)


def _without_prefix(images: dict[str, Path]) -> dict[str, Path]:
    bare = {_PREFIX.sub("", stem) or stem: path for stem, path in images.items()}
    # Where two names fall together the prefix means something else.
    return bare if len(bare) == len(images) else images


def _check_partners(
    images: dict[str, Path], other_dir: Path, other: dict[str, Path]
) -> None:
    alone = sorted((stem for stem in images if stem not in other), key=_natural)
    if alone:
        names = ", ".join(images[stem].name for stem in alone[:3])
        more = ", ..." if len(alone) > 3 else ""
        unread = [path.name for path in other_dir.iterdir() if path.stem == alone[0]]
        cure = f"{unread[0]} is not read here" if unread else "pairs need the same name"
        raise InputError(
            f"{other_dir}: no partner for {len(alone)} of the {len(images)} images in "
            f"{images[alone[0]].parent} ({names}{more}); {cure}"
        )


def _check_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    parent = next(p for p in folder.absolute().parents if p.is_dir())
    raise InputError(
        f"{folder}: not a folder; check the path ({parent} exists, and "
        f"{_contents(parent)})"
    )


def _contents(folder: Path) -> str:
    """A few names of what a folder holds, folders first."""
    found = sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name))
    names = [path.name + ("" if path.is_file() else "/") for path in found]
    if not names:
        return "it is empty"
    return "it holds " + ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _nested_hint(root: Path, split: str) -> str:
    """Archives often unpack to one folder more than expected."""
    for inner in sorted(path for path in root.iterdir() if path.is_dir()):
        if any((inner / name).is_dir() for name in SPLIT_FOLDERS[split]):
            return f"; did you mean {inner}?"
    return ""


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key: digits count as numbers, so that 2 comes before 10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], name


def load(source: PairSource) -> ArrayPairs:
    """Decode every pair into memory, with threads.

    Raises:
        InputError: a file cannot be read.
    """
    if isinstance(source, ArrayPairs):
        return source
    pairs = parallel_map(source.__getitem__, range(len(source)))
    return ArrayPairs(source.names, [low for low, _ in pairs], [b for _, b in pairs])


def joined(source: PairSource, more: PairSource, label: str) -> ArrayPairs:
    """The pairs of `source` and, named "label NAME", those of `more`, all in memory.

    Raises:
        InputError: a file cannot be read.
    """
    first, then = load(source), load(more)
    return ArrayPairs(
        [*first.names, *(f"{label} {name}" for name in then.names)],
        [*first.low, *then.low],
        [*first.high, *then.high],
    )


def _read_sizes(
    names: Sequence[str], low: Sequence[Path], high: Sequence[Path]
) -> tuple[Int[np.ndarray, "n 2"], np.dtype]:
    """Check the headers of all pairs with threads; their sizes and common dtype.

    Raises:
        InputError: a header cannot be read, or the sizes of a pair differ.
    """
    headers = parallel_map(read_size, [*low, *high])
    lows, highs = headers[: len(low)], headers[len(low) :]
    for name, a, b in zip(names, lows, highs, strict=True):
        check_same_size(name, a[:2], b[:2])
    wide = any(dtype == np.uint16 for *_, dtype in headers)
    sizes = np.array([header[:2] for header in lows], np.int64).reshape(-1, 2)
    return sizes, np.dtype(np.uint16 if wide else np.uint8)
