"""Cuts are found in dark, noisy footage; noise, pans, fades and drifts are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from PIL import Image
from skimage import data

from lled_jax.cuts import CutDetector

SCENES = ("astronaut", "coffee", "chelsea", "rocket", "retina")
SIZES = ((64, 96), (180, 320))


def scene(name, height, width, level=8.0):
    """A photo darkened to a mean level, as float [h w 3]."""
    photo = Image.fromarray(getattr(data, name)()).convert("RGB")
    pixels = np.asarray(photo.resize((width, height))).astype(np.float64)
    return pixels * level / pixels.mean()


def film(views, noise=4.0, seed=0):
    generator = np.random.default_rng(seed)
    return [
        np.clip(np.rint(v + generator.normal(0, noise, v.shape)), 0, 255).astype("u1")
        for v in views
    ]


def cuts(frames):
    is_cut = CutDetector()
    return [number for number, frame in enumerate(frames) if is_cut(frame)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("noise", [0, 4, 10])
def test_noise_is_no_cut(name, size, noise):
    assert cuts(film([scene(name, *size)] * 12, noise)) == [0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_drift_and_fade_are_no_cuts(name, size):
    dark = scene(name, *size, level=20)
    drift = [dark * 1.15**i for i in range(8)]
    fade = [dark * max(0, 1 - i / 20) for i in range(23)]
    assert cuts(film(drift)) == [0]
    assert cuts(film([*fade, *fade[::-1]])) == [0]


@pytest.mark.parametrize("name", SCENES)
def test_a_pan_is_no_cut(name):
    wide = scene(name, 180, 400)
    assert cuts(film([wide[:, 6 * i : 6 * i + 320] for i in range(13)])) == [0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [4, 20])
@pytest.mark.parametrize("first", SCENES)
def test_a_cut_between_dark_scenes_is_found(first, level, size):
    for second in set(SCENES) - {first}:
        views = [scene(name, *size, level) for name in (first, second)]
        frames = film([views[0]] * 5 + [views[1]] * 5 + [views[0]] * 2)
        assert cuts(frames) == [0, 5, 10], second


def test_a_cut_after_a_fast_pan_is_found():
    """What the pan made usual does not hide the cut."""
    wide = scene("coffee", 180, 600)
    pan = [wide[:, 12 * i : 12 * i + 320] for i in range(10)]
    assert cuts(film([*pan, *[scene("rocket", 180, 320)] * 3])) == [0, 10]


def test_a_very_fast_pan_is_not_all_cuts():
    """Else nothing would be smoothed while it lasts."""
    wide = scene("coffee", 180, 1600)
    pan = [wide[:, 60 * i : 60 * i + 320] for i in range(20)]
    assert len(cuts(film(pan))) <= 6


def test_another_size_is_another_scene():
    sizes = [(64, 96), (64, 96), (96, 64), (96, 64)]
    assert cuts([np.zeros((*size, 3), np.uint8) for size in sizes]) == [0, 2]


def test_what_was_usual_in_another_size_hides_no_cut():
    wide = scene("coffee", 180, 1600)
    pan = [wide[:, 60 * i : 60 * i + 320] for i in range(20)]
    stills = [scene(name, 64, 96) for name in ("astronaut", "chelsea")]
    frames = film([*pan, stills[0], stills[0], stills[1]])
    assert cuts(frames)[-2:] == [20, 22]


@settings(deadline=None, max_examples=50)
@given(
    nps.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))
)
def test_any_size_and_a_frame_like_the_last_is_no_cut(frame):
    is_cut = CutDetector()
    assert [is_cut(frame), is_cut(frame), is_cut(frame.copy())] == [True, False, False]
