"""The network in plain TensorFlow operations, for TFLite and SavedModel alike.

NHWC; no operation here asks for a shape, so that XNNPACK takes a TFLite graph whole,
of any size.  For exporting, TensorFlow is imported here alone: what else needs it takes
`tf` from here.
"""

import contextlib
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.export.noise import silent
from lled_jax.models import variants
from lled_jax.models.tail import border, fold

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with silent():  # its greetings are not for users
    import tensorflow as tf

# JAX owns the accelerators.  Too late if TensorFlow has been used before us.
with contextlib.suppress(RuntimeError):
    tf.config.set_visible_devices([], "GPU")

Graph = Callable[[tf.Tensor], tf.Tensor]


def build(name: str, params: Params, dtype: tf.DType = tf.float32) -> Graph:
    """The variant `name` with `params` as operations, to be called under a trace.

    [b h w 3] float32 in [0, 1] -> [b 2*ceil(h/2) 2*ceil(w/2) 3], clipped: of an odd
    size one row or column too many, to be dropped by the caller.  The convolutions run
    in `dtype`.  Raises `InputError` for a variant that has no such graph.
    """
    model = variants.build_guided(name, "TensorFlow")
    if model.guide != "sobel":
        raise InputError(f"a {name} cannot be exported to TensorFlow")
    arrays = jax.tree.map(np.asarray, params)
    tail = _tail(arrays["tail"])

    def run(low: tf.Tensor) -> tf.Tensor:
        guide = tf.cast(_sobel(low), dtype)
        e = _head(tf.cast(low, dtype), arrays["enhance_head"])
        g = _head(guide, arrays["gradient_head"])
        e = e + g
        for n in range(model.fabs):
            e = _fab(e, arrays, f"enhance_fab{n}")
            g = _fab(g, arrays, f"gradient_fab{n}")
            e = e + g
        return tf.clip_by_value(tf.cast(tail(e), tf.float32), 0.0, 1.0)

    return run


def _conv(
    x: tf.Tensor, kernel: Any, bias: Any = None, stride: int = 1, padding: str = "SAME"
) -> tf.Tensor:
    y = tf.nn.conv2d(x, tf.constant(kernel, x.dtype), stride, padding)
    return y if bias is None else tf.nn.bias_add(y, tf.constant(bias, x.dtype))


def _layer(x: tf.Tensor, p: Params) -> tf.Tensor:
    return _conv(x, p["kernel"], p["bias"])


def _head(x: tf.Tensor, p: Params) -> tf.Tensor:
    # "SAME" pads even sizes on one side only.
    padded = tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return _conv(padded, p["kernel"], p["bias"], 2, "VALID")


def _fab(x: tf.Tensor, params: Params, name: str) -> tf.Tensor:
    """One FAB; `tflite_int8` knows its two large convolutions by their names."""
    p = params[name]
    with tf.name_scope(f"{name}/conv1"):
        y = tf.nn.relu(_layer(x, p["conv1"]))
    y = y + x
    with tf.name_scope(f"{name}/conv2"):
        y = _layer(y, p["conv2"])
    # In float32: a half-precision sum of many pixels goes wrong.
    mean = tf.reduce_mean(tf.cast(y, tf.float32), (1, 2), keepdims=True)
    gate = _gate(tf.cast(mean, y.dtype), p["channel_attention"])
    if "scale" in p["channel_attention"]:  # of equalised parameters
        gate = gate * p["channel_attention"]["scale"]
    y = y * gate
    y = y * _gate(y, p["pixel_attention"])
    return y + x


def _gate(x: tf.Tensor, p: Params) -> tf.Tensor:
    return tf.sigmoid(_layer(tf.nn.relu(_layer(x, p["squeeze"])), p["excite"]))


def _sobel(low: tf.Tensor) -> tf.Tensor:
    """`lled_jax.images.sobel`, the border replicated."""
    # Not tf.pad(..., "SYMMETRIC"): XNNPACK knows no such padding.
    rows = tf.concat((low[:, :1], low, low[:, -1:]), 1)
    padded = tf.concat((rows[:, :, :1], rows, rows[:, :, -1:]), 2)
    across = np.outer((1, 2, 1), (-1, 0, 1)).astype(np.float32)
    squares = [tf.square(_depthwise(padded, kernel)) for kernel in (across, across.T)]
    return tf.sqrt(squares[0] + squares[1] + 1e-8)


def _depthwise(x: tf.Tensor, kernel: np.ndarray) -> tf.Tensor:
    each = np.repeat(kernel[:, :, None, None], 3, axis=2)
    return tf.nn.depthwise_conv2d(x, each, (1, 1, 1, 1), "VALID")


def _tail(parameters: Params) -> Graph:
    """The folded tail, [b h w c] -> [b 2h 2w 3], exact up to the border.

    The first layer's bias gets a plane of its own, which ends with the picture, and
    what the lines above and left of it add (`Border`) is taken away again.
    """
    names = ("up_kernel", "up_bias", "out_kernel", "out_bias")
    up, up_bias, out, out_bias = (jnp.asarray(parameters[n]) for n in names)
    # An accelerator would fold the kernels in shorter floats.
    with jax.default_matmul_precision("highest"):
        inside, bias = fold(up, jnp.zeros_like(up_bias), out, out_bias)
        parts = border(up, up_bias, out)
    plane = parts.bias.reshape(3, 3, 1, 12)

    def run(x: tf.Tensor) -> tf.Tensor:
        ones = x[..., :1] * 0 + 1
        z = _conv(x, inside, bias) + _conv(ones, plane)
        z = z - _first(ones[:, :, :1], (3, 1)) * _conv(x[:, :1], parts.above)
        column = _conv(_conv(x[:, :, :1], parts.left), parts.beside)
        z = z - _first(ones[:, :1], (1, 3)) * column
        return tf.nn.depth_to_space(z, 2)

    return run


def _first(ones: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """1 at the first pixel of a line of ones and 0 at the others."""
    # Each pixel less the one before it.
    return _conv(ones, np.array([-1.0, 1.0, 0.0]).reshape(*size, 1, 1))
