"""Images of many sizes: the right answer, and few programs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lled_jax import inference
from lled_jax.look import Amounts
from lled_jax.models import variants

SMOOTH = Amounts(denoise=1.0)  # of which each pixel takes a part of those around it


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
        bright = enhance(low, SMOOTH)
        assert bright.shape == low.shape
        assert bright.dtype == np.uint8
        alone = inference.enhancer("student", params)(low, SMOOTH)
        assert np.abs(bright.astype(int) - alone).max() <= 1  # rounding
    # Two sizes of their own and one bucket of 36 x 36; `alone` made the four others.
    assert inference._enhance_encoded._cache_size() == 3 + 4


def test_large_images_are_not_padded_and_few_programs_kept(params, monkeypatch):
    monkeypatch.setattr(inference, "LARGEST_PADDED", 40 * 40)
    monkeypatch.setattr(inference, "MOST_PROGRAMS", 2)
    inference._enhance_encoded.clear_cache()
    enhance = inference.enhancer("student", params)
    kept = []
    for size in [(41, 40), (41, 42), (38, 39), (41, 42), (41, 44), (41, 46), (41, 48)]:
        low = image(*size)
        assert enhance(low).shape == low.shape
        kept.append(inference._enhance_encoded._cache_size())
    # The third is padded; two would be the third with a program of its own.
    assert kept == [1, 2, 3, 3, 1, 2, 1]


@pytest.mark.parametrize("name", ["student_canny", "student_origin"])
def test_the_answer_does_not_depend_on_the_images_before(name):
    """Canny's edges are linked through all that the network sees, margins too."""
    params = variants.init(variants.build(name), 0)
    enhance = inference.enhancer(name, params)
    for low in (image(8, 8), image(9, 9)):
        enhance(low)
    low = image(33, 43)
    alone = inference.enhancer(name, params)(low)
    assert np.abs(enhance(low).astype(int) - alone).max() <= 1
