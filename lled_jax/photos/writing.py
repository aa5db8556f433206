"""From a `Photo` to a file."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np

from lled_jax.arrays import EncodedImage
from lled_jax.errors import InputError
from lled_jax.files import atomic_write
from lled_jax.photos import colour, heif, png, tiff_writing
from lled_jax.photos import exif as exif_of
from lled_jax.photos.kinds import FORMAT_OF
from lled_jax.photos.photo import Photo
from lled_jax.photos.rows import FileRows, file_rows
from lled_jax.photos.streams import Stream

_MARKER = 65533  # bytes of a JPEG marker
_EXIF = b"Exif\0\0"
_XMP_MARKER = 29  # bytes of the name that comes before XMP


def write(
    photo: Photo,
    pixels: EncodedImage,
    target: str | Path | Stream,
    format: str | None = None,
    quality: int = 92,
) -> None:
    """Write `pixels` as a file with everything else of `photo`.

    The pixels go back to the photo's colour profile, grey to one channel, 16 bit to
    8 where the format holds no more (rounded).  Metadata: see `Metadata`; each format
    keeps what it can:

    * JPEG: EXIF over 64 KiB loses its maker notes, larger XMP is left out.
    * PNG: everything.  BMP: dots per inch.  WebP: all but dots per inch.
    * TIFF: EXIF without maker notes.  AVIF: EXIF, unless it is damaged.
    * WebP, which has no grey: a grey profile becomes sRGB.

    A JPEG that was one keeps its subsampling of colour, others are 4:4:4; a WebP that
    was lossless stays so.  TIFF and PNG are compressed without loss.  Beside `pixels`
    it takes 5 bytes per pixel (JPEG, BMP), 10 (WebP), 18 (HEIF), 27 (AVIF), or for PNG
    and TIFF the result and, unless it is plain RGB without a profile, one more array.

    Args:
        photo: as read.
        pixels: [h w 3] of `photo.pixels`' shape and dtype, sRGB; may be that array.
        target: a path, which appears whole or not at all, or an open binary file.
        format: one of `FORMATS`, by default what the path's ending says, else (for a
            stream, or no photo's ending) the photo's own, TIFF for RAW, PNG for GIF.
        quality: 1 to 100 for JPEG, WebP, AVIF and HEIF.

    Raises:
        InputError: the format cannot hold the picture, the ending is of photos that we
            read only (GIF, RAW), or the place cannot be written.
    """
    if pixels.shape != photo.pixels.shape or pixels.dtype != photo.pixels.dtype:
        raise ValueError(
            f"pixels are {pixels.dtype} {pixels.shape}, the photo's are "
            f"{photo.pixels.dtype} {photo.pixels.shape}"
        )
    if not 1 <= quality <= 100:
        raise InputError(f"quality {quality} is not in 1 to 100")
    if isinstance(target, str):
        target = Path(target)
    if (
        format is None
        and isinstance(target, Path)
        and target.suffix.lower() in FORMAT_OF
    ):
        format = format_of(target)
    kind = format_for(photo.format, format)
    rule = _RULES[kind]
    rows = _checked_rows(photo, pixels, kind, target)
    if isinstance(target, Path):
        with atomic_write(target) as temporary, temporary.open("w+b") as stream:
            rule.encode(stream, rows, photo, kind, quality)
    elif rule.seeks:
        buffer = BytesIO()
        rule.encode(buffer, rows, photo, kind, quality)
        target.write(buffer.getbuffer())
    else:
        rule.encode(target, rows, photo, kind, quality)


def _checked_rows(
    photo: Photo, pixels: np.ndarray, kind: str, target: Path | Stream
) -> FileRows:
    """What goes into the file, after refusing what the format cannot hold."""
    rule, name = _RULES[kind], str(target)
    if not isinstance(target, Path):
        name = "the output"
    _check_size(kind, rule, photo, name)
    rows = file_rows(photo, pixels, icc=_takes_profile(kind, photo), deep=rule.deep)
    if rows.alpha is not None and kind in _OPAQUE:
        _check_opaque(rows.alpha, kind, name)
        rows.alpha = None
    if kind == "HEIF":
        heif.library(name)
    return rows


def _takes_profile(kind: str, photo: Photo) -> bool:
    rule, icc = _RULES[kind], photo.metadata.icc or b""
    return rule.icc and (rule.grey or colour.profile_space(icc) != "gray")


def format_for(own: str, format: str | None = None) -> str:
    """The format that `write` writes a photo of format `own` in.

    `InputError` for one we do not write.
    """
    if format is None:
        return {"RAW": "TIFF", "GIF": "PNG"}.get(own, own)
    kind = _ALIASES.get(format.upper(), format.upper())
    if kind not in _RULES:
        raise InputError(
            f"cannot write '{format}'; choose one of {', '.join(sorted(FORMATS))}"
        )
    return kind


def format_of(path: Path) -> str:
    """The format to write `path` in; `InputError` if its ending is none for that."""
    kind = FORMAT_OF.get(path.suffix.lower())
    if kind not in FORMATS:
        endings = sorted(end for end, known in FORMAT_OF.items() if known in FORMATS)
        raise InputError(
            f"{path}: cannot write a photo with this ending; name it one of "
            f"{', '.join(endings)}"
        )
    return kind


def suffix_for(own: str, format: str | None = None) -> str:
    """The usual ending of what `format_for` says, such as ".jpg"."""
    return _RULES[format_for(own, format)].suffix


def _check_size(kind: str, rule: "_Rule", photo: Photo, name: str) -> None:
    height, width = photo.pixels.shape[:2]
    if max(height, width) > rule.side:
        raise InputError(
            f"cannot write {name}: {kind} holds at most {rule.side} pixels a side, not "
            f"{width}x{height}; write it as PNG or TIFF"
        )


def _check_opaque(alpha: np.ndarray, kind: str, name: str) -> None:
    if alpha.min() < np.iinfo(alpha.dtype).max:
        raise InputError(
            f"cannot write {name}: {kind} cannot hold the picture's transparency; "
            "write it as PNG, WebP or TIFF"
        )


def _save_pillow(
    stream: Stream, rows: FileRows, photo: Photo, kind: str, quality: int
) -> None:
    # Not into the file itself: Pillow does not notice when a full disk takes only a
    # part of a JPEG.
    buffer = BytesIO()
    rows.image().save(buffer, kind, **_options(photo, kind, quality))
    stream.write(buffer.getbuffer())


def _options(photo: Photo, kind: str, quality: int) -> dict[str, Any]:
    exif, icc, xmp, dpi = photo.metadata
    if kind == "BMP":
        return {"dpi": dpi or (0, 0)}  # Pillow would claim 96
    options: dict[str, Any] = {"dpi": dpi} if dpi else {}
    options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = photo.subsampling or 0
        if exif and len(_EXIF + exif) > _MARKER:
            exif = exif_of.shortened(exif)
        if exif and len(_EXIF + exif) > _MARKER:
            exif = None
        exif = _EXIF + exif if exif else None
        if xmp and len(xmp) + _XMP_MARKER > _MARKER:
            xmp = None
    if kind == "AVIF" and exif:
        exif = exif_of.without_orientation(exif)
    if kind == "WEBP":
        # `exact`: the colours below full transparency too.
        options.update(lossless=photo.lossless, exact=True)
    icc = icc if _takes_profile(kind, photo) else None
    given = {"exif": exif, "icc_profile": icc, "xmp": xmp}
    return options | {key: value for key, value in given.items() if value}


def _save_heif(
    stream: Stream, rows: FileRows, photo: Photo, kind: str, quality: int
) -> None:
    image = heif.library("the output").from_pillow(rows.image())
    try:
        image.save(stream, **_options(photo, kind, quality))
    except RuntimeError as error:  # as of a strip of few rows or columns
        height, width = photo.pixels.shape[:2]
        raise InputError(
            f"cannot write a HEIF of {width}x{height} pixels ({error}); write it as "
            "PNG or TIFF"
        ) from error


def _save_png(
    stream: Stream, rows: FileRows, photo: Photo, kind: str, quality: int
) -> None:
    pixels = rows.array()
    encoded = imagecodecs.png_encode(pixels[..., 0] if rows.channels == 1 else pixels)
    for piece in png.with_chunks(encoded, **photo.metadata._asdict()):
        stream.write(piece)


def _save_tiff(
    stream: Stream, rows: FileRows, photo: Photo, kind: str, quality: int
) -> None:
    tiff_writing.write(stream, rows.array(), photo.metadata)


class _Rule(NamedTuple):
    """What a format holds and how it is encoded."""

    suffix: str
    encode: Callable[[Stream, FileRows, Photo, str, int], None]
    side: int = 2**31 - 1
    icc: bool = True
    grey: bool = True
    deep: bool = False
    seeks: bool = False


_RULES = {
    "JPEG": _Rule(".jpg", _save_pillow, side=65500),
    "PNG": _Rule(".png", _save_png, deep=True),
    "WEBP": _Rule(".webp", _save_pillow, side=16383, grey=False),
    "AVIF": _Rule(".avif", _save_pillow, side=32768),
    "BMP": _Rule(".bmp", _save_pillow, icc=False),
    "TIFF": _Rule(".tif", _save_tiff, deep=True, seeks=True),
    "HEIF": _Rule(".heic", _save_heif, side=16384, seeks=True),
}
_OPAQUE = ("JPEG", "BMP")
_ALIASES = {"JPG": "JPEG", "TIF": "TIFF", "HEIC": "HEIF"}

FORMATS = frozenset(_RULES)
"""The formats that `write` writes."""
