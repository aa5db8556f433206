"""The addresses of a run: permutations, independence of history, sharing."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lled_jax.data.order import Draw, Order, Stage, share
from lled_jax.errors import InputError

seeds = st.integers(0, 2**32 - 1)


def sizes_of(count, height=20, width=30):
    """Different sizes, none smaller than height x width."""
    extra = np.arange(count)[:, None] % np.array([5, 7])
    return np.array([[height, width]]) + extra


def equal(a: Draw, b: Draw) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@given(seed=seeds, count=st.integers(1, 40), batch=st.integers(1, 17))
@settings(max_examples=40, deadline=None)
def test_each_epoch_is_a_permutation(seed, count, batch):
    order = Order(seed, sizes_of(count), [Stage(0, 8, batch)])
    steps = -(-3 * count // batch)
    seen = np.concatenate([order.draw(step).index for step in range(steps)])
    for epoch in range(3):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part) == list(range(count))


@given(
    seed=seeds, batches=st.tuples(*[st.integers(1, 9)] * 3), step=st.integers(0, 400)
)
@settings(max_examples=40, deadline=None)
def test_a_draw_does_not_depend_on_history(seed, batches, step):
    stages = [Stage(0, 8, batches[0]), Stage(3, 16, batches[1]), Stage(50, 4, 1)]
    one, two = (Order(seed, sizes_of(23), stages) for _ in range(2))
    for earlier in (0, 7, step // 2, 399):
        one.draw(earlier)
    assert equal(one.draw(step), two.draw(step))


@given(first=st.integers(1, 5), second=st.integers(1, 9), change=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_positions_continue_across_a_stage_change(first, second, change):
    order = Order(0, sizes_of(10), [Stage(0, 8, first), Stage(change, 16, second)])
    positions = np.concatenate([order.positions(step) for step in range(change + 5)])
    np.testing.assert_array_equal(positions, np.arange(len(positions)))
    assert order.stage(change - 1).crop == 8
    assert order.stage(change).crop == 16
    assert len(order.draw(change).index) == second


def test_pixels_are_those_of_every_step_before():
    stages = [Stage(0, 8, 4), Stage(3, 16, 2, 2), Stage(5, 0, 1)]
    order = Order(0, np.array([[20, 30], [24, 25]]), stages)
    each = [4 * 64] * 3 + [2 * 64] * 2 + [600] * 4
    assert [order.pixels(step) for step in range(10)] == [0, *np.cumsum(each)]


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_shares_concatenate_to_the_whole(processes):
    draw = Order(3, sizes_of(11), [Stage(0, 8, 8)]).draw(5)
    parts = [share(draw, i, processes) for i in range(processes)]
    assert all(len(part.index) == 8 // processes for part in parts)
    assert equal(Draw(*map(np.concatenate, zip(*parts, strict=True))), draw)


def test_sharing_errors():
    draw = Order(3, sizes_of(11), [Stage(0, 8, 6)]).draw(0)
    with pytest.raises(InputError, match="batch of 6 cannot be shared by 4 processes"):
        share(draw, 0, 4)
    with pytest.raises(InputError, match="process 2 of 2"):
        share(draw, 2, 2)


def test_crops_are_in_bounds_and_reach_the_edges():
    sizes = sizes_of(9, 20, 24)
    order = Order(1, sizes, [Stage(0, 18, 32)])
    draws = [order.draw(step) for step in range(60)]
    index, top, left, flip_v, flip_h = map(np.concatenate, zip(*draws, strict=True))
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + 18 <= sizes[index, 0]).all()
    assert (left + 18 <= sizes[index, 1]).all()
    for i in range(9):  # about 213 draws each: every corner offset occurs
        assert set(top[index == i]) == set(range(sizes[i, 0] - 18 + 1))
        assert left[index == i].max() == sizes[i, 1] - 18
    for flip in (flip_v, flip_h):
        assert set(flip) == {0, 1}
        assert abs(flip.mean() - 0.5) < 0.05
    assert abs(np.corrcoef(flip_v, flip_h)[0, 1]) < 0.1


def test_seeds_and_epochs_differ():
    sizes = sizes_of(50)
    one, two = (Order(seed, sizes, [Stage(0, 8, 50)]) for seed in (0, 1))
    assert not np.array_equal(one.draw(0).index, two.draw(0).index)
    assert not np.array_equal(one.draw(0).index, one.draw(1).index)
    assert not np.array_equal(one.draw(0).top, two.draw(0).top)


STORED = [
    [6, 9, 3, 5, 2, 8],
    [4, 4, 6, 8, 2, 13],
    [16, 19, 23, 10, 20, 5],
    [0, 0, 1, 0, 0, 0],
    [1, 1, 0, 0, 0, 0],
]


def test_stored_order():
    """The stream is part of a run's identity: it may not change between versions."""
    draw = Order(42, sizes_of(10), [Stage(0, 8, 6)]).draw(4)
    assert [field.tolist() for field in draw] == STORED


def test_a_batch_across_epochs_may_hold_an_image_twice():
    order = Order(0, sizes_of(3), [Stage(0, 8, 7)])
    assert np.bincount(order.draw(0).index, minlength=3).min() >= 2


def test_whole_images():
    same = np.full((5, 2), 40)
    draw = Order(0, same, [Stage(0, 0, 4)]).draw(1)
    assert draw.top.tolist() == draw.left.tolist() == [0] * 4
    assert Order(0, sizes_of(5), [Stage(0, 0, 1)]).draw(0).index.shape == (1,)
    with pytest.raises(InputError, match=r"crop 0 .*differ in size; use batch 1"):
        Order(0, sizes_of(5), [Stage(0, 8, 4), Stage(10, 0, 4)])


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "first must start at step 0"),
        ([Stage(5, 8, 1)], "first must start at step 0"),
        ([Stage(0, 8, 1), Stage(9, 8, 1), Stage(9, 8, 2)], "must increase"),
        ([Stage(0, 8, 0)], "batch must be positive"),
        ([Stage(0, -1, 1)], "crop positive or 0"),
    ],
)
def test_bad_stages(stages, message):
    with pytest.raises(InputError, match=message):
        Order(0, sizes_of(4), stages)


def test_a_crop_too_large_is_a_defect_of_ours():
    # `require_min_size` has told the user, by the image's name.
    with pytest.raises(AssertionError, match="crop 21 of images as small as 20"):
        Order(0, sizes_of(4), [Stage(0, 21, 1)])


def test_bad_seed_and_no_pairs():
    with pytest.raises(InputError, match="seed -1"):
        Order(-1, sizes_of(4), [Stage(0, 8, 1)])
    # The parameters' would be those of seed 0.
    assert jax.random.key(2**32) == jax.random.key(0)
    with pytest.raises(InputError, match=r"seed 4294967296: .* 2\*\*32 - 1"):
        Order(2**32, sizes_of(4), [Stage(0, 8, 1)])
    with pytest.raises(InputError, match="no pairs"):
        Order(0, np.zeros((0, 2), int), [Stage(0, 8, 1)])
