"""The network against PyTorch, its size against the paper, its tail against itself."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import ClosedJaxpr

from lled_jax.errors import InputError
from lled_jax.models import blocks, tail, variants
from lled_jax.models.area import Area
from lled_jax.models.convolution import conv3x3, kernel_gradient, spread
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.models.network import answer

run = jax.jit(answer, static_argnums=0)


def _params_from_torch(reference):
    """The PyTorch network's weights as our tree."""
    raw = {k[6:]: reference[k] for k in reference if k.startswith("param/")}

    def conv(name):
        kernel = raw[f"{name}.weight"].transpose(2, 3, 1, 0)
        return {"kernel": kernel, "bias": raw[f"{name}.bias"]}

    def fab(name):
        ca = {"squeeze": conv(f"{name}.ca.1"), "excite": conv(f"{name}.ca.3")}
        pa = {"squeeze": conv(f"{name}.pa.0"), "excite": conv(f"{name}.pa.2")}
        return {
            "conv1": conv(f"{name}.conv1"),
            "conv2": conv(f"{name}.conv2"),
            "channel_attention": ca,
            "pixel_attention": pa,
        }

    up = raw["up.weight"].transpose(2, 3, 0, 1)[::-1, ::-1]
    params = {
        "enhance_head": conv("enhance_head"),
        "gradient_head": conv("gradient_head"),
        "tail": {
            "up_kernel": up,
            "up_bias": raw["up.bias"],
            "out_kernel": raw["out.weight"].transpose(2, 3, 1, 0),
            "out_bias": raw["out.bias"],
        },
    }
    for n in range(2):
        params[f"enhance_fab{n}"] = fab(f"enhance.{n}")
        params[f"gradient_fab{n}"] = fab(f"gradient.{n}")
    return jax.tree.map(jnp.asarray, params)


@pytest.fixture(scope="module")
def reference(golden):
    with np.load(golden / "model_reference.npz") as file:
        yield {name: jnp.asarray(array) for name, array in file.items()}


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("size", ["12x16", "13x11", "1x1"])
def test_network_equals_pytorch(reference, size, folded):
    model, params = GradientGuided(2, 16, folded=folded), _params_from_torch(reference)
    out = run(model, params, reference[f"in/{size}"]).enhanced
    np.testing.assert_allclose(out, reference[f"out/{size}"], atol=2e-6)


@pytest.mark.parametrize("size", ["12x16", "13x11", "1x1"])
def test_gradients_equal_pytorch(reference, size):
    model = GradientGuided(2, 16)

    def loss(params):
        out = model.apply({"params": params}, reference[f"in/{size}"]).enhanced
        return jnp.mean(out**2)

    grads = jax.jit(jax.grad(loss))(_params_from_torch(reference))
    up = np.asarray(grads["tail"]["up_kernel"])[::-1, ::-1].transpose(2, 3, 0, 1)
    expected = reference[f"grad/{size}/up.weight"]
    np.testing.assert_allclose(up, expected, atol=2e-6)
    head = np.asarray(grads["enhance_head"]["kernel"]).transpose(3, 2, 0, 1)
    expected = reference[f"grad/{size}/enhance_head.weight"]
    np.testing.assert_allclose(head, expected, atol=2e-6)
    bias = grads["gradient_fab0"]["conv1"]["bias"]
    expected = reference[f"grad/{size}/gradient.0.conv1.bias"]
    np.testing.assert_allclose(bias, expected, atol=2e-6)


def test_fab_equals_pytorch(reference):
    params = _params_from_torch(reference)["enhance_fab0"]
    out = jax.jit(blocks.FAB().apply)({"params": params}, reference["fab/in"])
    np.testing.assert_allclose(out, reference["fab/out"], atol=2e-6)


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(1, 1, 2), (1, 4, 1), (2, 3, 5), (5, 2, 3)]
)
def test_folded_tail_equals_plain(height, width, channels):
    x, up, up_bias, out, out_bias = (
        jax.random.normal(key, shape)
        for key, shape in zip(
            jax.random.split(jax.random.key(height), 5),
            [
                (2, height, width, channels),
                (3, 3, channels, channels),
                (channels,),
                (3, 3, channels, 3),
                (3,),
            ],
            strict=True,
        )
    )
    plain = jax.jit(tail.tail_plain)(x, up, up_bias, out, out_bias)
    folded = jax.jit(tail.tail_folded)(x, up, up_bias, out, out_bias)
    assert plain.shape == (2, 2 * height, 2 * width, 3)
    np.testing.assert_allclose(folded, plain, atol=2e-4, rtol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(1, 1, 2), (1, 4, 1), (2, 3, 5), (5, 2, 3)]
)
def test_gradients_of_folded_tail_equal_plain(height, width, channels):
    keys = jax.random.split(jax.random.key(height), 6)
    x = jax.random.normal(keys[0], (2, height, width, channels))
    up = jax.random.normal(keys[1], (3, 3, channels, channels))
    up_bias = jax.random.normal(keys[2], (channels,))
    out = jax.random.normal(keys[3], (3, 3, channels, 3))
    out_bias = jax.random.normal(keys[4], (3,))
    weight = jax.random.normal(keys[5], (2, 2 * height, 2 * width, 3))

    def gradients(layers):
        def scalar(*args):
            return jnp.sum(weight * layers(*args))

        every = jax.jit(jax.grad(scalar, argnums=range(5)))
        return every(x, up, up_bias, out, out_bias)

    plain, folded = gradients(tail.tail_plain), gradients(tail.tail_folded)
    for one, other in zip(plain, folded, strict=True):
        np.testing.assert_allclose(other, one, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("size", "margin", "dtype"),
    [
        ((1, 1), (0, 3), None),
        ((2, 1), (1, 0), None),
        ((1, 5), (9, 8), None),
        ((7, 12), (1, 3), None),
        ((24, 33), (9, 8), None),
        ((24, 33), (9, 8), jnp.bfloat16),
    ],
)
def test_area_of_a_padded_image_equals_the_image(size, margin, dtype):
    model = GradientGuided(2, 16, dtype=dtype)
    # With biases, since without them what is outside is 0 by itself.
    fresh = variants.init(model, 0)
    params = jax.tree.map(lambda x: x + 0.05 if x.ndim == 1 else x, fresh)
    low = jax.random.uniform(jax.random.key(0), (2, *size, 3))
    margins = ((0, 0), (0, margin[0]), (0, margin[1]), (0, 0))
    padded = jnp.pad(low, margins, mode="edge")
    area = Area(*map(jnp.int32, size))
    alone, within = run(model, params, low), run(model, params, padded, area)
    height, width = size
    tolerance = 2e-6 if dtype is None else 0.02
    np.testing.assert_allclose(
        within.enhanced[:, :height, :width], alone.enhanced, atol=tolerance
    )
    # Nothing leaks in through the features that distillation or later stages see.
    height, width = (height + 1) // 2, (width + 1) // 2
    for stage in (*within.enhancement, *within.gradient):
        assert not np.any(stage[:, height:])
        assert not np.any(stage[:, :, width:])


@pytest.mark.parametrize(
    ("batch", "height", "width", "strips"),
    # One row, one column, strips of one row, more strips than are ever chosen.
    [(1, 8, 5, 8), (1, 8, 5, 4), (3, 6, 1, 2), (2, 1, 4, 1), (1, 16, 3, 16)],
)
def test_kernel_gradient_by_strips_equals_the_derived(batch, height, width, strips):
    keys = jax.random.split(jax.random.key(strips), 2)
    x = jax.random.normal(keys[0], (batch, height, width, 4))
    grad = jax.random.normal(keys[1], (batch, height, width, 5))

    def conv(kernel):
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    derived = jax.vjp(conv, jnp.zeros((3, 3, 4, 5)))[1](grad)[0]
    np.testing.assert_allclose(
        kernel_gradient(x, grad, strips), derived, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("shape", [(1, 8, 6), (4, 6, 6), (3, 7, 5), (16, 4, 4)])
def test_conv3x3_is_the_library_convolution(shape, dtype):
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (*shape, 4), dtype)
    kernel = jax.random.normal(keys[1], (3, 3, 4, 5), dtype)
    weight = jax.random.normal(keys[2], (*shape, 5), dtype)

    def conv(x, kernel):
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    @functools.partial(jax.jit, static_argnums=0)
    def both_ways(conv, x, kernel):
        out, pull_back = jax.vjp(conv, x, kernel)
        return out, pull_back(weight)

    ours, our_gradients = both_ways(conv3x3, x, kernel)
    theirs, their_gradients = both_ways(conv, x, kernel)
    np.testing.assert_array_equal(ours, theirs)
    tolerance = 1e-4 if dtype == jnp.float32 else 0.1
    for one, other in zip(our_gradients, their_gradients, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(
            np.float32(one), np.float32(other), atol=tolerance, rtol=tolerance
        )


@pytest.mark.parametrize(
    ("name", "parameters", "giga_macs"),
    [("teacher", 2_127_039, 567.8), ("student", 279_765, 75.4)],
)
def test_sizes(name, parameters, giga_macs):
    variant = variants.VARIANTS[name]
    shapes = variants.shapes(variants.build(name))
    count = variants.count_parameters(shapes)
    assert count == parameters
    assert abs(count / variant.paper_parameters - 1) < 0.015
    assert variants.count_macs(name, 900, 1200) / 1e9 == pytest.approx(
        giga_macs, abs=0.05
    )


@pytest.mark.parametrize("name", ["student", "student_base"])
def test_macs_equal_those_of_the_traced_program(name):
    """Count every convolution of the traced plain network by its shapes."""
    model = variants.build(name, folded=False)
    params = variants.shapes(model)
    low = jax.ShapeDtypeStruct((1, 90, 120, 3), jnp.float32)
    traced = jax.make_jaxpr(lambda p, x: model.apply({"params": p}, x).enhanced)
    total = 0
    for eqn in _equations(traced(params, low).jaxpr):
        if eqn.primitive.name == "conv_general_dilated":
            kernel, out = eqn.invars[1].aval.shape, eqn.outvars[0].aval.shape
            positions = out[1] * out[2]
            if eqn.params["lhs_dilation"] == (2, 2):
                positions //= 4  # the dilated zeros are not multiplied
            total += positions * int(np.prod(kernel))
    assert total == variants.count_macs(name, 90, 120)


def _equations(jaxpr):
    for eqn in jaxpr.eqns:
        yield eqn
        for value in eqn.params.values():
            if isinstance(value, ClosedJaxpr):
                yield from _equations(value.jaxpr)


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_stages_are_there_for_distillation(name):
    model, known = variants.build(name), variants.VARIANTS[name].network
    low = jax.random.uniform(jax.random.key(0), (1, 9, 14, 3))
    out = jax.eval_shape(functools.partial(answer, model), variants.shapes(model), low)
    assert out.enhanced.shape == low.shape
    shapes = {f.shape for f in (*out.enhancement, *out.gradient)}
    assert shapes == {(1, 5, 7, known.channels)}
    assert len(out.enhancement) == len(out.gradient) == known.fabs + 1


def test_output_stays_float32_under_bfloat16():
    model = variants.build("student", dtype=jnp.bfloat16)
    low = jax.random.uniform(jax.random.key(0), (1, 16, 16, 3))
    params = variants.init(model, 0)
    out = run(model, params, low)
    assert out.enhanced.dtype == jnp.float32
    assert out.enhancement[-1].dtype == jnp.bfloat16
    exact = run(variants.build("student"), params, low).enhanced
    np.testing.assert_allclose(out.enhanced, exact, atol=0.03)


def test_bfloat16_gradients_are_added_up_in_float32():
    model = variants.build("student", dtype=jnp.bfloat16)
    low = jnp.zeros((2, 64, 64, 3))

    def loss(params):
        return answer(model, params, low).enhanced.mean()

    jaxpr = jax.make_jaxpr(jax.grad(loss))(variants.shapes(model)).jaxpr
    sums = [e for e in _equations(jaxpr) if e.primitive.name == "reduce_sum"]
    assert len(sums) > 50
    for each in sums:
        given, made = each.invars[0].aval, each.outvars[0].aval
        assert given.dtype == jnp.float32 or given.size <= 9 * made.size


def test_what_is_spread_has_its_gradient_in_full():
    cotangent = jax.random.uniform(jax.random.key(0), (8, 32, 32, 6), jnp.bfloat16)
    exact = np.asarray(cotangent, np.float64)
    for shape, axes in (((6,), (0, 1, 2)), ((8, 1, 1, 6), (1, 2)), ((8, 32, 32, 1), 3)):
        values = jnp.ones(shape, jnp.bfloat16)
        found = jax.vjp(lambda v: spread(v, cotangent), values)[1](cotangent)[0]
        assert found.dtype == values.dtype
        expected = exact.sum(axes).reshape(shape)
        np.testing.assert_allclose(found.astype(float), expected, rtol=2**-8)


def test_unknown_model_lists_the_known():
    with pytest.raises(InputError, match="teacher, student"):
        variants.build("pupil")
