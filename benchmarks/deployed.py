"""One exported file in its runtime, as who deploys it would run it.

    python benchmarks/deployed.py KIND FILE HEIGHT WIDTH THREADS

A process of its own for `exported.py`, which imports the runtime and nothing else of
ours, so that its memory is the runtime's.  KIND is a key of `KINDS`.  For each line on
its input it runs one image and answers a line of JSON: the seconds and the peak MiB.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import peak

Run = Callable[[], object]


def _pixels(height: int, width: int, dtype: type = np.float32) -> np.ndarray:
    low = np.random.default_rng(0).integers(0, 60, (1, height, width, 3), np.uint8)
    return low if dtype == np.uint8 else low * np.float32(1 / 255)


def _onnxruntime(file: str, height: int, width: int, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        file, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    low = np.ascontiguousarray(_pixels(height, width).transpose(0, 3, 1, 2))
    return lambda: session.run(None, {name: low})


def _openvino(
    file: str, height: int, width: int, threads: int, precision: str = "f32"
) -> Run:
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    model.reshape([1, 3, height, width])
    hints = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
    }
    compiled = core.compile_model(model, "CPU", hints)
    low = np.ascontiguousarray(_pixels(height, width).transpose(0, 3, 1, 2))
    return lambda: compiled(low)


def _tflite(file: str, height: int, width: int, threads: int) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(file, num_threads=threads)
    low = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(low["index"], (1, height, width, 3))
    interpreter.allocate_tensors()
    pixels = _pixels(height, width, low["dtype"])
    answer = interpreter.get_output_details()[0]["index"]

    def run() -> object:
        interpreter.set_tensor(low["index"], pixels)
        interpreter.invoke()
        return interpreter.get_tensor(answer)

    return run


def _stablehlo(file: str, height: int, width: int, threads: int) -> Run:
    import jax

    del threads  # XLA takes all cores that the process may use
    program = (Path(file) / "exported.bin").read_bytes()
    call = jax.jit(jax.export.deserialize(bytearray(program)).call)
    low = _pixels(height, width)
    return lambda: np.asarray(call(low))


def _savedmodel(file: str, height: int, width: int, threads: int) -> Run:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    signature = tf.saved_model.load(file).signatures["serving_default"]
    low = tf.constant(_pixels(height, width))
    return lambda: signature(low=low)["enhanced"].numpy()


def _candidate(file: str, height: int, width: int, threads: int, name: str) -> Run:
    """A peer of the other benchmarks; `file` holds the weights as a case."""
    import candidates

    case = peak.load_case(Path(file))
    low = _pixels(height, width, np.uint8)[0]
    return candidates.ALL[name](case._replace(low_u8=low)).run


KINDS = {
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "openvino_bf16": functools.partial(_openvino, precision="bf16"),
    "tflite": _tflite,
    "stablehlo": _stablehlo,
    "savedmodel": _savedmodel,
    "torch": functools.partial(_candidate, name="torch"),
    "torch_channels_last": functools.partial(_candidate, name="torch_channels_last"),
    "jax": functools.partial(_candidate, name="ours"),
}


def main() -> None:
    """Load, then one run for each line."""
    kind, file, *numbers = sys.argv[1:]
    height, width, threads = map(int, numbers)
    # macOS has none: what has a setting for threads keeps to that.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    # What the libraries print goes to stderr: our answers alone are on stdout.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    run = KINDS[kind](file, height, width, threads)
    run()
    for _ in iter(sys.stdin.readline, ""):
        started = time.perf_counter()
        run()
        seconds = time.perf_counter() - started
        facts = {"seconds": seconds} | peak.peak_mib()
        print(json.dumps(facts), file=answers, flush=True)


if __name__ == "__main__":
    main()
