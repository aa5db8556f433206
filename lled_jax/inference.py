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
from lled_jax.models.gradient_guided import GradientGuided, apply

Enhance = Callable[[EncodedImage], UInt8[np.ndarray, "h w 3"]]


def enhance(model: GradientGuided, params: Params, low: Images) -> Images:
    """The network's answer clipped to [0, 1]; pure, for use under jit."""
    return jnp.clip(apply(model, params, low).enhanced, 0.0, 1.0)


@partial(jax.jit, static_argnums=0)
def _enhance_encoded(model: GradientGuided, params: Params, low: Array) -> Array:
    return to_u8(enhance(model, params, to_float(low)))


def enhancer(name: str, params: Params) -> Enhance:
    """A function from an 8- or 16-bit image to the 8-bit image a file would hold.

    `name` is the variant that `params` belong to.  Each new image size compiles once.
    """
    model = variants.build(name)

    def run(low: EncodedImage) -> UInt8[np.ndarray, "h w 3"]:
        return np.asarray(_enhance_encoded(model, params, jnp.asarray(low[None])))[0]

    return run
