"""The graph as a model: what it takes and gives, and how that is encoded."""

from typing import NamedTuple

import jax
import numpy as np
import onnx
from onnx import helper

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.onnx_graph.network import Size, network, own_mean
from lled_jax.onnx_graph.nodes import Graph

# The lowest with int8 weights per channel; the graph itself needs no more than 11.
# ONNX Runtime (mobile and web too), TensorRT 8 and OpenVINO all read it.
OPSET = 13
# The oldest file format that carries this opset, so that old runtimes read it too.
IR_VERSION = 7

PRECISIONS = {"f32": np.float32, "f16": np.float16}


class Encoding(NamedTuple):
    """The numbers and the axes of an image."""

    dtype: str
    channels_last: bool
    channels: int = 3

    def shape(self, size: Size | None) -> list[int | str]:
        """Of a batch; sizes that are not known are names."""
        axes: list[int | str] = ["batch", "height", "width"]
        if size is not None:
            axes = [1, *size]
        axes.insert(3 if self.channels_last else 1, self.channels)
        return axes


ENCODINGS = {
    "float32": Encoding("float32", channels_last=False),
    "uint8": Encoding("uint8", channels_last=True),
    "uint16": Encoding("uint16", channels_last=True),
    "float32_nhwc": Encoding("float32", channels_last=True),
    "rgba": Encoding("uint8", channels_last=True, channels=4),
}


def build(
    name: str,
    params: Params,
    encoding: str = "float32",
    *,
    size: Size | None = None,
    precision: str = "f32",
    tiles: bool = False,
) -> onnx.ModelProto:
    """The variant `name` with `params` as a model from ``low`` to ``enhanced``.

    `encoding`: ``float32``: [batch 3 height width] in [0, 1] to the same, clipped;
    ``float32_nhwc``: the same with [batch height width 3].  ``uint8`` and ``uint16``:
    [batch height width 3] of that type to uint8 of that shape, rounded as a file holds
    it.  ``rgba``: uint8 with a fourth channel, which passes unchanged: what a browser's
    canvas holds.  With a `size` (height, width) the model takes one image of it.

    `precision`, ``f32`` or ``f16``, is that of the weights and of the computation.

    With `tiles` the means of the channel attentions come from outside, so that a part
    of an image can be drawn as a part of the whole (one image at a time).  ``means``,
    float32 [2 * fabs, channels], has a row for each FAB: ``enhance_fab0``,
    ``gradient_fab0``, ``enhance_fab1``, ...  Those used are means + share * (own -
    means), with ``share`` float32 [1]: 1 is the usual network, 0 takes what is given.
    The output ``measured``, of the shape of ``means``, holds the own ones.  They are
    those of a part of the image, since what the border of a tile reaches is not as in
    the whole: ``inner``, int32 [4], has its first row and column at half resolution,
    and those after its last.

    Raises `InputError` for an unknown name, encoding or precision.
    """
    guided = variants.build_guided(name, "ONNX")
    if guided.guide != "sobel":
        raise InputError(
            f"a {name} cannot be exported to ONNX, nor run by another backend than jax"
        )
    for what, value, known in (
        ("encoding", encoding, ENCODINGS),
        ("precision", precision, PRECISIONS),
    ):
        if value not in known:
            raise InputError(f"unknown {what} {value!r}; known: {', '.join(known)}")
    graph = Graph(PRECISIONS[precision])
    kind = ENCODINGS[encoding]
    given = _Given(graph, 2 * guided.fabs, guided.channels) if tiles else None
    low, alpha = _decode(graph, kind)
    # An accelerator would fold the kernels in shorter floats.
    with jax.default_matmul_precision("highest"):
        enhanced = network(
            graph, params, guided.fabs, low, size, given.mix if given else own_mean
        )
    _encode(graph, kind, enhanced, alpha)
    if given:
        given.measured()
    return _model(graph, kind, size, given)


class _Given:
    """Means from outside, asked for one by one."""

    def __init__(self, graph: Graph, count: int, channels: int) -> None:
        self.graph, self.own = graph, list[str]()
        self.shape = (count, channels)
        axes = graph.constant((2, 3), np.int64)
        rows = graph.add("Unsqueeze", "means", axes)
        self.given = graph.split("Split", count, rows, axis=0)
        self.inner = graph.split("Split", 2, "inner", axis=0)
        self.axes = graph.constant((2, 3), np.int32)

    def mix(self, graph: Graph, x: str) -> str:
        """given + share * (own - given)."""
        given = self.given[len(self.own)]
        own = own_mean(graph, graph.add("Slice", x, *self.inner, self.axes))
        self.own.append(own)
        more = graph.add("Sub", own, given)
        return graph.add("Add", given, graph.add("Mul", "share", more))

    def measured(self) -> None:
        rows = self.graph.add("Concat", *self.own, axis=0)
        self.graph.add("Squeeze", rows, self.graph.constant((2, 3), np.int64))
        self.graph.name_last("measured")


def _decode(graph: Graph, kind: Encoding) -> tuple[str, str]:
    """The image as float32 [b 3 h w], and its fourth channel where it has one."""
    planes, alpha = "low", ""
    if kind.channels_last:
        planes = graph.add("Transpose", planes, perm=(0, 3, 1, 2))
    if kind.channels == 4:
        parts = graph.constant((3, 1), np.int64)
        planes, alpha = graph.split("Split", 2, planes, parts, axis=1)
    if kind.dtype != "float32":
        scale = graph.constant(1 / np.iinfo(kind.dtype).max, np.float32)
        planes = graph.add("Mul", graph.cast(planes, np.float32), scale)
    return planes, alpha


def _encode(graph: Graph, kind: Encoding, enhanced: str, alpha: str) -> None:
    if kind.dtype != "float32":
        levels = graph.add("Mul", enhanced, graph.constant(255, np.float32))
        enhanced = graph.cast(graph.add("Round", levels), np.uint8)
    if alpha:
        enhanced = graph.add("Concat", enhanced, alpha, axis=1)
    if kind.channels_last:
        graph.add("Transpose", enhanced, perm=(0, 2, 3, 1))
    graph.name_last("enhanced")


def _model(
    graph: Graph, kind: Encoding, size: Size | None, given: _Given | None
) -> onnx.ModelProto:
    def value(name: str, dtype: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, element, shape)

    shape = kind.shape(size)
    if given:
        shape[0] = 1
    inputs = [value("low", kind.dtype, shape)]
    answer = kind.dtype if kind.dtype == "float32" else "uint8"
    outputs = [value("enhanced", answer, shape)]
    if given:
        inputs += [
            value("means", "float32", list(given.shape)),
            value("share", "float32", [1]),
            value("inner", "int32", [4]),
        ]
        outputs.append(value("measured", "float32", list(given.shape)))
    model = helper.make_model(
        helper.make_graph(graph.nodes, "lled_jax", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lled_jax",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
