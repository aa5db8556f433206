"""Histogram equalisation of the value, whole and local; hue and saturation stay.

Both are scikit-image's: the train extra has it already, and it takes 16 bit and floats;
OpenCV's CLAHE would be one more library for the same algorithm.
"""

from types import ModuleType

import numpy as np

from lled_jax.baselines.values import Enhanced, Image, decoded, value, with_value
from lled_jax.errors import InputError


def equalised(image: Image) -> Enhanced:
    """Each value becomes the share of pixels that are no brighter."""
    pixels = decoded(image)
    bins = 256 if image.dtype == np.uint8 else 65536
    return with_value(pixels, _exposure().equalize_hist(value(pixels), nbins=bins))


def clahe(image: Image) -> Enhanced:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld 1994).

    With scikit-image's settings: the values stretched to the whole range first, tiles
    of an eighth of the image's sides, a clip limit of 0.01, 256 bins.
    """
    pixels = decoded(image)
    return with_value(pixels, _exposure().equalize_adapthist(value(pixels)))


def _exposure() -> ModuleType:
    try:
        from skimage import exposure
    except ModuleNotFoundError as error:
        raise InputError(
            "the baselines histogram and clahe need scikit-image: "
            "pip install 'lled-jax[train]'"
        ) from error
    return exposure
