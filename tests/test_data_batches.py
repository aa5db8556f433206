"""Both ways to make batches: the same pixels, and no thread left behind."""

import threading
import time

import numpy as np
import pytest
from PIL import Image

from lled_jax.data import memory
from lled_jax.data.order import Order, Stage
from lled_jax.data.pairs import ArrayPairs
from lled_jax.data.sources import load, paired_folder
from lled_jax.data.transforms import crop_and_flip
from lled_jax.errors import InputError

STAGES = [Stage(0, 8, 4), Stage(5, 6, 2), Stage(9, 12, 4)]


@pytest.fixture(scope="module")
def pipeline():
    """The tf.data pipeline; only here, its import takes seconds."""
    pytest.importorskip("tensorflow")
    from lled_jax.data import pipeline

    return pipeline


@pytest.fixture
def source(tmp_path):
    """Seven pairs on disk, of different sizes; high = 255 - low, so pairs show."""
    for i in range(7):
        low = np.random.default_rng(i).integers(0, 256, (12 + i, 15 + i % 3, 3))
        for name, image in (("low", low), ("high", 255 - low)):
            (tmp_path / name).mkdir(exist_ok=True)
            path = tmp_path / name / f"{i}.png"
            Image.fromarray(image.astype(np.uint8)).save(path)
    return paired_folder(tmp_path, "train")


def wait_for_end(prefix="lled-batches", seconds=5.0):
    limit = time.monotonic() + seconds
    while any(t.name.startswith(prefix) for t in threading.enumerate()):
        assert time.monotonic() < limit, threading.enumerate()
        time.sleep(0.01)


def assert_same(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys() == {"low", "high"}
        for name in a:
            assert a[name].dtype == b[name].dtype
            np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("crop", [0, 3])
def test_crop_and_flip(crop):
    image = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    part = image[1:4, 2:5] if crop else image
    assert np.array_equal(crop_and_flip(image, 1, 2, crop, 0, 0), part)
    assert np.array_equal(crop_and_flip(image, 1, 2, crop, 1, 0), np.flipud(part))
    assert np.array_equal(crop_and_flip(image, 1, 2, crop, 0, 1), np.fliplr(part))
    assert np.array_equal(crop_and_flip(image, 1, 2, crop, 1, 1), part[::-1, ::-1])


def test_memory_follows_the_order(source):
    order = Order(5, source.sizes, STAGES)
    made = list(memory.batches(load(source), order, 3, 11))
    assert [batch["low"].shape for batch in made] == (
        [(4, 8, 8, 3)] * 2 + [(2, 6, 6, 3)] * 4 + [(4, 12, 12, 3)] * 2
    )
    for step, batch in enumerate(made, start=3):
        assert batch["low"].dtype == np.uint8
        np.testing.assert_array_equal(batch["high"], 255 - batch["low"])
        index, *place = (field[1] for field in order.draw(step))
        top, left, flip_v, flip_h = map(int, place)
        size = order.stage(step).crop
        expected = source[index][0][top : top + size, left : left + size]
        expected = expected[:: -1 if flip_v else 1, :: -1 if flip_h else 1]
        np.testing.assert_array_equal(batch["low"][1], expected)
    wait_for_end()


@pytest.mark.parametrize(("start", "stop"), [(0, 12), (3, 7), (6, 6), (10, 11)])
def test_tfdata_equals_memory(source, pipeline, start, stop):
    order = Order(5, source.sizes, STAGES)
    expected = list(memory.batches(load(source), order, start, stop))
    assert len(expected) == stop - start
    assert_same(list(pipeline.batches(source, order, start, stop)), expected)


@pytest.mark.parametrize("kind", ["memory", "tf.data"])
def test_processes_together_make_the_whole(source, pipeline, kind):
    make = memory.batches if kind == "memory" else pipeline.batches
    order = Order(5, source.sizes, STAGES)
    whole = list(make(source, order, 3, 10))
    parts = [list(make(source, order, 3, 10, i, 2)) for i in range(2)]
    joined = [
        {name: np.concatenate([a[name], b[name]]) for name in a}
        for a, b in zip(*parts, strict=True)
    ]
    assert_same(joined, whole)
    with pytest.raises(InputError, match="batch of 2 cannot be shared by 4"):
        make(source, order, 0, 1, 0, 4)  # before anything is read


def test_whole_images_of_different_sizes_and_16_bit(pipeline):
    images = [np.full((4 + i, 9, 3), 1000 * i, np.uint16) for i in range(3)]
    pairs = ArrayPairs("abc", images, images)
    order = Order(0, pairs.sizes, [Stage(0, 0, 1)])
    made = list(memory.batches(pairs, order, 0, 6))
    assert {batch["low"].shape for batch in made} == {
        (1, 4 + i, 9, 3) for i in (0, 1, 2)
    }
    assert made[0]["low"].dtype == np.uint16
    assert_same(list(pipeline.batches(pairs, order, 0, 6)), made)


@pytest.mark.parametrize("kind", ["memory", "tf.data"])
def test_errors_reach_the_consumer(source, pipeline, kind):
    make = memory.batches if kind == "memory" else pipeline.batches
    order = Order(5, source.sizes, STAGES)
    source.low[3].write_bytes(source.low[3].read_bytes()[:-40])
    with pytest.raises(InputError, match=r"low/3\.png: damaged") as caught:
        list(make(source, order, 0, 12))
    assert "\n" not in str(caught.value)
    wait_for_end()


class Counting:
    """Counts what is read from a source."""

    def __init__(self, source):
        self.names, self.sizes, self.dtype = source.names, source.sizes, source.dtype
        self.source, self.reads = source, 0

    def __len__(self):
        return len(self.source)

    def __getitem__(self, i):
        self.reads += 1
        return self.source[i]

    def subset(self, indices):
        return Counting(self.source.subset(indices))


@pytest.mark.parametrize("kind", ["memory", "tf.data"])
def test_stopping_early_stops_reading(source, pipeline, kind):
    make = memory.batches if kind == "memory" else pipeline.batches
    order = Order(5, source.sizes, [Stage(0, 8, 4)])
    counting = Counting(source)
    made = make(counting, order, 0, 10**6)
    next(made)
    made.close()
    wait_for_end()
    time.sleep(0.3)  # what was under way may end
    reads = counting.reads
    assert 4 <= reads < 10**4
    time.sleep(0.2)
    assert counting.reads == reads
    with pytest.raises(StopIteration):
        next(made)


def test_dropping_the_generator_ends_its_thread(source):
    made = memory.batches(source, Order(5, source.sizes, STAGES), 0, 10**6)
    next(made)
    assert any(t.name == "lled-batches" for t in threading.enumerate())
    del made
    wait_for_end()


def test_the_thread_works_ahead_but_not_without_bound(source):
    counting = Counting(load(source))
    made = memory.batches(counting, Order(5, source.sizes, [Stage(0, 8, 1)]), 0, 100)
    next(made)
    # One handed out, AHEAD waiting, one in the thread's hand.
    deadline = time.monotonic() + 60
    while counting.reads < memory.AHEAD + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)  # and no more
    assert counting.reads == memory.AHEAD + 2
    made.close()
