"""Slicing a bilateral grid of affine colour transforms (HDRNet, SIGGRAPH 2017)."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from lled_jax.arrays import Images

# Rows of the image that are worked on at once: what is between grid and image needs
# 12 numbers per pixel and layer of the grid, and must not be there for all of a photo.
STRIP = 8

Guide = Callable[[Float[Array, "b w 3"]], Float[Array, "b w"]]
"""From the colours of a row of pixels to their depth in the grid, [0, 1]."""


def apply_grid(
    grid: Float[Array, "b gh gw d 3 4"], guide: Guide, images: Images
) -> Images:
    """Transform each pixel by the affine matrix that the grid holds for it.

    The grid spans the image and, in its depth, the guide's range [0, 1]; cell i of n
    stands at (i + 1/2) / n.  Between cells the matrices are interpolated linearly in
    all three directions, beyond the outermost ones they stay (section 3.3 of HDRNet).
    A matrix [3 4] takes (r, g, b, 1) to the new (r, g, b).
    """
    height, width = images.shape[1:3]
    gh, gw, depth = grid.shape[1:4]
    in_rows = _shares(_positions(height, gh), gh)
    in_columns = _shares(_positions(width, gw), gw)

    def row(inputs: tuple[Array, Array]) -> Array:
        shares, image = inputs  # [gh], [b w 3]
        cells = jnp.einsum("g,bgxdij->bxdij", shares, grid)
        cells = jnp.einsum("wx,bxdij->bwdij", in_columns, cells)
        layers = _shares(jnp.clip(guide(image) * depth - 0.5, 0, depth - 1), depth)
        matrices = jnp.einsum("bwd,bwdij->bwij", layers, cells)
        return jnp.einsum("bwij,bwj->bwi", matrices[..., :3], image) + matrices[..., 3]

    by_rows = (in_rows, images.swapaxes(0, 1))
    return lax.map(row, by_rows, batch_size=STRIP).swapaxes(0, 1)


def _positions(length: int, cells: int) -> Float[Array, " length"]:
    """Where the middle of each pixel lies among the cells, not beyond the outermost."""
    middles = (jnp.arange(length) + 0.5) * (cells / length) - 0.5
    return jnp.clip(middles, 0, cells - 1)


def _shares(positions: Float[Array, "*n"], cells: int) -> Float[Array, "*n cells"]:
    """How much of each cell is at each position; two at most, together 1."""
    at = jnp.arange(cells, dtype=jnp.float32)
    away = positions[..., None] - at.reshape((1,) * positions.ndim + (-1,))
    return jnp.maximum(1 - jnp.abs(away), 0)
