"""Does an exported file do what the network does?  On real images of several sizes."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, UInt8

from lled_jax.arrays import Images, Params
from lled_jax.errors import InputError
from lled_jax.export.contract import Contract, Runner
from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.metrics import psnr
from lled_jax.models import variants
from lled_jax.models.network import Network

# Low and target, uint8 [h w 3]; no shapes here, since each pair has its own.
Pair = tuple[np.ndarray, np.ndarray]

TOLERANCE = 1e-5
"""Of float32: the largest difference, images being in [0, 1]."""
LEVEL_SHARE = 1e-3
"""Of float32 with 8-bit pixels: the share of values that may be one level off."""
MOST_LOSS = {"f16": 0.05, "bf16": 0.1, "int8": 1.0, "int8_dynamic": 0.2}
"""Of shorter numbers: the most dB against the targets, on average over the pairs."""
LEAST_WHITE = 28.0
"""Of shorter numbers: the least dB to the network's answer to a half white picture.

Where int8's ranges end with those of dark images there are 17, and patterns in the sky.
"""

# Odd, smaller than what a pixel sees, and the smallest: where borders go wrong.
SMALL = ((33, 47), (8, 13), (1, 1))


class Agreement(NamedTuple):
    """How near the file's answers are to the network's own, in float32 by JAX."""

    largest: float
    """The largest difference, in [0, 1]."""
    changed: float
    """The share of 8-bit values that are not the same."""
    psnr: float
    """Of the file's answers against the network's, dB; infinite if they are equal."""
    loss: float
    """PSNR against the targets, the network's less the file's: dB, mean of pairs."""
    white: float
    """As `psnr`, of a picture half of which is white, as lamps and sky are."""
    sizes: tuple[tuple[int, int], ...]
    """The (height, width) that were run."""


def measure(
    contract: Contract, run: Runner, params: Params, pairs: Sequence[Pair]
) -> Agreement:
    """Run the file on `pairs`, and on parts of the first one in odd and tiny sizes.

    A file of a fixed size gets parts of that size, mirrored where a picture is smaller.
    """
    model = variants.build(contract.model)

    def answers(low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ours = np.asarray(_reference(model, params, to_float(low[None])))[0]
        if contract.pixels == "uint8":
            ours = np.asarray(to_float(to_u8(ours)))
        return ours, answer(contract, run, low)

    largest, changed, values, squares = 0.0, 0, 0, 0.0
    losses, sizes = [], []
    for low, high, whole in _images(contract, pairs):
        ours, theirs = answers(low)
        difference = np.abs(ours - theirs, dtype=np.float64)
        # Not max(), which overlooks a NaN.
        largest = float(np.maximum(largest, difference.max()))
        changed += int((to_u8(ours) != to_u8(theirs)).sum())
        values += difference.size
        squares += float((difference**2).sum())
        if whole:
            losses.append(_score(ours, high) - _score(theirs, high))
        sizes.append(low.shape[:2])
    ours, theirs = answers(_half_white(contract.fitted(pairs[0][0])))
    return Agreement(
        largest,
        changed / values,
        _decibels(squares / values),
        float(np.mean(losses)),
        _decibels(np.mean((ours - theirs) ** 2, dtype=np.float64)),
        tuple(sizes),
    )


def refuse(contract: Contract, found: Agreement) -> None:
    """Raise `InputError` if the file's answers are not the network's."""
    if contract.precision != "f32":
        most = MOST_LOSS[contract.precision]
        # Written so that a NaN is refused too.
        if not found.loss <= most:
            raise InputError(
                f"the {contract.format} file loses {found.loss:.2f} dB in "
                f"{contract.precision}, more than {most}: take another --precision"
            )
        if not found.white >= LEAST_WHITE:
            raise InputError(
                f"the {contract.format} file comes within {found.white:.1f} dB of the "
                f"network in {contract.precision} where half of a picture is white, "
                f"less than {LEAST_WHITE:.0f}: take another --precision"
            )
        return
    if contract.pixels == "uint8":
        # What lies between two levels may be rounded to either.
        if found.largest <= 1.5 / 255 and found.changed <= LEVEL_SHARE:
            return
    elif found.largest <= TOLERANCE:
        return
    raise InputError(
        f"the {contract.format} file differs from the network by {found.largest:.2g} "
        "of the range: this version of its converter or runtime cannot be trusted; "
        "take another, or another --format"
    )


def answer(
    contract: Contract, run: Runner, low: UInt8[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h w 3"]:
    """What the file makes of one image, in [0, 1], whatever its contract."""
    height, width = low.shape[:2]
    bright = run(contract.batch(low))
    if contract.layout == "nchw":
        bright = bright.transpose(0, 2, 3, 1)
    if contract.only_even:
        bright = bright[:, :height, :width]
    if contract.pixels == "uint8":
        bright = bright.astype(np.float32) / 255
    return bright[0]


def _images(
    contract: Contract, pairs: Sequence[Pair]
) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """Low, target, and whether the pair is large enough to score."""
    if contract.size is not None:
        for low, high in pairs:
            yield contract.fitted(low), contract.fitted(high), True
        return
    for low, high in pairs:
        yield low, high, True
    low, high = pairs[0]
    for height, width in SMALL:
        yield low[:height, :width], high[:height, :width], False


def _half_white(low: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    image = low.copy()
    image[:, image.shape[1] // 2 :] = 255
    return image


def _decibels(squared: float) -> float:
    """PSNR of a mean squared error in [0, 1]; infinite if there is none."""
    return float(-10 * np.log10(squared)) if squared else math.inf


@partial(jax.jit, static_argnums=0)
def _reference(model: Network, params: Params, low: Images) -> Images:
    with jax.default_matmul_precision("highest"):
        return enhance(model, params, low)


def _score(image: Float[np.ndarray, "h w 3"], target: np.ndarray) -> float:
    """PSNR of an image as a file holds it."""
    ours, theirs = (to_float(levels[None]) for levels in (to_u8(image), target))
    return float(psnr(ours, theirs)[0])
