"""Images of many sizes: the right answer, and few programs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lled_jax import inference
from lled_jax.models import variants


@pytest.fixture(scope="module")
def params():
    return variants.init(variants.build("student"), 0)


def image(height, width, dtype=np.uint8):
    random = np.random.default_rng(height)
    top = np.iinfo(dtype).max
    return random.integers(0, top // 4, (height, width, 3), dtype)


@given(st.integers(1, 100_000))
def test_buckets_are_near_and_few(length):
    bucket = inference._bucket(length)
    assert length <= bucket <= max(length, length * 9 / 8)
    assert inference._bucket(bucket) == bucket
    octave = {inference._bucket(n) for n in range(65, 129)}
    assert len(octave) == inference.STEPS_PER_OCTAVE


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_many_sizes_share_programs_and_get_the_same_answer(params, dtype):
    inference._enhance_encoded.clear_cache()
    enhance = inference.enhancer("student", params)
    sizes = [(40, 41), (41, 40), (33, 36), (34, 35), (35, 33), (36, 34), (40, 41)]
    for size in sizes:
        low = image(*size, dtype)
        bright = enhance(low)
        assert bright.shape == low.shape
        assert bright.dtype == np.uint8
        alone = inference.enhancer("student", params)(low)
        assert np.abs(bright.astype(int) - alone).max() <= 1  # rounding
    # Two sizes of their own and one bucket of 36 x 36; `alone` made the four others.
    assert inference._enhance_encoded._cache_size() == 3 + 4
