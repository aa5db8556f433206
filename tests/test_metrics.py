import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lled_jax.errors import InputError
from lled_jax.metrics import (
    COLUMNS,
    HEADLINE,
    PROTOCOL,
    psnr,
    scale_to_mean,
    select_columns,
    ssim,
    ssim_grey,
)


def pair(shape=(2, 20, 23, 3), seed=0, dark=0.4):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 256, shape) / np.float32(255)
    enhanced = np.round(dark * target * 255) / np.float32(255)
    return jnp.asarray(enhanced, jnp.float32), jnp.asarray(target, jnp.float32)


def test_psnr_by_hand():
    black = jnp.zeros((1, 4, 5, 3))
    np.testing.assert_allclose(psnr(black, black + 1), [0], atol=1e-6)
    np.testing.assert_allclose(psnr(black, black + 0.1), [20], rtol=1e-6)
    # The channels count jointly: one channel off by 0.1 is an MSE of 0.01 / 3.
    one_channel = black.at[..., 1].set(0.1)
    np.testing.assert_allclose(psnr(black, one_channel), [24.7712], rtol=1e-5)


def test_psnr_equals_scikit_image():
    enhanced, target = pair()
    expected = [
        peak_signal_noise_ratio(
            np.asarray(t, np.float64), np.asarray(e, np.float64), data_range=1
        )
        for e, t in zip(enhanced, target, strict=True)
    ]
    np.testing.assert_allclose(psnr(enhanced, target), expected, rtol=1e-5)
    np.testing.assert_allclose(psnr(target, enhanced), expected, rtol=1e-5)


def test_psnr_of_identical_images_is_100_and_keeps_the_mean_finite():
    enhanced, target = pair()
    np.testing.assert_allclose(psnr(target, target), [100, 100], rtol=1e-6)
    gradient = jax.grad(lambda x: jnp.sum(psnr(x, target)))
    assert np.isfinite(gradient(target)).all()
    assert np.isfinite(gradient(enhanced)).all()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), weight=st.floats(0.1, 0.9))
def test_psnr_rises_towards_the_target(seed, weight):
    enhanced, target = pair(seed=seed)
    nearer = (1 - weight) * enhanced + weight * target
    gain = psnr(nearer, target) - psnr(enhanced, target)
    np.testing.assert_allclose(gain, -20 * np.log10(1 - weight), rtol=1e-3, atol=1e-3)


def test_ssim_grey_equals_scikit_image():
    enhanced, target = pair()
    grey = [
        np.asarray(v, np.float64) @ (0.299, 0.587, 0.114) for v in (enhanced, target)
    ]
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = [
        structural_similarity(e, t, data_range=1, **options)
        for e, t in zip(*grey, strict=True)
    ]
    np.testing.assert_allclose(ssim_grey(enhanced, target), expected, atol=1e-5)


def reference_gt_mean(enhanced, target):
    """The published formula in NumPy: ratio of grey means, clip, round to 8 bit."""
    weights = np.array([0.299, 0.587, 0.114])
    factor = (target @ weights).mean() / (enhanced @ weights).mean()
    return np.round(np.clip(enhanced * factor, 0, 1) * 255) / 255


def test_scale_to_mean_equals_the_published_formula():
    enhanced, target = pair()
    ours = np.asarray(scale_to_mean(enhanced, target))
    for o, e, t in zip(ours, enhanced, target, strict=True):
        expected = reference_gt_mean(np.asarray(e, np.float64), np.asarray(t))
        # A value on the edge between two levels may round either way.
        assert np.mean(np.abs(o - expected) > 1e-6) < 0.002
        assert np.abs(o - expected).max() < 1.01 / 255


def test_scale_to_mean_meets_the_mean_and_undoes_a_darkening():
    enhanced, target = pair((1, 30, 30, 3), dark=0.5)
    scaled = scale_to_mean(enhanced, target)
    assert abs(float(jnp.mean(scaled) - jnp.mean(target))) < 1 / 255
    assert COLUMNS["psnr_gt_mean"](enhanced, target)[0] > 45 > psnr(enhanced, target)[0]
    assert COLUMNS["ssim_gt_mean"](enhanced, target)[0] > ssim(enhanced, target)[0]


def test_scale_to_mean_of_a_black_output_is_black():
    black = jnp.zeros((1, 20, 20, 3))
    np.testing.assert_array_equal(scale_to_mean(black, black + 0.5), black)


def test_columns_are_complete_and_described():
    assert tuple(COLUMNS)[:3] == HEADLINE
    assert set(PROTOCOL) == set(COLUMNS)
    assert not any(name.endswith("gt_mean") for name in HEADLINE)


def test_select_columns():
    assert list(select_columns(["lpips", "psnr"])) == ["psnr", "lpips"]
    with pytest.raises(
        InputError, match="unknown metric 'pnsr': choose from psnr, ssim"
    ):
        select_columns(["psnr", "pnsr"])
    with pytest.raises(InputError, match="no metric"):
        select_columns([])
