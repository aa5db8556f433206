"""The chunks of a PNG file: what it says besides its pixels."""

import contextlib
import struct
import zlib
from collections.abc import Collection, Iterator

import numpy as np

from lled_jax.photos import profiles
from lled_jax.photos.kinds import PNG_SIGNATURE
from lled_jax.photos.streams import Stream

XMP_KEYWORD = b"XML:com.adobe.xmp"
_INCH = 0.0254  # metres
_LARGEST_TEXT = 2**26  # bytes of an unpacked profile or XMP
# gAMA and cHRM count in 1/100000.
_ONE = 100000
_GAMMA_LIKE_SRGB = 45455
_NOT_SEEN = 0.05  # of a gamma: libpng, too, lets such differences be


def chunks(stream: Stream, wanted: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(kind, data) of the wanted chunks up to IEND, without reading the others.

    Pillow would have to decode the whole picture to find what comes after it.
    Raises `EOFError`, `struct.error` or `ValueError` for what is no whole PNG.
    """
    if stream.read(len(PNG_SIGNATURE)) != PNG_SIGNATURE:
        raise ValueError("no PNG signature")
    kind = b""
    while kind != b"IEND":
        start = stream.read(8)
        if len(start) < 8:
            raise EOFError("it ends too early")
        length, kind = struct.unpack(">I4s", start)
        if kind in wanted:
            data = stream.read(length)
            if len(data) < length:
                raise EOFError("it ends too early")
            yield kind, data
            stream.seek(4, 1)  # the checksum
        else:
            stream.seek(length + 4, 1)


def header(data: bytes) -> tuple[int, int, int]:
    """(height, width, bits per sample) of an IHDR chunk."""
    width, height, depth = struct.unpack(">IIB", data[:9])
    return height, width, depth


def profile(data: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk; None if it cannot be unpacked."""
    return _unpacked(data.partition(b"\0")[2][1:])


def made_profile(gama: bytes, chrm: bytes, space: str) -> bytes | None:
    """An ICC profile for what the chunks gAMA and cHRM (or b"") say.

    None where that is sRGB or near it.  What makes no sense counts as not there.
    """
    gamma = _gamma(gama)
    if space == "gray":
        return profiles.grey(gamma) if gamma else None
    points = _points(chrm)
    if gamma is None and points is None:
        return None
    white, red, green, blue = points or (profiles.D65, *profiles.SRGB)
    return profiles.rgb((red, green, blue), white, gamma)


def _gamma(data: bytes) -> float | None:
    """The power of the stored values that is light; None for sRGB's and nonsense."""
    if len(data) != 4:
        return None
    (value,) = struct.unpack(">I", data)
    if abs(value / _GAMMA_LIKE_SRGB - 1) <= _NOT_SEEN or not 0.1 <= value / _ONE <= 10:
        return None
    return _ONE / value


def _points(data: bytes) -> list[profiles.Point] | None:
    """White, red, green and blue; None for sRGB's and nonsense."""
    if len(data) != 32:
        return None
    xy = np.array(struct.unpack(">8I", data)).reshape(4, 2) / _ONE
    if np.abs(xy - (profiles.D65, *profiles.SRGB)).max() <= 0.001:
        return None
    white, *primaries = np.column_stack([xy, 1 - xy.sum(axis=1)])
    spanned = np.transpose(primaries)
    # Colours that exist, none of them between the others, and white in their midst.
    if spanned.min() < -1e-6 or abs(np.linalg.det(spanned)) < 0.01:
        return None
    if white[1] < 0.01 or np.linalg.solve(spanned, white).min() < 0.01:
        return None
    return [(float(x), float(y)) for x, y in xy]


def xmp(data: bytes) -> bytes | None:
    """The XMP of an iTXt chunk; None if it is another text."""
    keyword, _, rest = data.partition(b"\0")
    if keyword != XMP_KEYWORD or len(rest) < 2:
        return None
    text = rest[2:].split(b"\0", 2)[-1]  # after the language and its translation
    return _unpacked(text) if rest[0] else text


def dpi(data: bytes) -> tuple[float, float] | None:
    """Dots per inch of a pHYs chunk; None if it gives the shape of a pixel only."""
    across, down, unit = struct.unpack(">IIB", data[:9])
    return (across * _INCH, down * _INCH) if unit == 1 else None


def _unpacked(data: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    with contextlib.suppress(zlib.error):
        text = unpacker.decompress(data, _LARGEST_TEXT)
        if unpacker.eof:
            return text
    return None


def with_chunks(
    png: bytes | bytearray,
    *,
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
    dpi: tuple[float, float] | None,
) -> Iterator[bytes | bytearray | memoryview]:
    """The pieces of an encoded PNG with the chunks put in behind its header."""
    end = len(PNG_SIGNATURE) + 8 + 13 + 4  # IHDR comes first and has 13 bytes
    yield png[:end]
    if icc:
        yield _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if dpi:
        across, down = (round(value / _INCH) for value in dpi)
        yield _chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if exif:
        yield _chunk(b"eXIf", exif)
    if xmp:
        yield _chunk(b"iTXt", XMP_KEYWORD + bytes(5) + xmp)
    yield memoryview(png)[end:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
