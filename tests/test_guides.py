"""What the gradient branch may see, and the networks of the ablation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage
from skimage import data, feature

from lled_jax.images import luminance, sobel
from lled_jax.models import variants
from lled_jax.models.guides import GUIDES, canny
from lled_jax.models.network import answer


def edges_of(image):
    return np.asarray(canny(jnp.asarray(image, jnp.float32)[None]))[0]


@pytest.mark.parametrize("dark", [1.0, 0.1])
def test_canny_finds_what_scikit_image_finds(dark):
    image = dark * data.astronaut()[:256, :256] / np.float32(255)
    ours = edges_of(image)[..., 0] == 1
    grey = np.asarray(luminance(jnp.asarray(image)[None]))[0, ..., 0]
    smooth = ndimage.gaussian_filter(grey, 1)
    largest = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)).max()
    theirs = feature.canny(
        grey, 1, low_threshold=0.1 * largest, high_threshold=0.2 * largest
    )
    # The libraries thin edges differently, by a pixel.
    near = ndimage.binary_dilation(theirs, iterations=1)
    assert theirs.sum() > 2000
    assert (ours & near).sum() > 0.95 * ours.sum()
    near = ndimage.binary_dilation(ours, np.ones((3, 3)))
    assert (theirs & near).sum() > 0.95 * theirs.sum()


def test_canny_of_a_square_is_its_outline_and_of_nothing_is_nothing():
    image = np.zeros((24, 24, 3), np.float32)
    assert not edges_of(image + 0.3).any()
    image[8:16, 8:16] = 0.5
    edges = edges_of(image)
    assert set(np.unique(edges)) == {0, 1}
    assert (edges == edges[..., :1]).all()
    assert not edges[10:14, 10:14].any()
    for row in edges[10:14, :, 0]:
        assert row.sum() == 2  # one pixel wide, left and right


def test_weak_edges_stay_only_with_strong_ones():
    image = np.zeros((40, 60, 3), np.float32)
    image[:, 30:] = np.linspace(0.15, 1, 40)[:, None, None]  # one edge, ever stronger
    image[5:15, 10:20] += 0.12  # alone and weak
    edges = edges_of(image)[..., 0]
    assert (edges[3:37, 28:32].sum(axis=1) == 1).all()
    assert not edges[:, :25].any()


def test_edges_of_a_dark_image_do_not_depend_on_a_bright_one_beside_it():
    bright = data.astronaut()[64:128, 64:128] / np.float32(255)
    both = canny(jnp.stack([bright, 0.1 * bright]))
    np.testing.assert_array_equal(both[1], edges_of(0.1 * bright))
    assert both[1].any()


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize("name", ["student_base", "student_canny", "student_origin"])
def test_networks_of_the_ablation(name):
    model = variants.build(name)
    params = variants.init(model, 0)
    low = jax.random.uniform(jax.random.key(0), (2, 13, 16, 3))
    outputs = jax.eval_shape(lambda: answer(model, params, low))
    assert outputs.enhanced.shape == low.shape
    assert len(outputs.enhancement) == 4
    assert len(outputs.gradient) == (0 if name == "student_base" else 4)
    count = variants.count_parameters(params)
    assert count == (150_924 if name == "student_base" else 279_765)
    grads = jax.jit(jax.grad(lambda p: jnp.sum(answer(model, p, low).enhanced ** 2)))(
        params
    )
    assert all(jnp.any(leaf != 0) for leaf in jax.tree.leaves(grads))


@pytest.mark.usefixtures("compiled_quickly")
def test_the_guide_is_all_that_differs():
    low = jax.random.uniform(jax.random.key(0), (1, 12, 12, 3))
    assert GUIDES["sobel"] is sobel
    np.testing.assert_array_equal(GUIDES["origin"](low), low)
    params = variants.init(variants.build("student"), 0)
    names = ("student", "student_canny", "student_origin")
    run = jax.jit(answer, static_argnums=0)
    images = [run(variants.build(name), params, low).enhanced for name in names]
    assert all(jnp.abs(a - b).max() > 1e-4 for a, b in itertools.pairwise(images))
