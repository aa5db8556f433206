"""NIQE against BasicSR's numbers (tests/golden), and as a property."""

import json

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from lled_jax import niqe as module
from lled_jax.errors import InputError
from lled_jax.niqe import niqe, pristine


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_scores_equal_those_of_the_reference(name, golden):
    expected = json.loads((golden / "niqe.json").read_text())
    picture = getattr(data, name)()
    black = picture.copy()
    black[:150, :250] = 0
    for kind, image in (("", picture), ("-dark", picture // 8), ("-black", black)):
        # The reference computes in single precision, whose noise has a say in flat
        # areas: those of a dark picture, and of the astronaut's background.
        close = 1e-5 if kind == "" and name != "astronaut" else 2e-3
        assert niqe(image) == pytest.approx(expected[name + kind], rel=close), kind


def test_16_bit_scores_as_8_bit_and_the_same_every_time():
    picture = data.coffee()[:200, :300]
    assert niqe(picture) == niqe(picture)
    wide = picture.astype(np.uint16) * np.uint16(257)
    assert niqe(wide) == pytest.approx(niqe(picture), rel=1e-4)


def test_blur_and_noise_are_worse_than_the_photograph():
    picture = data.coffee()
    rng = np.random.default_rng(0)
    noisy = picture + rng.normal(0, 25, picture.shape)
    blurred = ndimage.gaussian_filter(picture, (2, 2, 0))
    assert niqe(np.clip(noisy, 0, 255).astype(np.uint8)) > niqe(picture) + 1
    assert niqe(blurred) > niqe(picture) + 1


def test_flat_areas_do_not_depend_on_rounding():
    """A black corner counts the same wherever its values' last digits fall."""
    picture = data.coffee()
    picture[:150, :250] = 0
    plane = module._normalised(module._luma(picture))
    assert not plane[:140, :240].any()


def test_what_is_left_of_whole_blocks_does_not_count():
    picture = data.coffee()
    assert niqe(picture[:200, :300]) == niqe(picture[:192, :288])


def test_the_pristine_model_scores_zero():
    model = pristine()
    assert model.mean.shape == (36,)
    assert (np.linalg.eigvalsh(model.covariance) > 0).all()
    assert module._distance(model.mean, model.covariance) == 0


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0])
def test_the_fit_finds_the_distribution_that_was_drawn(shape):
    """Of samples whose left side is half as wide as the right."""
    rng = np.random.default_rng(1)
    left, right = 0.5, 1.0
    size = rng.gamma(1 / shape, 1, 360_000) ** (1 / shape)
    side = np.where(rng.random(size.size) < left / (left + right), -left, right)
    found = module._fitted((size * side).reshape(1, 600, 600))
    for value, expected in zip(found, (shape, left, right), strict=True):
        assert float(value[0]) == pytest.approx(expected, rel=0.04)


def test_halving_keeps_a_ramp_and_constants():
    ramp = np.outer(np.arange(40.0), np.ones(30)) + np.arange(30.0)
    halved = module._halved(ramp)
    assert halved.shape == (20, 15)
    inner = ramp.reshape(20, 2, 15, 2).mean((1, 3))
    np.testing.assert_allclose(halved[2:-2, 2:-2], inner[2:-2, 2:-2], atol=1e-9)
    np.testing.assert_allclose(module._halved(np.full((8, 8), 7.0)), 7.0)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((120, 150, 3), np.uint8), "at least 192x96 pixels, got 150x120"),
        (np.full((200, 200, 3), 9, np.uint8), "hardly any"),
    ],
)
def test_images_without_a_score_are_refused(image, message):
    with pytest.raises(InputError, match=message):
        niqe(image)
