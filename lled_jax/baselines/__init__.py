"""Methods that need no training, to compare with on the spot.

Each takes an image [h, w, 3] of 8 or 16 bit or floats in [0, 1] and returns its
enhanced version of that size: floats in [0, 1], or the image itself.
"""

from collections.abc import Callable

import numpy as np

from lled_jax.baselines.gamma import gamma, gamma_mean
from lled_jax.baselines.histogram import clahe, equalised
from lled_jax.baselines.lime import lime
from lled_jax.errors import InputError

Baseline = Callable[[np.ndarray], np.ndarray]


def identity(image: np.ndarray) -> np.ndarray:
    """The dark image as it is: what every method starts from."""
    return image


BASELINES: dict[str, Baseline] = {
    "identity": identity,
    "gamma": gamma,
    "gamma_mean": gamma_mean,
    "histogram": equalised,
    "clahe": clahe,
    "lime": lime,
}
"""By the name that `evaluate.py --baseline` takes."""


def baseline(name: str) -> Baseline:
    """The method called `name`; an unknown name raises `InputError`."""
    if name not in BASELINES:
        known = ", ".join(BASELINES)
        raise InputError(f"unknown baseline {name!r}; known baselines: {known}")
    return BASELINES[name]
