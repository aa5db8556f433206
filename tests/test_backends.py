"""Every backend gives JAX's answer, or says what it lacks."""

import gc
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lled_jax import backends, inference, tiling
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.models.network import answer

ONNX = ["openvino", "openvino_bf16", "onnxruntime"]
SIZES = [(1, 1), (1, 6), (7, 1), (2, 2), (5, 3), (33, 50), (48, 32)]


def packages(backend):
    """Skip unless what `backend` needs is installed; give the graph's module."""
    library = backend.removesuffix("_bf16")
    extra = "onnxruntime" if library == "onnxruntime" else "cpu"
    for package in ("onnx", library):
        pytest.importorskip(
            package, reason=f"{backend} is optional: pip install 'lled-jax[{extra}]'"
        )
    from lled_jax import onnx_graph

    return onnx_graph


@cache
def parameters(name, gain=1.0):
    """Random parameters, biases too, whose answers stay inside [0, 1].

    Clipping would hide a difference, so the last layer is made to answer in range.
    """
    params = variants.init(variants.build(name), 0)
    rng = np.random.default_rng(1)
    params = jax.tree.map(
        lambda a: gain * a if a.ndim > 1 else jnp.float32(rng.normal(0, 0.1, a.shape)),
        params,
    )
    bright = answer_of(name, params, rng.random((1, 32, 32, 3), np.float32))
    tail = params["tail"]
    span = np.abs(bright - tail["out_bias"].reshape(1, 1, 1, 3)).max()
    tail["out_kernel"] = tail["out_kernel"] * (0.3 / span)
    tail["out_bias"] = jnp.full(3, 0.5)
    return params


def answer_of(name, params, low):
    """JAX's, not clipped, with the tail as written: the folded one might share a flaw.

    The graph's border is where the two forms could differ.
    """
    model = variants.build(name, folded=False)
    return np.asarray(answer(model, params, jnp.asarray(low)).enhanced)


def run_float(backend, graph, low):
    """The float graph on NHWC images, run with any size."""
    planes = np.ascontiguousarray(low.transpose(0, 3, 1, 2))
    if backend == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(None, {"low": planes})[0].transpose(0, 2, 3, 1)
    import openvino

    core = openvino.Core()
    model = core.read_model(graph.SerializeToString())
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(planes)[0].transpose(0, 2, 3, 1)


def picture(height, width, dtype=np.uint8):
    """A dark, smooth image with some noise."""
    rng = np.random.default_rng(height)
    y, x, colour = np.mgrid[:height, :width, :3]
    waves = np.sin(y / 7 + colour) * np.cos(x / 11) + rng.normal(0, 0.1, y.shape)
    return ((0.1 + 0.05 * waves).clip(0, 1) * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("gain", [1.0, 1.6])
def test_float_graph_equals_jax_at_every_size(backend, gain):
    onnx_graph = packages(backend)
    params = parameters("student", gain)
    graph = onnx_graph.build("student", params)
    for height, width in SIZES:
        low = np.random.default_rng(height).random((2, height, width, 3), np.float32)
        expected = answer_of("student", params, low)
        assert 0 < expected.min() < expected.max() < 1
        found = run_float(backend, graph, low)
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"{low.shape}")


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_teacher_equals_jax(backend):
    onnx_graph = packages(backend)
    params = parameters("teacher")
    low = np.random.default_rng(0).random((1, 13, 18, 3), np.float32)
    expected = answer_of("teacher", params, low)
    found = run_float(backend, onnx_graph.build("teacher", params), low)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("backend", ["jax", "openvino", "onnxruntime"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_differ_by_a_level_at_almost_no_pixel(backend, dtype):
    if backend != "jax":
        packages(backend)
    params = parameters("student")
    run = backends.enhancer(backend, "student", params)
    for height, width in [(1, 1), (5, 3), (65, 100)]:
        low = picture(height, width, dtype)
        expected = inference.enhancer("student", params)(low)
        found = run(low)
        assert (found.shape, found.dtype) == (low.shape, np.uint8)
        off = np.abs(found.astype(int) - expected)
        assert off.max() <= 1
        assert off.mean() <= 1e-3


def test_bf16_stays_near():
    packages("openvino_bf16")
    params = parameters("student")
    try:
        run = backends.enhancer("openvino_bf16", "student", params)
    except InputError as error:
        pytest.skip(str(error))
    low = picture(120, 160)
    expected = inference.enhancer("student", params)(low)
    off = np.abs(run(low).astype(int) - expected)
    assert off.max() <= 3
    # 50 dB; trained weights on a photo gave 56.
    assert np.mean(off**2) <= 255**2 / 1e5


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_views_work_and_answers_are_not_overwritten(backend):
    packages(backend)
    run = backends.enhancer(backend, "student", parameters("student"))
    low = picture(12, 20)
    low.setflags(write=False)
    first = run(low)
    kept = first.copy()
    mirrored = run(low[:, ::-1])
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(mirrored, run(low[:, ::-1].copy()))
    assert not np.array_equal(mirrored, kept)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_only_one_size_keeps_its_features(backend):
    packages(backend)
    run = backends.enhancer(backend, "student", parameters("student"))
    run(picture(600, 600))
    before = resident()
    for side in (600, 592, 584, 576):
        run(picture(side, side))
    maps = tiling.BYTES * 48 * 600**2  # 118 MiB
    assert resident() - before < maps / 2


def resident():
    """Bytes of memory that this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_graph_is_small_and_plain():
    onnx_graph = packages("onnxruntime")
    params = variants.init(variants.build("student"), 0)
    sizes = {
        encoding: onnx_graph.build("student", params, encoding).graph.node
        for encoding in ("float32", "uint8", "uint16")
    }
    # 16 of them in each of the 6 FABs.
    assert {k: len(v) for k, v in sizes.items()} == {
        "float32": 129,
        "uint8": 136,
        "uint16": 136,
    }
    assert {node.domain for node in sizes["uint8"]} == {""}
    model = onnx_graph.build("student", params)
    assert [o.version for o in model.opset_import] == [13]
    assert model.ByteSize() < 1.2e6
    with pytest.raises(InputError, match="unknown encoding 'int8'; known: float32, u"):
        onnx_graph.build("student", params, "int8")
    with pytest.raises(InputError, match="unknown model 'tutor'"):
        onnx_graph.build("tutor", params)


def test_unknown_backend_is_told_the_known():
    with pytest.raises(InputError) as error:
        backends.enhancer("tpu", "student", {})
    assert str(error.value) == (
        "unknown backend 'tpu'; known backends: jax, openvino, openvino_bf16, "
        "onnxruntime"
    )


@pytest.mark.parametrize("backend", ONNX)
def test_missing_package_names_its_cure(backend, monkeypatch):
    library = backend.removesuffix("_bf16")
    extra = "onnxruntime" if library == "onnxruntime" else "cpu"
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError) as error:
        backends.enhancer(backend, "student", {})
    cure = f"the package {library} is missing: pip install 'lled-jax[{extra}]'"
    assert str(error.value) == cure


@pytest.mark.parametrize("backend", ONNX)
def test_missing_onnx_names_its_cure_too(backend, monkeypatch):
    packages(backend)
    for name in [n for n in sys.modules if n.startswith("lled_jax.onnx_graph")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("lled_jax.onnx_graph", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="the package onnx is missing: pip install"):
        backends.enhancer(backend, "student", {})


@pytest.mark.parametrize(
    ("backend", "precision"), [("openvino", "f32"), ("openvino_bf16", "bf16")]
)
def test_openvino_is_told_the_precision(backend, precision, monkeypatch):
    """Unless it is, it takes bf16 wherever the CPU can."""
    packages("openvino")
    import openvino

    class Able:
        def get_property(self, device, name):
            return ["FP32", "BF16"]

        def compile_model(self, model, device, hints):
            raise InputError(hints["INFERENCE_PRECISION_HINT"])

    Able.read_model = openvino.Core().read_model
    monkeypatch.setattr(openvino, "Core", Able)
    run = backends.enhancer(backend, "student", parameters("student"))
    with pytest.raises(InputError, match=f"^{precision}$"):
        run(picture(4, 6))


def test_cpu_without_bf16_is_sent_to_f32(monkeypatch):
    packages("openvino")
    import openvino

    class Old:
        def get_property(self, device, name):
            return ["FP32", "INT8"]

    monkeypatch.setattr(openvino, "Core", Old)
    with pytest.raises(InputError, match="no bf16 arithmetic: use the backend 'openv"):
        backends.enhancer("openvino_bf16", "student", {})


def test_optional_libraries_stay_out_of_a_start():
    code = (
        "import sys, lled_jax.inference, lled_jax.backends\n"
        "print({'onnx', 'onnxruntime', 'openvino'} & set(sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "set()"


def test_openvino_forks_no_process_and_reports_to_nobody(tmp_path):
    packages("openvino")
    code = (
        "import os\n"
        "os.register_at_fork(before=lambda: print('forked'))\n"
        "import lled_jax, numpy as np\n"
        "network = lled_jax.load(backend='openvino')\n"
        "print(network.enhance(np.zeros((4, 6, 3), np.uint8)).shape)"
    )
    # As a person's, where nothing says that this is a test.
    unset = {"CI", "TF_BUILD", "JENKINS_URL"}
    environment = {k: v for k, v in os.environ.items() if k not in unset}
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (out.stdout, out.stderr) == ("(4, 6, 3)\n", "")
    assert not (tmp_path / "intel").exists()
