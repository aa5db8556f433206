"""Rendered pictures as files: PNG of 8 and 16 bit, packed RAW as .npy."""

import os
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np

from lled_jax import photos
from lled_jax.arrays import EncodedImage
from lled_jax.data.decode import read_size
from lled_jax.data.published.survey import Packed
from lled_jax.errors import InputError
from lled_jax.files import atomic_write

# The last chunk of every PNG, with its checksum.
_PNG_END = b"\0\0\0\0IEND\xaeB\x60\x82"


def suffix_of(pixels: EncodedImage | Packed) -> str:
    """.png for three channels; .npy for four, which no image reader takes for RGB."""
    return ".png" if pixels.shape[2] == 3 else ".npy"


def write(path: Path, pixels: EncodedImage | Packed) -> None:
    """Write a picture, whole or not at all; `InputError` if the place is at fault."""
    if pixels.shape[2] == 3:
        photos.write(_photo(pixels), pixels, path, "PNG")
        return
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, pixels)


def png_bytes(pixels: EncodedImage) -> bytes:
    """The same PNG in memory."""
    buffer = BytesIO()
    photos.write(_photo(pixels), pixels, buffer, "PNG")
    return buffer.getvalue()


def link(source: Path, target: Path) -> None:
    """A second name for `source`, or a copy where the disk knows no second names."""
    with atomic_write(target) as temporary:
        temporary.unlink()
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def size_if_whole(path: Path) -> tuple[int, int] | None:
    """(height, width) of a picture written before; None if absent or cut off."""
    try:
        if path.suffix == ".npy":
            height, width, _ = np.load(path, mmap_mode="r").shape
            return height, width
        with path.open("rb") as stream:
            stream.seek(-len(_PNG_END), os.SEEK_END)
            ended = stream.read() == _PNG_END
        return read_size(path)[:2] if ended else None
    except (OSError, ValueError, EOFError, InputError):
        return None


def _photo(pixels: EncodedImage) -> photos.Photo:
    return photos.Photo(pixels, None, False, "PNG")
