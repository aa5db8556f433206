"""The eight positions of an image: rows and columns exchanged or not, and flips."""

from itertools import product
from typing import NamedTuple, TypeVar

import numpy as np
from jax import Array

Images = TypeVar("Images", np.ndarray, Array)


class Position(NamedTuple):
    """Rows exchanged for columns or not; then rows and columns reversed or not."""

    transposed: bool
    upside_down: bool
    mirrored: bool


POSITIONS = tuple(Position(*each) for each in product((False, True), repeat=3))
"""All eight, the image as it is first; those that are not transposed are four."""


def put(images: Images, position: Position) -> Images:
    """Images [... h w c] in the position: [... w h c] if that is transposed."""
    if position.transposed:
        images = images.swapaxes(-3, -2)
    return _flipped(images, position)


def put_back(images: Images, position: Position) -> Images:
    """What `put` made of images, as they were."""
    images = _flipped(images, position)
    return images.swapaxes(-3, -2) if position.transposed else images


def _flipped(images: Images, position: Position) -> Images:
    rows = slice(None, None, -1 if position.upside_down else None)
    columns = slice(None, None, -1 if position.mirrored else None)
    return images[..., rows, columns, :]
