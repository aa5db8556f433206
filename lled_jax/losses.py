"""Losses on pixels: how far an enhanced image is from its target (paper eq. 3-7).

Every loss takes RGB images in [0, 1] (predictions may leave the range), computes in
float32 and returns one value per image: the mean over height, width and channels.
Gradients are finite everywhere, on flat and on saturated images too.
"""

import jax.numpy as jnp
from jax import lax

from lled_jax.arrays import Features, Images, PerImage
from lled_jax.images import sobel
from lled_jax.ssim import ssim


def l1(enhanced: Images, target: Images) -> PerImage:
    """Mean absolute difference, the paper's pixel loss (eq. 3-7)."""
    return _mean(jnp.abs(_difference(enhanced, target)))


def charbonnier(enhanced: Images, target: Images, eps: float = 1e-3) -> PerImage:
    """Mean of sqrt(d^2 + eps^2), a smooth L1 (not in the paper).

    Identical images give `eps`, not 0.  The default is the usual 1e-3 of the
    restoration literature (Lai et al., LapSRN).
    """
    d = _difference(enhanced, target)
    return _mean(jnp.sqrt(d * d + eps * eps))


def gt_mean(enhanced: Images, target: Images) -> PerImage:
    """L1 after scaling the enhanced image to the target's mean (not in the paper).

    Blind to how bright the picture is, so that detail and colour are not drowned by
    what cannot be known; in the manner of the GT-mean scores.  The factor takes no
    gradient and is at most 10, so that a black image does not blow up.
    """
    ours, theirs = (_mean(x.astype(jnp.float32)) for x in (enhanced, target))
    factor = jnp.clip(theirs / jnp.maximum(ours, 1e-6), 0.0, 10.0)
    factor = lax.stop_gradient(factor).reshape(-1, 1, 1, 1)
    return l1(enhanced * jnp.broadcast_to(factor, enhanced.shape), target)


def ssim_loss(enhanced: Images, target: Images) -> PerImage:
    """1 - SSIM (paper eq. 3-7), in [0, 2]; SSIM as in `lled_jax.ssim`.

    Raises `InputError` for images smaller than 11 x 11.
    """
    return 1.0 - ssim(enhanced, target)


def gradient_loss(enhanced: Images, target: Images) -> PerImage:
    """Mean squared difference of the Sobel magnitudes (paper eq. 3-7, "L2").

    Each colour channel has its own magnitude, unnormalised as in eq. 11-13: a step
    from 0 to 1 has magnitude 4.
    """
    edges = sobel(enhanced.astype(jnp.float32))
    d = edges - sobel(target.astype(jnp.float32))
    return _mean(d * d)


def _difference(enhanced: Images, target: Images) -> Images:
    """In float32: a mean over 10^5 values has no digits left in bfloat16."""
    return enhanced.astype(jnp.float32) - target.astype(jnp.float32)


def _mean(values: Features) -> PerImage:
    return jnp.mean(values, axis=(1, 2, 3))
