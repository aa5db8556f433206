"""An exported ONNX file gives JAX's answer, in ONNX Runtime and in OpenVINO."""

from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest

try:
    import openvino
except ModuleNotFoundError:
    openvino = None

from lled_jax import onnx_graph
from lled_jax.data import synthetic
from lled_jax.errors import InputError
from lled_jax.export import onnx as export
from lled_jax.export.contract import Contract
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights
from lled_jax.models import network, variants
from lled_jax.models.gradient_guided import apply_with, fabs_of

# Of f16, with 11 bits: 1 / 4096 near 0.5, and what rounding adds up to.
LIMITS = {"f32": 1e-5, "f16": 2e-3}
FLOAT = onnx.TensorProto.FLOAT
SIZES = [(1, 1), (1, 7), (7, 1), (2, 2), (33, 47), (16, 30)]


def contract(model="student", precision="f32", pixels="float32", layout="", size=None):
    layout = layout or ("nchw" if pixels == "float32" else "nhwc")
    facts = ("0" * 64, "1.2.3", "Apache-2.0")
    return Contract("onnx", model, precision, pixels, layout, size, *facts)


@cache
def parameters(name="student"):
    """Random parameters, biases too, whose answers stay inside [0, 1].

    Clipping would hide a difference, so the last layer is made to answer in range.
    """
    params = variants.init(variants.build(name), 0)
    rng = np.random.default_rng(1)
    params = jax.tree.map(
        lambda a: a if a.ndim > 1 else jnp.float32(rng.normal(0, 0.1, a.shape)), params
    )
    tail = params["tail"]
    low = floats(33, 47)  # whose program `answer` uses again
    bright = plain(variants.build(name, folded=False), params, low)
    span = np.abs(bright - tail["out_bias"].reshape(1, 1, 1, 3)).max()
    tail["out_kernel"] = tail["out_kernel"] * (0.3 / span)
    tail["out_bias"] = jnp.full(3, 0.5)
    return params


@partial(jax.jit, static_argnums=0)
def plain(model, params, low):
    return network.answer(model, params, low).enhanced


def floats(height, width, batch=2):
    rng = np.random.default_rng(height)
    return rng.random((2, height, width, 3), np.float32)[:batch]


def picture(height, width):
    """A dark, smooth image with some noise."""
    rng = np.random.default_rng(height)
    y, x, colour = np.mgrid[:height, :width, :3]
    waves = np.sin(y / 7 + colour) * np.cos(x / 11) + rng.normal(0, 0.1, y.shape)
    return ((0.1 + 0.05 * waves).clip(0, 1) * 255).astype(np.uint8)


@cache
def answer(name, height, width):
    """JAX's to a batch of two, not clipped, with the tail as written.

    The graph's tail is the folded one, and JAX's folded one might share a flaw.
    """
    model = variants.build(name, folded=False)
    bright = np.asarray(plain(model, parameters(name), floats(height, width)))
    assert 0.1 < bright.min() < bright.max() < 0.9
    return bright


def written(folder, wanted, calibration=(), params=None):
    # As the command hands it over: an empty file of another name.
    path = folder / ".5d41402abc4b.tmp.onnx"
    path.touch()
    params = params or parameters(wanted.model)
    export.write(wanted, params, calibration, path)
    assert list(folder.iterdir()) == [path]
    return path


def run(folder, wanted, low):
    """The file's answer to NHWC `low`, by ONNX Runtime, as NHWC."""
    return call(export.runner(written(folder, wanted)), wanted, low)


def call(runner, wanted, low):
    if wanted.layout == "nhwc":
        return runner(low)
    bright = runner(np.ascontiguousarray(low.transpose(0, 3, 1, 2)))
    return bright.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_any_size_and_batch_equals_jax(tmp_path, layout):
    wanted = contract(layout=layout)
    runner = export.runner(written(tmp_path, wanted))
    for height, width in SIZES:
        low = floats(height, width)
        found = call(runner, wanted, low)
        assert found.dtype == np.float32
        expected = answer("student", height, width)
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"{low.shape}")


def test_the_teacher_too(tmp_path):
    found = run(tmp_path, contract("teacher"), floats(33, 47))
    np.testing.assert_allclose(found, answer("teacher", 33, 47), atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_a_fixed_size_equals_jax_and_is_declared(tmp_path, size, precision):
    wanted = contract(size=size, precision=precision)
    found = run(tmp_path, wanted, floats(*size, batch=1))
    expected = answer("student", *size)[:1]
    np.testing.assert_allclose(found, expected, atol=LIMITS[precision])
    graph = onnx.load(next(tmp_path.iterdir())).graph
    for value in (*graph.input, *graph.output):
        shape = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        assert shape == [1, 3, *size]
    assert wanted.shape() == shape
    assert wanted.metadata()["low"].startswith(f"float32 {shape}, sRGB")


@pytest.mark.parametrize("size", [None, (33, 47)])
def test_uint8_is_the_picture_lled_jax_makes(tmp_path, size):
    wanted = contract(pixels="uint8", size=size)
    runner = export.runner(written(tmp_path, wanted))
    for height, width in [size] if size else [(1, 1), (33, 47), (64, 50)]:
        low = picture(height, width)
        expected = enhancer("student", parameters())(low)
        found = runner(low[None])
        assert (found.dtype, found.shape) == (np.uint8, (1, *low.shape))
        off = np.abs(found[0].astype(int) - expected)
        assert off.max() <= 1
        assert off.mean() <= 1e-3


def test_uint8_rounds_and_saturates(tmp_path):
    """Answers beyond [0, 1], and halfway between levels, become those of a file."""
    params = jax.tree.map(jnp.zeros_like, parameters())
    params["tail"]["out_bias"] = jnp.array([-0.2, 100.6 / 255, 1.3])
    wanted = contract(pixels="uint8")
    path = written(tmp_path, wanted, params=params)
    found = export.runner(path)(np.zeros((2, 3, 5, 3), np.uint8))
    assert (found == [0, 101, 255]).all()


def test_f16_is_near_and_half_the_size(tmp_path):
    low = floats(33, 47)
    exact = tmp_path / "f32"
    short = tmp_path / "f16"
    for folder in (exact, short):
        folder.mkdir()
        found = run(folder, contract(precision=folder.name), low)
        assert found.dtype == np.float32
    off = np.abs(found - answer("student", 33, 47)).max()
    assert 1e-5 < off < LIMITS["f16"]
    f32, f16 = (next(folder.iterdir()).stat().st_size for folder in (exact, short))
    assert f16 < 0.55 * f32


def test_f16_keeps_in_f32_what_overflows_or_vanishes(tmp_path):
    """Sums over an image and squares of dark edges; the rest is float16.

    ONNX Runtime's CPU has few float16 operators, so that no answer shows it here.
    """
    graph = onnx.load(written(tmp_path, contract(precision="f16"))).graph
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 13)]
    )
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {v.name: v.type.tensor_type.elem_type for v in inferred.value_info}
    f32 = {n.name for n in inferred.node if types.get(n.output[0]) == FLOAT}
    named = {
        op: {n.name for n in inferred.node if n.op_type == op}
        for op in ("ReduceMean", "Sqrt", "Conv")
    }
    assert len(named["ReduceMean"]) == 6
    assert named["ReduceMean"] | named["Sqrt"] <= f32
    kept = {n for n in named["Conv"] if "sobel/" in n or "channel_attention/" in n}
    assert named["Conv"] & f32 == kept
    assert len(kept) == 2 + 2 * 6


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_openvino_reads_the_file_and_agrees(tmp_path, precision):
    wanted = contract(precision=precision)
    path = written(tmp_path, wanted)
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    if openvino is None:
        pytest.skip("openvino is not installed")
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", hints)
    for size in ((1, 1), (33, 47)):
        planes = np.ascontiguousarray(floats(*size).transpose(0, 3, 1, 2))
        found = compiled({"low": planes})["enhanced"].transpose(0, 2, 3, 1)
        expected = answer("student", *size)
        np.testing.assert_allclose(found, expected, atol=LIMITS[precision])


def test_the_file_says_what_it_is(tmp_path):
    wanted = contract(size=(32, 48), pixels="uint8")
    model = onnx.load(written(tmp_path, wanted))
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts == wanted.metadata()
    assert facts["weights_sha256"] == "0" * 64
    assert (model.producer_name, model.producer_version) == ("lled_jax", "1.2.3")
    assert [v.name for v in model.graph.input] == ["low"]
    assert [v.name for v in model.graph.output] == ["enhanced"]


def test_files_are_plain_and_small(tmp_path):
    """Any runtime of the last years reads them; each of the 6 FABs has 16 nodes."""
    counts = {}
    for pixels, size in (
        ("float32", None),
        ("float32", (32, 48)),
        ("float32", (33, 48)),
        ("uint8", None),
        ("uint8", (32, 48)),
    ):
        wanted = contract(pixels=pixels, size=size)
        folder = tmp_path / f"{pixels}{size}"
        folder.mkdir()
        path = written(folder, wanted)
        model = onnx.load(path)
        assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]
        assert model.ir_version == 7
        assert path.stat().st_size < 1.2e6
        assert {node.domain for node in model.graph.node} == {""}
        counts[pixels, size] = len(model.graph.node)
    assert counts == {
        ("float32", None): 129,
        ("float32", (32, 48)): 119,
        ("float32", (33, 48)): 120,
        ("uint8", None): 136,
        ("uint8", (32, 48)): 126,
    }


def test_other_networks_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"ONNX takes .*student.*'hdrnet_student'"):
        export.write(contract("hdrnet_student"), {}, (), tmp_path / "file.onnx")
    with pytest.raises(InputError, match="unknown precision 'f8'; known: f32, f16"):
        onnx_graph.build("student", parameters(), precision="f8")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_tiles_take_given_means(tmp_path, layout, share):
    model = variants.build("student")
    low = floats(33, 47, batch=1)
    means = np.random.default_rng(2).normal(0, 1, (6, 48)).astype(np.float32)
    names = [fab for stage in range(model.fabs) for fab in fabs_of(model, stage)]
    assert names[:3] == ["enhance_fab0", "gradient_fab0", "enhance_fab1"]
    given = {
        name: {"mean": row.reshape(1, 1, 1, -1), "share": jnp.float32(share)}
        for name, row in zip(names, jnp.asarray(means), strict=True)
    }
    outputs, attended = with_means(model, parameters(), given, low)
    expected = np.clip(outputs.enhanced, 0, 1)

    session = for_tiles(tmp_path, contract(layout=layout))
    planes = low if layout == "nhwc" else low.transpose(0, 3, 1, 2)
    feeds = {"low": planes, "means": means, "share": np.float32([share])}
    feeds["inner"] = np.int32([0, 0, 17, 24])
    enhanced, measured = session.run(["enhanced", "measured"], feeds)
    if layout == "nchw":
        enhanced = enhanced.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(enhanced, expected, atol=1e-5)
    for name, row in zip(names, measured, strict=True):
        own = np.asarray(attended[name]).mean((0, 1, 2))
        np.testing.assert_allclose(row, own, atol=1e-5, err_msg=name)
    if share == 0:  # or later means would be those of other features
        feeds["inner"] = np.int32([3, 5, 11, 20])
        measured = session.run(["measured"], feeds)[0]
        for name, row in zip(names, measured, strict=True):
            own = np.asarray(attended[name])[:, 3:11, 5:20].mean((0, 1, 2))
            np.testing.assert_allclose(row, own, atol=1e-5, err_msg=name)
    own_answer = answer("student", 33, 47)[:1]
    assert (np.abs(enhanced - own_answer).max() < 1e-5) == (share == 1)


def test_a_tile_drawn_with_the_means_of_the_whole_is_a_part_of_the_whole(tmp_path):
    session = for_tiles(tmp_path, contract(pixels="uint8"))
    low = np.dstack(
        [picture(90, 120), np.arange(120, dtype=np.uint8) + np.zeros((90, 1), np.uint8)]
    )

    def draw(part, means, share):
        feeds = {"low": part[None], "means": means, "share": np.float32([share])}
        feeds["inner"] = np.int32([0, 0, *(-(-n // 2) for n in part.shape[:2])])
        enhanced, measured = session.run(["enhanced", "measured"], feeds)
        return enhanced[0], measured

    whole, means = draw(low, np.zeros((6, 48), np.float32), 1)
    expected = enhancer("student", parameters())(np.ascontiguousarray(low[..., :3]))
    assert np.abs(whole[..., :3].astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(whole[..., 3], low[..., 3])
    tile, _ = draw(low[:, :80], means, 0)
    # Beyond what a pixel sees of the cut.
    off = np.abs(tile[:, :60].astype(int) - whole[:, :60])
    assert off.max() <= 1
    assert off.mean() <= 1e-3
    alone, _ = draw(low[:, :80], means, 1)
    assert not np.array_equal(alone[:, :60], whole[:, :60])


@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_a_file_for_tiles_says_what_it_is(tmp_path, pixels):
    wanted = contract(pixels=pixels, precision="f16", size=(16, 20))
    session = for_tiles(tmp_path, wanted)
    shape = [1, 3, 16, 20] if pixels == "float32" else [1, 16, 20, 4]
    found = {v.name: v.shape for v in (*session.get_inputs(), *session.get_outputs())}
    assert found == {
        "low": shape,
        "means": [6, 48],
        "share": [1],
        "inner": [4],
        "enhanced": shape,
        "measured": [6, 48],
    }
    facts = session.get_modelmeta().custom_metadata_map
    assert {"means", "share", "inner", "measured"} <= set(facts)
    same = wanted.metadata().keys() - {"low", "enhanced"}
    assert {k: facts[k] for k in same} == {k: wanted.metadata()[k] for k in same}
    assert ("alpha" in facts["low"]) == (pixels == "uint8")
    for name in ("low", "enhanced"):
        assert facts[name].startswith(f"{pixels} {shape}, ")


def test_a_file_for_tiles_of_any_size_takes_one_at_a_time(tmp_path):
    session = for_tiles(tmp_path, contract())
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["low"].startswith("float32 [1, 3, height, width], sRGB")
    assert session.get_inputs()[0].shape == [1, 3, "height", "width"]


with_means = jax.jit(apply_with, static_argnums=0)


def for_tiles(folder, wanted):
    path = folder / "tiles.onnx"
    export.write_for_tiles(wanted, parameters(), path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def shipped():
    return load_weights(Path("student"))[1]


def lit():
    """A dark room with one bright lamp, whose activations are far from all others."""
    low = picture(120, 160)
    low[20:24, 30:34] = 255
    return low


def test_int8_keeps_the_picture(tmp_path, capsys):
    """Of a cat 44 dB, half white 36, with a lamp 42.

    With ranges of dark images alone white has 28, with all FABs in int8 the cat 38,
    with the heads or with ranges up to the largest value 37.
    """
    pytest.importorskip("skimage", reason="the demo set comes inside scikit-image")
    dark = synthetic.demo("train")
    calibration = [dark[n][0][:120, :160] for n in (0, 3, 20)] + [lit()]
    calibration.append(dark[3][1][:120, :160])
    wanted = contract(precision="int8", pixels="uint8")
    path = written(tmp_path, wanted, calibration, shipped())
    assert capsys.readouterr() == ("", "")
    cat = synthetic.demo("test")[0][0][:120, :160]
    white = cat.copy()
    white[:, 80:] = 255
    for low, least in ((cat, 40), (white, 33), (lit(), 38)):
        expected = enhancer("student", shipped())(low)
        found = export.runner(path)(low[None])[0]
        error = np.mean((found.astype(float) - expected) ** 2)
        assert 0 < error < 255**2 / 10 ** (least / 10)
    assert path.stat().st_size < 0.6e6
    assert onnx.load(path).opset_import[0].version == 13


@pytest.mark.parametrize("size", [(40, 30), (101, 90)])
def test_int8_of_a_fixed_size_is_calibrated_at_it(tmp_path, size):
    """By images that are larger or smaller than it."""
    wanted = contract(precision="int8", size=size)
    noise = [floats(*other, batch=1)[0] for other in ((110, 90), (35, 95))]
    images = [(255 * image).astype(np.uint8) for image in noise]
    path = written(tmp_path, wanted, images)
    found = call(export.runner(path), wanted, floats(*size, batch=1))
    off = np.abs(found - answer("student", *size)[:1])
    assert off.max() > 1e-4
    assert off.mean() < 0.02

    graph = onnx.load(path).graph
    made_float = {n.output[0]: n for n in graph.node if n.op_type == "DequantizeLinear"}
    weights = [made_float.get(n.input[1]) for n in graph.node if n.op_type == "Conv"]
    # Of each FAB but the first the two 3x3 convolutions.
    assert sum(w is not None for w in weights) == 2 * 5
    stored = {t.name: t for t in graph.initializer}
    for weight in filter(None, weights):
        values, scale = (stored[name] for name in weight.input[:2])
        assert values.data_type == onnx.TensorProto.INT8
        assert scale.dims == values.dims[:1] or values.dims[0] == 1
