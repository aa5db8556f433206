"""From a dark image to a bright one, whole and of any size."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import UInt8

from lled_jax.adjust import adjust
from lled_jax.arrays import EncodedImage, Images, Params
from lled_jax.images import encode, to_float
from lled_jax.look import Amounts
from lled_jax.models import variants
from lled_jax.models.area import Area
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.models.network import Network, answer

Enhance = Callable[[EncodedImage], UInt8[np.ndarray, "h w 3"]]

# As many sizes as a camera held upright and sideways makes get programs of their own.
OWN_PROGRAMS = 2
# Of the other sizes, those up to an eighth apart share one.
STEPS_PER_OCTAVE = 8
# Pixels of the largest image that is padded.  A new size compiles in the time in which
# the student draws one megapixel (0.6 s on two cores); padding adds up to 27 %.
LARGEST_PADDED = 4_000_000
# Each program that is kept takes 9 MB.
MOST_PROGRAMS = 16


@runtime_checkable
class Draw(Protocol):
    """From an image to its enhanced one, encoded as `dtype`."""

    def __call__(
        self, low: EncodedImage, amounts: Amounts = ..., dtype: DTypeLike = ...
    ) -> EncodedImage: ...


def enhance(
    model: Network, params: Params, low: Images, area: Area | None = None
) -> Images:
    """The network's `answer` clipped to [0, 1]; pure, for use under jit."""
    return jnp.clip(answer(model, params, low, area).enhanced, 0.0, 1.0)


@partial(jax.jit, static_argnums=(0, 1))
def _enhance_encoded(
    model: Network,
    dtype: DTypeLike,
    params: Params,
    low: Array,
    amounts: Amounts,
    area: Area | None,
) -> Array:
    images = to_float(low)
    bright = enhance(model, params, images, area)
    return encode(adjust(images, bright, amounts, area), dtype)


def enhancer(name: str, params: Params) -> Draw:
    """A function from an 8- or 16-bit image to the 8-bit image a file would hold.

    `name` is the variant that `params` belong to.  Adjustments and 16 bit are there for
    who asks for them.  The first two sizes of image are compiled for themselves.  Later
    ones are padded, where `padded_size` says so, to a size that a compiled program may
    have seen, with the same answer up to rounding, so that a folder of many sizes does
    not compile for each.
    """
    model = variants.build(name)
    own: set[tuple[int, ...]] = set()

    def run(
        low: EncodedImage, amounts: Amounts = Amounts(), dtype: DTypeLike = np.uint8
    ) -> EncodedImage:
        height, width = low.shape[:2]
        padded = padded_size(model, height, width)
        if low.shape not in own and (padded is None or len(own) < OWN_PROGRAMS):
            if len(own) == MOST_PROGRAMS:
                own.clear()
                _enhance_encoded.clear_cache()  # type: ignore[attr-defined]
            own.add(low.shape)
        area = None
        if padded is not None and low.shape not in own:
            area = Area(jnp.int32(height), jnp.int32(width))
            margins = (0, padded[0] - height), (0, padded[1] - width)
            low = np.pad(low, (*margins, (0, 0)), mode="edge")
        batch = jnp.asarray(low[None])
        kind = np.dtype(dtype)
        bright = _enhance_encoded(model, kind, params, batch, amounts, area)
        # A copy may be written to; cut by NumPy, since JAX would compile for each size.
        return np.asarray(bright)[0, :height, :width].copy()

    return run


def padded_size(model: Network, height: int, width: int) -> tuple[int, int] | None:
    """What an image may be padded to, to share a program.

    None for large images, and for networks whose answer would be another: an `Area` is
    for those with branches, but for the one guided by Canny's edges, which depend on
    the whole image.
    """
    shares = isinstance(model, GradientGuided) and model.guide != "canny"
    if not shares or height * width > LARGEST_PADDED:
        return None
    return _bucket(height), _bucket(width)


def _bucket(length: int) -> int:
    """The next of 8, 9, 10, ... 15, 16, 18, 20, ... 30, 32, 36, ..."""
    step = max(1, 2 ** (length - 1).bit_length() // 2 // STEPS_PER_OCTAVE)
    return -(-length // step) * step
