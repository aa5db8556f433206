"""Attention distillation: against PyTorch and NumPy, invariances, gradients, errors."""

import inspect
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lled_jax.distillation import (
    NORMALISATIONS,
    affinity,
    affinity_distance,
    attention_distance,
    attention_map,
    distillation_loss,
)
from lled_jax.errors import InputError

EVERY = pytest.mark.parametrize("normalisation", list(NORMALISATIONS))


@pytest.fixture(scope="module")
def pair(reference):
    return jnp.asarray(reference["student"]), jnp.asarray(reference["teacher"])


def stages(count: int, channels: int, seed: int = 0) -> list:
    keys = jax.random.split(jax.random.key(seed), count)
    return [jax.random.normal(key, (2, 4, 6, channels)) for key in keys]


@EVERY
def test_distance_equals_pytorch(normalisation, reference, pair):
    distance = attention_distance(*pair, normalisation)
    assert_allclose(distance, reference[f"distance_{normalisation}"], rtol=1e-5)


def test_maps_equal_numpy_and_have_the_documented_scale(pair):
    x = np.asarray(pair[0], np.float64)
    activity = np.abs(x).sum(-1)
    expected = {
        "literal": activity / (x**2).sum((1, 2, 3)).reshape(-1, 1, 1),
        "unit_l2": activity / np.sqrt((activity**2).sum((1, 2), keepdims=True)),
        "l1": activity / activity.mean((1, 2), keepdims=True),
    }
    assert set(expected) == set(NORMALISATIONS)
    for name, value in expected.items():
        assert_allclose(attention_map(pair[0], name), value, rtol=1e-5)
    unit = attention_map(pair[0], "unit_l2")
    assert_allclose(jnp.sum(unit**2, axis=(1, 2)), 1.0, rtol=1e-5)
    assert_allclose(attention_map(pair[0], "l1").mean((1, 2)), 1.0, rtol=1e-5)


def test_the_formula_as_printed_is_a_dead_loss_and_unit_l2_is_not():
    # Training size: half of a 256x256 crop, 48 channels against 96.
    keys = jax.random.split(jax.random.key(0), 4)
    where = [jax.random.uniform(key, (1, 128, 128, 1)) for key in keys[:2]]
    student = where[0] * jax.random.normal(keys[2], (1, 128, 128, 48))
    teacher = where[1] * jax.random.normal(keys[3], (1, 128, 128, 96))
    literal = attention_distance(student, teacher, "literal")
    unit = attention_distance(student, teacher, "unit_l2")
    assert 1e-10 < literal[0] < 1e-7
    assert 0.1 < unit[0] < 2


@pytest.mark.parametrize("normalisation", ["unit_l2", "l1"])
@settings(deadline=None, max_examples=25)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_distance_does_not_depend_on_the_scale_of_either(normalisation, scale, seed):
    (student,), (teacher,) = stages(1, 3, seed), stages(1, 5, seed + 1)
    expected = attention_distance(student, teacher, normalisation)
    scaled = attention_distance(scale * student, teacher, normalisation)
    assert_allclose(scaled, expected, rtol=1e-4)
    scaled = attention_distance(student, scale * teacher, normalisation)
    assert_allclose(scaled, expected, rtol=1e-4)


def test_unit_l2_lies_between_equal_and_disjoint():
    left = jnp.zeros((1, 4, 4, 2)).at[:, :, :2].set(1.0)
    assert_allclose(attention_distance(left, 3 * left, "unit_l2"), 0.0, atol=1e-6)
    # Only absolute values count.
    assert_allclose(attention_distance(left, -left, "unit_l2"), 0.0, atol=1e-6)
    disjoint = attention_distance(left, left[:, :, ::-1], "unit_l2")
    assert_allclose(disjoint, 2.0, rtol=1e-6)


@pytest.mark.parametrize("normalisation", ["unit_l2", "l1"])
def test_distance_does_not_depend_on_the_image_size(normalisation, pair):
    larger = [jnp.repeat(jnp.repeat(x, 2, axis=1), 3, axis=2) for x in pair]
    expected = attention_distance(*pair, normalisation)
    assert_allclose(attention_distance(*larger, normalisation), expected, rtol=1e-5)


@EVERY
def test_value_of_an_image_does_not_depend_on_the_batch(normalisation, pair):
    together = attention_distance(*pair, normalisation)
    assert together.shape == (2,)
    for i in range(2):
        alone = attention_distance(*(x[i : i + 1] for x in pair), normalisation)
        assert_allclose(together[i : i + 1], alone, rtol=1e-6)


@EVERY
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-8])
def test_gradients_are_finite_on_zero_and_tiny_features(normalisation, size):
    student, teacher = size * jnp.ones((1, 4, 4, 3)), jnp.zeros((1, 4, 4, 5))
    value, slope = jax.value_and_grad(
        lambda s: jnp.sum(attention_distance(s, teacher, normalisation))
    )(student)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@EVERY
def test_teacher_gets_no_gradient_and_student_does(normalisation, pair):
    def loss(student, teacher):
        return jnp.sum(
            distillation_loss([student], [teacher], ((0, 0),), normalisation)
        )

    to_student, to_teacher = jax.grad(loss, argnums=(0, 1))(*pair)
    assert np.abs(to_student).max() > 0
    assert_allclose(to_teacher, 0.0)


def test_default_is_the_last_stage_of_each_and_pairs_are_averaged():
    student, teacher = stages(3, 4), stages(6, 8, seed=1)
    last = attention_distance(student[2], teacher[5], "unit_l2")
    assert_allclose(distillation_loss(student, teacher), last)
    first = attention_distance(student[0], teacher[1], "unit_l2")
    both = distillation_loss(student, teacher, ((0, 1), (-1, 5)))
    assert_allclose(both, (first + last) / 2, rtol=1e-6)


@pytest.mark.parametrize("comparison", ["unit_l2", "affinity"])
def test_bfloat16_features_are_compared_in_float32(comparison):
    low = [
        [x.astype(jnp.bfloat16) for x in features]
        for features in (stages(1, 4), stages(1, 8, seed=1))
    ]
    wide = [[x.astype(jnp.float32) for x in features] for features in low]
    distance = distillation_loss(*low, comparison=comparison)
    assert distance.dtype == jnp.float32
    exact = distillation_loss(*wide, comparison=comparison)
    assert_allclose(distance, exact, rtol=1e-6)


def test_unknown_normalisation_lists_the_known(pair):
    for unknown in ("l3", "affinity"):  # which is no normalisation of maps
        with pytest.raises(InputError, match=rf"'{unknown}'.*literal, unit_l2, l1$"):
            attention_distance(*pair, unknown)
    with pytest.raises(InputError, match=r"'l3'.*literal, unit_l2, l1, affinity$"):
        distillation_loss([pair[0]], [pair[1]], ((0, 0),), "l3")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (((3, -1),), "the student has 3 stages, so its index is -3 to 2, not 3"),
        (((0, 0), (0, -7)), "the teacher has 6 stages, so its index is -6 to 5"),
        ((), "at least"),
    ],
)
def test_wrong_stage_pairs_are_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        distillation_loss(stages(3, 4), stages(6, 8), pairs)


@pytest.mark.parametrize("pair", [(1, 2, 3), (1,)])
def test_what_is_no_pair_of_stages_is_refused(pair):
    # Without the type check of the tests, which users do not have.
    loss = inspect.unwrap(distillation_loss)
    with pytest.raises(InputError, match=rf"{re.escape(str(pair))} is no pair \(stu"):
        loss(stages(3, 4), stages(6, 8), (pair,))


def test_different_sizes_are_a_defect_of_ours(pair):
    with pytest.raises(AssertionError, match="differ in batch, height or width"):
        attention_distance(pair[0], pair[1][:, 1:], "unit_l2")


def test_affinities_are_the_cosines_between_block_means():
    (features,) = stages(1, 3)
    x = np.asarray(features, np.float64).reshape(2, 24, 3)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    assert_allclose(affinity(features), x @ x.swapaxes(1, 2), atol=1e-6)
    # 16 x 16 blocks of 2 x 3; what is left over at the right and below is not seen.
    larger = jax.random.normal(jax.random.key(0), (2, 16, 16, 3))
    blocks = jnp.repeat(jnp.repeat(larger, 2, axis=1), 3, axis=2)
    padded = jnp.pad(blocks, ((0, 0), (0, 5), (0, 7), (0, 0)), constant_values=9.0)
    assert affinity(padded).shape == (2, 256, 256)
    assert_allclose(affinity(padded), affinity(larger), atol=1e-6)


def test_affinity_distance_is_blind_to_scale_and_channels_and_teaches_one_only():
    student, teacher = stages(1, 3)[0], stages(1, 5, seed=1)[0]
    distance = affinity_distance(student, teacher)
    expected = np.abs(affinity(student) - affinity(teacher)).mean((1, 2))
    assert_allclose(distance, expected, rtol=1e-5)
    assert_allclose(affinity_distance(7 * student, teacher), distance, rtol=1e-5)
    assert_allclose(affinity_distance(student, student), 0.0, atol=1e-7)
    through_loss = distillation_loss([student], [teacher], ((0, 0),), "affinity")
    assert_allclose(through_loss, distance)
    slopes = jax.grad(lambda *x: affinity_distance(*x).sum(), (0, 1))(student, teacher)
    assert np.abs(slopes[0]).max() > 0
    assert_allclose(slopes[1], 0.0)
    still = jax.grad(lambda x: affinity_distance(x, teacher).sum())(0 * student)
    assert np.isfinite(still).all()
