"""The methods without training: against references, and what they must keep."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lled_jax.baselines import BASELINES, baseline
from lled_jax.baselines.gamma import gamma_mean
from lled_jax.baselines.histogram import clahe, equalised
from lled_jax.baselines.lime import ALPHA, EPS, illumination, lime
from lled_jax.baselines.values import with_value
from lled_jax.errors import InputError

SHAPE = (24, 32, 3)


def dark(seed=0, shape=SHAPE, top=60):
    return np.random.default_rng(seed).integers(0, top, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_takes_8_and_16_bit_and_floats_alike(name):
    low = dark()
    answers = [
        baseline(name)(image)
        for image in (low, low.astype(np.uint16) * 257, (low / 255).astype(np.float32))
    ]
    if name == "identity":
        assert answers[0] is low
        return
    for answer in answers:
        assert answer.shape == SHAPE
        assert answer.dtype == np.float64
        assert answer.min() >= 0
        assert answer.max() <= 1
        # Bins of histograms are of another width.
        np.testing.assert_allclose(answer, answers[0], atol=0.03)
    assert answers[0].mean() > 1.5 * low.mean() / 255


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_stay_finite(name, level):
    answer = baseline(name)(np.full((40, 40, 3), level, np.uint8))
    assert np.isfinite(answer).all()
    if level == 0 and name in ("gamma", "gamma_mean", "lime", "identity"):
        assert not answer.any()


def test_gamma_by_hand():
    image = np.full(SHAPE, 51, np.uint8)  # 0.2
    np.testing.assert_allclose(baseline("gamma")(image), 0.2 ** (1 / 2.2))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 60, 256]))
def test_gamma_mean_meets_the_mean_and_keeps_the_order(seed, top):
    image = dark(seed, top=top)
    bright = gamma_mean(image)
    assert bright.mean() == pytest.approx(0.5, abs=1e-6)
    order = np.argsort(image, axis=None)
    assert (np.diff(bright.ravel()[order]) >= 0).all()


@pytest.mark.parametrize(("level", "log_exponent"), [(0, -6), (255, 6)])
def test_gamma_mean_goes_as_far_as_it_may_where_no_power_does(level, log_exponent):
    image = np.full((8, 8, 3), level, np.uint8)
    image[0, 0] = 51  # 0.2
    bright = gamma_mean(image)
    np.testing.assert_allclose(bright[0, 0], 0.2 ** np.exp(log_exponent))
    np.testing.assert_array_equal(bright[1:], image[1:] / 255)


def hue_and_saturation(image):
    image = np.asarray(image, np.float64)
    return image / image.max(-1, keepdims=True)


@pytest.mark.parametrize("method", [equalised, clahe])
def test_equalisation_keeps_hue_and_saturation(method):
    low = dark()
    bright = method(low)
    lit = bright.max(-1) > 0  # CLAHE may take the darkest to black
    assert lit.mean() > 0.99
    np.testing.assert_allclose(
        hue_and_saturation(bright[lit]), hue_and_saturation(low[lit]), atol=1e-9
    )


def test_black_pixels_become_grey():
    image = np.zeros((1, 2, 3))
    image[0, 1] = (0.1, 0.2, 0.0)
    new = with_value(image, np.array([[0.4, 0.6]]))
    np.testing.assert_allclose(new, [[[0.4, 0.4, 0.4], [0.3, 0.6, 0.0]]])


def test_equalised_values_are_shares_of_pixels():
    low = dark(shape=(40, 50, 3))
    v, new = low.max(-1), equalised(low).max(-1)
    shares = np.array([(v <= level).mean() for level in v.ravel()])
    # Bins are between the levels, so a value can be in its neighbour's share.
    assert np.abs(new.ravel() - shares).max() < (np.bincount(v.ravel()) / v.size).max()
    assert abs(new.mean() - 0.5) < 0.03


def test_equalisation_of_16_bit_sees_what_8_bit_would_not():
    """A ramp as dark as two levels of 8 bit, below a lamp."""
    values = np.append(np.arange(511, dtype=np.uint16), np.uint16(65535))
    image = np.broadcast_to(values.reshape(16, 32, 1), (16, 32, 3)).copy()
    shares = np.arange(1, 513) / 512
    np.testing.assert_allclose(equalised(image)[..., 0].ravel(), shares, atol=3e-3)


def test_clahe_is_local_where_equalisation_is_not():
    """Faint texture in the dark half gains contrast though the other half is bright."""
    rng = np.random.default_rng(0)
    faint = rng.integers(0, 8, (128, 64, 1), dtype=np.uint8)
    strong = rng.integers(0, 250, (128, 64, 1), dtype=np.uint8)
    image = np.repeat(np.concatenate([faint, strong], 1), 3, 2)

    def gain(method, columns):
        return method(image)[:, columns].std() / (image[:, columns] / 255).std()

    far = slice(0, 40)
    assert gain(clahe, far) > 1.5
    # The whole histogram gives the crowded dark levels half of the range.
    assert gain(equalised, far) > 10
    assert gain(clahe, slice(90, 128)) == pytest.approx(1, abs=0.15)
    assert gain(equalised, slice(90, 128)) < 0.7


def dense_illumination(guess):
    """The quadratic problem's normal equations, pixel by pixel, solved densely."""
    h, w = guess.shape
    index = np.arange(h * w).reshape(h, w)
    radius = 8  # of the Gaussian: four deviations of 2
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-(offsets**2) / (2 * 2.0**2))
    kernel /= kernel.sum()
    matrix = np.eye(h * w)
    for dy, dx in ((0, 1), (1, 0)):
        step = np.zeros((h, w))
        for y in range(h - dy):
            for x in range(w - dx):
                step[y, x] = guess[y + dy, x + dx] - guess[y, x]
        for y in range(h - dy):
            for x in range(w - dx):
                rows = np.clip(y + offsets, 0, h - 1)
                columns = np.clip(x + offsets, 0, w - 1)
                around = kernel @ step[np.ix_(rows, columns)] @ kernel
                weight = ALPHA / (abs(around) + EPS) / (abs(step[y, x]) + EPS)
                i, j = index[y, x], index[y + dy, x + dx]
                matrix[i, i] += weight
                matrix[j, j] += weight
                matrix[i, j] -= weight
                matrix[j, i] -= weight
    return np.linalg.solve(matrix, guess.ravel()).reshape(h, w)


@pytest.mark.parametrize("shape", [(7, 9), (12, 5), (1, 6)])
def test_illumination_equals_the_dense_solution(shape):
    guess = np.random.default_rng(sum(shape)).uniform(0, 0.3, shape)
    np.testing.assert_allclose(
        illumination(guess), dense_illumination(guess), rtol=1e-7
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_illumination_is_smoother_and_within_its_guess(seed):
    guess = np.random.default_rng(seed).uniform(0.1, 0.9, (11, 13))
    light = illumination(guess)
    assert guess.min() - 1e-9 <= light.min() <= light.max() <= guess.max() + 1e-9
    assert np.abs(np.diff(light)).sum() < 0.3 * np.abs(np.diff(guess)).sum()
    # The system's columns sum to 1.
    assert light.sum() == pytest.approx(guess.sum())


def test_illumination_keeps_an_edge_and_loses_texture():
    rng = np.random.default_rng(1)
    guess = np.where(np.arange(60) < 30, 0.1, 0.8) * np.ones((40, 1))
    light = illumination(guess + rng.uniform(-0.02, 0.02, guess.shape))
    assert light[:, 31].mean() - light[:, 28].mean() > 0.5
    assert light[:, :25].std() < 0.2 * (0.04 / 12**0.5)


def test_lime_brightens_and_keeps_colours():
    low = dark(3, top=40) + np.uint8(2)
    bright = lime(low)
    assert (bright >= low / 255).all()
    assert bright.mean() > 0.3
    kept = (bright < 1).all(-1)
    assert kept.mean() > 0.3
    np.testing.assert_allclose(
        hue_and_saturation(bright)[kept], hue_and_saturation(low)[kept], atol=1e-9
    )
    flat = np.full((8, 9, 3), 51, np.uint8)
    np.testing.assert_allclose(lime(flat), 0.2 / 0.2**0.8)


def test_unknown_names_and_missing_libraries_are_explained(monkeypatch):
    with pytest.raises(
        InputError, match=r"'retinex'; known baselines: identity, gamma"
    ):
        baseline("retinex")
    monkeypatch.setitem(sys.modules, "skimage", None)
    for name in ("histogram", "clahe"):
        with pytest.raises(InputError, match=r"scikit-image: pip install 'lled-jax\["):
            baseline(name)(dark())
