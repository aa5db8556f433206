"""Image files as RGB arrays: PNG, JPEG, WebP, BMP and TIFF, 8 and 16 bit.

The decoders are those of `lled_jax.photos`; here colour profiles are not applied: the
stored values are returned, as they went into published numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np

from lled_jax.arrays import EncodedImage
from lled_jax.errors import InputError
from lled_jax.photos import pillow, tiff
from lled_jax.photos.kinds import kind_of, naming
from lled_jax.photos.source import Source, upright_pixels
from lled_jax.photos.streams import Stream

FORMATS = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"},
    **{".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"},
}
"""The file endings we read (in lower case) and what must be behind them."""


def read_image(path: str | Path) -> EncodedImage:
    """Decode one file to RGB [h, w, 3], uint8 or uint16 as the file stores it.

    Grey is repeated to three channels, a palette is looked up, an alpha channel is
    dropped (not blended), the EXIF orientation is applied; of several pages or
    frames the first is read.  Lossless formats give the stored values exactly.

    Raises:
        InputError: the file is missing, damaged, truncated, not what its ending
            says, or holds samples that are neither 8 nor 16 bit.
    """
    with _opened(Path(path)) as source:
        return upright_pixels(source, None, with_alpha=False)[0]


def read_image_bytes(data: bytes, name: str) -> EncodedImage:
    """The same from memory; `name` is for messages, its ending must fit.

    Raises:
        InputError: as `read_image`.
    """
    kind = _expected_kind(Path(name))
    _check_start(Path(name), data[:64], kind)
    with naming(name):
        source = _source(BytesIO(data), kind, name)
        return upright_pixels(source, None, with_alpha=False)[0]


def read_size(path: str | Path) -> tuple[int, int, np.dtype]:
    """(height, width, dtype) that `read_image` will give, from the header alone.

    Raises:
        InputError: the file is missing, its header cannot be read, or it is not
            what its ending says.
    """
    with _opened(Path(path)) as source:
        return *source.size(), source.dtype


def photos_in(folder: Path) -> list[Path]:
    """The pictures right in `folder`, by name; raises `InputError` if none is there."""
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}: give the folder of the photos")
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in FORMATS and not path.name.startswith(".")
    ]
    if not paths:
        raise InputError(f"{folder}: no photos here; we read {', '.join(FORMATS)}")
    stems: dict[str, Path] = {}
    for path in paths:
        if path.stem in stems:
            raise InputError(
                f"{path}: {stems[path.stem].name} has the same stem; rename one"
            )
        stems[path.stem] = path
    return paths


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    kind, name = _checked_kind(path), str(path)
    with naming(path), path.open("rb") as stream:
        yield _source(stream, kind, name)


def _source(stream: Stream, kind: str, name: str) -> Source:
    if kind == "PNG":
        return pillow.read_png(stream, name)
    if kind == "TIFF":
        return tiff.read(stream, name)
    return pillow.read(stream, kind, name)


def _checked_kind(path: Path) -> str:
    """The format, after comparing the file's first bytes with its ending."""
    expected = _expected_kind(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    try:
        with path.open("rb") as stream:
            start = stream.read(64)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check its permissions") from error
    _check_start(path, start, expected)
    return expected


def _expected_kind(path: Path) -> str:
    """The format that the ending promises."""
    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise InputError(
            f"{path}: cannot read '{path.suffix}' files; convert it to one of "
            f"{', '.join(FORMATS)}"
        )
    return expected


def _check_start(path: Path, start: bytes, expected: str) -> None:
    """InputError unless a file that begins with `start` is of that format."""
    found = kind_of(start)
    found = found if found in FORMATS.values() else None
    if found != expected:
        what = f"holds {found} data" if found else f"is not a {expected} file"
        cure = "rename it" if found else "replace it with a good copy or remove it"
        raise InputError(f"{path}: {what} behind the ending {path.suffix}; {cure}")
