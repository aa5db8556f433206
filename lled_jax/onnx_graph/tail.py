"""The network's tail, folded, with its border exact."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from onnx import numpy_helper

from lled_jax.arrays import Params
from lled_jax.models.tail import border, fold
from lled_jax.onnx_graph.nodes import Graph


def tail(graph: Graph, x: str, parameters: Params, size: tuple[int, int] | None) -> str:
    """The folded tail, [b c h w] -> [b 3 2h 2w], exact up to the border.

    The folded kernel takes the first layer's values one row above, below, left and
    right of the picture for real, where the second layer must see zeros.  What these
    four lines add is computed alone and taken away: each touches one row or column of
    the 12 half-resolution outputs, so the four together are a product of an [h 4] and
    a [4 w] matrix per output.  `size` is the (h, w) of `x` where it is known.
    """
    names = ("up_kernel", "up_bias", "out_kernel", "out_bias")
    up, up_bias, out, out_bias = (jnp.asarray(parameters[name]) for name in names)
    z = graph.conv(x, *fold(up, up_bias, out, out_bias), (1, 1, 1, 1))
    with graph.scope("border"):
        rows, columns = _border(graph, x, up, up_bias, out, size)
        z = graph.add("Sub", z, graph.add("MatMul", rows, columns))
    return graph.add("DepthToSpace", z, blocksize=2, mode="DCR")


def _border(
    graph: Graph,
    x: str,
    up: Array,
    up_bias: Array,
    out: Array,
    size: tuple[int, int] | None,
) -> tuple[str, str]:
    """What the first layer's values outside the picture add: [b 12 h 4], [b 12 4 w].

    The lines above and below include the corners; the lines at the sides do not.
    """
    parts = border(up, up_bias, out)
    # Beyond the other borders, and in the corners, the first layer's value is its bias.
    bias = np.asarray(parts.bias)
    above_bias, _, below = bias.sum(1)
    above = graph.conv(graph.first(x, (2,)), parts.above, above_bias, (0, 1, 0, 1))
    left, twice = graph.first(x, (3,)), np.tile(up_bias, 2)
    left = graph.conv(left, parts.left, twice, (0, 0, 1, 0))
    left = graph.conv(left, parts.beside, None, (1, 0, 1, 0))

    # In the order left, below, right, above.  By neighbour: before, itself, after.
    here = np.array([[0], [1], [0]], np.float32)
    at_first, at_last = (
        np.repeat(np.array(taps, np.float32)[:, None], 12, axis=1)
        for taps in ((-1, 1, 0), (0, 1, -1))
    )
    rows = _lines(graph, x, 2, [at_last, bias[:, 2], at_first], size)
    columns = _lines(graph, x, 3, [at_first, here * below, at_last], size)
    rows = graph.add("Concat", left, rows, axis=3)
    columns = graph.add("Concat", columns, above, axis=2)
    return rows, columns


def _lines(
    graph: Graph,
    x: str,
    along: int,
    taps: list[np.ndarray],
    size: tuple[int, int] | None,
) -> str:
    """Three lines as long as the axis `along` of `x`: [b 12 h 3] (2) or [b 12 3 w] (3).

    Each is a convolution with its `taps` [3 12] of ones inside the picture and zeros
    outside: with (-1, 1, 0) it is 1 at the first pixel and else 0.
    """
    kernel = np.stack(taps, axis=1)[:, :, None]  # [3 lines 1 12]
    if size is not None:
        inside = np.pad(np.ones(size[along - 2], np.float32), 1)
        near = np.lib.stride_tricks.sliding_window_view(inside, 3)
        known = np.einsum("nt,tlo->onl", near, kernel[:, :, 0])[None]
        return graph.constant(known if along == 2 else known.swapaxes(2, 3))
    shape = graph.add("Shape", graph.first(x, (1, 5 - along)))
    one = numpy_helper.from_array(np.ones(1, graph.dtype))
    ones = graph.add("ConstantOfShape", shape, value=one)
    # Across, the ones slide over the kernel: line n sees tap 2 - n alone.
    kernel = kernel[:, ::-1]
    if along == 2:
        return graph.conv(ones, kernel, None, (1, 2, 1, 2))
    return graph.conv(ones, kernel.swapaxes(0, 1), None, (2, 1, 2, 1))
