"""Structural similarity: one definition, for the loss and for the metric.

Wang et al., "Image quality assessment: from error visibility to structural
similarity", IEEE TIP 2004, equation 13 with K1 = 0.01, K2 = 0.03 and data range 1.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float

from lled_jax.arrays import Features, PerImage
from lled_jax.errors import InputError

# (K1 L)^2 and (K2 L)^2 of Wang et al., section III-B, for L = 1.
C1 = 0.01**2
C2 = 0.03**2

GAUSSIAN_TAPS = 11
GAUSSIAN_SIGMA = 1.5
UNIFORM_TAPS = 7

# Outputs per banded matrix: keeps the work per pixel the same for images of any size.
BLOCK = 256


def ssim(x: Features, y: Features) -> PerImage:
    """SSIM of image pairs in [0, 1] with the Gaussian window of Wang et al.

    Gaussian of 11 x 11 taps and sigma 1.5, population covariance, data range 1,
    valid region only, each channel for itself, then the mean over everything.
    Equals scikit-image's ``structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1, channel_axis=-1)``.

    Differentiable everywhere, flat and saturated images included.  The result lies
    in [-1, 1] up to rounding; identical images give exactly 1.  Raises `InputError`
    for images smaller than 11 x 11.
    """
    offsets = np.arange(GAUSSIAN_TAPS) - GAUSSIAN_TAPS // 2
    weights = np.exp(-0.5 * (offsets / GAUSSIAN_SIGMA) ** 2)
    return _windowed_ssim(x, y, weights / weights.sum(), 1.0)


def ssim_uniform7(x: Features, y: Features) -> PerImage:
    """SSIM of image pairs in [0, 1] with a uniform 7 x 7 window.

    scikit-image's default (``structural_similarity(data_range=1, channel_axis=-1)``):
    sample covariance, that is n / (n - 1) with n = 49.  Otherwise as `ssim`.
    """
    n = UNIFORM_TAPS**2
    weights = np.full(UNIFORM_TAPS, 1 / UNIFORM_TAPS)
    return _windowed_ssim(x, y, weights, n / (n - 1))


def _windowed_ssim(
    x: Features, y: Features, taps: np.ndarray, covariance_scale: float
) -> PerImage:
    """SSIM under a separable window; `taps` sum to 1.

    With d = x - y the textbook product of two fractions is

        (1 - mean(d)^2 / (mx^2 + my^2 + C1)) (1 - var(d) / (vx + vy + C2)),

    which needs four filtered maps instead of five and has no cancellation left
    between 2 cov(x, y) and vx + vy: identical images score exactly 1.
    """
    _check_size(x, len(taps))
    x, y = x.astype(jnp.float32), y.astype(jnp.float32)
    # E[x^2] - E[x]^2 loses digits when the mean is large against the deviation.
    # Variances do not change with an offset, so take the image's mean off first.
    x_mean, y_mean = _image_mean(x), _image_mean(y)
    x0, y0 = x - x_mean, y - y_mean
    d0 = x0 - y0

    mx0, my0 = _filter(x0, taps), _filter(y0, taps)
    md0 = mx0 - my0
    energy = _filter(x0 * x0 + y0 * y0, taps)
    variances = covariance_scale * (energy - mx0 * mx0 - my0 * my0)
    variance_of_d = covariance_scale * (_filter(d0 * d0, taps) - md0 * md0)

    mx, my, md = mx0 + x_mean, my0 + y_mean, md0 + (x_mean - y_mean)
    luminance = 1 - md * md / (mx * mx + my * my + C1)
    structure = 1 - variance_of_d / (variances + C2)
    return jnp.mean(luminance * structure, axis=(1, 2, 3))


def _image_mean(images: Features) -> Float[Array, "b 1 1 1"]:
    """A constant offset per image: the result does not depend on it."""
    return lax.stop_gradient(jnp.mean(images, axis=(1, 2, 3), keepdims=True))


def _filter(
    images: Float[Array, "b h w c"], taps: np.ndarray
) -> Float[Array, "b h2 w2 c"]:
    """Filter rows, then columns, keeping the valid region.

    Products with banded matrices: on CPU their gradient is several times faster than
    that of shifted slices, and XLA's depthwise convolution is slower than both.
    """
    rows = [
        jnp.einsum("oi,biwc->bowc", band, images[:, part], precision="highest")
        for part, band in _bands(images.shape[1], taps)
    ]
    filtered = jnp.concatenate(rows, axis=1)
    columns = [
        jnp.einsum("oi,bhic->bhoc", band, filtered[:, :, part], precision="highest")
        for part, band in _bands(images.shape[2], taps)
    ]
    return jnp.concatenate(columns, axis=2)


def _bands(size: int, taps: np.ndarray) -> list[tuple[slice, np.ndarray]]:
    """The valid filter over an axis, in blocks: (inputs, matrix [outputs, inputs])."""
    blocks = []
    for start in range(0, size - len(taps) + 1, BLOCK):
        stop = min(start + BLOCK + len(taps) - 1, size)
        outputs = stop - start - len(taps) + 1
        band = np.zeros((outputs, stop - start), np.float32)
        for row in range(outputs):
            band[row, row : row + len(taps)] = taps
        blocks.append((slice(start, stop), band))
    return blocks


def _check_size(images: Features, taps: int) -> None:
    """Refuse images that the window does not fit into."""
    _, h, w, _ = images.shape
    if min(h, w) < taps:
        raise InputError(
            f"SSIM needs images of at least {taps}x{taps} pixels, got {w}x{h} "
            "(width x height): use larger images or crops"
        )
