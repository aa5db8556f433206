"""Well-lit pictures made dark: by the demo's physics, all of them or in a part."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lled_jax.images import srgb_decode
from lled_jax.training import darkening

KEY = jax.random.key(3)


@pytest.mark.parametrize("further", [0.0, 1.5])
def test_targets_are_darkened_by_the_physics_of_the_demo(further):
    # Many photos of a dark and a bright half: of each, two means of light before and
    # after tell of the exposure and of the tone curve.
    high = jnp.full((300, 32, 64, 3), 0.7).at[:, :, :32].set(0.4)
    same = {"low": high, "high": high}
    seen = darkening.show_darkened(same, KEY, 1.0, 1.0, further)
    assert seen["high"] is high
    low = np.asarray(seen["low"])
    np.testing.assert_allclose(low * 255, np.round(low * 255), atol=1e-3)

    def halves(images):
        light = srgb_decode(np.asarray(images).astype(float))
        parts = light.reshape(-1, 32, 2, 32, 3)
        return parts.mean((1, 3, 4)), parts.std((1, 3, 4))

    target, _ = halves(high)
    # Light x became y with x / y = d (1 - x) + w x: shadows lose log2 d stops, white
    # log2 w.
    mean, deviation = halves(low)
    lost = np.linalg.solve(
        np.stack([1 - target, target], -1), (target / mean)[..., None]
    )
    stops, white = np.log2(np.maximum(lost[..., 0], 0.5)).T
    fewest, most = np.add(darkening.STOPS, (0.0, further))
    assert abs(stops.min() - fewest) < 0.2
    assert abs(stops.max() - most) < 0.3
    assert abs(np.median(stops) - (fewest + most) / 2) < 0.5
    # A quarter evenly, a quarter with white kept, the others between.
    part = white / stops
    for least, greatest, share in ((-1, 0.1, 0.3), (0.25, 0.75, 0.25), (0.9, 2, 0.3)):
        assert abs(np.mean((part > least) & (part < greatest)) - share) < 0.08
    assert abs(np.corrcoef(stops, part.clip(0, 1))[0, 1]) < 0.2
    # Where rounding to 8 bit and the amplifier's noise are little, what is left is the
    # photon noise of a full well within bounds.
    clear = mean[:, 1] > 0.1
    wells = mean[clear, 1] / deviation[clear, 1] ** 2
    assert (wells > 0.85 * darkening.FULL_WELL[0]).all()
    assert (wells < 1.15 * darkening.FULL_WELL[1]).all()
    assert wells.min() < 8e3 < 3e4 < wells.max()


def test_what_is_still_bright_is_not_shown_as_dark():
    high = jnp.linspace(0.1, 1.0, 400)[:, None, None, None] * jnp.ones((1, 4, 4, 3))
    low = jnp.ones_like(high)
    seen = darkening.show_darkened({"low": low, "high": high}, KEY, 1.0, 0.3)
    means = np.asarray(seen["low"]).mean((1, 2, 3))
    assert ((means < 0.3) | (means == 1)).all()
    assert (means[:90] < 1).all()  # of a target that is not bright nothing is
    assert 0.1 < (means[90:] == 1).mean() < 0.5


def test_darker_keeps_black_order_and_colour_and_is_even_where_white_loses_as_much():
    light = jnp.outer(jnp.linspace(0, 1, 101), jnp.array([1.0, 0.5, 0.25]))
    for shadows, white in ((3.0, 0.0), (3.0, 1.5), (0.0, 0.0)):
        dark = darkening.darker(light, shadows, white)
        assert (dark[0] == 0).all()
        np.testing.assert_allclose(dark[-1, 0], 2.0**-white, rtol=1e-6)
        np.testing.assert_allclose(dark[1, 0], 0.01 * 2.0**-shadows, rtol=0.08)
        assert (jnp.diff(dark, axis=0) > 0).all()
        assert (dark <= light * (1 + 1e-6)).all()
        np.testing.assert_allclose(dark, np.outer(dark[:, 0], light[-1]), rtol=1e-6)
    even = darkening.darker(light, 2.0, 2.0)
    np.testing.assert_allclose(even, light / 4, rtol=1e-6)


def test_a_share_of_the_pairs_is_darkened():
    low, high = jnp.zeros((400, 2, 3, 3)), jnp.full((400, 2, 3, 3), 0.3)
    seen = darkening.show_darkened({"low": low, "high": high}, KEY, 0.25, 0.3)
    changed = np.asarray(seen["low"]).mean((1, 2, 3)) > 0
    assert 0.17 < changed.mean() < 0.33


def test_a_photo_without_a_dark_one_is_always_darkened():
    high = jnp.full((64, 2, 3, 3), 0.3)
    low = high.at[::2, 1:].set(0.1)  # that some of their pixels are equal is no matter
    seen = darkening.show_darkened({"low": low, "high": high}, KEY, 0.0, 0.3)
    np.testing.assert_array_equal(seen["low"][::2], low[::2])
    assert (np.asarray(seen["low"][1::2]).mean((1, 2, 3)) < 0.3).all()


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, np.pi, 4.0])
def test_away_from_the_light_is_the_shade(angle):
    picture = jax.random.uniform(KEY, (1, 30, 50, 3))
    shade = np.asarray(darkening.shade(picture, angle, 1.0, 0.5, 0.5))[0, ..., 0]
    rows, columns = np.meshgrid(
        np.linspace(-0.5, 0.5, 30), np.linspace(-0.5, 0.5, 50), indexing="ij"
    )
    towards = np.cos(angle) * columns + np.sin(angle) * rows
    order = towards.ravel().argsort()
    assert (np.diff(shade.ravel()[order]) <= 1e-5).all()
    assert shade.ravel()[order[0]] == 1
    assert shade.ravel()[order[-1]] == 0
    np.testing.assert_allclose(shade + shade[::-1, ::-1], 1, atol=1e-5)
    slow = np.asarray(darkening.shade(picture, angle, 1.0, 0.5, 1.0))
    assert np.isin(slow, (0, 1)).mean() <= 2 / 30  # at the two ends alone
    nothing = jnp.zeros_like(picture)
    np.testing.assert_array_equal(
        darkening.shade(nothing, angle, 1.0, 0.5, 0.5)[0, ..., 0], shade
    )


def test_what_is_not_bright_is_the_shade_and_its_border_is_smooth():
    values = jnp.linspace(0, 1, 101).reshape(1, -1, 1, 1)
    grey = jnp.concatenate([0.2 * values, values, 0.7 * values], axis=-1)
    shade = np.asarray(darkening.shade(grey, 1.0, 0.0, 0.6, 0.2))[0, :, 0, 0]
    assert (shade[:51] == 1).all()
    assert (shade[70:] < 1e-6).all()
    np.testing.assert_allclose(shade[60], 0.5, atol=1e-5)
    assert (np.diff(shade[51:70]) < 0).all()
    assert np.abs(np.diff(shade)).max() < 1.5 * 0.01 / 0.2 + 1e-4


def test_in_the_light_a_picture_stays_and_in_the_shade_it_is_dark():
    # Grey, so that only places differ.
    high = jnp.full((300, 32, 32, 3), 0.6)
    low = jnp.zeros_like(high)

    def extremes(unevenly, darkened=1.0):
        batch = {"low": low, "high": high}
        seen = darkening.show_darkened(batch, KEY, darkened, 1.0, 1.0, unevenly)["low"]
        pieces = np.asarray(seen).reshape(300, 4, 8, 4, 8, 3).mean((2, 4, 5))
        pieces = pieces[pieces.max((1, 2)) > 0]  # the others were left as they were
        return pieces.max((1, 2)), pieces.min((1, 2))

    brightest, darkest = extremes(1.0)
    assert (brightest < 0.62).all()
    lit = brightest > 0.58
    assert 0.5 < lit.mean() < 0.8
    # Of .6, two stops, whether white loses them or not, leave less than .45.
    assert 0.3 < (darkest[lit] < 0.45).mean() < 0.9
    for share in (0.0, 0.3):
        brightest, darkest = extremes(share, darkened=0.5)
        uneven = brightest > darkest + 0.04
        assert 0.6 * share <= uneven.mean() <= 1.2 * share


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_noise_of_a_share_is_that_of_a_mosaic(share):
    high = jnp.full((300, 32, 32, 3), 0.8)
    batch = {"low": jnp.zeros_like(high), "high": high}
    seen = darkening.show_darkened(batch, KEY, 1.0, 1.0, mosaic=share)["low"]
    red = np.asarray(seen)[..., 0]
    noise = red - red.mean((1, 2), keepdims=True)
    channels = np.asarray(seen - seen.mean((1, 2), keepdims=True)).reshape(-1, 3)
    assert np.abs(np.corrcoef(channels.T) - np.eye(3)).max() < 0.05
    alike = (noise[:, :, 1:] * noise[:, :, :-1]).mean((1, 2)) / noise.var((1, 2))
    # Rounding to 8 bit hides the noise of the clearest.
    noisy = noise.std((1, 2)) > 1 / 255
    assert noisy.sum() > 100
    assert abs((alike[noisy] > 0.25).mean() - share) < 0.1
    assert np.abs(alike[noisy & (alike < 0.25)]).max(initial=0) < 0.15


def test_a_mosaic_begins_anywhere(monkeypatch):
    begins = []

    def listen(noise, row, column):
        begins.append(2 * row + column)
        return jnp.ones_like(noise)

    monkeypatch.setattr(darkening, "mosaicked", listen)
    high = jnp.full((400, 2, 2, 3), 0.5)
    batch = {"low": jnp.zeros_like(high), "high": high}
    seen = darkening.show_darkened(batch, KEY, 1.0, 2.0, mosaic=0.5)["low"]
    of_mosaics = np.ravel(begins)[(np.asarray(seen) == 1).all((1, 2, 3))]
    counts = np.bincount(of_mosaics, minlength=4)
    assert (np.abs(counts - 50) < 25).all()


def test_black_has_the_noise_of_the_amplifier():
    # r of N electrons; what is below 0 is cut, and the mean of the rest tells r / N.
    high = jnp.zeros((500, 24, 24, 3))
    batch = {"low": jnp.ones_like(high), "high": high}
    seen = np.asarray(darkening.show_darkened(batch, KEY, 1.0, 1.0)["low"])
    found = srgb_decode(seen.astype(float)).mean((1, 2, 3)) * np.sqrt(2 * np.pi)
    rng = np.random.default_rng(0)
    wells = np.exp(rng.uniform(*np.log(darkening.FULL_WELL), 100_000))
    expected = rng.uniform(*darkening.READ_NOISE, 100_000) / wells
    for share in (0.75, 0.85, 0.95):  # the others are below one step of 8 bit
        assert np.quantile(found, share) == pytest.approx(
            np.quantile(expected, share), rel=0.25
        )
