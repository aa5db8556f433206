"""One power of every value: the simplest way to brighten."""

import numpy as np
from scipy import optimize

from lled_jax.baselines.values import Enhanced, Image, decoded

EXPONENT = 1 / 2.2
"""Of the display's gamma: as if the dark values were linear light."""
MEAN = 0.5
# Of the exponent's logarithm: beyond it there is no picture left.
_RANGE = (-6.0, 6.0)


def gamma(image: Image) -> Enhanced:
    """x^(1/2.2), whatever the image."""
    return decoded(image) ** EXPONENT


def gamma_mean(image: Image) -> Enhanced:
    """x^g with the g that brings the mean of all values to 0.5.

    Images that no such power exists for, such as a black one, go as far as g = e^+-6.
    """
    pixels = decoded(image)
    levels, counts = np.unique(pixels, return_counts=True)

    def excess(log_exponent: float) -> float:
        return float(np.average(levels ** np.exp(log_exponent), weights=counts)) - MEAN

    brightest, darkest = (excess(end) for end in _RANGE)
    if brightest <= 0 or darkest >= 0:
        best = _RANGE[0] if brightest <= 0 else _RANGE[1]
    else:
        best = optimize.brentq(excess, *_RANGE)
    return pixels ** np.exp(best)
