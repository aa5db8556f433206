"""HEIC and HEIF, by pillow-heif, where it is installed."""

from typing import Any

import numpy as np

from lled_jax.errors import InputError
from lled_jax.photos import cicp
from lled_jax.photos import exif as exif_of
from lled_jax.photos.kinds import checked_size
from lled_jax.photos.source import Source, divide_by_alpha
from lled_jax.photos.streams import Stream


def library(name: str) -> Any:
    """The module `pillow_heif`; an `InputError` that says how to get it."""
    try:
        import pillow_heif
    except ImportError as error:
        raise InputError(
            f"{name}: HEIC and HEIF need one more package: pip install 'lled-jax[heic]'"
        ) from error
    return pillow_heif


def read(stream: Stream, name: str) -> Source:
    """The header of the main picture; more than 8 bit are reduced to 8.

    libheif turns the picture upright by the file's own rotation, so EXIF's orientation
    counts no more.
    """
    image = library(name).open_heif(stream)
    width, height = image.size
    checked_size(height, width, name)

    def load() -> np.ndarray:
        pixels = np.array(image)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if image.mode.endswith("a"):  # multiplied into the colours
            divide_by_alpha(pixels)
        return pixels

    space = "gray" if image.mode.startswith("L") else "rgb"
    alpha = image.mode.endswith(("A", "a"))
    source = Source(height, width, np.dtype(np.uint8), space, alpha, load)
    source.exif = exif_of.upright(image.info.get("exif"))[1]
    source.xmp = exif_of.xmp_upright(image.info.get("xmp"))[1]
    source.icc = image.info.get("icc_profile") or _by_numbers(image, name)
    return source


def _by_numbers(image: Any, name: str) -> bytes | None:
    nclx = image.info.get("nclx_profile")
    if not nclx:
        return None
    numbers = cicp.Numbers(nclx["color_primaries"], nclx["transfer_characteristics"])
    return cicp.profile(numbers, name)
