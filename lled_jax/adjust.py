"""From the network's answer to the look that was asked for; pure, for use under jit."""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from lled_jax.arrays import EncodedImage, Features, Images
from lled_jax.images import luminance, mean_luma, srgb_decode, srgb_encode
from lled_jax.look import Amounts, Look
from lled_jax.models.area import Area, within

# Of the guided filter, in pixels: noise of LOL's kind is a few pixels wide.
RADIUS = 4
# Contrast that full denoising takes for noise: a standard deviation of 0.1 in [0, 1].
NOISE = 0.1


def adjust(
    low: Images, bright: Images, amounts: Amounts, area: Area | None = None
) -> Images:
    """`bright` with denoising, exposure and saturation, blended with `low`.

    `low` is in [0, 1], and so is the result; `bright`, the network's answer, is first
    clipped to that.  Of padded images `area` counts.
    """
    strength, exposure, saturation, denoise = amounts
    bright = jnp.clip(bright, 0.0, 1.0)
    if denoise is not None:
        bright = guided_filter(bright, (denoise * NOISE) ** 2, area)
    if exposure is not None:
        bright = srgb_encode(srgb_decode(bright) * jnp.exp2(exposure))
    if saturation is not None:
        grey = jnp.broadcast_to(luminance(bright), bright.shape)
        bright = grey + saturation * (bright - grey)
    bright = jnp.clip(bright, 0.0, 1.0)
    if strength is None:
        return bright
    # In this form 0 gives `low` and 1 gives `bright` without rounding.
    return (1 - strength) * low + strength * bright


def amounts_for(image: EncodedImage, look: Look) -> Amounts:
    """What of `look` one photo gets; its luma is taken only where that matters."""
    return look.amounts(mean_luma(image) if look.spare_bright else 0.0)


def guided_filter(
    images: Images, eps: float | Array, area: Area | None = None
) -> Images:
    """Edge-preserving smoothing guided by the luma (He et al., ECCV 2010).

    Where the luma's variance in a window is far below `eps` this is a mean over the
    window; where it is far above, nothing changes.  A pixel sees 2 `RADIUS` far.
    """
    guide = luminance(images)
    mean_guide, mean = _box(guide, area), _box(images, area)
    # Not below 0, where rounding would take it in a flat window.
    variance = jnp.maximum(_box(guide * guide, area) - mean_guide * mean_guide, 0.0)
    covariance = _box(guide * images, area) - mean_guide * mean
    slope = covariance / (variance + eps)
    offset = mean - slope * mean_guide
    return _box(slope, area) * guide + _box(offset, area)


def _box(x: Features, area: Area | None) -> Features:
    """The mean over a square of side 2 `RADIUS` + 1, or what of it is in the image."""
    height, width = x.shape[1:3]
    ends = area or Area(height, width)
    rows = _there(height, ends.height).reshape(1, -1, 1, 1)
    columns = _there(width, ends.width).reshape(1, 1, -1, 1)
    total = within(x, area)
    for window in ((1, 2 * RADIUS + 1, 1, 1), (1, 1, 2 * RADIUS + 1, 1)):
        total = lax.reduce_window(total, 0.0, lax.add, window, (1, 1, 1, 1), "SAME")
    return total / (rows * columns)


def _there(length: int, end: int | Array) -> Float[Array, " length"]:
    """How many of 0 ... end - 1 are within `RADIUS` of each position, 1 at least."""
    at = jnp.arange(length)
    there = jnp.minimum(at + RADIUS, end - 1) - jnp.maximum(at - RADIUS, 0) + 1
    return jnp.maximum(there, 1).astype(jnp.float32)
