"""Tiles: each pixel once, and together the whole image's answer."""

import itertools
import math
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lled_jax import inference, tiling
from lled_jax.adjust import RADIUS, adjust
from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.locate import load_weights
from lled_jax.look import Amounts
from lled_jax.models import variants
from lled_jax.models.gradient_guided import (
    GradientGuided,
    apply_with,
    fabs_of,
    reach,
)


@pytest.fixture(scope="module")
def params() -> Params:
    """Trained, so that the means of the channel attentions matter."""
    return load_weights(Path("student"))[1]


def picture(height, width, dtype=np.uint8):
    """Dark at the top, bright at the bottom: no tile has the mean of the whole."""
    random = np.random.default_rng(height * 1000 + width)
    noise = random.uniform(0.5, 1, (height, width, 3))
    slope = np.linspace(0.02, 1, height).reshape(-1, 1, 1) ** 2
    return (noise * slope * np.iinfo(dtype).max).astype(dtype)


@given(
    st.integers(1, 3000),
    st.integers(1, 40).map(lambda n: 2 * n),
    st.integers(1, 300).map(lambda n: 2 * n),
)
def test_spans_answer_for_each_pixel_once(length, overlap, more):
    tile = 2 * overlap + more + 2
    spans = tiling.spans(length, tile, overlap)
    assert spans[0].own_start == 0
    assert spans[-1].own_stop == length
    for before, after in itertools.pairwise(spans):
        assert before.own_stop == after.own_start
    for start, stop, own_start, own_stop in spans:
        assert 0 <= start <= own_start < own_stop <= stop <= length
        assert start % 2 == own_start % 2 == 0
        # All that an own pixel sees is in the tile, or there is no more.
        assert start == 0 or own_start - start >= overlap
        assert stop == length or stop - own_stop >= overlap
    (size,) = {stop - start for start, stop, _, _ in spans}
    assert size <= tile
    # Not many more pixels than the image has.
    assert len(spans) * (size - 2 * overlap - 3) <= length


def tiled(model, params, low, side, amounts):
    tiles = tiling.cut(model, low, side)
    statistics = tiling.measure(model, params, low, tiles)
    return tiling.render(model, params, low, tiles, statistics, amounts), len([*tiles])


def test_tiles_overlap_by_all_that_a_pixel_sees():
    model = GradientGuided(1, 8)
    params = variants.init(model, 0)
    mean = jnp.full((1, 1, 1, 8), 0.1)  # the attentions see everything
    statistics = {fab: {"mean": mean} for fab in fabs_of(model, 0)}

    @jax.jit
    def drawn(low):
        outputs, _ = apply_with(model, params, statistics, low)
        return adjust(low, outputs.enhanced, Amounts(denoise=1.0))

    low, other = jax.random.uniform(jax.random.key(0), (2, 1, 12, 100, 3))
    is_left = jnp.arange(100).reshape(1, 1, -1, 1) < 50
    one, right, left = (
        np.asarray(drawn(jnp.where(jnp.broadcast_to(where, low.shape), other, low)))
        for where in (jnp.zeros_like(is_left), ~is_left, is_left)
    )
    differs = [(np.abs(one - two) > 1e-7).any((0, 1, 3)) for two in (left, right)]
    of_left, of_right = map(np.flatnonzero, differs)
    seen = max(of_left.max() - 49, 50 - of_right.min())
    side = 2 * (reach(model) + 2 * RADIUS) + 24
    first, second = tiling.cut(model, np.zeros((9, 150, 3), np.uint8), side).columns[:2]
    overlap = min(first.stop - first.own_stop, second.own_start - second.start)
    assert seen <= overlap <= seen + 4  # even, and rounded up


# Few sizes, since each is compiled; `spans` was tried with many.
@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(1, 1, 64), (1, 150, 64), (151, 3, 64), (131, 170, 96), (96, 97, 96)],
)
def test_tiled_equals_whole(params, height, width, side):
    model = variants.build("student")
    low = picture(height, width)
    whole = inference.enhancer("student", params)(low)
    parts, count = tiled(model, params, low, side, Amounts())
    assert count >= max(height, width) / side
    assert np.abs(whole.astype(int) - parts).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiled_equals_whole_with_every_adjustment(params, dtype):
    low = picture(133, 170, dtype)
    amounts = Amounts(0.7, 1.0, 1.5, 0.8)
    whole = inference.enhancer("student", params)(low, amounts, dtype)
    parts, count = tiled(variants.build("student"), params, low, 96, amounts)
    assert count == 6
    assert parts.dtype == dtype
    off = np.abs(whole.astype(float) - parts).max() / np.iinfo(dtype).max
    assert off <= 1 / 255 if dtype == np.uint8 else off < 1e-3


@pytest.mark.parametrize("name", ["teacher", "student_base", "student_origin"])
def test_other_networks_in_tiles(name):
    model = variants.build(name)
    params = variants.init(model, 0)
    low = picture(140, 97)
    side = 2 * (reach(model) + 2 * RADIUS) + 24
    whole = inference.enhancer(name, params)(low)
    parts, count = tiled(model, params, low, side, Amounts())
    assert count > 1
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_tiles_without_the_image_s_means_would_show(params):
    """That the means matter here, or the tests above would show nothing."""
    low = picture(150, 96)
    draw = inference.enhancer("student", params)
    whole = draw(low)
    assert np.abs(draw(low[:64])[:32].astype(int) - whole[:32]).max() > 8


def test_less_memory_smaller_tiles():
    model = variants.build("student")
    photo = np.broadcast_to(np.uint8(0), (3000, 4000, 3))
    assert tiling.side_for(model, photo, 5 * 2**30) is None
    sides = [tiling.side_for(model, photo, n * 2**20) for n in (3000, 1500, 1000, 800)]
    assert sides == sorted(sides, reverse=True)
    assert min(sides) >= tiling.SMALLEST
    allowed = 500 * 2**20
    with pytest.raises(
        InputError, match=r"4000x3000 pixels need \d+ MiB of memory, more than the 500"
    ) as error:
        tiling.side_for(model, photo, allowed)
    (share,) = re.findall(r"raise the limit by (\d+) %$", str(error.value))
    assert tiling.side_for(model, photo, allowed * (100 + int(share)) // 100)
    with pytest.raises(InputError, match="Canny"):
        tiling.side_for(variants.build("student_canny"), photo, 2**30)


@pytest.mark.parametrize("name", ["student", "student_canny"])
@pytest.mark.parametrize("size", [(1100, 1100), (2049, 2049)])
def test_what_is_enhanced_whole_fits_as_it_is_run(name, size):
    """Small images may be padded, by a fifth, to share a program; large ones not."""
    model = variants.build(name)
    photo = np.broadcast_to(np.uint8(0), (*size, 3))
    height, width = inference.padded_size(model, *size) or size
    assert (height == 1152) == (name == "student" and size == (1100, 1100))
    least = tiling.RUNTIME + tiling.COPIES * photo.nbytes
    least += math.ceil(tiling.BYTES * model.channels * height * width)
    assert tiling.side_for(model, photo, least) is None
    if name == "student":
        assert tiling.side_for(model, photo, least - 1) is not None
