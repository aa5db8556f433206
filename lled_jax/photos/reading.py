"""From a file to a `Photo`."""

from io import BytesIO
from pathlib import Path

from lled_jax.errors import InputError
from lled_jax.photos import colour, heif, pillow, raw, tiff
from lled_jax.photos.kinds import FORMAT_OF, checked_kind, errors_of
from lled_jax.photos.photo import Metadata, Photo
from lled_jax.photos.source import Source, upright_pixels
from lled_jax.photos.streams import Stream


def read(path: str | Path) -> Photo:
    """Read one picture file: see `Photo` for what is kept.

    EXIF's orientation is applied, an embedded profile converted to sRGB (CMYK's is
    then dropped), a palette looked up, a bilevel picture made 8-bit grey.  Camera RAW
    is developed as `raw.read` says.

    Memory at the peak, in bytes per pixel: 8 for an 8-bit JPEG, PNG or BMP, 10 for
    AVIF and HEIF, 16 for WebP, 3 for 8-bit TIFF (3 afterwards for all of these); 6 to 8
    for a 16-bit PNG or TIFF, 6 more if it has to be turned, 18 for RAW (6 afterwards).

    Raises:
        InputError: the file is missing, empty, damaged, truncated, mislabelled,
            absurdly large, animated, of several pages, or of a kind we do not read.
    """
    path = Path(path)
    with opened(path) as stream:
        return _photo(stream, str(path))


def read_bytes(data: bytes, name: str) -> Photo:
    """The same from memory; `name` is for messages, its ending, if any, must fit."""
    return _photo(BytesIO(data), name)


def size_of(path: str | Path) -> tuple[int, int]:
    """(height, width) of what `read` will give, from the header alone.

    Raises `InputError` for everything of `read` that the header shows.
    """
    path = Path(path)
    with opened(path) as stream:
        return _size(stream, str(path))


def size_of_bytes(data: bytes, name: str) -> tuple[int, int]:
    """The same from memory, as `read_bytes`."""
    return _size(BytesIO(data), name)


def opened(path: Path) -> Stream:
    """The bytes of a file; `InputError` where there is none to read."""
    try:
        return path.open("rb")
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder; name a picture in it") from error
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check its permissions") from error


def _photo(stream: Stream, name: str) -> Photo:
    kind = kind_in(stream, name)
    if kind == "RAW":
        return raw.read(stream, name)
    with errors_of(name):
        source = _single(stream, kind, name)
        convert = colour.to_srgb(source.icc, source.space)
        pixels, alpha = upright_pixels(source, convert)
    # The pixels of a CMYK file are sRGB from now on.
    icc = None if source.space == "cmyk" else source.icc
    metadata = Metadata(source.exif, icc, source.xmp, source.dpi)
    grey = source.space == "gray"
    return Photo(pixels, alpha, grey, kind, metadata, **source.hints)


def _size(stream: Stream, name: str) -> tuple[int, int]:
    kind = kind_in(stream, name)
    if kind == "RAW":
        return raw.size(stream, name)
    with errors_of(name):
        return _single(stream, kind, name).size()


def kind_in(stream: Stream, name: str) -> str:
    """The format by the content; `InputError` unless the ending fits."""
    with errors_of(name):
        start = stream.read(64)
        stream.seek(0)
    kind = checked_kind(start, name)
    # Without an ending that tells, only the directory shows that a TIFF is RAW.
    if kind == "TIFF" and Path(name).suffix.lower() not in FORMAT_OF:
        with errors_of(name):
            if tiff.holds_raw(stream):
                kind = "RAW"
        stream.seek(0)
    return kind


def header(stream: Stream, kind: str, name: str) -> Source:
    """The header, of the first picture if there are several; not of RAW."""
    if kind == "PNG":
        return pillow.read_png(stream, name)
    if kind == "TIFF":
        return tiff.read(stream, name)
    if kind == "HEIF":
        return heif.read(stream, name)
    return pillow.read(stream, kind, name)


def _single(stream: Stream, kind: str, name: str) -> Source:
    source = header(stream, kind, name)
    if source.frames > 1:
        what = "pages" if kind == "TIFF" else "pictures (it is animated)"
        raise InputError(
            f"{name}: holds {source.frames} {what}; split it into single pictures"
            + ("" if kind == "TIFF" else ", or convert it to a video and enhance that")
        )
    return source
