"""The frames of a video: steady light, sharp cuts, and the still's answer at first."""

import numpy as np
import pytest
from flicker_for_tests import added_flicker

import lled_jax
from lled_jax import frames, pretrained, tiling
from lled_jax.data import synthetic
from lled_jax.images import mean_luma
from lled_jax.look import Look


@pytest.fixture(scope="module")
def student():
    return lled_jax.load()


def clip(low, count, seed=0):
    """A still scene filmed by a sensor of restless noise."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        noise = random.normal(0, random.uniform(0, 8), low.shape)
        yield np.clip(low + noise, 0, 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def scenes():
    pairs = synthetic.demo("test")
    return [pairs[0][0][:64, :96], pairs[1][0][100:164, 100:196]]


def test_the_first_frame_is_enhanced_like_a_photo(student, scenes):
    first = student.frames()(scenes[0])
    assert np.abs(first.astype(int) - student.enhance(scenes[0])).max() <= 1


def test_a_still_scene_flickers_less_than_frame_by_frame(student, scenes):
    low = list(clip(scenes[0], 12))
    steady = student.frames()
    apart = added_flicker([student.enhance(frame) for frame in low], low)
    together = added_flicker([steady(frame) for frame in low], low)
    assert together < 0.8 * apart


def test_a_new_scene_begins_anew(student, scenes):
    steady = student.frames()
    for frame in clip(scenes[0], 3):
        steady(frame)
    after = steady(scenes[1])
    assert np.abs(after.astype(int) - student.enhance(scenes[1])).max() <= 1


def test_means_follow_by_their_share(student, scenes, monkeypatch):
    """Beside the definition: a running mean of what each frame alone would take."""
    monkeypatch.setattr(frames, "CutDetector", lambda: lambda frame: False)
    steady = student.frames()
    low = scenes[0]
    brighter = np.minimum(low * 2, 255).astype(np.uint8)
    steady(low)
    first = {k: np.asarray(v) for k, v in steady._means.items()}
    steady(brighter)
    name = "gradient_fab0"  # depends on no other attention
    alone = student.frames()
    alone(brighter)
    own = np.asarray(alone._means[name])
    luma = mean_luma(low) + frames.SHARE * (mean_luma(brighter) - mean_luma(low))
    assert steady._luma == pytest.approx(luma)
    expected = first[name] + frames.SHARE * (own - first[name])
    np.testing.assert_allclose(steady._means[name], expected, rtol=1e-4, atol=1e-6)


def test_frames_in_tiles_are_the_same(student, scenes, monkeypatch):
    low = [np.tile(frame, (2, 2, 1)) for frame in clip(scenes[0], 3)]
    whole = student.frames(Look(saturation=1.2))
    expected = [whole(frame) for frame in low]
    monkeypatch.setattr(tiling, "side_for", lambda *_: 96)
    parts = student.frames(Look(saturation=1.2))
    for frame, bright in zip(low, expected, strict=True):
        assert np.abs(parts(frame).astype(int) - bright).max() <= 1


def test_bright_frames_are_spared_smoothly(student, scenes):
    bright = np.full_like(scenes[0], 200)
    steady = student.frames(Look(spare_bright=True))
    np.testing.assert_array_equal(steady(bright), bright)


def test_frames_take_another_size_as_another_video(student, scenes):
    steady = pretrained.load().frames()
    assert steady(scenes[0]).shape == scenes[0].shape
    assert steady(scenes[1][:40]).shape == (40, 96, 3)
