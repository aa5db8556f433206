"""Metrics of enhanced images: one value per image, and how to average them.

Every function takes ``(enhanced, target)``, batches in [0, 1], and returns one number
per image.  The caller has brought `enhanced` to 8 bit already: scores are of the file
a person would get.
"""

from collections.abc import Callable, Iterable

import jax.numpy as jnp

from lled_jax.arrays import Images, PerImage
from lled_jax.errors import InputError
from lled_jax.images import luminance, to_float, to_u8
from lled_jax.lpips import lpips
from lled_jax.ssim import ssim, ssim_uniform7

Metric = Callable[[Images, Images], PerImage]

# Identical images would have infinite PSNR, and one of them an infinite mean.  A
# mean squared error below 1e-10 counts as 1e-10: 100 dB.
PSNR_CAP = 100.0


def psnr(enhanced: Images, target: Images) -> PerImage:
    """Peak signal-to-noise ratio in dB over the three channels jointly; peak 1.

    10 log10(1 / MSE), at most 100 dB: that is the score of identical images.
    """
    error = jnp.mean(jnp.square(enhanced - target), axis=(1, 2, 3))
    return -10.0 * jnp.log10(jnp.maximum(error, 10 ** (-PSNR_CAP / 10)))


def ssim_grey(enhanced: Images, target: Images) -> PerImage:
    """Gaussian `ssim` of the Rec. 601 luma alone (not rounded to 8 bit)."""
    return ssim(luminance(enhanced), luminance(target))


def scale_to_mean(enhanced: Images, target: Images) -> Images:
    """Scale each output to its target's mean brightness, then clip and round to 8 bit.

    The factor is the ratio of the mean Rec. 601 lumas, as in the evaluation codes of
    KinD, LLFlow and Retinexformer ("GT mean").  It uses the ground truth, so its scores
    can never stand next to those of plain outputs.  A black output stays black.
    """
    ours, theirs = (
        jnp.mean(luminance(images), axis=(1, 2, 3), keepdims=True)
        for images in (enhanced, target)
    )
    return to_float(to_u8(enhanced * (theirs / jnp.maximum(ours, 1e-6))))


def _gt_mean(metric: Metric) -> Metric:
    """`metric` after `scale_to_mean`."""
    return lambda enhanced, target: metric(scale_to_mean(enhanced, target), target)


COLUMNS: dict[str, Metric] = {
    "psnr": psnr,
    "ssim": ssim,
    "lpips": lpips,
    "ssim_uniform7": ssim_uniform7,
    "ssim_grey": ssim_grey,
    "psnr_gt_mean": _gt_mean(psnr),
    "ssim_gt_mean": _gt_mean(ssim),
    "lpips_gt_mean": _gt_mean(lpips),
}
"""Every column a table can have, in the table's order."""

HEADLINE = ("psnr", "ssim", "lpips")

PROTOCOL: dict[str, str] = {
    "psnr": "dB, three channels jointly, peak 1, at most 100; higher is better",
    "ssim": "Gaussian 11x11, sigma 1.5, population covariance, valid region, "
    "mean of RGB; higher is better",
    "lpips": "AlexNet v0.1, inputs in [-1, 1]; lower is better",
    "ssim_uniform7": "as ssim, but uniform 7x7 and sample covariance "
    "(scikit-image's default)",
    "ssim_grey": "as ssim, of the Rec. 601 luma",
    "psnr_gt_mean": "psnr after scaling to the target's mean luma (uses the target)",
    "ssim_gt_mean": "ssim after scaling to the target's mean luma (uses the target)",
    "lpips_gt_mean": "lpips after scaling to the target's mean luma (uses the target)",
}
"""What each column means, in a line."""


def select_columns(names: Iterable[str]) -> dict[str, Metric]:
    """The named columns in the table's order; `InputError` for an unknown name."""
    wanted = set(names)
    unknown = sorted(wanted - set(COLUMNS))
    if unknown:
        raise InputError(
            f"unknown metric {unknown[0]!r}: choose from {', '.join(COLUMNS)}"
        )
    if not wanted:
        raise InputError(f"no metric chosen: choose from {', '.join(COLUMNS)}")
    return {name: metric for name, metric in COLUMNS.items() if name in wanted}
