"""int8 weights and activations for an ONNX model, by ONNX Runtime's quantizer."""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

# A few bright lights reach far beyond all other activations.  With a range up to the
# largest of them the dark parts share a handful of levels.
PERCENTILE = 99.99


def quantize(model: onnx.ModelProto, batches: Sequence[np.ndarray]) -> onnx.ModelProto:
    """The float32 `model` with its FABs in int8, but for attentions and the first one.

    Weights have a scale per channel.  `batches` are images as the model takes them; the
    ranges of the activations are those that they give.  In float stay the heads and the
    gradient, whose steps would be visible in the dark, and the enhancement branch's
    first FAB, in which a lamp is as far above the dark as in the photo; the tail, whose
    steps would be in the answer; the means, on which all exposure rides; the gates of
    pixels and the sums of the branches: those cost more quality than they save time.
    """
    chosen = [node.name for node in model.graph.node if _in_int8(node)]
    options = {"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1}
    with tempfile.TemporaryDirectory() as folder, _quiet():
        # A path: a model in memory would be changed by the quantizer.
        source, target = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            _Batches(batches),
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=chosen,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options=options,
        )
        return onnx.load(target)


def _in_int8(node: onnx.NodeProto) -> bool:
    scope = node.name.rpartition("/")[0]
    return "_fab" in scope and "attention" not in scope and scope != "enhance_fab0"


class _Batches(CalibrationDataReader):
    """Batches, one by one: all their feature maps would not fit into memory."""

    def __init__(self, batches: Sequence[np.ndarray]) -> None:
        self.batches, self.left = batches, iter(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        self.left = iter(self.batches[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.left, None)
        return None if batch is None else {"low": batch}


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantizer prints, and recommends on the root logger what is not needed."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
