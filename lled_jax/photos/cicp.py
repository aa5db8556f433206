"""Colours that a file gives by numbers (CICP, ITU-T H.273) instead of by a profile.

AVIF and HEIF have them in a box "colr" of kind "nclx", PNG in a chunk "cICP".
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lled_jax.errors import InputError
from lled_jax.photos import profiles
from lled_jax.photos.streams import Stream

_HDR = {16: "PQ", 18: "HLG"}
# sRGB's tone curve (13), and those so near that they are taken for it: BT.709,
# unspecified, gamma 2.2, BT.601, BT.2020 of 10 and of 12 bit.
_LIKE_SRGB = (13, 1, 2, 4, 6, 14, 15)
# x and y of red, green and blue, where they are not near sRGB's.
_WIDE = {
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}


class Numbers(NamedTuple):
    """Code points of ITU-T H.273."""

    primaries: int
    transfer: int


def of_png(data: bytes) -> Numbers:
    """Of a cICP chunk; `struct.error` if it is too short."""
    return Numbers(*struct.unpack(">BB", data[:2]))


def of_boxes(stream: Stream) -> Numbers | None:
    """Of an AVIF file: those of the first of its pictures that has some."""
    spans = [(0, stream.seek(0, 2))]
    for kind, skipped in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0), (b"colr", 0)):
        spans = [
            (start + skipped, end)
            for span in spans
            for start, end in _inside(stream, *span, kind)
        ]
    for start, _ in spans:
        stream.seek(start)
        if stream.read(4) == b"nclx":
            return Numbers(*struct.unpack(">HH", stream.read(4)))
    return None


def _inside(
    stream: Stream, at: int, end: int, wanted: bytes
) -> Iterator[tuple[int, int]]:
    """(from, to) of what is in the boxes of a kind that lie between `at` and `end`."""
    while at + 8 <= end:
        stream.seek(at)
        size, kind = struct.unpack(">I4s", stream.read(8))
        head = 8
        if size == 1:
            head, (size,) = 16, struct.unpack(">Q", stream.read(8))
        size = size or end - at  # 0: to the end
        if size < head:
            raise ValueError("a box that is smaller than its head")
        if kind == wanted:
            yield at + head, min(at + size, end)
        at += size


def profile(numbers: Numbers | None, name: str) -> bytes | None:
    """An ICC profile of these colours; None where they are sRGB's or near.

    Raises `InputError` for HDR and other tone curves that sRGB's cannot stand for.
    """
    if numbers is None:
        return None
    if numbers.transfer in _HDR:
        raise InputError(
            f"{name}: an HDR picture ({_HDR[numbers.transfer]}); convert it to SDR "
            "first"
        )
    if numbers.transfer not in _LIKE_SRGB:
        raise InputError(
            f"{name}: cannot convert its tone curve (number {numbers.transfer} of "
            "ITU-T H.273); convert the picture to sRGB first"
        )
    wide = _WIDE.get(numbers.primaries)
    return profiles.rgb(wide) if wide else None
