"""Pixel losses: against PyTorch and plain NumPy, gradients, independence of images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from skimage.metrics import structural_similarity

from lled_jax.errors import InputError
from lled_jax.losses import charbonnier, gradient_loss, gt_mean, l1, ssim_loss

LOSSES = (l1, charbonnier, gt_mean, ssim_loss, gradient_loss)


@pytest.fixture(scope="module")
def pair(reference):
    return jnp.asarray(reference["enhanced"]), jnp.asarray(reference["target"])


@pytest.mark.parametrize(
    ("loss", "name"),
    [(l1, "l1"), (charbonnier, "charbonnier"), (gradient_loss, "gradient")],
)
def test_loss_equals_pytorch(loss, name, reference, pair):
    assert_allclose(loss(*pair), reference[name], rtol=2e-6)


def test_gradient_loss_slope_equals_pytorch(reference, pair):
    slope = jax.grad(lambda e: jnp.sum(gradient_loss(e, pair[1])))(pair[0])
    expected = reference["slope_gradient"]
    assert_allclose(slope, expected, atol=1e-5 * np.abs(expected).max())


def test_gradient_loss_of_a_step_edge_is_counted_by_hand():
    # A step of height 1 between columns 2 and 3 of 6: magnitude 4 in 2 columns of 6,
    # against 1e-4 where it is flat.
    step = jnp.zeros((1, 5, 6, 3)).at[:, :, 3:].set(1.0)
    loss = gradient_loss(step, jnp.zeros_like(step))
    assert_allclose(loss, (4 - 1e-4) ** 2 * 2 / 6, rtol=1e-5)


def test_charbonnier_is_eps_for_equal_images_and_l1_far_away():
    x = jnp.full((1, 4, 4, 3), 0.25)
    assert_allclose(charbonnier(x, x), 1e-3, rtol=1e-6)
    assert_allclose(charbonnier(x, x + 0.5), np.sqrt(0.25 + 1e-6), rtol=1e-6)
    assert_allclose(charbonnier(x, x + 0.3, eps=0.4), 0.5, rtol=1e-6)


def test_gt_mean_is_blind_to_brightness_and_to_nothing_else():
    target = jax.random.uniform(jax.random.key(0), (2, 6, 5, 3))
    assert_allclose(gt_mean(0.3 * target, target), 0, atol=1e-6)
    same_mean = target.mean((1, 2, 3), keepdims=True)
    flat = jnp.broadcast_to(same_mean, target.shape)
    assert_allclose(gt_mean(0.5 * flat, target), l1(flat, target), rtol=1e-5)
    black = jnp.zeros_like(target)
    assert_allclose(gt_mean(black, target), l1(black, target), rtol=1e-6)


def test_the_factor_of_gt_mean_is_a_constant_of_ten_at_most():
    target = jax.random.uniform(jax.random.key(0), (2, 6, 5, 3))
    enhanced = 0.5 * jax.random.uniform(jax.random.key(1), target.shape)
    means = [x.mean((1, 2, 3), keepdims=True) for x in (target, enhanced)]
    factor = jnp.broadcast_to(means[0] / means[1], target.shape)
    slope = jax.grad(lambda e: gt_mean(e, target).sum())(enhanced)
    expected = jax.grad(lambda e: l1(factor * e, target).sum())(enhanced)
    assert_allclose(slope, expected, rtol=1e-5)
    dark = 0.01 * enhanced
    assert_allclose(gt_mean(dark, target), l1(10 * dark, target), rtol=1e-6)


def test_ssim_loss_is_one_minus_scikit_images_ssim(pair):
    for i, loss in enumerate(ssim_loss(*pair)):
        expected = 1 - structural_similarity(
            np.asarray(pair[0][i], np.float64),
            np.asarray(pair[1][i], np.float64),
            gaussian_weights=True,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
        )
        assert_allclose(loss, expected, atol=2e-6)


def test_ssim_loss_refuses_images_smaller_than_its_window():
    with pytest.raises(InputError, match="11x11"):
        ssim_loss(jnp.zeros((1, 10, 20, 3)), jnp.zeros((1, 10, 20, 3)))


@pytest.mark.parametrize("loss", [l1, ssim_loss, gradient_loss])
def test_equal_images_cost_nothing(loss, pair):
    assert_allclose(loss(pair[0], pair[0]), 0.0, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_value_of_an_image_does_not_depend_on_the_batch(loss, pair):
    together = loss(*pair)
    assert together.shape == (3,)
    for i in range(3):
        alone = loss(pair[0][i : i + 1], pair[1][i : i + 1])
        assert_allclose(together[i : i + 1], alone, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("target_level", [0.0, 1.0])
def test_gradients_are_finite_on_flat_and_saturated_images(loss, level, target_level):
    flat = jnp.full((2, 12, 12, 3), level)
    target = jnp.full((2, 12, 12, 3), target_level)
    slope = jax.grad(lambda e: jnp.sum(loss(e, target)))(flat)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_bfloat16_images_are_reduced_in_float32(loss, pair):
    low = [x.astype(jnp.bfloat16) for x in pair]
    value = loss(*low)
    assert value.dtype == jnp.float32
    assert_allclose(value, loss(*[x.astype(jnp.float32) for x in low]), rtol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(-2, 2, width=32))
def test_losses_against_numpy_for_any_range(seed, offset):
    rng = np.random.default_rng(seed)
    e = jnp.asarray(rng.uniform(-1, 2, (2, 4, 5, 3)) + offset, jnp.float32)
    t = jnp.asarray(rng.uniform(0, 1, (2, 4, 5, 3)), jnp.float32)
    d = np.asarray(e, np.float64) - np.asarray(t)
    assert_allclose(l1(e, t), np.abs(d).mean((1, 2, 3)), rtol=1e-5)
    expected = np.sqrt(d**2 + 1e-6).mean((1, 2, 3))
    assert_allclose(charbonnier(e, t), expected, rtol=1e-5)
    assert_allclose(l1(e, t), l1(t, e))
    # A constant offset has no edges.
    assert_allclose(gradient_loss(e, t + offset), gradient_loss(e, t), rtol=1e-3)
