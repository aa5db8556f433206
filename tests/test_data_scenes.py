"""Scenes: planted siblings are found, and a hold-out shares no scene with training."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lled_jax.data.pairs import ArrayPairs
from lled_jax.data.scenes import holdout, scene_groups, split_scenes
from lled_jax.data.sources import paired_folder
from lled_jax.errors import InputError


def scene(seed, height=100, width=150):
    """A picture of soft blobs, larger than what `shot` shows of it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    size = (width + 30, height + 30)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def shot(seed, exposure=1.0, dy=0, dx=0, height=100, width=150):
    picture = scene(seed, height, width)[dy : dy + height, dx : dx + width]
    noise = np.random.default_rng([seed, dy, dx]).normal(0, 3, picture.shape)
    return np.clip(picture * exposure + noise, 0, 255).astype(np.uint8)


def pairs(shots):
    return ArrayPairs([str(i) for i in range(len(shots))], shots, shots)


def test_planted_siblings_are_found():
    shots, truth = [], []
    for seed in range(12):
        shots += [shot(seed), shot(seed, 0.5), shot(seed, 0.8, 12, 18)][: 1 + seed % 3]
        truth += [seed] * (1 + seed % 3)
    order = np.random.default_rng(0).permutation(len(shots))
    truth = np.array(truth)[order]
    groups = scene_groups(pairs([shots[i] for i in order]))
    # The same partition, numbered by first appearance.
    first = {scene: k for k, scene in enumerate(dict.fromkeys(truth.tolist()))}
    assert groups.tolist() == [first[scene] for scene in truth.tolist()]


def test_siblings_are_chained():
    """0 and 2 are too far apart to match directly; both match 1."""
    steps = [shot(3, dy=0, dx=0), shot(3, dy=15, dx=15), shot(3, dy=30, dx=30)]
    assert scene_groups(pairs(steps)).tolist() == [0, 0, 0]
    assert scene_groups(pairs([steps[0], steps[2]])).tolist() == [0, 1]


@pytest.mark.parametrize(("down", "right"), [(25, 25), (25, -25), (-25, 25), (-25, 0)])
def test_the_camera_may_have_moved_any_way_by_eight_cells(down, right):
    # 100 x 150 pixels are 32 x 48 cells.  Dots of a cell: no other shift will do.
    dots = np.random.default_rng(0).integers(0, 2, (42, 58, 1)).repeat(3, -1) * 200
    picture = Image.fromarray(dots.astype(np.uint8)).resize((181, 131), 0)
    picture = np.asarray(picture)[3:, 3:]
    top, left = max(0, -down), max(0, -right)
    one, other = (
        picture[y : y + 100, x : x + 150]
        for y, x in ((top, left), (top + down, left + right))
    )
    assert scene_groups(pairs([one, other])).tolist() == [0, 0]


def test_duplicates_without_structure_join():
    black, grey = (np.full((40, 60, 3), v, np.uint8) for v in (0, 90))
    ramp = np.tile(np.linspace(0, 255, 60).astype(np.uint8)[None, :, None], (40, 1, 3))
    groups = scene_groups(pairs([black, grey, ramp, black, grey, ramp]))
    assert groups.tolist() == [0, 1, 2, 0, 1, 2]


def test_the_rounding_of_blank_walls_is_no_likeness():
    walls = [
        np.tile(np.linspace(level, level + 6, 60).astype(np.uint8)[:, None], (40, 1, 3))
        for level in (100, 120)
    ]
    assert scene_groups(pairs(walls)).tolist() == [0, 1]


def test_16_bit_and_portrait():
    eight = [shot(0), shot(1), shot(0, 0.6), shot(2, height=150, width=100)]
    rng = np.random.default_rng(0)  # below what 8 bit have
    wide = [
        image.astype(np.uint16) * 256 + rng.integers(0, 256, image.shape, np.uint16)
        for image in eight
    ]
    assert scene_groups(pairs(wide)).tolist() == [0, 1, 0, 2]
    assert scene_groups(pairs([])).tolist() == []


SET = pairs([shot(seed, e) for seed in range(10) for e in (1.0, 0.6)])


def test_holdout_takes_whole_scenes():
    train, held = holdout(SET, 0.3, seed=0)
    assert sorted([*train, *held]) == list(range(20))
    assert not set(train // 2) & set(held // 2)  # two shots of each scene, in a row
    assert len(held) == 6


@given(fraction=st.floats(0.06, 0.9), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_splits_are_disjoint_by_scene(fraction, seed):
    groups = np.random.default_rng(seed + 1).integers(0, 60, 200)
    train, held = split_scenes(groups, fraction, seed)
    assert sorted([*train, *held]) == list(range(200))
    assert not set(groups[train]) & set(groups[held])
    assert abs(len(held) - 200 * fraction) <= np.bincount(groups).max() / 2
    again = split_scenes(groups, fraction, seed)
    np.testing.assert_array_equal(held, again[1])


def test_holdout_depends_on_the_seed():
    groups = np.arange(20) // 2
    held = {tuple(split_scenes(groups, 0.3, seed)[1].tolist()) for seed in range(5)}
    assert len(held) > 2


def test_no_holdout_reads_nothing():
    class Unreadable(ArrayPairs):
        def __getitem__(self, i):
            raise AssertionError("decoded")

    images = [shot(seed) for seed in range(3)]
    unreadable = Unreadable("abc", images, images)
    train, held = holdout(unreadable, 0.0, 0)
    assert train.tolist() == [0, 1, 2]
    assert held.tolist() == []
    with pytest.raises(AssertionError, match="decoded"):
        holdout(unreadable, 0.5, 0)


def test_holdout_errors():
    with pytest.raises(InputError, match=r"hold-out fraction 1\.0: must be"):
        holdout(SET, 1.0, 0)
    with pytest.raises(InputError, match="hold-out seed -1: must be at least 0"):
        holdout(SET, 0.5, -1)
    with pytest.raises(InputError, match="2 pairs of 1 scenes cannot be split"):
        holdout(SET.subset([0, 1]), 0.5, 0)


@pytest.fixture(scope="module")
def lol(shared, tmp_path_factory):
    """our485 as published: duplicated targets are kept once, so link them again."""
    kept, root = shared / "data" / "lol", tmp_path_factory.mktemp("lol")
    links = json.loads((kept / "links.json").read_text())
    for part in ("low", "high"):
        (root / "our485" / part).mkdir(parents=True)
        for path in (kept / "our485" / part).iterdir():
            (root / "our485" / part / path.name).symlink_to(path)
    for copy, original in links.items():
        if copy.startswith("our485"):
            origin = (kept / original).with_suffix(".webp")
            shutil.copyfile(origin, (root / copy).with_suffix(".webp"))
    duplicates = {
        copy.rsplit("/", 1)[1][:-4]: original.rsplit("/", 1)[1][:-4]
        for copy, original in links.items()
    }
    return paired_folder(root, "train"), duplicates


def test_real_scenes(lol):
    source, duplicates = lol
    assert len(source) == 449
    groups = scene_groups(source)
    # The count the module's docstring states; no scene may swallow the others.
    assert groups.max() + 1 == 206
    assert np.bincount(groups).max() == 9
    scene_of = dict(zip(source.names, groups.tolist(), strict=True))
    joined = [(a, b) for a, b in duplicates.items() if a in scene_of]
    assert len(joined) > 70
    assert all(scene_of[a] == scene_of[b] for a, b in joined)
    # Seen on contact sheets: other arrangements of one still life, and other things.
    assert scene_of["484"] == scene_of["491"] == scene_of["498"]
    assert scene_of["476"] == scene_of["479"]
    assert len({scene_of[name] for name in ("2", "5", "12", "216", "690")}) == 5
