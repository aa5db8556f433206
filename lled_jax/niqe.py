"""NIQE, the natural image quality evaluator: a score without ground truth.

Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer, IEEE
Signal Processing Letters 20(3), 2013.  How far the statistics of a picture's blocks are
from those of pristine photographs; lower is better.  No randomness, and no download:
the pristine model is the authors' own and lies in the package.

No well-kept library on PyPI computes it under a free licence, so the code is ours, as
the paper and the behaviour of MATLAB's functions describe it.  The luma is BT.601's in
its studio range, which BasicSR and papers that score by it take; the authors' release
takes the full range (rgb2gray), by which bright pictures have up to .06 less, very dark
ones up to .8.
"""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num
from scipy import ndimage, special

from lled_jax.errors import InputError

MODEL = Path(__file__).parent / "weights" / "niqe.npz"
BLOCK = 96
"""Side of a block, the authors'; half of it at half size."""

# BT.601 in its studio range, as MATLAB's rgb2ycbcr has it.
_LUMA, _BLACK = (65.481, 128.553, 24.966), 16.0
# Weights of the local mean and deviation: 7x7, sigma 7/6.
_WINDOW = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
_WINDOW /= _WINDOW.sum()
# MATLAB's bicubic imresize by half: Keys' cubic, stretched to avoid aliasing.
_HALVING = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
_NOTHING = 1e-9
# Shapes that are looked up, and the ratio of moments that each has (eq. 4).
_SHAPES = np.arange(0.2, 10.001, 0.001)
_RATIOS = special.gamma(2 / _SHAPES) ** 2 / (
    special.gamma(1 / _SHAPES) * special.gamma(3 / _SHAPES)
)
# Of a block against itself: next to it, below it and on both diagonals.
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))

Plane = Float[np.ndarray, "h w"]
Blocks = Float[np.ndarray, "n side side"]


def niqe(image: Num[np.ndarray, "h w 3"]) -> float:
    """The score of an image of 8 or 16 bit; about 3 is natural, above 6 is not.

    The whole 96x96 blocks from the top left corner count.  Raises `InputError` for an
    image of fewer than two, or one without any texture.
    """
    check_size(*image.shape[:2])
    rows, columns = (length // BLOCK for length in image.shape[:2])
    plane = _luma(image[: rows * BLOCK, : columns * BLOCK])
    features = np.concatenate(
        [
            _features(_blocks(_normalised(plane), BLOCK)),
            _features(_blocks(_normalised(_halved(plane)), BLOCK // 2)),
        ],
        axis=1,
    )
    # A block of one colour has no statistics.
    known = features[np.isfinite(features).all(axis=1)]
    if len(known) < 2:
        raise InputError("NIQE needs texture, and the image has hardly any")
    mean = np.array([c[np.isfinite(c)].mean() for c in features.T])
    return _distance(mean, np.cov(known, rowvar=False))


def check_size(height: int, width: int) -> None:
    """Raise `InputError` for an image of fewer than two blocks."""
    if (height // BLOCK) * (width // BLOCK) < 2:
        raise InputError(
            f"NIQE needs images of at least {2 * BLOCK}x{BLOCK} pixels, got "
            f"{width}x{height} (width x height): use larger ones, or leave out niqe"
        )


class Model(NamedTuple):
    """A Gaussian of the features of pristine blocks."""

    mean: Float[np.ndarray, " 36"]
    covariance: Float[np.ndarray, "36 36"]


@functools.cache
def pristine() -> Model:
    """The authors' model, of 125 photographs."""
    with np.load(MODEL) as file:
        return Model(file["mean"], file["covariance"])


def _distance(
    mean: Float[np.ndarray, " 36"], covariance: Float[np.ndarray, "36 36"]
) -> float:
    """Mahalanobis' distance of the means by both covariances' average (eq. 10)."""
    model = pristine()
    apart = model.mean - mean
    inverse = np.linalg.pinv((model.covariance + covariance) / 2)
    return float(np.sqrt(apart @ inverse @ apart))


def _luma(image: Num[np.ndarray, "h w 3"]) -> Plane:
    """Brightness from 16 to 235, rounded as for a picture of 8 bit."""
    return np.round(_BLACK + image @ np.array(_LUMA) / np.iinfo(image.dtype).max)


def _halved(plane: Plane) -> Float[np.ndarray, "half_h half_w"]:
    for axis in (0, 1):
        # An even kernel: the answer at 2 i lies between the samples 2 i and 2 i + 1.
        blurred = ndimage.correlate1d(plane, _HALVING, axis, mode="reflect", origin=-1)
        plane = blurred.take(range(0, plane.shape[axis], 2), axis)
    return plane


def _normalised(plane: Plane) -> Plane:
    """Less the local mean, divided by the local deviation (eq. 1-3)."""
    mean = _blurred(plane)
    deviation = np.sqrt(np.abs(_blurred(plane**2) - mean**2))
    answer = (plane - mean) / (deviation + 1)
    # Where the picture is flat only rounding is left, whose sign would be counted.
    return np.where(np.abs(answer) < _NOTHING, 0.0, answer)


def _blurred(plane: Plane) -> Plane:
    for axis in (0, 1):
        plane = ndimage.correlate1d(plane, _WINDOW, axis, mode="nearest")
    return plane


def _blocks(plane: Plane, side: int) -> Float[np.ndarray, "n {side} {side}"]:
    rows, columns = (n // side for n in plane.shape)
    cut = plane.reshape(rows, side, columns, side).swapaxes(1, 2)
    return cut.reshape(-1, side, side)


def _features(blocks: Blocks) -> Float[np.ndarray, "n 18"]:
    """Of each block: 2 of its distribution, 4 of each product with its neighbours."""
    shape, left, right = _fitted(blocks)
    features = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        product = blocks * np.roll(blocks, shift, axis=(1, 2))
        shape, left, right = _fitted(product)
        skew = special.gamma(2 / shape) / special.gamma(1 / shape)
        features += [shape, (right - left) * skew, left, right]  # eq. 8
    return np.stack(features, axis=1)


def _fitted(
    blocks: Blocks,
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Shape, left and right scale of an asymmetric generalised Gaussian (eq. 4-7).

    By moments (Lasmar et al. 2009); a block without both signs has no numbers.
    """
    flat = blocks.reshape(len(blocks), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (
            np.sqrt((flat**2 * side).sum(1) / side.sum(1))
            for side in (flat < 0, flat > 0)
        )
        ratio = left / right
        moments = np.abs(flat).mean(1) ** 2 / (flat**2).mean(1)
        wanted = moments * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shape = _SHAPES[[np.argmin((_RATIOS - w) ** 2) for w in wanted]]
    scale = np.sqrt(special.gamma(1 / shape) / special.gamma(3 / shape))
    return shape, left * scale, right * scale
