"""JPEG, WebP, AVIF, BMP, GIF and PNG, by Pillow (a 16-bit PNG by imagecodecs)."""

import struct
import threading

import imagecodecs
import numpy as np
from PIL import Image, JpegImagePlugin

from lled_jax.errors import InputError
from lled_jax.photos import cicp, png
from lled_jax.photos import exif as exif_of
from lled_jax.photos.kinds import MAX_PIXELS, checked_size
from lled_jax.photos.source import Rows, Source
from lled_jax.photos.streams import Stream

_LOCK = threading.Lock()
_EIGHT, _SIXTEEN = np.dtype(np.uint8), np.dtype(np.uint16)
# Pillow's modes.
_GREY, _PALETTE = ("1", "L", "LA", "La"), ("P", "PA")

# The chunks of a PNG that tell its colours; each comes before those after it.
_PNG_COLOURS = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")


def opened(stream: Stream, kind: str) -> Image.Image:
    """Pillow's image with its header read, up to our limit of size instead of its own.

    Pillow has one limit for the whole process; it is raised for this moment only.
    """
    with _LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_PIXELS
        try:
            return Image.open(stream, formats=[kind])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def read(stream: Stream, kind: str, name: str) -> Source:
    """The header of any format but PNG."""
    image = opened(stream, kind)
    info = image.info
    source = _described(image, name)
    orientation, source.exif = exif_of.upright(info.get("exif"))
    by_xmp, source.xmp = exif_of.xmp_upright(info.get("xmp"))
    source.orientation = orientation or by_xmp or 1
    source.icc = info.get("icc_profile") or None
    source.dpi = valid_dpi(info.get("dpi"))
    if kind == "JPEG":  # a phone's MPO holds a second picture or a depth map
        sampling = JpegImagePlugin.get_sampling(image)
        source.hints["subsampling"] = sampling if sampling >= 0 else None
    else:
        source.frames = getattr(image, "n_frames", 1)
    if kind == "AVIF" and source.icc is None:
        source.icc = cicp.profile(cicp.of_boxes(stream), name)
    if kind == "WEBP":
        source.hints["lossless"] = _webp_is_lossless(stream)
    return source


def read_png(stream: Stream, name: str) -> Source:
    """The header of a PNG and all it says, also behind the pixels."""
    wanted = (b"IHDR", b"eXIf", b"iTXt", b"pHYs", b"acTL", *_PNG_COLOURS)
    found: dict[bytes, bytes] = {}
    packet = None
    for kind, data in png.chunks(stream, wanted):
        if kind == b"iTXt":
            packet = packet or png.xmp(data)
        else:
            found.setdefault(kind, data)
    height, width, depth = png.header(found[b"IHDR"])
    checked_size(height, width, name)
    stream.seek(0)
    if depth == 16:
        source = _png_16_bit(stream, found[b"IHDR"], height, width)
    else:
        image = opened(stream, "PNG")
        if image.mode == "L" and "transparency" in image.info:
            # Pillow scales the greys of 2 and 4 bit, but not the transparent one.
            most = 2**depth - 1
            clear = image.info["transparency"] & most
            image.info["transparency"] = clear * (255 // most)
        source = _described(image, name)
    orientation, source.exif = exif_of.upright(found.get(b"eXIf"))
    by_xmp, source.xmp = exif_of.xmp_upright(packet)
    source.orientation = orientation or by_xmp or 1
    source.icc = _png_profile(found, source.space, name)
    if b"pHYs" in found:
        source.dpi = valid_dpi(png.dpi(found[b"pHYs"]))
    if b"acTL" in found:
        (source.frames,) = struct.unpack(">I", found[b"acTL"][:4])
    return source


def _png_profile(found: dict[bytes, bytes], space: str, name: str) -> bytes | None:
    """The colours by the first of `_PNG_COLOURS` that is there; None for sRGB."""
    if b"cICP" in found:
        return cicp.profile(cicp.of_png(found[b"cICP"]), name)
    if b"iCCP" in found:
        return png.profile(found[b"iCCP"])
    if b"sRGB" in found:
        return None
    return png.made_profile(found.get(b"gAMA", b""), found.get(b"cHRM", b""), space)


def valid_dpi(dpi: object) -> tuple[float, float] | None:
    """Two sensible numbers of dots per inch, or None."""
    if isinstance(dpi, tuple) and len(dpi) == 2:
        across, down = (float(value) for value in dpi)
        if 0 < across < 1e6 and 0 < down < 1e6:
            return across, down
    return None


def _png_16_bit(stream: Stream, header: bytes, height: int, width: int) -> Source:
    """Pillow would reduce its colours to 8 bit."""
    kind = header[9]  # 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA

    def load() -> np.ndarray:
        pixels = imagecodecs.png_decode(stream.read())
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        # A colour that stands for transparent (tRNS) has become an alpha channel.
        source.alpha = pixels.shape[2] in (2, 4)
        return pixels

    space = "gray" if kind in (0, 4) else "rgb"
    source = Source(height, width, _SIXTEEN, space, kind in (4, 6), load)
    return source


def _described(image: Image.Image, name: str) -> Source:
    height, width = checked_size(image.height, image.width, name)
    clear = image.mode[-1] in "Aa" or "transparency" in image.info
    if image.mode == "CMYK":
        space, clear, mode = "cmyk", False, "CMYK"
    elif image.mode in _GREY:
        space, mode = "gray", "LA" if clear else "L"
    elif image.mode in (*_PALETTE, "RGB", "RGBA", "RGBa", "RGBX"):
        space, mode = "rgb", "RGBA" if clear else "RGB"
    else:
        raise InputError(
            f"{name}: holds pixels of Pillow's mode {image.mode}; save it as RGB"
        )

    def load() -> Rows:
        image.load()
        return lambda start, end: _strip(image, mode, start, end)

    return Source(height, width, _EIGHT, space, clear, load)


def _strip(image: Image.Image, mode: str, start: int, end: int) -> np.ndarray:
    strip = image.crop((0, start, image.width, end))
    rows = np.asarray(strip if strip.mode == mode else strip.convert(mode))
    return rows[..., None] if rows.ndim == 2 else rows


def _webp_is_lossless(stream: Stream) -> bool:
    """By its chunks: the pixels are in "VP8L", with loss in "VP8 "."""
    stream.seek(12)
    while len(start := stream.read(8)) == 8:
        kind, length = struct.unpack("<4sI", start)
        if kind in (b"VP8L", b"VP8 ", b"ANMF"):
            return kind == b"VP8L"
        stream.seek(length + length % 2, 1)
    return False
