"""What flickers is measured as such; light that is steadied over time flickers less."""

import numpy as np
import pytest
from flicker_for_tests import added_flicker, flicker
from PIL import Image
from videos_for_tests import as_rgb, dark_pan, make_clip, picture

from lled_jax.cuts import CutDetector
from lled_jax.pretrained import Enhancer, load
from lled_jax.video import enhance_video

PHOTO = picture()


def lit(levels):
    """The photo at each of the brightnesses."""
    return [np.rint(PHOTO * level).astype(np.uint8) for level in levels]


def test_steady_light_fades_and_drifts_are_no_flicker():
    assert flicker(lit([0.5] * 5)) == 0
    assert flicker(lit(0.4 * 1.1 ** np.arange(8))) < 0.05


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_a_brightness_that_alternates_has_twice_its_step(share):
    levels = 0.5 * (1 + share * (np.arange(20) % 2))
    assert flicker(lit(levels)) == pytest.approx(200 * share, rel=0.05)


def test_more_jitter_is_more_flicker():
    jitter = np.random.default_rng(0).normal(0, 1, 30)
    amounts = [flicker(lit(0.5 * (1 + size * jitter))) for size in (0.01, 0.03, 0.1)]
    assert amounts[0] < amounts[1] < amounts[2]


def test_added_flicker_is_that_of_the_gain():
    source = lit([0.1, 0.2, 0.1, 0.3, 0.1])
    assert flicker(source) > 50
    assert added_flicker([3 * image for image in source], source) < 3
    gains = [3, 3.3, 3, 3.3, 3]
    unsteady = lit(np.multiply(gains, [0.1, 0.2, 0.1, 0.3, 0.1]))
    assert added_flicker(unsteady, source) == pytest.approx(20, rel=0.15)


def test_too_few_pictures():
    with pytest.raises(ValueError, match="3 pictures or more, not 2"):
        flicker(lit([1, 1]))


def to_level(frame, level):
    """Brighten so that the brightest sample, now `level`, becomes 200."""
    return np.clip(np.rint(frame * (200 / level)), 0, 255).astype(np.uint8)


def brightest(frame):
    return float(frame.max())


class Steady:
    """`to_level` with a level that follows slowly and begins anew at cuts."""

    def __init__(self):
        self.is_cut, self.level = CutDetector(), 0.0

    def __call__(self, frame):
        share = 1.0 if self.is_cut(frame) else 0.1
        self.level += share * (brightest(frame) - self.level)
        return to_level(frame, self.level)


def test_smoothing_between_cuts_takes_the_flicker_away():
    """Through files: two static noisy dark scenes."""
    photo = picture(64, 96)
    scenes = [dark_pan(12, photo=view, step=0) for view in (photo, photo[::-1, ::-1])]
    for scene in scenes:
        each = [to_level(frame, brightest(frame)) for frame in scene]
        assert flicker(each) > 1.5 * flicker(scene)
    steady = Steady()
    bright = [[steady(frame) for frame in scene] for scene in scenes]
    for scene, smooth in zip(scenes, bright, strict=True):
        each = [to_level(frame, brightest(frame)) for frame in scene]
        assert flicker(smooth) < 0.5 * flicker(each)
        # After the cut the light is right at once.
        assert abs(smooth[0].mean() - each[0].mean()) < 1


@pytest.fixture(scope="module")
def student() -> Enhancer:
    return load("student")


def test_the_students_frames_flicker_less_than_its_photos(tmp_path, student):
    """End to end, on a static noisy dark clip."""
    pictures = dark_pan(24, step=0, noise=6)
    source = make_clip(tmp_path / "in.mp4", pictures, options={"qp": "0"})
    found = {}
    for name, frame in (("each", student.enhance), ("film", student.frames())):
        target = tmp_path / f"{name}.mp4"
        enhance_video(source, target, frame)
        found[name] = as_rgb(target)
    before = as_rgb(source)
    amounts = {name: added_flicker(film, before) for name, film in found.items()}
    assert amounts["film"] < amounts["each"], amounts
    # Brighter, not tinted: the shares of the channels move little.
    dark, light = np.mean(before, (0, 1, 2)), np.mean(found["film"], (0, 1, 2))
    assert light.mean() > 1.5 * dark.mean()
    assert np.abs(light / light.sum() - dark / dark.sum()).max() < 0.06


def test_a_clip_of_a_real_dark_photo(tmp_path, student, shared):
    photo = Image.open(shared / "data/unpaired/DICM_12.jpg").convert("RGB")
    photo = np.asarray(photo.resize((272, 180)))
    pan = [photo[:, 2 * step : 2 * step + 240] for step in range(16)]
    source = make_clip(tmp_path / "in.mp4", pan, audio="aac", options={"crf": "12"})
    target = tmp_path / "out.mp4"
    summary = enhance_video(source, target, student.frames())
    assert summary == (16, 180, 240, "libx264", ())
    before, after = as_rgb(source), as_rgb(target)
    assert np.mean(after) > 2 * np.mean(before)
    # Where the source is bright, so is the result: neither turned nor shifted.
    for pair in zip(before, after, strict=True):
        blocks = [x.reshape(18, 10, 24, 10, 3).mean((1, 3, 4)).ravel() for x in pair]
        rank = [np.argsort(np.argsort(means)) for means in blocks]
        assert np.corrcoef(rank)[0, 1] > 0.9
    each = [student.enhance(frame) for frame in before]
    assert added_flicker(after, before) < added_flicker(each, before) + 0.1
