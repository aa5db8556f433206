"""The demo set: dark by physics, the same every time, like LOL in its means."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lled_jax.data import synthetic
from lled_jax.data.synthetic import darken, demo
from lled_jax.errors import InputError
from lled_jax.images import srgb_decode, srgb_encode

SPLITS = ("train", "test")


def psnr(low, high):
    return 10 * np.log10(255**2 / np.mean((low.astype(float) - high) ** 2))


@pytest.fixture(scope="module")
def sets():
    pytest.importorskip("skimage.data")
    return {split: demo(split) for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_resembles_lol(sets, split):
    pairs = sets[split]
    means = [low.mean() / 255 for low in pairs.low]
    assert 0.04 < np.mean(means) < 0.08  # LOL: 0.060
    scores = [
        psnr(low, high) for low, high in map(pairs.__getitem__, range(len(pairs)))
    ]
    assert 7 < np.mean(scores) < 9  # LOL: 7.77
    assert all(
        low.mean() < 0.5 * high.mean()
        for low, high in zip(pairs.low, pairs.high, strict=True)
    )
    assert len(set(pairs.names)) == len(pairs)
    # Different darkenings of one target, in training with other colours.
    order = synthetic.CHANNEL_ORDERS[1] if split == "train" else (0, 1, 2)
    np.testing.assert_array_equal(pairs.high[0][..., order], pairs.high[1])
    assert not np.array_equal(pairs.low[0], pairs.low[1])


def test_sizes_and_splits(sets):
    assert (sets["train"].sizes == 256).all()
    assert (sets["test"].sizes <= (400, 600)).all()
    assert len(sets["train"]) == 48
    assert len(sets["test"]) == 4
    scenes = [
        {name.split("_")[0].split("-")[0] for name in sets[s].names} for s in SPLITS
    ]
    assert scenes == [{"astronaut", "motorcycle"}, {"chelsea", "coffee"}]


def test_the_same_on_every_call(sets):
    again = demo("test")
    for one, two in zip(again.low, sets["test"].low, strict=True):
        np.testing.assert_array_equal(one, two)


def test_tiles_cover_the_photo():
    image = np.arange(500 * 741 * 3).reshape(500, 741, 3).astype(np.uint16)
    tiles = synthetic._tiles(image)
    assert len(tiles) == 6
    assert {tile.shape for tile in tiles} == {(256, 256, 3)}
    np.testing.assert_array_equal(tiles[0], image[:256, :256])
    np.testing.assert_array_equal(tiles[-1], image[-256:, -256:])


def photo(seed, size=48):
    """Values of all brightnesses, smooth enough to have means that mean something."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, size)[:, None, None] * rng.uniform(0.5, 1, (1, size, 3))
    return ramp.astype(np.float32)


@given(seed=st.integers(0, 10**6), stops=st.floats(2, 7), more=st.floats(0.3, 3))
@settings(max_examples=30, deadline=None)
def test_darken_properties(seed, stops, more):
    image = photo(seed)

    def at(stops):
        return darken(image, np.random.default_rng(seed), stops)

    low = at(stops)
    assert low.mean() < 255 * image.mean()
    np.testing.assert_array_equal(low, at(stops))
    assert at(stops + more).mean() < low.mean()
    assert not np.array_equal(
        low, darken(image, np.random.default_rng(seed + 1), stops)
    )


def test_darken_exposes_as_it_says():
    """Without its random parts, 3 stops divide the light by 8."""

    class Middle(np.random.Generator):
        def uniform(self, low, high):
            return 1e12 if high > 10 else 0.0  # a noiseless sensor

        def normal(self, mean, deviation, size=None):
            return np.zeros(size) if size else 0.0

        def standard_normal(self, shape):
            return np.ones(shape)

    image = photo(0)
    low = darken(image, Middle(np.random.PCG64(0)), 3.0)
    light = srgb_decode(image.astype(float)) / 8
    np.testing.assert_allclose(low / 255, srgb_encode(light), atol=0.501 / 255)


def test_noise_has_the_stated_variance():
    rng = np.random.default_rng(0)
    grey = np.full((256, 256, 3), 0.8, np.float32)
    low = darken(grey, rng, 3.0)[..., 1] / 255
    rng = np.random.default_rng(0)
    rng.uniform()
    rng.normal(size=3)
    full_well, read = rng.uniform(*synthetic.FULL_WELL), rng.uniform(2.0, 6.0)
    light = srgb_decode(np.array(0.8)) / 8
    expected = np.sqrt(light / full_well + (read / full_well) ** 2) / light
    measured = srgb_decode(low).std() / srgb_decode(low).mean()
    # The tone curve's exponent, drawn within a few percent of 1, scales it.
    assert measured == pytest.approx(expected, rel=0.15)


@given(st.floats(0, 1))
def test_srgb_is_inverted(value):
    light = srgb_decode(np.array([value]))
    assert srgb_encode(light)[0] == pytest.approx(value, abs=1e-6)


def test_srgb_reference():
    """Middle grey is 0.2140 of white (IEC 61966-2-1)."""
    assert srgb_decode(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)


@pytest.mark.parametrize("curve", [srgb_decode, srgb_encode])
def test_srgb_keeps_the_kind_of_array(curve):
    """NumPy stays NumPy and doubles stay doubles; under jit JAX is called."""
    values = np.linspace(0, 1, 256)
    for dtype in (np.float32, np.float64):
        made = curve(values.astype(dtype))
        assert isinstance(made, np.ndarray)
        assert made.dtype == dtype
    for function in (curve, jax.jit(curve)):
        made = function(jnp.asarray(values, jnp.float32))
        assert isinstance(made, jax.Array)
        np.testing.assert_allclose(made, curve(values), atol=1e-6)


def test_errors(monkeypatch):
    with pytest.raises(InputError, match="demo split 'val': choose"):
        demo("val")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"photographs: pip install scikit-image$"):
        demo("train")
