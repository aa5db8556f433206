"""What a person may adjust: exact where it must be, and against skimage."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lled_jax.adjust import RADIUS, adjust, amounts_for, guided_filter
from lled_jax.errors import InputError
from lled_jax.images import luminance
from lled_jax.look import LIT, Amounts, Look
from lled_jax.models.area import Area

unit = st.floats(0, 1)


def images(seed=0, shape=(1, 20, 30, 3)):
    return jnp.asarray(np.random.default_rng(seed).uniform(0, 1, shape), jnp.float32)


def test_the_default_look_changes_nothing():
    assert Look().amounts(0.9) == Amounts()
    np.testing.assert_array_equal(adjust(images(0), images(1), Amounts()), images(1))


def test_strength_blends_exactly_at_its_ends():
    low, bright = images(0), images(1)
    np.testing.assert_array_equal(adjust(low, bright, Amounts(strength=0.0)), low)
    np.testing.assert_array_equal(adjust(low, bright, Amounts(strength=1.0)), bright)
    half = adjust(low, bright, Amounts(strength=0.5))
    np.testing.assert_allclose(half, (low + bright) / 2, atol=1e-6)


def test_a_stop_of_exposure_doubles_the_light():
    """0.5 in sRGB is 0.2140 of the light; 0.4281 of the light is 0.6858 in sRGB."""
    grey = jnp.full((1, 2, 2, 3), 0.5)
    brighter = adjust(grey, grey, Amounts(exposure=1.0))
    np.testing.assert_allclose(brighter, 0.6858, atol=1e-4)
    np.testing.assert_allclose(
        adjust(grey, brighter, Amounts(exposure=-1.0)), grey, atol=1e-5
    )
    assert adjust(grey, grey, Amounts(exposure=4.0)).max() == 1


def test_no_saturation_is_the_luma_and_more_keeps_it():
    bright = images() / 2 + 0.2
    grey = adjust(bright, bright, Amounts(saturation=0.0))
    np.testing.assert_allclose(
        grey, jnp.broadcast_to(luminance(bright), bright.shape), atol=1e-6
    )
    vivid = adjust(bright, bright, Amounts(saturation=1.2))
    np.testing.assert_allclose(luminance(vivid), luminance(bright), atol=1e-5)
    assert vivid.std(-1).mean() > bright.std(-1).mean()


@pytest.mark.parametrize("amounts", [Amounts(0.5, -1.0, 1.5, 0.5), Amounts()])
def test_an_answer_beyond_white_and_black_is_clipped_first(amounts):
    low, answer = images(0), 2 * images(1) - 0.5
    clipped = jnp.clip(answer, 0, 1)
    np.testing.assert_array_equal(
        adjust(low, answer, amounts), adjust(low, clipped, amounts)
    )


def naive_guided_filter(image, eps):
    """He et al., equations 5, 6 and 8, window by window."""
    height, width = image.shape[:2]
    guide = np.asarray(luminance(jnp.asarray(image[None])))[0, ..., 0]

    def windows(y, x):
        return (
            slice(max(0, y - RADIUS), y + RADIUS + 1),
            slice(max(0, x - RADIUS), x + RADIUS + 1),
        )

    slope, offset = np.zeros(image.shape), np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            i, p = guide[windows(y, x)].ravel(), image[windows(y, x)].reshape(-1, 3)
            a = ((i[:, None] * p).mean(0) - i.mean() * p.mean(0)) / (i.var() + eps)
            slope[y, x], offset[y, x] = a, p.mean(0) - a * i.mean()
    out = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            window = windows(y, x)
            a, b = slope[window].mean((0, 1)), offset[window].mean((0, 1))
            out[y, x] = a * guide[y, x] + b
    return out


def test_denoising_is_the_guided_filter():
    image = np.asarray(images(3, (1, 17, 23, 3)))
    expected = naive_guided_filter(image[0], 0.01)
    filtered = guided_filter(jnp.asarray(image), 0.01)[0]
    np.testing.assert_allclose(filtered, expected, atol=1e-5)


def test_denoising_of_a_padded_image_is_that_of_the_image():
    image = images(4, (1, 17, 23, 3))
    padded = jnp.pad(image, ((0, 0), (0, 7), (0, 5), (0, 0)), constant_values=0.7)
    area = Area(jnp.int32(17), jnp.int32(23))
    np.testing.assert_allclose(
        guided_filter(padded, 0.01, area)[:, :17, :23],
        guided_filter(image, 0.01),
        atol=1e-5,
    )


def test_denoising_takes_noise_and_leaves_edges():
    random = np.random.default_rng(0)
    clean = np.full((1, 40, 40, 3), 0.2, np.float32)
    clean[:, :, 20:] = 0.8
    noisy = jnp.asarray(clean + random.normal(0, 0.03, clean.shape).astype(np.float32))
    out = np.asarray(adjust(noisy, noisy, Amounts(denoise=0.7)))
    assert (out - clean)[:, :, 5:12].std() < 0.5 * (noisy - clean)[:, :, 5:12].std()
    step = out[0, :, 22:26].mean() - out[0, :, 14:18].mean()
    assert step == pytest.approx(0.6, abs=0.03)


@given(unit, unit)
def test_bright_photos_are_spared(strength, luma):
    share = Look(strength=strength, spare_bright=True).amounts(luma).strength
    assert 0 <= share <= strength
    if luma <= LIT[0]:
        assert share == strength
    if luma >= LIT[1]:
        assert share == 0


def test_how_bright_a_photo_is_does_not_depend_on_its_bits():
    eight = np.random.default_rng(0).integers(60, 120, (5, 6, 3), "u1")
    look, deep = Look(spare_bright=True), eight.astype(np.uint16) * 257
    share = amounts_for(eight, look).strength
    assert 0 < share < 1
    assert amounts_for(deep, look).strength == pytest.approx(share)


@pytest.mark.parametrize(
    "look",
    [Look(strength=1.5), Look(exposure=-9), Look(saturation=-1), Look(denoise=2)],
)
def test_values_out_of_range_are_named(look):
    with pytest.raises(InputError, match=r"is .*; choose a value from"):
        look.checked()
    assert Look(0.5, 1, 2, 1).checked() == Look(0.5, 1, 2, 1)
