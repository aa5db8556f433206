"""What happens to a pair between file and batch: the same crop and flips for both."""

import numpy as np
from jaxtyping import UInt8, UInt16

from lled_jax.arrays import EncodedImage


def crop_and_flip(
    image: EncodedImage,
    top: int,
    left: int,
    crop: int,
    flip_v: int,
    flip_h: int,
) -> UInt8[np.ndarray, "ch cw 3"] | UInt16[np.ndarray, "ch cw 3"]:
    """Cut the `crop` x `crop` square at (top, left), then flip it.

    `crop` 0 keeps the whole image, whatever `top` and `left` say.  `flip_v` turns
    the rows upside down, `flip_h` mirrors the columns; both are 0 or 1.  The result
    is a view of `image`.  The square must lie inside the image (our duty).
    """
    if crop:
        height, width = image.shape[:2]
        assert 0 <= top <= height - crop, (top, crop, height)
        assert 0 <= left <= width - crop, (left, crop, width)
        image = image[top : top + crop, left : left + crop]
    if flip_v:
        image = image[::-1]
    if flip_h:
        image = image[:, ::-1]
    return image
