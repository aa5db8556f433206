"""Pure operations on images: encoding, luminance, gradients.

Everything here works on NumPy and JAX arrays, takes batches and returns batches: JAX's,
only sRGB's curve gives NumPy for NumPy.
"""

from typing import TypeVar

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Float, Num, UInt8

from lled_jax.arrays import EncodedImage, Features, Images

Values = TypeVar("Values", Float[Array, "*s"], Float[np.ndarray, "*s"])

# Rec. 601, the luma weights of scikit-image's and MATLAB's older grey conversions.
LUMA_WEIGHTS = (0.299, 0.587, 0.114)


def to_float(
    encoded: Num[Array, "..."] | Num[np.ndarray, "..."],
) -> Float[Array, "..."]:
    """Decode 8- or 16-bit integers to float32 in [0, 1]; floats pass unchanged."""
    if jnp.issubdtype(encoded.dtype, jnp.floating):
        return jnp.asarray(encoded)
    scale = np.float32(1 / np.iinfo(encoded.dtype).max)
    return jnp.asarray(encoded).astype(jnp.float32) * scale


def to_u8(images: Float[Array, "*s"] | Float[np.ndarray, "*s"]) -> UInt8[Array, "*s"]:
    """Clip to [0, 1] and round to 8 bit, as a file would hold it."""
    return encode(jnp.asarray(images), jnp.uint8)


def encode(images: Float[Array, "*s"], dtype: DTypeLike) -> Num[Array, "*s"]:
    """Clip to [0, 1] and round to the integers of `dtype`, 8 or 16 bit."""
    top = jnp.iinfo(dtype).max
    return jnp.round(jnp.clip(images, 0.0, 1.0) * top).astype(dtype)


def srgb_decode(x: Values) -> Values:
    """sRGB to light (IEC 61966-2-1), of the kind and precision of `x`."""
    xp = jnp if isinstance(x, Array) else np
    return xp.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def srgb_encode(light: Values) -> Values:
    """The inverse of `srgb_decode`; light beyond 1 stays beyond 1."""
    xp = jnp if isinstance(light, Array) else np
    steep = 1.055 * xp.maximum(light, 1e-8) ** (1 / 2.4) - 0.055
    return xp.where(light <= 0.0031308, light * 12.92, steep)


def luminance(images: Images) -> Float[Array, "b h w 1"]:
    """Rec. 601 luma of sRGB-encoded images, in the images' range."""
    weights = jnp.asarray(LUMA_WEIGHTS).reshape(1, 1, 1, 3)
    return jnp.sum(images * weights, axis=-1, keepdims=True)


def mean_luma(image: EncodedImage) -> float:
    """The mean Rec. 601 luma of one image of 8 or 16 bit, from 0 to 1."""
    means = image.mean((0, 1), dtype=np.float64)
    return float(means @ LUMA_WEIGHTS) / np.iinfo(image.dtype).max


def sobel(images: Features, eps: float = 1e-8) -> Features:
    """Gradient magnitude sqrt(Gx^2 + Gy^2 + eps) of each channel (paper eq. 11-13).

    Gx and Gy are the unnormalised 3x3 Sobel responses; the border is replicated, so
    a constant image has no edges anywhere.  `eps` keeps the derivative finite where
    the image is flat; the value there is sqrt(eps) = 1e-4.
    """
    gx, gy = sobel_xy(images)
    return jnp.sqrt(gx * gx + gy * gy + eps)


def sobel_xy(images: Features) -> tuple[Features, Features]:
    """The two Sobel responses of each channel, across and down, border replicated."""
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    columns = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    return rows[:, :, 2:] - rows[:, :, :-2], columns[:, 2:] - columns[:, :-2]
