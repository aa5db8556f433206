"""The ways to run the network that `benchmarks/inference.py` compares.

Each takes a `Case` and gives a `Candidate`.  Libraries are imported where they are
used, so that a process with one candidate (`peak.py`) holds only what that one needs.
"""

import functools
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import timing

from lled_jax.data.parallel import cores


class Case(NamedTuple):
    """One network and one image, the same for every candidate."""

    model: str
    params: Any
    low_u8: np.ndarray
    """[h w 3]"""
    cpu: bool
    """Stay on the CPU even if there is a GPU."""

    @property
    def low(self) -> np.ndarray:
        """[1 h w 3] in [0, 1]."""
        return self.low_u8[None].astype(np.float32) * np.float32(1 / 255)


class Candidate(NamedTuple):
    """`run` returns when the answer is there; `image` makes it [h w 3] on the host."""

    run: Callable[[], Any]
    image: Callable[[Any], np.ndarray]
    tolerance: float = timing.PARITY


Network = Callable[[np.ndarray], np.ndarray]
"""A network exported to ONNX: float32 [1 3 h w] to the same, not clipped."""


def _ours(
    case: Case,
    folded: bool = True,
    dtype: str | None = None,
    precision: str = "float32",
) -> Candidate:
    import jax

    from lled_jax.models import variants
    from lled_jax.models.network import answer

    model = variants.build(case.model, folded=folded, dtype=dtype)
    params = jax.device_put(jax.tree.map(np.asarray, case.params))
    low = jax.device_put(case.low)
    forward = jax.jit(lambda params, low: answer(model, params, low).enhanced)

    def run() -> jax.Array:
        # On a GPU float32 means TF32 unless one says otherwise; on a CPU it is moot.
        with jax.default_matmul_precision(precision):
            return forward(params, low).block_until_ready()

    exact = dtype is None and precision == "float32"
    return Candidate(run, lambda image: np.asarray(image)[0], _tolerance(exact))


def _torch(
    case: Case,
    channels_last: bool = False,
    compiled: bool = False,
    mode: str = "float32",
) -> Candidate:
    _need("torch")
    import peers
    import torch

    device = "cuda" if torch.cuda.is_available() and not case.cpu else "cpu"
    torch.set_num_threads(cores())
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = peers.network(case.model, case.params).eval().to(device, memory_format=layout)
    # A copy first: a view of NHWC would already be channels_last.
    low = torch.from_numpy(case.low).permute(0, 3, 1, 2).contiguous()
    low = low.to(device, memory_format=layout)
    forward = torch.compile(net, dynamic=False) if compiled else net

    def run() -> torch.Tensor:
        peers.tf32(mode != "float32")
        with (
            torch.inference_mode(),
            torch.autocast(device, torch.bfloat16, enabled=mode == "bfloat16"),
        ):
            image = forward(low)
        if device == "cuda":
            torch.cuda.synchronize()
        return image

    def image(output: torch.Tensor) -> np.ndarray:
        return output[0].permute(1, 2, 0).float().cpu().numpy()

    if compiled:
        run()  # here, where a missing compiler is a reason to skip
    return Candidate(run, image, _tolerance(mode == "float32"))


def _need(*packages: str) -> None:
    from importlib.util import find_spec

    for package in packages:
        if find_spec(package) is None:
            raise timing.Unavailable(f"{package} is not installed")


def _tolerance(exact: bool) -> float:
    return timing.PARITY if exact else timing.HALF_PARITY


def exported(case: Case, path: Path) -> None:
    """The network as PyTorch exports it to ONNX, at the case's size."""
    _need("torch", "onnx")
    import peers
    import torch

    low = torch.from_numpy(case.low).permute(0, 3, 1, 2).contiguous()
    # The older exporter: the newer one needs one more package (onnxscript).
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        net = peers.network(case.model, case.params).eval()
        torch.onnx.export(net, (low,), path, dynamo=False, opset_version=17)


def onnxruntime_network(case: Case) -> Network:
    """The network of `exported` in ONNX Runtime."""
    _need("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        exported(case, path)
        session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    name = session.get_inputs()[0].name
    return lambda low: session.run(None, {name: low})[0]


def openvino_network(case: Case, precision: str = "f32") -> Network:
    """The network of `exported` in OpenVINO."""
    _need("openvino")
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": cores(),
    }
    if precision == "bf16" and "BF16" not in core.get_property(
        "CPU", "OPTIMIZATION_CAPABILITIES"
    ):
        raise timing.Unavailable("this processor has no bfloat16")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        exported(case, path)
        compiled = core.compile_model(core.read_model(path), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda low: request.infer([low])[0]


def _onnxruntime(case: Case) -> Candidate:
    return _nchw(case, onnxruntime_network(case))


def _openvino(case: Case, precision: str = "f32") -> Candidate:
    network = openvino_network(case, precision)
    return _nchw(case, network, _tolerance(precision == "f32"))


def _nchw(case: Case, network: Network, tolerance: float = timing.PARITY) -> Candidate:
    low = np.ascontiguousarray(case.low.transpose(0, 3, 1, 2))
    return Candidate(lambda: network(low), _from_nchw, tolerance)


def _from_nchw(output: np.ndarray) -> np.ndarray:
    return np.asarray(output, np.float32)[0].transpose(1, 2, 0)


def _backend(case: Case, backend: str) -> Candidate:
    """A backend of the library: 8-bit image to 8-bit image, conversions included."""
    from lled_jax.backends import enhancer

    enhance = enhancer(backend, case.model, case.params)
    # One level: rounding may fall either way.
    tolerance = timing.HALF_PARITY if "bf16" in backend else 1.01 / 255
    return Candidate(
        lambda: enhance(case.low_u8),
        lambda image: image.astype(np.float32) / 255,
        tolerance,
    )


CPU = {
    "ours": _ours,
    "linen": functools.partial(_ours, folded=False),
    "torch": _torch,
    "torch_channels_last": functools.partial(_torch, channels_last=True),
    "torch_compile": functools.partial(_torch, channels_last=True, compiled=True),
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "openvino_bf16": functools.partial(_openvino, precision="bf16"),
    "backend:jax": functools.partial(_backend, backend="jax"),
    "backend:onnxruntime": functools.partial(_backend, backend="onnxruntime"),
    "backend:openvino": functools.partial(_backend, backend="openvino"),
    "backend:openvino_bf16": functools.partial(_backend, backend="openvino_bf16"),
}
"""What is compared by default on a CPU; "backend:" is 8-bit image to 8-bit image."""

_BF16 = functools.partial(_ours, dtype="bfloat16", precision="tensorfloat32")
_FAST_TORCH = functools.partial(_torch, channels_last=True, compiled=True)
REDUCED = {
    "ours_tf32": functools.partial(_ours, precision="tensorfloat32"),
    "ours_bf16": _BF16,
    "torch_tf32": functools.partial(_torch, mode="tf32"),
    "torch_compile_tf32": functools.partial(_FAST_TORCH, mode="tf32"),
    "torch_compile_bf16": functools.partial(_FAST_TORCH, mode="bfloat16"),
}
"""Less than float32; on a CPU only where named."""

GPU = {k: v for k, v in CPU.items() if k in ("ours", "linen")} | {
    k: v for k, v in CPU.items() if k.startswith("torch")
}
GPU |= REDUCED
ALL = CPU | REDUCED
