"""What a camera does: interpolation like SciPy's, JPEG like Pillow's."""

import io
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage
from PIL import Image
from scipy.ndimage import convolve

from lled_jax.training import camera

PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"
RED = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
GREEN = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4


def begins(odd):
    return jnp.full((1, 1, 1, 1), odd)


@pytest.mark.parametrize("odd_row", [False, True])
@pytest.mark.parametrize("odd_column", [False, True])
def test_a_mosaic_is_interpolated_as_by_convolution(odd_row, odd_column):
    noise = np.random.default_rng(0).standard_normal((13, 18, 3)).astype("f4")
    red, blue = (odd_row, odd_column), (not odd_row, not odd_column)
    seen = np.zeros_like(noise)
    for channel, places in enumerate(
        [[red], [(odd_row, not odd_column), (not odd_row, odd_column)], [blue]]
    ):
        for row, column in places:
            there = np.s_[row::2, column::2, channel]
            seen[there] = noise[there]
    expected = [
        convolve(seen[..., channel], kernel, mode="mirror")
        for channel, kernel in enumerate([RED, GREEN, RED])
    ]
    out = camera.mosaicked(
        jnp.asarray(noise)[None], begins(odd_row), begins(odd_column)
    )
    np.testing.assert_allclose(out[0], np.stack(expected, -1), atol=1e-6)


def test_a_mosaic_keeps_an_even_colour_and_less_of_the_noise():
    even = jnp.broadcast_to(jnp.array([0.3, 0.5, 0.2]), (1, 9, 8, 3))
    out = camera.mosaicked(even, begins(False), begins(True))
    np.testing.assert_allclose(out, even, rtol=1e-6)
    noise = jax.random.normal(jax.random.key(0), (1, 300, 300, 3))
    out = camera.mosaicked(noise, begins(False), begins(False))
    # Of red and blue a quarter is as it was, half the mean of two, a quarter of four.
    np.testing.assert_allclose(
        np.var(out, (0, 1, 2)), [0.5625, 0.625, 0.5625], rtol=0.03
    )


@pytest.mark.parametrize("quality", [40, 75, 90, 98])
@pytest.mark.parametrize("darker", [1, 8])
def test_pictures_go_through_jpeg_as_through_pillow(quality, darker):
    colour = np.asarray(Image.open(PHOTO).convert("RGB"))[:300, :410] // darker
    grey = np.repeat(colour[..., 1:2], 3, axis=-1)
    # Ties of rounding fall differently, more of them with colours.
    for picture, most in ((grey, 0.3), (colour, 0.8)):
        file = io.BytesIO()
        Image.fromarray(picture).save(
            file, "JPEG", quality=quality, subsampling="4:2:0"
        )
        expected = np.asarray(Image.open(file)).astype(float)
        out = camera.through_jpeg(
            jnp.asarray(picture[None], jnp.float32) / 255,
            jnp.full((1, 1, 1, 1), float(quality)),
        )
        difference = np.round(255 * np.asarray(out[0])) - expected
        assert np.abs(difference).mean() < most
        assert np.abs(difference).mean() < 0.6 * np.abs(expected - picture).mean()
        assert abs(difference.mean()) < 0.1


def test_every_picture_has_its_own_quality():
    picture = np.asarray(Image.open(PHOTO).convert("RGB"))[:64, :64]
    both = jnp.asarray(np.stack([picture, picture]), jnp.float32) / 255
    quality = jnp.array([20.0, 95.0]).reshape(2, 1, 1, 1)
    out = camera.through_jpeg(both, quality)
    error = np.abs(out - both).mean((1, 2, 3))
    assert error[0] > 2 * error[1] > 0
    alone = camera.through_jpeg(both[1:], quality[1:])
    np.testing.assert_allclose(out[1:], alone, atol=1e-6)
