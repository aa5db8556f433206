"""Other ways to run a trained network on a CPU: the same answers, sooner.

The libraries are optional and imported when a backend is asked for.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial

import numpy as np
from jaxtyping import UInt8

from lled_jax import inference
from lled_jax.arrays import EncodedImage, Params
from lled_jax.errors import InputError
from lled_jax.inference import Enhance

# A folder of photos has few sizes.
KEPT_SIZES = 4


def enhancer(backend: str, name: str, params: Params) -> Enhance:
    """As `lled_jax.inference.enhancer` does it, run by `backend`.

    `name` is the variant that `params` belong to.  The 32-bit backends differ from
    JAX by rounding: by one level, in about one value of 10 000; bf16 by one or two,
    in one of six.  The function is for one thread at a time; OpenVINO's compiles for
    each new size.  Raises `InputError` if the backend is unknown, its package is
    missing, or this CPU cannot run it.
    """
    if backend not in BACKENDS:
        known = ", ".join(BACKENDS)
        raise InputError(f"unknown backend {backend!r}; known backends: {known}")
    return BACKENDS[backend](name, params)


def _openvino(name: str, params: Params, precision: str = "f32") -> Enhance:
    # OpenVINO reports each import to its makers, by a process that it forks, which
    # beside JAX's threads may hang.  It does not where it finds no such package.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    with _installed_by("cpu"):
        import openvino

        from lled_jax import onnx_graph
    core = openvino.Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and "BF16" not in able:
        raise InputError("this CPU has no bf16 arithmetic: use the backend 'openvino'")
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}

    # Compiled for its size a network runs a quarter faster than for any size, and
    # compiling takes about as long as running twice.
    @lru_cache(maxsize=KEPT_SIZES)
    def compiled(dtype: str, shape: tuple[int, ...]) -> openvino.CompiledModel:
        graph = onnx_graph.build(name, params, dtype)
        model = core.read_model(graph.SerializeToString())
        model.reshape([1, *shape])
        return core.compile_model(model, "CPU", hints)

    last: openvino.CompiledModel | None = None

    def run(low: EncodedImage) -> UInt8[np.ndarray, "h w 3"]:
        nonlocal last
        network = compiled(low.dtype.name, low.shape)
        # Each keeps its feature maps.  To release them after every run would take a
        # fifth of the time.
        if last is not None and network is not last:
            last.release_memory()
        last = network
        batch = np.ascontiguousarray(low[None])
        return network(batch, share_outputs=False)[0][0]

    return run


def _onnxruntime(name: str, params: Params) -> Enhance:
    with _installed_by("onnxruntime"):
        import onnxruntime

        from lled_jax import onnx_graph

    options = onnxruntime.SessionOptions()
    # A plan from a size's first run, for which its second one takes as much again.
    options.enable_mem_pattern = False

    @lru_cache
    def session(dtype: str) -> onnxruntime.InferenceSession:
        graph = onnx_graph.build(name, params, dtype)
        return onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    shrinking = onnxruntime.RunOptions()
    shrinking.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    last: tuple[str, tuple[int, ...]] | None = None

    def run(low: EncodedImage) -> UInt8[np.ndarray, "h w 3"]:
        nonlocal last
        this = low.dtype.name, low.shape
        # A session keeps what its largest sizes took until a run that is told to let
        # go of it ends: the smallest.  Each run told so would take a fifth longer.
        if last is not None and last != this:
            pixel = np.zeros((1, 1, 1, 3), last[0])
            session(last[0]).run(None, {"low": pixel}, shrinking)
        last = this
        return session(low.dtype.name).run(None, {"low": low[None]})[0][0]

    return run


@contextmanager
def _installed_by(extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in {"onnx", "onnxruntime", "openvino"}:
            raise
        raise InputError(
            f"the package {error.name} is missing: pip install 'lled-jax[{extra}]'"
        ) from error


BACKENDS: dict[str, Callable[[str, Params], Enhance]] = {
    "jax": inference.enhancer,
    "openvino": _openvino,
    "openvino_bf16": partial(_openvino, precision="bf16"),
    "onnxruntime": _onnxruntime,
}
"""The ways to run a network, by name: each takes a variant and its parameters."""
