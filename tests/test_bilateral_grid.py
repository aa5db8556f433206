"""Slicing, against loops over pixels and as properties."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from lled_jax.models.bilateral_grid import apply_grid


def tent(position, cells):
    """(cell, share) of the cells around a position, clamped at the ends."""
    position = min(max(position, 0), cells - 1)
    low = int(np.floor(position))
    high = min(low + 1, cells - 1)
    return [(low, 1 - (position - low)), (high, position - low)]


def wide(colours):
    """A guide that leaves [0, 1] on both sides."""
    return 1.2 * colours[..., 1] - 0.1


def slow(grid, guide, image):
    height, width = image.shape[:2]
    gh, gw, depth = grid.shape[:3]
    out = np.zeros_like(image)
    for y, x in np.ndindex(height, width):
        matrix = np.zeros((3, 4))
        for i, a in tent((y + 0.5) * gh / height - 0.5, gh):
            for j, b in tent((x + 0.5) * gw / width - 0.5, gw):
                for k, c in tent(guide[y, x] * depth - 0.5, depth):
                    matrix += a * b * c * grid[i, j, k]
        out[y, x] = matrix[:, :3] @ image[y, x] + matrix[:, 3]
    return out


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([(1, 1), (2, 3), (19, 14), (5, 40)]),
    st.sampled_from([(1, 1, 1), (4, 4, 4), (3, 2, 5)]),
    st.integers(0, 100),
)
def test_equals_loops_over_pixels(size, cells, seed):
    random = np.random.default_rng(seed)
    grid = random.normal(size=(2, *cells, 3, 4))
    images = random.uniform(size=(2, *size, 3))
    grid, images = (x.astype(np.float32) for x in (grid, images))
    fast = apply_grid(jnp.asarray(grid), wide, jnp.asarray(images))
    for n in range(2):
        expected = slow(grid[n], wide(images[n]), images[n])
        np.testing.assert_allclose(fast[n], expected, atol=2e-5)


@pytest.mark.parametrize("cells", [(8, 8, 4), (16, 16, 8)])
def test_one_matrix_everywhere_is_that_matrix(cells):
    random = np.random.default_rng(0)
    matrix = random.normal(size=(3, 4)).astype(np.float32)
    grid = jnp.broadcast_to(matrix, (1, *cells, 3, 4))
    images = jnp.asarray(random.uniform(size=(1, 21, 33, 3)), jnp.float32)
    expected = np.asarray(images) @ matrix[:, :3].T + matrix[:, 3]
    np.testing.assert_allclose(apply_grid(grid, wide, images), expected, atol=1e-5)


def test_edges_of_the_guide_are_edges_of_the_result():
    """Bilateral: two sides of an edge take from two layers of the same cell."""
    grid = jnp.zeros((1, 1, 1, 2, 3, 4)).at[:, :, :, 1, :, 3].set(1.0)
    images = jnp.zeros((1, 4, 6, 3)).at[:, :, 3:].set(1.0)
    out = apply_grid(grid, lambda colours: colours[..., 0], images)
    np.testing.assert_array_equal(out[0, :, :3], 0)
    np.testing.assert_array_equal(out[0, :, 3:], 1)


def test_gradients_reach_grid_guide_and_image():
    random = np.random.default_rng(1)
    grid, weights, images = (
        jnp.asarray(random.uniform(0.1, 0.9, shape), jnp.float32)
        for shape in ((1, 3, 4, 5, 3, 4), (3,), (1, 7, 6, 3))
    )

    @jax.jit
    def apply(grid, weights, images):
        return apply_grid(grid, lambda colours: colours @ (weights / 3), images)

    check_grads(
        apply, (grid, weights, images), order=1, modes=["rev"], atol=2e-2, rtol=2e-2
    )
