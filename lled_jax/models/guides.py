"""What the gradient branch may see: the rows of the paper's ablation (table 5)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float

from lled_jax.arrays import Images
from lled_jax.images import luminance, sobel, sobel_xy

# Of the largest gradient in the image, since dark images have small ones everywhere.
_LOW, _HIGH = 0.1, 0.2

# A Gaussian of sigma 1, as wide as it matters.
_BLUR = (0.0545, 0.2442, 0.4026, 0.2442, 0.0545)

_DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))


def canny(images: Images) -> Images:
    """Canny's edges of the luminance, 0 or 1, the same in all three channels.

    Blur (sigma 1), Sobel, the largest gradient across each edge, and two thresholds:
    weak edges stay if a chain of edges links them to a strong one.  The paper does not
    give its settings; ours are a tenth and a fifth of the image's largest gradient.
    """
    grey = _blurred(luminance(images)[..., 0])
    gx, gy = (g[..., 0] for g in sobel_xy(grey[..., None]))
    size = jnp.hypot(gx, gy)
    largest = jnp.max(size, axis=(1, 2), keepdims=True)
    # A flat image has rounding errors for gradients; they are no edges.
    largest = jnp.broadcast_to(jnp.maximum(largest, 1e-3), size.shape)
    ridge = _is_ridge(size, gx, gy)
    edges = _linked(ridge & (size > _LOW * largest), ridge & (size > _HIGH * largest))
    return jnp.broadcast_to(edges[..., None].astype(images.dtype), images.shape)


def _blurred(grey: Float[Array, "b h w"]) -> Float[Array, "b h w"]:
    for axis in (1, 2):
        margins = [(2, 2) if i == axis else (0, 0) for i in range(3)]
        padded = jnp.pad(grey, margins, mode="edge")
        length = grey.shape[axis]
        grey = sum(
            (
                weight * lax.slice_in_dim(padded, i, i + length, axis=axis)
                for i, weight in enumerate(_BLUR)
            ),
            start=jnp.zeros_like(grey),
        )
    return grey


def _is_ridge(
    size: Float[Array, "b h w"], gx: Float[Array, "b h w"], gy: Float[Array, "b h w"]
) -> Bool[Array, "b h w"]:
    """Where the gradient is as large as both neighbours along its direction."""
    # The nearest of four directions: an eighth of a turn apart.
    nearest = jnp.round(jnp.arctan2(gy, gx) * (4 / jnp.pi)).astype(jnp.int32) % 4
    _, height, width = size.shape
    padded = jnp.pad(size, ((0, 0), (1, 1), (1, 1)))
    ridge = jnp.zeros(size.shape, bool)
    for number, (down, right) in enumerate(_DIRECTIONS):
        ahead, behind = (
            padded[:, 1 + d : 1 + d + height, 1 + r : 1 + r + width]
            for d, r in ((down, right), (-down, -right))
        )
        # Of two equal ones the first: edges are one pixel wide.
        ridge |= (nearest == number) & (size >= ahead) & (size > behind)
    return ridge


def _linked(
    weak: Bool[Array, "b h w"], strong: Bool[Array, "b h w"]
) -> Bool[Array, "b h w"]:
    """The weak edges that touch a strong one, directly or through others."""

    def grow(edges: Array) -> Array:
        around = lax.reduce_window(
            edges, False, lax.bitwise_or, (1, 3, 3), (1, 1, 1), "SAME"
        )
        return around & weak

    def step(state: tuple[Array, Array]) -> tuple[Array, Array]:
        edges, _ = state
        grown = grow(edges)
        return grown, jnp.any(grown != edges)

    start = strong, jnp.asarray(True)
    return jax.lax.while_loop(lambda state: state[1], step, start)[0]


GUIDES: dict[str, Callable[[Images], Images]] = {
    "sobel": sobel,
    "canny": canny,
    "origin": lambda images: images,
}
"""The gradient branch's input by name: [b h w 3] to [b h w 3]."""
