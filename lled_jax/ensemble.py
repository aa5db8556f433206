"""Self-ensemble: the mean of what a method makes of an image's eight positions."""

import numpy as np
from jaxtyping import Float

from lled_jax.evaluation import Enhance

POSITIONS = tuple(
    (turned, flip) for turned in (False, True) for flip in ((), (0,), (1,), (0, 1))
)
"""Rows and columns exchanged or not, then flipped along these axes."""


def ensembled(enhance: Enhance) -> Enhance:
    """The enhancer whose answer is the mean of `enhance` over the eight positions.

    Timofte et al., Seven ways to improve example-based single image super resolution,
    CVPR 2016.  The image is flipped and transposed, and each answer put back in place.
    One answer is held at a time; floats in [0, 1].
    """

    def run(image: np.ndarray) -> Float[np.ndarray, "h w 3"]:
        total = np.zeros(image.shape, np.float64)
        for turned, flip in POSITIONS:
            turn = image.swapaxes(0, 1) if turned else image
            answer = enhance(np.ascontiguousarray(np.flip(turn, flip)))
            back = np.flip(_decoded(answer), flip)
            total += back.swapaxes(0, 1) if turned else back
        return total / len(POSITIONS)

    return run


def _decoded(image: np.ndarray) -> np.ndarray:
    """Floats, clipped as each answer would be."""
    if np.issubdtype(image.dtype, np.floating):
        return np.clip(image, 0, 1)
    return image / np.iinfo(image.dtype).max
