"""The network as an ONNX graph, written by hand from the parameters.

NCHW inside, any batch size, height and width; standard operators of opset 17 only.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from jax import Array
from onnx import TensorProto, helper, numpy_helper

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.models.tail import fold

OPSET = 17
# The oldest file format that carries this opset, so that old runtimes read it too.
IR_VERSION = 8

_TYPES = {
    "float32": TensorProto.FLOAT,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
}


def build(name: str, params: Params, encoding: str = "float32") -> onnx.ModelProto:
    """The variant `name` with `params` as a model from ``low`` to ``enhanced``.

    ``float32``: [batch 3 height width] in [0, 1] to the same, clipped.  ``uint8`` and
    ``uint16``: [batch height width 3] of that type to uint8 of that shape, rounded as
    a file holds it.  Raises `InputError` for an unknown name or encoding.
    """
    network = variants.build_guided(name, "ONNX")
    if network.guide != "sobel":
        raise InputError(
            f"a {name} cannot be exported to ONNX, nor run by another backend than jax"
        )
    if encoding not in _TYPES:
        raise InputError(f"unknown encoding {encoding!r}; known: {', '.join(_TYPES)}")
    graph = _Graph()
    # An accelerator would fold the kernels in shorter floats.
    with jax.default_matmul_precision("highest"):
        enhanced = _network(graph, params, network.fabs, _decode(graph, encoding))
    answer = _encode(graph, encoding, enhanced)
    return _model(graph, encoding, answer)


class _Graph:
    """Nodes and constants as they are added; a value is its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        return self.split(op, 1, *inputs, **attributes)[0]

    def split(self, op: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        stem = f"{op.lower()}_{len(self.nodes)}"
        outputs = [f"{stem}_{n}" if count > 1 else stem for n in range(count)]
        self.nodes.append(helper.make_node(op, inputs, outputs, stem, **attributes))
        return outputs

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        array: np.ndarray = np.ascontiguousarray(np.asarray(value, dtype))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def conv(
        self, x: str, kernel: Any, bias: Any = None, pads: Any = (0,) * 4, **more: Any
    ) -> str:
        """A convolution with an HWIO kernel; `pads` are top, left, bottom, right."""
        weights = self.constant(np.asarray(kernel).transpose(3, 2, 0, 1))
        biases = () if bias is None else (self.constant(bias),)
        return self.add("Conv", x, weights, *biases, pads=pads, **more)

    def first(self, x: str, axes: tuple[int, ...]) -> str:
        """The slice [0:1] along each of `axes`."""
        starts, ends = (self.constant([n] * len(axes), np.int64) for n in (0, 1))
        return self.add("Slice", x, starts, ends, self.constant(axes, np.int64))


def _network(graph: _Graph, params: Params, fabs: int, low: str) -> str:
    def layer(x: str, p: Params, **more: Any) -> str:
        same = (p["kernel"].shape[0] // 2,) * 4
        return graph.conv(x, p["kernel"], p["bias"], same, **more)

    def gate(x: str, attention: Params) -> str:
        hidden = graph.add("Relu", layer(x, attention["squeeze"]))
        return graph.add("Sigmoid", layer(hidden, attention["excite"]))

    def fab(x: str, parameters: Params) -> str:
        y = graph.add("Relu", layer(x, parameters["conv1"]))
        y = layer(graph.add("Add", y, x), parameters["conv2"])
        # GlobalAveragePool: ONNX Runtime's error there grows with the picture.
        mean = graph.add("ReduceMean", y, axes=(2, 3))
        y = graph.add("Mul", y, gate(mean, parameters["channel_attention"]))
        y = graph.add("Mul", y, gate(y, parameters["pixel_attention"]))
        return graph.add("Add", y, x)

    e = layer(low, params["enhance_head"], strides=(2, 2))
    g = layer(_sobel(graph, low), params["gradient_head"], strides=(2, 2))
    e = graph.add("Add", e, g)
    for n in range(fabs):
        e = fab(e, params[f"enhance_fab{n}"])
        g = fab(g, params[f"gradient_fab{n}"])
        e = graph.add("Add", e, g)
    image = _tail(graph, e, params["tail"])
    # An odd size is one pixel short of twice the half resolution.
    size = graph.add("Shape", low, start=2, end=4)
    zeros, axes = (graph.constant(v, np.int64) for v in ((0, 0), (2, 3)))
    image = graph.add("Slice", image, zeros, size, axes)
    return graph.add("Clip", image, graph.constant(0.0), graph.constant(1.0))


def _sobel(graph: _Graph, low: str) -> str:
    """`lled_jax.images.sobel`: both directions of each channel, then their length."""
    border = graph.constant((0, 0, 1, 1, 0, 0, 1, 1), np.int64)
    padded = graph.add("Pad", low, border, mode="edge")
    gx = np.outer((1, 2, 1), (-1, 0, 1))
    # One group per colour, two outputs each: HWIO with one input channel per group.
    pair = np.stack([gx, gx.T] * 3, axis=-1)[:, :, None]
    gradients = graph.conv(padded, pair, group=3)
    squares = graph.add("Mul", gradients, gradients)
    sums = np.kron(np.eye(3), np.ones((2, 1)))[None, None]
    return graph.add("Sqrt", graph.conv(squares, sums, np.full(3, 1e-8)))


def _tail(graph: _Graph, x: str, parameters: Params) -> str:
    """The folded tail, [b c h w] -> [b 3 2h 2w], exact up to the border.

    The folded kernel takes the first layer's values one row above, below, left and
    right of the picture for real, where the second layer must see zeros.  What these
    four lines add is computed alone and taken away: each touches one row or column of
    the 12 half-resolution outputs, so the four together are a product of an [h 4] and
    a [4 w] matrix per output.
    """
    names = ("up_kernel", "up_bias", "out_kernel", "out_bias")
    up, up_bias, out, out_bias = (jnp.asarray(parameters[name]) for name in names)
    z = graph.conv(x, *fold(up, up_bias, out, out_bias), (1, 1, 1, 1))
    rows, columns = _border(graph, x, up, up_bias, out)
    z = graph.add("Sub", z, graph.add("MatMul", rows, columns))
    return graph.add("DepthToSpace", z, blocksize=2, mode="DCR")


def _border(
    graph: _Graph, x: str, up: Array, up_bias: Array, out: Array
) -> tuple[str, str]:
    """What the first layer's values outside the picture add: [b 12 h 4], [b 12 4 w].

    Above and left, those values see the first row or column of `x`; below and right
    they see only padding and are the bias.  The lines above and below include the
    corners; the lines at the sides do not.
    """
    # Above: only this pair of taps meets there, and only in the even rows.
    far = jnp.zeros_like(up).at[2].set(up[2])
    near = jnp.zeros_like(out).at[0].set(out[0])
    folded, bias = fold(far, up_bias, near, jnp.zeros(3))
    even = np.where(np.arange(12) < 6, bias, 0)
    above = graph.conv(graph.first(x, (2,)), folded[1:2], even, (0, 1, 0, 1))
    below = np.zeros((2, 2, 3), np.float32)
    below[1] = jnp.einsum("Uko,k->o", out[2], up_bias)
    # Left: the first layer with two rows packed into channels, then the second.
    c = len(up_bias)
    first = np.zeros((2, 1, c, 2, c), np.float32)
    for row, packed, tap in ((0, 0, 1), (0, 1, 0), (1, 1, 2)):
        first[row, 0, :, packed] = up[tap, 2]
    second = np.zeros((3, 1, 2, c, 2, 2, 3), np.float32)
    beside = np.zeros((3, 2, 2, 3), np.float32)
    for parity in range(2):
        for tap in range(3):
            row, packed = divmod(parity + tap + 1, 2)
            second[row, 0, packed, :, parity, 0] = out[tap, 0]
            beside[row, parity, 1] += up_bias @ out[tap, 2]
    left, kernel = graph.first(x, (3,)), first.reshape(2, 1, c, 2 * c)
    left = graph.conv(left, kernel, np.tile(up_bias, 2), (0, 0, 1, 0))
    left = graph.conv(left, second.reshape(3, 1, 2 * c, 12), None, (1, 0, 1, 0))

    top, bottom, right = _lines(graph, x, 3, beside.reshape(3, 12), 0.0)
    rows = graph.add("Concat", top, bottom, left, right, axis=3)
    at_left, at_right, under = _lines(graph, x, 2, 0.0, below.ravel())
    columns = graph.add("Concat", above, under, at_left, at_right, axis=2)
    return rows, columns


def _lines(graph: _Graph, x: str, gone: int, kernel: Any, bias: Any) -> list[str]:
    """Three lines, [b 12 h 1] or [b 12 1 w]: of the axes of `x`, `gone` becomes 1.

    The first is 1 at the first pixel and else 0, the second so at the last pixel; the
    third is `kernel` [3 12] over ones inside the picture, plus `bias`.
    """
    taps = np.zeros((3, 3, 12), np.float32)
    # A neighbour inside the picture takes the 1 of the bias away; padding leaves it.
    taps[0, 0] = taps[2, 1] = -1
    taps[:, 2] = kernel
    biases = np.ones((3, 12), np.float32)
    biases[2] = bias
    shape = graph.add("Shape", graph.first(x, (1, gone)))
    one = numpy_helper.from_array(np.ones(1, np.float32))
    ones = graph.add("ConstantOfShape", shape, value=one)
    # [3 1] kernels and padding along a column, [1 3] along a row.
    size, pads = ((3, 1), (1, 0, 1, 0)) if gone == 3 else ((1, 3), (0, 1, 0, 1))
    lines = graph.conv(ones, taps.reshape(*size, 1, 36), biases.ravel(), pads)
    return graph.split("Split", 3, lines, axis=1)


def _decode(graph: _Graph, encoding: str) -> str:
    if encoding == "float32":
        return "low"
    scale = graph.constant(1 / np.iinfo(encoding).max)
    planes = graph.add("Transpose", "low", perm=(0, 3, 1, 2))
    return graph.add("Mul", graph.add("Cast", planes, to=TensorProto.FLOAT), scale)


def _encode(graph: _Graph, encoding: str, enhanced: str) -> str:
    if encoding == "float32":
        return enhanced
    levels = graph.add("Mul", enhanced, graph.constant(255.0))
    levels = graph.add("Cast", graph.add("Round", levels), to=TensorProto.UINT8)
    return graph.add("Transpose", levels, perm=(0, 2, 3, 1))


def _model(graph: _Graph, encoding: str, answer: str) -> onnx.ModelProto:
    graph.nodes.append(helper.make_node("Identity", [answer], ["enhanced"]))
    shape: list[int | str] = ["batch", "height", "width"]
    shape.insert(1 if encoding == "float32" else 3, 3)
    kind = TensorProto.FLOAT if encoding == "float32" else TensorProto.UINT8
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "lled_jax",
            [helper.make_tensor_value_info("low", _TYPES[encoding], shape)],
            [helper.make_tensor_value_info("enhanced", kind, shape)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lled_jax",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
