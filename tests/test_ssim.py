import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from lled_jax import ssim as module
from lled_jax.errors import InputError
from lled_jax.ssim import ssim, ssim_uniform7

GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
VARIANTS = [(ssim, GAUSSIAN), (ssim_uniform7, {})]


def pair(shape, offset=0.0, contrast=1.0, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    x = np.clip(offset + contrast * rng.random(shape, np.float32), 0, 1)
    y = np.clip(x + noise * rng.standard_normal(shape).astype(np.float32), 0, 1)
    return x, y


def reference(x, y, options):
    """scikit-image in float64, image by image."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    return [
        structural_similarity(a, b, data_range=1, channel_axis=-1, **options)
        for a, b in zip(x, y, strict=True)
    ]


@pytest.mark.parametrize(("function", "options"), VARIANTS)
@pytest.mark.parametrize(
    "shape", [(1, 11, 11, 3), (2, 37, 52, 3), (1, 128, 131, 1), (1, 301, 517, 3)]
)
def test_equals_scikit_image(function, options, shape):
    x, y = pair(shape)
    ours = function(jnp.asarray(x), jnp.asarray(y))
    np.testing.assert_allclose(ours, reference(x, y, options), atol=1e-5)


@pytest.mark.parametrize(("function", "options"), VARIANTS)
@pytest.mark.parametrize(
    ("offset", "contrast", "noise"),
    [(0.9, 0.01, 0.002), (0.0, 0.02, 0.004), (0.5, 0.0, 0.0005), (0.0, 1.0, 2.0)],
)
def test_is_precise_where_variances_are_tiny(
    function, options, offset, contrast, noise
):
    x, y = pair((1, 64, 75, 3), offset, contrast, noise)
    ours = function(jnp.asarray(x), jnp.asarray(y))
    np.testing.assert_allclose(ours, reference(x, y, options), atol=1e-5)


def test_is_precise_on_two_flat_halves():
    # The image's mean is far from both halves: the worst case for cancellation.
    x = np.zeros((1, 64, 64, 3), np.float32)
    x[:, 32:] = 1
    y = np.clip(x + 0.01 * np.random.default_rng(0).random(x.shape, np.float32), 0, 1)
    ours = ssim(jnp.asarray(x), jnp.asarray(y))
    np.testing.assert_allclose(ours, reference(x, y, GAUSSIAN), atol=1e-5)


def test_constant_images_by_hand():
    # No variance: (2 a b + C1) / (a^2 + b^2 + C1).
    x, y = jnp.full((1, 20, 20, 3), 0.25), jnp.full((1, 20, 20, 3), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    np.testing.assert_allclose(ssim(x, y), [expected], atol=5e-6)


def test_blocks_do_not_change_the_result(monkeypatch):
    x, y = (jnp.asarray(v) for v in pair((1, 50, 61, 3)))
    whole = ssim(x, y)
    monkeypatch.setattr(module, "BLOCK", 16)
    np.testing.assert_allclose(ssim(x, y), whole, atol=1e-6)


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=25)
@given(seed=seeds, noise=st.floats(0, 3), contrast=st.floats(0, 1))
def test_properties(seed, noise, contrast):
    x, y = pair((2, 16, 19, 3), 0.2, contrast, noise, seed)
    x, y = jnp.asarray(x), jnp.asarray(y)
    for function in (ssim, ssim_uniform7):
        score = function(x, y)
        np.testing.assert_allclose(score, function(y, x), atol=1e-6)
        np.testing.assert_array_equal(function(x, x), 1)
        assert np.all(np.abs(score) <= 1 + 1e-5)
        flipped = function(x[:, ::-1, ::-1], y[:, ::-1, ::-1])
        np.testing.assert_allclose(score, flipped, atol=1e-5)


def test_each_image_is_scored_alone():
    x, y = (jnp.asarray(v) for v in pair((3, 20, 22, 3)))
    alone = [float(ssim(x[i : i + 1], y[i : i + 1])[0]) for i in range(3)]
    np.testing.assert_allclose(ssim(x, y), alone, atol=1e-6)
    assert len(set(alone)) == 3


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_gradients_are_finite_on_flat_and_saturated_images(level):
    flat = jnp.full((1, 24, 24, 3), level)
    noisy = jnp.asarray(pair((1, 24, 24, 3))[0])
    gradient = jax.jit(jax.grad(lambda a, b: jnp.sum(ssim(a, b)), (0, 1)))
    for x, y in ((flat, flat), (flat, noisy), (noisy, flat), (noisy, noisy)):
        assert all(np.isfinite(g).all() for g in gradient(x, y))


def test_gradient_equals_finite_differences():
    x, y = (jnp.asarray(v) for v in pair((1, 14, 15, 3)))
    gradient = jax.grad(lambda a: jnp.sum(ssim(a, y)))(x)
    slope = jnp.linalg.norm(gradient)
    step = 0.01 * gradient / slope
    rise = ssim(x + step, y)[0] - ssim(x - step, y)[0]
    np.testing.assert_allclose(slope, rise / 0.02, rtol=2e-3)


@pytest.mark.parametrize(("function", "taps"), [(ssim, 11), (ssim_uniform7, 7)])
def test_small_images_are_refused(function, taps):
    image = jnp.zeros((1, 40, taps - 1, 3))
    with pytest.raises(InputError, match=f"at least {taps}x{taps}.*got {taps - 1}x40"):
        function(image, image)
