"""HDRNet: any size, from the identity on, and it learns with and without a teacher."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from macs_for_tests import traced_macs

from lled_jax import inference, objectives, onnx_graph
from lled_jax.data import synthetic
from lled_jax.errors import InputError
from lled_jax.images import to_float
from lled_jax.models import hdrnet, variants
from lled_jax.models.bilateral_grid import apply_grid
from lled_jax.models.hdrnet import HDRNet, grid_distance
from lled_jax.models.network import answer
from lled_jax.pretrained import Enhancer

STUDENT, TEACHER = HDRNet(8, 4), HDRNet(16, 8, 2)


@pytest.fixture(scope="module")
def params():
    return variants.init(STUDENT, 0)


@pytest.mark.parametrize("size", [(1, 1), (33, 18), (256, 256)])
def test_any_size_and_close_to_the_image_at_first(params, size):
    low = jax.random.uniform(jax.random.key(1), (1, *size, 3))
    out = answer(STUDENT, params, low)
    assert out.grid.shape == (1, 8, 8, 4, 3, 4)
    np.testing.assert_allclose(out.enhanced, low, atol=0.1)


def count(params):
    return sum(x.size for x in jax.tree.leaves(params))


def test_parameters_by_hand(params):
    """Kernels 3x3 and biases; the global branch flattens 4x4 cells."""
    splat = sum(9 * a * b + b for a, b in ((3, 4), (4, 8), (8, 16), (16, 32), (32, 64)))
    local = 9 * 64 * 32 + 32 + 9 * 32 * 32
    whole = 9 * 64 * 32 + 32 + (16 * 32 + 1) * 128 + (128 + 1) * 64 + (64 + 1) * 32
    guide = (3 + 1) * 16 + (16 + 1)
    assert count(params) == splat + local + whole + (32 + 1) * 48 + guide
    assert variants.shapes(TEACHER)["grid"]["kernel"].shape == (128, 96)


@pytest.mark.parametrize("name", ["hdrnet_student", "hdrnet_teacher"])
def test_operations_by_hand_are_those_of_the_traced_layers(name):
    model = variants.build(name)
    params = variants.shapes(model)
    small = jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)  # needs no smaller copy

    def whole(params, low):
        return answer(model, params, low)

    def slicing(grid, low):
        return apply_grid(grid, lambda colours: colours[..., 0], low)

    grid = jax.eval_shape(whole, params, small).grid
    layers = traced_macs(whole, params, small) - traced_macs(slicing, grid, small)
    assert variants.count_macs(name, 256, 256) == layers


def test_a_photo_of_12_megapixels_needs_little_more_than_itself():
    """What stands between grid and image is there for a few rows at a time."""
    photo = jax.ShapeDtypeStruct((1, 3000, 4000, 3), jnp.float32)
    params = variants.shapes(STUDENT)
    run = jax.jit(lambda params, low: inference.enhance(STUDENT, params, low))
    plan = run.lower(params, photo).compile().memory_analysis()
    image = 4 * 3 * 3000 * 4000
    assert plan.output_size_in_bytes == image
    assert plan.temp_size_in_bytes < 2.5 * image


def test_the_guide_is_a_network_of_two_layers_of_the_colour(params):
    low = jax.random.uniform(jax.random.key(4), (1, 20, 30, 3))
    wild = jax.tree.map(lambda x: x + 0.1, params)
    wild["guide1_bias"] = jnp.linspace(-0.9, 0.3, 16)  # some of them are cut at 0
    out = answer(STUDENT, wild, low)

    def guide(colours):
        hidden = colours @ wild["guide1_kernel"] + wild["guide1_bias"].reshape(1, 1, -1)
        depth = jnp.maximum(hidden, 0) @ wild["guide2_kernel"] + wild["guide2_bias"][0]
        return (1 / (1 + jnp.exp(-depth)))[..., 0]

    assert out.grid.std() > 0.01
    expected = apply_grid(out.grid, guide, low)
    np.testing.assert_allclose(out.enhanced, expected, rtol=1e-5, atol=1e-5)


def test_the_small_copy_has_no_pattern_of_what_is_too_fine_for_it():
    stripes = ((jnp.arange(1024) + 1) // 2 % 2).astype(jnp.float32).reshape(1, 1, -1, 1)
    small = hdrnet._small(jnp.broadcast_to(stripes, (1, 256, 1024, 3)))
    np.testing.assert_allclose(small[:, :, 1:-1], 0.5, atol=0.05)


def test_strips_leave_no_seams(params):
    """The same pixels in another row of a strip have the same answer."""
    row = jax.random.uniform(jax.random.key(3), (1, 1, 40, 3))
    low = jnp.broadcast_to(row, (1, 21, 40, 3))
    wild = jax.tree.map(lambda x: x + 0.1, params)
    grid = answer(STUDENT, wild, low).grid
    out = np.asarray(answer(STUDENT, wild, low).enhanced)
    # Rows differ by where they are in the grid alone, which is linear between cells.
    assert grid.std() > 0.01
    steps = np.abs(np.diff(out, axis=1)).max((0, 2, 3))
    assert steps.max() < 0.25 * np.ptp(out)


def test_the_teacher_s_grid_is_averaged_to_the_student_s():
    random = np.random.default_rng(0)
    fine = random.normal(size=(2, 16, 16, 8, 3, 4)).astype(np.float32)
    coarse = np.stack(
        [
            fine[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, 2 * k : 2 * k + 2].mean(
                (1, 2, 3)
            )
            for i, j, k in np.ndindex(8, 8, 4)
        ],
        axis=1,
    ).reshape(2, 8, 8, 4, 3, 4)
    np.testing.assert_allclose(
        grid_distance(jnp.asarray(coarse), jnp.asarray(fine)), 0, atol=1e-10
    )
    np.testing.assert_allclose(
        grid_distance(jnp.asarray(coarse) + 0.5, jnp.asarray(fine)), 0.25, rtol=1e-5
    )
    slopes = jax.grad(lambda *grids: grid_distance(*grids).sum(), (0, 1))(
        jnp.asarray(coarse) + 0.5, jnp.asarray(fine)
    )
    assert (slopes[0] > 0).all()
    assert not slopes[1].any()


def test_it_learns_and_follows_a_teacher(params):
    pairs = synthetic.demo("train")
    low, high = (
        to_float(jnp.stack([jnp.asarray(pairs[i][side][:96, :96]) for i in range(4)]))
        for side in (0, 1)
    )
    aim = jax.random.normal(jax.random.key(2), (4, 16, 16, 8, 3, 4)) * 0.1
    adam = optax.adam(2e-3)

    @jax.jit
    def step(params, state):
        def loss(params):
            out = answer(STUDENT, params, low)
            error = jnp.abs(out.enhanced - high).mean()
            distance = grid_distance(out.grid, aim).mean()
            return error + distance, (error, distance)

        (_, terms), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = adam.update(gradient, state)
        return optax.apply_updates(params, updates), state, terms

    state, history = adam.init(params), []
    for _ in range(40):
        params, state, terms = step(params, state)
        history.append([float(term) for term in terms])
    assert history[-1][0] < 0.5 * history[0][0]
    assert np.isfinite(history).all()


def test_photos_are_enhanced_and_what_needs_other_networks_says_so(params):
    enhancer = Enhancer("hdrnet_student", params, "jax")
    image = np.random.default_rng(5).integers(0, 255, (37, 52, 3), "u1")
    bright = enhancer.enhance(image)
    expected = answer(STUDENT, params, to_float(jnp.asarray(image[None]))).enhanced
    expected = np.clip(255 * np.asarray(expected[0]), 0, 255)
    assert np.abs(bright - expected).max() < 0.51
    with pytest.raises(InputError, match=r"video takes teacher, student.* is none"):
        enhancer.frames()
    with pytest.raises(InputError, match=r"ONNX takes teacher, student.* is none"):
        onnx_graph.build("hdrnet_student", params)
    other = variants.build("student")
    with pytest.raises(InputError, match="HDRNet cannot be distilled from a Gradient"):
        objectives.distilled(STUDENT, other, {"l1": 1.0}, (), weight=1.0)
    for choice in ({"branches": ("gradient",)}, {"normalisation": "affinity"}):
        with pytest.raises(InputError, match="of HDRNets the grids are distilled"):
            objectives.distilled(
                STUDENT, TEACHER, {"l1": 1.0}, (), weight=1.0, **choice
            )
    with pytest.raises(InputError, match=r"\(8, 4\), is no multiple .*\(16, 8\)"):
        objectives.distilled(TEACHER, STUDENT, {"l1": 1.0}, (), weight=1.0)
    with pytest.raises(InputError, match="computes in float32"):
        variants.build("hdrnet_student", dtype=jnp.bfloat16)
