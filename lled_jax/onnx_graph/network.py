"""The network's branches: heads, FABs, fusion, and the cut to the image's size."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lled_jax.arrays import Params
from lled_jax.onnx_graph.nodes import Graph
from lled_jax.onnx_graph.tail import tail

Size = tuple[int, int]
"""Height and width."""

Mean = Callable[[Graph, str], str]
"""From float32 features [b c h w] to the mean [b c 1 1] that their attention uses."""


def own_mean(graph: Graph, x: str) -> str:
    """The mean of the whole feature map."""
    # GlobalAveragePool: ONNX Runtime's error there grows with the picture.
    return graph.add("ReduceMean", x, axes=(2, 3))


def network(
    graph: Graph, params: Params, fabs: int, low: str, size: Size | None, mean: Mean
) -> str:
    """From float32 `low` [b 3 h w] to the answer of that shape and type, clipped.

    `size` is that of `low` where it is known.  `mean` is asked for the FABs by stage,
    of each the enhancement branch's first.  Heads, FABs and tail compute in the graph's
    type; in float32 stay the gradient, whose squares of dark edges are too small for 16
    bits, the means, whose sums are too large, and what is made of them.
    """
    with graph.scope("enhance_head"):
        e = _layer(graph, graph.to_own(low), params["enhance_head"], strides=(2, 2))
    with graph.scope("gradient_head"):
        with graph.scope("sobel"):
            gradient = _sobel(graph, low)
        gradient = graph.to_own(gradient)
        g = _layer(graph, gradient, params["gradient_head"], strides=(2, 2))
    e = graph.add("Add", e, g)
    for n in range(fabs):
        with graph.scope(f"enhance_fab{n}"):
            e = _fab(graph, e, params[f"enhance_fab{n}"], mean)
        with graph.scope(f"gradient_fab{n}"):
            g = _fab(graph, g, params[f"gradient_fab{n}"], mean)
        e = graph.add("Add", e, g)
    with graph.scope("tail"):
        half = None if size is None else ((size[0] + 1) // 2, (size[1] + 1) // 2)
        image = tail(graph, e, params["tail"], half)
    image = graph.to_float32(_cut(graph, image, low, size))
    limits = (graph.constant(n, np.float32) for n in (0, 1))
    return graph.add("Clip", image, *limits)


def _layer(
    graph: Graph, x: str, p: Params, dtype: type | None = None, **more: Any
) -> str:
    same = (p["kernel"].shape[0] // 2,) * 4
    return graph.conv(x, p["kernel"], p["bias"], same, dtype, **more)


def _gate(graph: Graph, x: str, attention: Params, dtype: type | None = None) -> str:
    hidden = graph.add("Relu", _layer(graph, x, attention["squeeze"], dtype))
    return graph.add("Sigmoid", _layer(graph, hidden, attention["excite"], dtype))


def _fab(graph: Graph, x: str, parameters: Params, mean: Mean) -> str:
    y = graph.add("Relu", _layer(graph, x, parameters["conv1"]))
    y = _layer(graph, graph.add("Add", y, x), parameters["conv2"])
    with graph.scope("channel_attention"):
        pooled = mean(graph, graph.to_float32(y))
        gate = _gate(graph, pooled, parameters["channel_attention"], np.float32)
        y = graph.add("Mul", y, graph.to_own(gate))
    with graph.scope("pixel_attention"):
        y = graph.add("Mul", y, _gate(graph, y, parameters["pixel_attention"]))
    return graph.add("Add", y, x)


def _sobel(graph: Graph, low: str) -> str:
    """`lled_jax.images.sobel`: both directions of each channel, then their length."""
    border = graph.constant((0, 0, 1, 1, 0, 0, 1, 1), np.int64)
    padded = graph.add("Pad", low, border, mode="edge")
    gx = np.outer((1, 2, 1), (-1, 0, 1))
    # One group per colour, two outputs each: HWIO with one input channel per group.
    pair = np.stack([gx, gx.T] * 3, axis=-1)[:, :, None]
    gradients = graph.conv(padded, pair, dtype=np.float32, group=3)
    squares = graph.add("Mul", gradients, gradients)
    both = np.kron(np.eye(3), np.ones((2, 1)))[None, None]
    sums = graph.conv(squares, both, np.full(3, 1e-8), dtype=np.float32)
    return graph.add("Sqrt", sums)


def _cut(graph: Graph, image: str, low: str, size: Size | None) -> str:
    """The first rows and columns of `image`: as many as `low` has."""
    # An odd size is one pixel short of twice the half resolution.
    if size is not None and not any(n % 2 for n in size):
        return image
    shape = (
        graph.add("Shape", low)
        if size is None
        else graph.constant((1, 3, *size), np.int64)
    )
    return graph.add("Slice", image, graph.constant((0,) * 4, np.int64), shape)
