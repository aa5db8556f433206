"""Zero-DCE's network, the smallest learned peer (not the paper's own).

Guo et al., Zero-reference deep curve estimation for low-light image enhancement, CVPR
2020: seven convolutions say how each pixel's values are bent by eight curves.
"""

from typing import NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from lled_jax.arrays import Images
from lled_jax.models.convolution import Conv

FEATURES = 32
ITERATIONS = 8
CURVES = 3 * ITERATIONS
"""One per channel and iteration."""

# The authors' initialisation of every kernel; biases begin at 0.
kernel_init = nn.initializers.normal(0.02)


class CurveOutputs(NamedTuple):
    """What one forward pass gives."""

    enhanced: Images
    """[b h w 3], in [0, 1] for images in [0, 1]."""
    curves: Float[Array, "b h w 24"]
    """The curves' parameters in [-1, 1], three for each iteration in turn."""


class ZeroDCE(nn.Module):
    """The network for any image size: [b h w 3] in [0, 1] -> `CurveOutputs`.

    79 416 parameters, all in 3x3 convolutions of 32 features (section 3.2): four one
    after the other, three that also see the features of the first four, the last first.
    """

    @nn.compact
    def __call__(self, low: Images) -> CurveOutputs:
        def conv(x: Array, n: int, features: int = FEATURES) -> Array:
            return Conv(features, 3, kernel_init=kernel_init, name=f"conv{n}")(x)

        x1 = nn.relu(conv(low, 1))
        x2 = nn.relu(conv(x1, 2))
        x3 = nn.relu(conv(x2, 3))
        x4 = nn.relu(conv(x3, 4))
        x5 = nn.relu(conv(jnp.concatenate([x3, x4], axis=-1), 5))
        x6 = nn.relu(conv(jnp.concatenate([x2, x5], axis=-1), 6))
        curves = nn.tanh(conv(jnp.concatenate([x1, x6], axis=-1), 7, CURVES))
        return CurveOutputs(bend(low, curves), curves)


def bend(low: Images, curves: Float[Array, "b h w 24"]) -> Images:
    """Apply the curves one after the other: x <- x + a (x^2 - x) (eq. 1, 2).

    The sign of `a` is that of the authors' code, the opposite of the paper's: below 0
    it brightens.  With `a` in [-1, 1] each curve takes [0, 1] to [0, 1], rising.
    """
    x = low
    for a in jnp.split(curves, ITERATIONS, axis=-1):
        x = x + a * (x * x - x)
    return x


def count_macs(height: int, width: int) -> int:
    """Multiply-adds of the convolutions for one image."""
    inputs = (3, FEATURES, FEATURES, FEATURES, 2 * FEATURES, 2 * FEATURES)
    per_pixel = sum(9 * n * FEATURES for n in inputs) + 9 * 2 * FEATURES * CURVES
    return height * width * per_pixel
