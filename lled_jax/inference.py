"""From a dark image to a bright one, whole and of any size."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import UInt8

from lled_jax.arrays import EncodedImage, Images, Params
from lled_jax.images import to_float, to_u8
from lled_jax.models import variants
from lled_jax.models.area import Area
from lled_jax.models.gradient_guided import GradientGuided, apply

Enhance = Callable[[EncodedImage], UInt8[np.ndarray, "h w 3"]]

# As many sizes as a camera held upright and sideways makes get programs of their own.
OWN_PROGRAMS = 2
# Of the other sizes, those up to an eighth apart share one.
STEPS_PER_OCTAVE = 8


def enhance(
    model: GradientGuided, params: Params, low: Images, area: Area | None = None
) -> Images:
    """The network's answer clipped to [0, 1]; pure, for use under jit.

    Of a padded image `area` is the part that counts (`GradientGuided`).
    """
    return jnp.clip(apply(model, params, low, area).enhanced, 0.0, 1.0)


@partial(jax.jit, static_argnums=0)
def _enhance_encoded(
    model: GradientGuided, params: Params, low: Array, area: Area | None
) -> Array:
    return to_u8(enhance(model, params, to_float(low), area))


def enhancer(name: str, params: Params) -> Enhance:
    """A function from an 8- or 16-bit image to the 8-bit image a file would hold.

    `name` is the variant that `params` belong to.  The first two sizes of image are
    compiled for themselves.  Later ones are padded to a size that a compiled program
    may have seen, with the same answer up to rounding, so that a folder of many sizes
    does not compile for each.
    """
    model = variants.build(name)
    own: set[tuple[int, ...]] = set()

    def run(low: EncodedImage) -> UInt8[np.ndarray, "h w 3"]:
        height, width = low.shape[:2]
        if len(own) < OWN_PROGRAMS:
            own.add(low.shape)
        if low.shape in own:
            area = None
        else:
            area = Area(jnp.int32(height), jnp.int32(width))
            margins = [(0, _bucket(n) - n) for n in (height, width)]
            low = np.pad(low, (*margins, (0, 0)), mode="edge")
        bright = _enhance_encoded(model, params, jnp.asarray(low[None]), area)
        return np.asarray(bright)[0, :height, :width]

    return run


def _bucket(length: int) -> int:
    """The next of 8, 9, 10, ... 15, 16, 18, 20, ... 30, 32, 36, ..."""
    step = max(1, 2 ** (length - 1).bit_length() // 2 // STEPS_PER_OCTAVE)
    return -(-length // step) * step
