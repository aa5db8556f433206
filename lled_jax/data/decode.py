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
from lled_jax.photos import reading
from lled_jax.photos.kinds import errors_of
from lled_jax.photos.source import Source, upright_pixels
from lled_jax.photos.streams import Stream

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""The endings of the files that we read here, in lower case."""


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
    _check_ending(Path(name))
    with errors_of(name):
        source = _header(BytesIO(data), name)
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
    found = by_stem(folder)
    if not found:
        raise InputError(f"{folder}: no photos here; we read {', '.join(SUFFIXES)}")
    return list(one_each(found).values())


def by_stem(folder: Path) -> dict[str, list[Path]]:
    """The pictures right in `folder` that are not hidden, by name, of each stem."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            found.setdefault(path.stem, []).append(path)
    return found


def one_each(found: dict[str, list[Path]]) -> dict[str, Path]:
    """The picture of each stem; raises `InputError` if one has two."""
    for first, *more in found.values():
        if more:
            raise InputError(
                f"{more[0]}: {first.name} has the same stem; rename or remove one"
            )
    return {stem: paths[0] for stem, paths in found.items()}


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    _check_ending(path)
    with reading.opened(path) as stream, errors_of(path):
        yield _header(stream, str(path))


def _header(stream: Stream, name: str) -> Source:
    return reading.header(stream, reading.kind_in(stream, name), name)


def _check_ending(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: cannot read '{path.suffix}' files; convert it to one of "
            f"{', '.join(SUFFIXES)}"
        )
