"""Image files as RGB arrays: PNG, JPEG, WebP, BMP and TIFF, 8 and 16 bit.

Pillow reads 8 bit.  It silently reduces a 16-bit RGB PNG to 8 bit, so the depth is
read from the header and imagecodecs decodes those; tifffile reads every TIFF.
Colour profiles are not applied: the stored values are returned.
"""

import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from lled_jax.arrays import EncodedImage
from lled_jax.errors import InputError

FORMATS = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"},
    **{".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"},
}
"""The file endings we read (in lower case) and what must be behind them."""

_EXIF_ORIENTATION = 0x0112
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What Pillow, tifffile and imagecodecs were seen to raise on damaged files.
_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, RuntimeError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


class _Header(NamedTuple):
    """What a file says about itself: stored size, sample type, EXIF orientation."""

    height: int
    width: int
    dtype: np.dtype
    orientation: int


def read_image(path: str | Path) -> EncodedImage:
    """Decode one file to RGB [h, w, 3], uint8 or uint16 as the file stores it.

    Grey is repeated to three channels, a palette is looked up, an alpha channel is
    dropped (not blended), the EXIF orientation is applied; of several pages or
    frames the first is read.  Lossless formats give the stored values exactly.

    Raises:
        InputError: the file is missing, damaged, truncated, not what its ending
            says, or holds samples that are neither 8 nor 16 bit.
    """
    path = Path(path)
    kind = _checked_kind(path)
    with _naming(path):
        header = _HEADERS[kind](path)
        if kind == "TIFF":
            pixels = _tiff_pixels(path)
        elif header.dtype == np.uint16:
            pixels = _as_rgb(imagecodecs.png_decode(path.read_bytes()))
        else:
            pixels = _pillow_pixels(path)
    return _upright(pixels, header.orientation)


def read_size(path: str | Path) -> tuple[int, int, np.dtype]:
    """(height, width, dtype) that `read_image` will give, from the header alone.

    Raises:
        InputError: the file is missing, its header cannot be read, or it is not
            what its ending says.
    """
    path = Path(path)
    kind = _checked_kind(path)
    with _naming(path):
        header = _HEADERS[kind](path)
    if header.orientation >= 5:  # these four swap rows and columns
        return header.width, header.height, header.dtype
    return header.height, header.width, header.dtype


def _checked_kind(path: Path) -> str:
    """The format, after comparing the file's first bytes with its ending."""
    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise InputError(
            f"{path}: cannot read '{path.suffix}' files; convert it to one of "
            f"{', '.join(FORMATS)}"
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check its permissions") from error
    found = _kind_of(start)
    if found != expected:
        what = f"holds {found} data" if found else f"is not a {expected} file"
        cure = "rename it" if found else "replace it with a good copy or remove it"
        raise InputError(f"{path}: {what} behind the ending {path.suffix}; {cure}")
    return expected


def _kind_of(start: bytes) -> str | None:
    if start.startswith(_PNG_SIGNATURE):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WEBP"
    if start.startswith(b"BM"):
        return "BMP"
    # Classic and BigTIFF, either byte order.
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    return None


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what a decoder raises on damaged data into an error that names the file."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path}: damaged or truncated ({reason}); replace it with a good copy or "
            "remove it"
        ) from error


def _png_header(path: Path) -> _Header:
    """Walk the chunks: Pillow would decode the whole image to find a late eXIf."""
    orientation = 1
    with path.open("rb") as stream:
        stream.seek(len(_PNG_SIGNATURE))
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind != b"IHDR":
            raise ValueError("no IHDR chunk")
        width, height, depth = struct.unpack(">IIB", stream.read(9))
        stream.seek(length - 9 + 4, 1)  # the rest of IHDR and its checksum
        while kind != b"IEND":
            start = stream.read(8)
            if len(start) < 8:
                raise EOFError("it ends too early")
            length, kind = struct.unpack(">I4s", start)
            if kind == b"eXIf":
                exif = Image.Exif()
                exif.load(stream.read(length))
                orientation = _valid_orientation(exif.get(_EXIF_ORIENTATION))
                stream.seek(4, 1)
            else:
                stream.seek(length + 4, 1)
    dtype = np.dtype(np.uint16 if depth == 16 else np.uint8)
    return _Header(height, width, dtype, orientation)


def _pillow_header(path: Path) -> _Header:
    with Image.open(path) as image:
        orientation = _valid_orientation(image.getexif().get(_EXIF_ORIENTATION))
        return _Header(image.height, image.width, np.dtype(np.uint8), orientation)


def _tiff_header(path: Path) -> _Header:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        if page.bitspersample not in (8, 16) or page.dtype not in (np.uint8, np.uint16):
            raise InputError(
                f"{path}: holds {page.bitspersample}-bit {page.dtype} samples; save it "
                "as 8- or 16-bit integers"
            )
        tag = page.tags.get(_EXIF_ORIENTATION)
        orientation = _valid_orientation(tag.value if tag else None)
        dtype = np.dtype(page.dtype).newbyteorder("=")
        if page.colormap is not None:
            dtype = np.dtype(np.uint8)
        return _Header(page.imagelength, page.imagewidth, dtype, orientation)


_HEADERS = {
    "PNG": _png_header,
    "JPEG": _pillow_header,
    "WEBP": _pillow_header,
    "BMP": _pillow_header,
    "TIFF": _tiff_header,
}


def _valid_orientation(value: object) -> int:
    """EXIF orientation 1 to 8; anything else, as viewers do, means upright."""
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _pillow_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        # From a palette that carries transparency to RGB, Pillow goes by RGBA only.
        mode = "RGBA" if image.mode in ("P", "PA", "RGBA") else "RGB"
        return np.asarray(image.convert(mode))[..., :3]


def _tiff_pixels(path: Path) -> np.ndarray:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        pixels = page.asarray()
        if page.axes == "SYX":  # channels stored one after the other
            pixels = np.moveaxis(pixels, 0, -1)
        photometric = tifffile.PHOTOMETRIC(page.photometric).name
        if page.colormap is not None:
            # The colour map has 16 bits by the standard, 8 of them meaningful.
            return (page.colormap[:, pixels] >> 8).astype(np.uint8).transpose(1, 2, 0)
        if photometric == "MINISWHITE":
            return _as_rgb(np.iinfo(pixels.dtype).max - pixels)
        if photometric in ("MINISBLACK", "RGB", "YCBCR"):
            return _as_rgb(pixels)
        raise InputError(f"{path}: {photometric} colours; convert the file to RGB")


def _as_rgb(pixels: np.ndarray) -> np.ndarray:
    """[h, w] or [h, w, 1 to 4 channels] to [h, w, 3]; alpha is dropped."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[-1] <= 4:
        raise ValueError(f"an array of shape {pixels.shape} is no image")
    if pixels.shape[-1] <= 2:  # grey, grey and alpha
        return np.repeat(pixels[..., :1], 3, axis=-1)
    return pixels[..., :3]


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (CIPA DC-008, tag 0x0112) to [h, w, 3]."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
