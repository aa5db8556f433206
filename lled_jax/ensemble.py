"""Self-ensemble: the mean of what a method makes of an image's eight positions."""

import numpy as np
from jaxtyping import Float

from lled_jax.evaluation import Enhance
from lled_jax.positions import POSITIONS, put, put_back


def ensembled(enhance: Enhance) -> Enhance:
    """The enhancer whose answer is the mean of `enhance` over the eight positions.

    Timofte et al., Seven ways to improve example-based single image super resolution,
    CVPR 2016.  The image is flipped and transposed, and each answer put back in place.
    One answer is held at a time; floats in [0, 1].
    """

    def run(image: np.ndarray) -> Float[np.ndarray, "h w 3"]:
        total = np.zeros(image.shape, np.float64)
        for position in POSITIONS:
            answer = enhance(np.ascontiguousarray(put(image, position)))
            total += put_back(_decoded(answer), position)
        return total / len(POSITIONS)

    return run


def _decoded(image: np.ndarray) -> np.ndarray:
    """Floats, clipped as each answer would be."""
    if np.issubdtype(image.dtype, np.floating):
        return np.clip(image, 0, 1)
    return image / np.iinfo(image.dtype).max
