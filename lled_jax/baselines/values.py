"""What the baselines share: decoding, and the V of HSV."""

import numpy as np
from jaxtyping import Float, Num

Image = Num[np.ndarray, "h w 3"]
"""8 or 16 bit, or floats in [0, 1]."""

Enhanced = Float[np.ndarray, "h w 3"]
"""Floats in [0, 1]."""


def decoded(image: Image) -> Float[np.ndarray, "h w 3"]:
    """Doubles in [0, 1]."""
    if np.issubdtype(image.dtype, np.floating):
        return image.astype(np.float64)
    return image / np.iinfo(image.dtype).max


def value(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """The largest of a pixel's channels: HSV's value."""
    return image.max(axis=-1)


def with_value(
    image: Float[np.ndarray, "h w 3"], new: Float[np.ndarray, "h w"]
) -> Enhanced:
    """The image with another value at each pixel, hue and saturation kept.

    A black pixel has neither and becomes grey.
    """
    old = value(image)[..., None]
    colour = np.divide(image, old, out=np.ones_like(image), where=old > 0)
    return colour * np.clip(new, 0, 1)[..., None]
