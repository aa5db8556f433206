"""Zero-DCE: the network against the paper's facts, its losses against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macs_for_tests import traced_macs

from configs import zero_dce
from lled_jax import objectives, zero_reference
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.models.zero_dce import ZeroDCE, bend, count_macs
from lled_jax.zero_reference import WEIGHTS, zero_reference_terms

MODEL = ZeroDCE()
# Compiled, since one operation at a time takes many times as long.
APPLY = jax.jit(lambda params, low: MODEL.apply({"params": params}, low))
TERMS = jax.jit(zero_reference_terms)
BEND = jax.jit(bend)


@pytest.fixture(scope="module")
def params():
    return variants.init(MODEL, 0)


def uniform(shape, seed=0, low=0.0, high=1.0):
    values = np.random.default_rng(seed).uniform(low, high, shape)
    return jnp.asarray(values, jnp.float32)


def test_it_has_the_published_number_of_parameters(params):
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 79_416
    assert len(params) == 7
    for layer in params.values():
        assert float(jnp.std(layer["kernel"])) == pytest.approx(0.02, rel=0.1)
        assert not layer["bias"].any()


def convolved(x, layer):
    """A 3x3 convolution by sums over shifted copies, zeros beyond the border."""
    kernel, bias = (np.asarray(layer[k], np.float64) for k in ("kernel", "bias"))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    h, w = x.shape[1:3]
    return bias + sum(
        padded[:, i : i + h, j : j + w] @ kernel[i, j]
        for i in range(3)
        for j in range(3)
    )


def test_network_equals_the_figure_in_numpy(params):
    """Figure 3's connections written out, with weights large enough to matter."""
    params = jax.tree.map(
        lambda p: p + 0.1 * jax.random.normal(jax.random.key(p.size), p.shape), params
    )
    low = uniform((2, 9, 12, 3))
    features, x = [], np.asarray(low, np.float64)
    for n in range(1, 8):
        if n > 4:
            x = np.concatenate([features[{5: 3, 6: 2, 7: 1}[n] - 1], x], -1)
        x = convolved(x, params[f"conv{n}"])
        x = np.tanh(x) if n == 7 else np.maximum(x, 0)
        features.append(x)
    expected = np.asarray(low, np.float64)
    for n in range(8):
        expected += x[..., 3 * n : 3 * n + 3] * (expected**2 - expected)
    outputs = APPLY(params, low)
    np.testing.assert_allclose(outputs.curves, x, atol=2e-5)
    np.testing.assert_allclose(outputs.enhanced, expected, atol=2e-5)


@pytest.mark.parametrize("size", [(8, 8), (13, 7)])
def test_any_size_and_the_count_of_operations(params, size):
    low = uniform((1, *size, 3))
    outputs = APPLY(params, low)
    assert outputs.enhanced.shape == low.shape
    assert outputs.curves.shape == (1, *size, 24)
    traced = traced_macs(lambda p, x: MODEL.apply({"params": p}, x), params, low)
    assert traced == count_macs(*size) == variants.count_macs("zero_dce", *size)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_curves_keep_the_range_and_the_order(seed):
    curves = uniform((1, 2, 2, 24), seed, -1.0)
    low, more = uniform((1, 2, 2, 3), seed, 0.0, 0.5), 0.3
    bent, brighter = BEND(low, curves), BEND(low + more, curves)
    assert (bent >= 0).all()
    assert (brighter <= 1).all()
    assert (brighter >= bent).all()
    np.testing.assert_allclose(BEND(low, 0 * curves), low, atol=1e-7)
    assert (BEND(low, -jnp.abs(curves)) >= low).all()


def references(enhanced, low, curves):
    """The four losses of one image, by loops."""
    h, w, _ = enhanced.shape

    def patches(image, n):
        return [
            [image[y * n : y * n + n, x * n : x * n + n].mean() for x in range(w // n)]
            for y in range(h // n)
        ]

    new, old = patches(enhanced, 4), patches(low, 4)
    rows, columns = h // 4, w // 4
    spatial = 0.0
    for y in range(rows):
        for x in range(columns):
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < rows and 0 <= u < columns:
                    change = (new[y][x] - new[v][u]) - (old[y][x] - old[v][u])
                    spatial += change**2
    r, g, b = (enhanced[..., c].mean() for c in range(3))
    smoothness = 0.0
    for c in range(curves.shape[-1]):
        for axis in (0, 1):
            smoothness += 2 * np.mean(np.diff(curves[..., c], axis=axis) ** 2)
    return {
        "spatial": spatial / (rows * columns),
        "exposure": np.mean([(p - 0.6) ** 2 for p in np.ravel(patches(enhanced, 16))]),
        "colour": np.sqrt((r - g) ** 4 + (r - b) ** 4 + (g - b) ** 4),
        "smoothness": smoothness,
    }


def test_losses_equal_their_slow_references():
    shape = (3, 35, 50)  # not multiples of the patches
    enhanced = uniform((*shape, 3), 1) * jnp.asarray([1.0, 0.7, 0.4]).reshape(
        1, 1, 1, 3
    )
    low, curves = uniform((*shape, 3), 2, 0.0, 0.2), uniform((*shape, 24), 3, -1.0)
    terms = TERMS(enhanced, low, curves)
    assert set(terms) == set(WEIGHTS)
    for n in range(3):
        expected = references(
            *(np.asarray(x[n], np.float64) for x in (enhanced, low, curves))
        )
        for name, value in expected.items():
            assert float(terms[name][n]) == pytest.approx(value, rel=1e-4), name


def test_losses_vanish_where_they_should():
    grey = jnp.full((2, 32, 32, 3), 0.6)
    terms = TERMS(grey, grey - 0.5, jnp.full((2, 32, 32, 24), 0.3))
    for name, values in terms.items():
        np.testing.assert_allclose(values, 0, atol=2e-6, err_msg=name)


def test_gradients_are_finite_on_grey_images(params):
    grey = jnp.full((1, 16, 16, 3), 0.2)

    def loss(params):
        outputs = MODEL.apply({"params": params}, grey)
        terms = zero_reference_terms(outputs.enhanced, grey, outputs.curves)
        return sum(WEIGHTS[name] * value[0] for name, value in terms.items())

    zeros = jax.tree.map(jnp.zeros_like, params)
    for leaf in jax.tree.leaves(jax.jit(jax.grad(loss))(zeros)):
        assert np.isfinite(leaf).all()


def test_training_on_dark_images_alone_brightens_them(params):
    low = uniform((2, 32, 32, 3), 5, 0.0, 0.15)

    def loss(params):
        outputs = MODEL.apply({"params": params}, low)
        terms = zero_reference_terms(outputs.enhanced, low, outputs.curves)
        total = sum(WEIGHTS[name] * value for name, value in terms.items())
        return total.mean(), outputs.enhanced.mean()

    step = jax.jit(jax.value_and_grad(loss, has_aux=True))
    optimizer = optax.adam(1e-3)
    state = optimizer.init(params)
    (first, dark), _ = step(params)
    for _ in range(60):
        _, gradient = step(params)
        updates, state = optimizer.update(gradient, state)
        params = optax.apply_updates(params, updates)
    (last, bright), _ = step(params)
    assert last < 0.5 * first
    assert bright > dark + 0.2


def test_objective_is_the_weighted_sum_and_logs_each_term(params):
    model = variants.build("zero_dce")
    objective = objectives.reference(model, {"zero_reference": 2.0, "l1": 1.0}, ())
    low, high = uniform((2, 32, 32, 3), 1, 0.0, 0.2), uniform((2, 32, 32, 3), 2)
    found = jax.jit(objective)(params, {}, low, high)
    outputs = APPLY(params, low)
    terms = TERMS(outputs.enhanced, low, outputs.curves)
    expected = sum(WEIGHTS[name] * value for name, value in terms.items())
    l1 = jnp.abs(outputs.enhanced - high).mean((1, 2, 3))
    assert set(found.terms) == {*WEIGHTS, "zero_reference", "l1"}
    for name, value in terms.items():
        np.testing.assert_allclose(found.terms[name], value, rtol=1e-5)
    np.testing.assert_allclose(found.terms["zero_reference"], expected, rtol=1e-5)
    np.testing.assert_allclose(found.total, 2 * expected + l1, rtol=1e-5)


def test_targets_have_no_say_in_the_configs_objective(params):
    weights = zero_dce.get_config().loss.to_dict()
    objective = jax.jit(objectives.reference(variants.build("zero_dce"), weights, ()))
    low = uniform((1, 16, 16, 3))
    answers = [objective(params, {}, low, high).total for high in (low, 1 - low)]
    np.testing.assert_array_equal(*answers)


def test_other_networks_and_distillation_are_refused():
    student, ours = variants.build("student"), variants.build("zero_dce")
    with pytest.raises(InputError, match="set model to 'zero_dce'"):
        objectives.reference(student, {"zero_reference": 1.0}, ())
    with pytest.raises(InputError, match="nothing inside that is distilled"):
        objectives.distilled(ours, ours, {"l1": 1.0}, (), weight=1.0)
    with pytest.raises(InputError, match="ONNX takes teacher"):
        variants.build_guided("zero_dce", "ONNX")


def test_small_crops_are_refused():
    small = jnp.zeros((1, 12, 40, 3))
    with pytest.raises(
        InputError, match=r"at least 16x16 pixels, got 40x12.*data\.crop"
    ):
        zero_reference.exposure_control(small)
