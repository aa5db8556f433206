"""What a set of pairs is, and one that lies in memory."""

from collections.abc import Sequence
from typing import Protocol, SupportsIndex, runtime_checkable

import numpy as np
from jaxtyping import Int, UInt8

from lled_jax.arrays import EncodedImage
from lled_jax.errors import InputError
from lled_jax.photos.colour import to_8_bit

Indices = Sequence[int] | Int[np.ndarray, " k"]


@runtime_checkable
class PairSource(Protocol):
    """A set of pairs; both images of a pair have one size, all have one dtype."""

    @property
    def names(self) -> tuple[str, ...]:
        """One unique name per pair: the files' stem."""

    @property
    def sizes(self) -> Int[np.ndarray, "n 2"]:
        """Height and width of each pair."""

    @property
    def dtype(self) -> np.dtype:
        """uint8, or uint16 if any image has 16 bits (8-bit ones are times 257)."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: SupportsIndex) -> tuple[EncodedImage, EncodedImage]:
        """Low and target of pair `i`, [h, w, 3] of `dtype`."""

    def subset(self, indices: Indices) -> "PairSource":
        """The pairs at `indices`, in that order."""


class ArrayPairs:
    """Pairs in memory.

    Args:
        names: one unique name per pair.
        low, high: [h, w, 3] arrays of uint8 or uint16, the same size within a pair.
            One array [n, h, w, 3] will do.

    Raises:
        InputError: a name twice, different lengths, or different sizes in a pair.
    """

    def __init__(
        self,
        names: Sequence[str],
        low: Sequence[np.ndarray] | np.ndarray,
        high: Sequence[np.ndarray] | np.ndarray,
    ) -> None:
        if not len(names) == len(low) == len(high):
            raise InputError(
                f"{len(names)} names, {len(low)} low and {len(high)} target images: "
                "give one of each per pair"
            )
        if len(set(names)) < len(names):
            twice = next(name for name in names if list(names).count(name) > 1)
            raise InputError(f"'{twice}' names two pairs; names must be unique")
        for name, a, b in zip(names, low, high, strict=True):
            check_same_size(name, a.shape[:2], b.shape[:2])
        wide = any(image.dtype == np.uint16 for image in (*low, *high))
        self.dtype = np.dtype(np.uint16 if wide else np.uint8)
        self.names = tuple(names)
        self.low = [as_dtype(image, self.dtype) for image in low]
        self.high = [as_dtype(image, self.dtype) for image in high]
        sizes = [image.shape[:2] for image in low]
        self.sizes = np.array(sizes, np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: SupportsIndex) -> tuple[EncodedImage, EncodedImage]:
        """Low and target of pair `i`, not copied."""
        return self.low[i], self.high[i]

    def subset(self, indices: Indices) -> "ArrayPairs":
        """The pairs at `indices`, in that order; the images are shared, not copied."""
        part = ArrayPairs(
            [self.names[i] for i in indices],
            [self.low[i] for i in indices],
            [self.high[i] for i in indices],
        )
        part.dtype = self.dtype  # even if nothing is left
        return part


def require_min_size(source: PairSource, crop: int) -> None:
    """Make sure that every image holds a `crop` x `crop` square.

    Raises:
        InputError: names the first image that does not.
    """
    small = np.flatnonzero(source.sizes.min(axis=1, initial=crop) < crop)
    if small.size:
        i = int(small[0])
        height, width = source.sizes[i]
        raise InputError(
            f"'{source.names[i]}' is {width}x{height}, smaller than the crop of {crop}"
            f" ({small.size} such images); use a crop of at most {source.sizes.min()}, "
            "or remove them"
        )


def as_dtype(image: EncodedImage, dtype: np.dtype) -> EncodedImage:
    """Widen 8 to 16 bit where asked: times 257, so that 255 becomes 65535."""
    if image.dtype == dtype:
        return image
    assert image.dtype == np.uint8
    assert dtype == np.uint16
    return image.astype(np.uint16) * np.uint16(257)


def as_eight_bit(image: EncodedImage) -> UInt8[np.ndarray, "h w 3"]:
    """Take back `as_dtype`; other values of 16 bits are rounded."""
    return image if image.dtype == np.uint8 else to_8_bit(image)


def check_same_size(name: str, low: tuple[int, ...], high: tuple[int, ...]) -> None:
    """InputError unless low (height, width) equals the target's."""
    if low != high:
        raise InputError(
            f"'{name}': the low image is {low[1]}x{low[0]} but its target "
            f"{high[1]}x{high[0]}; make both the same size, or remove the pair"
        )
