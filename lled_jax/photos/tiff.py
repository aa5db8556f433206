"""TIFF files of 8 and 16 bit, by tifffile."""

import numpy as np
import tifffile

from lled_jax.errors import InputError
from lled_jax.photos import exif as exif_of
from lled_jax.photos.colour import CHANNELS
from lled_jax.photos.kinds import checked_size, mislabelled
from lled_jax.photos.layout import ORIENTATION, valid_orientation
from lled_jax.photos.pillow import valid_dpi
from lled_jax.photos.source import Source, divide_by_alpha
from lled_jax.photos.streams import Stream

_BUFFER = 2**24  # bytes of compressed data that wait to be unpacked
_PREMULTIPLIED = 1  # of ExtraSamples
_JPEG = (6, 7)  # of Compression
_CFA, _LINEAR_RAW, _DNG_VERSION, _XMP = 32803, 34892, 50706, 700
_SPACES = {
    **{"MINISBLACK": "gray", "MINISWHITE": "gray", "PALETTE": "rgb"},
    **{"RGB": "rgb", "YCBCR": "rgb", "SEPARATED": "cmyk"},
}


def holds_raw(stream: Stream) -> bool:
    """Whether a TIFF structure is a camera's RAW file."""
    stream.seek(8)
    canon = stream.read(2) == b"CR"
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page = tiff.pages.first
        photometric = page.photometric in (_CFA, _LINEAR_RAW)
        # A RAW file shows a small picture first and has the sensor's data below it.
        return canon or photometric or _DNG_VERSION in page.tags or page.is_reduced


def read(stream: Stream, name: str) -> Source:
    """The header of the first page."""
    if holds_raw(stream):
        raise mislabelled(name, "RAW")
    stream.seek(0)
    tiff = tifffile.TiffFile(stream)
    page = tiff.pages.first
    dtype = _checked_dtype(page, name)
    photometric = tifffile.PHOTOMETRIC(page.photometric).name
    # tifffile converts YCbCr only where it is JPEG that holds it.
    mixed = photometric == "YCBCR" and page.compression not in _JPEG
    if photometric not in _SPACES or mixed:
        raise InputError(f"{name}: {photometric} colours; convert the file to RGB")
    space = _SPACES[photometric]
    height, width = checked_size(page.imagelength, page.imagewidth, name)
    colours = CHANNELS[space]
    extra = 0 if page.colormap is not None else page.samplesperpixel - colours
    if extra not in (0, 1):
        raise InputError(
            f"{name}: has {page.samplesperpixel} channels; keep its colours and one "
            "alpha channel"
        )

    def load() -> np.ndarray:
        stream.seek(0, 2)
        ends = zip(page.dataoffsets, page.databytecounts, strict=True)
        if any(at + count > stream.tell() for at, count in ends):
            raise EOFError("it ends too early")
        return _pixels(page, photometric)

    source = Source(height, width, dtype, space, extra == 1, load)
    source.frames = max(1, _count_pages(tiff))
    _describe(source, page, stream)
    return source


def _count_pages(tiff: tifffile.TiffFile) -> int:
    """Without thumbnails and masks, which are no pages of their own."""
    count, seen = 0, set()
    for page in tiff.pages:
        if page.offset in seen:  # tifffile would go round for ever
            raise ValueError("its pages lead back to an earlier one")
        seen.add(page.offset)
        if isinstance(page, tifffile.TiffPage):
            count += not (page.is_reduced or page.is_mask)
    return count


def _describe(source: Source, page: tifffile.TiffPage, stream: Stream) -> None:
    tag = page.tags.get(ORIENTATION)
    source.orientation = valid_orientation(tag.value if tag else None)
    source.exif = exif_of.from_tiff(stream)
    source.icc = page.iccprofile or None
    tag = page.tags.get(_XMP)
    if tag is not None and isinstance(tag.value, bytes | str):
        value = tag.value
        text = value if isinstance(value, bytes) else value.encode()
        source.xmp = exif_of.xmp_upright(text)[1]
    if page.resolutionunit in (2, 3):  # inch, centimetre; 1 is the shape of a pixel
        source.dpi = valid_dpi(page.get_resolution("INCH"))


def _checked_dtype(page: tifffile.TiffPage, name: str) -> np.dtype:
    bits = page.bitspersample
    few = bits in (1, 2, 4) and page.samplesperpixel == 1
    if page.sampleformat not in (1, None) or not (few or bits in (8, 16)):
        raise InputError(
            f"{name}: holds {bits}-bit {page.dtype} samples; save it as 8- or 16-bit "
            "integers"
        )
    wide = bits == 16 and page.colormap is None
    return np.dtype(np.uint16 if wide else np.uint8)


def _pixels(page: tifffile.TiffPage, photometric: str) -> np.ndarray:
    """The page as [h w c] in the machine's byte order."""
    pixels = page.asarray(buffersize=_BUFFER)
    if page.axes == "SYX":  # channels stored one after the other
        pixels = np.moveaxis(pixels, 0, -1)
    if page.colormap is not None:
        # The colour map has 16 bits by the standard, 8 of them meaningful.
        return (page.colormap >> 8).astype(np.uint8).T[pixels]
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3:
        raise ValueError(f"an array of shape {pixels.shape} is no image")
    if page.bitspersample < 8:
        steps = 2**page.bitspersample - 1
        pixels = pixels.astype(np.uint8) * np.uint8(255 // steps)
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    if photometric == "MINISWHITE":
        np.subtract(np.iinfo(pixels.dtype).max, pixels[..., :1], out=pixels[..., :1])
    if photometric != "SEPARATED" and _PREMULTIPLIED in page.extrasamples:
        divide_by_alpha(pixels)
    return pixels
