"""int8 for a TFLite file, with ranges from real images.

Two of three 3x3 convolutions of the FABs run in 8 bit.  All else stays in float32,
where the range is far wider than what most values need: the gates of the enhancement
branch take a hundredth of the largest features, and the gradients of a dark image are a
few levels.
"""

import re
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

from lled_jax.arrays import Params
from lled_jax.export.contract import Contract, Samples
from lled_jax.export.tensorflow_graph import tf
from lled_jax.images import to_float
from lled_jax.models import variants
from lled_jax.models.gradient_guided import apply_with

# By the names that `tensorflow_graph` gives.  The enhancement branch's second ones
# would cost ten decibels to the network's answer on dark images; its very first one, in
# which a lamp is as far above the dark as in the photo, six on a photo of that kind.
_EIGHT_BIT = re.compile(
    r"(enhance_fab[1-9]\d*|gradient_fab\d+)/conv1/|gradient_fab\d+/conv2/"
)

# Channels that are always dark would get a range of nothing.
NARROWEST = 1e-3


def equalised(name: str, params: Params, images: Samples) -> Params:
    """The same network with the channels before each channel attention of one range.

    One range serves all channels of a tensor, and these differ by a factor of ten.  The
    convolution before the attention gives each channel divided by its largest value in
    `images`, and the attention's gate, which is not quantised, multiplies it back.
    """
    model = variants.build_guided(name, "int8")
    peak = jax.jit(
        lambda low: {
            fab: jnp.max(jnp.abs(x), (0, 1, 2))
            for fab, x in apply_with(model, params, {}, low)[1].items()
        }
    )
    peaks = [peak(to_float(image[None])) for image in images]
    changed = dict(params)
    for fab in peaks[0]:
        span = np.max([of[fab] for of in peaks], axis=0)
        changed[fab] = _divided(params[fab], np.maximum(span, NARROWEST * span.max()))
    return changed


def _divided(fab: Params, span: np.ndarray) -> Params:
    fab = jax.tree.map(np.asarray, fab)
    squeeze = fab["channel_attention"]["squeeze"]
    return fab | {
        "conv2": {name: values / span for name, values in fab["conv2"].items()},
        "channel_attention": fab["channel_attention"]
        | {
            "squeeze": squeeze | {"kernel": squeeze["kernel"] * span[:, None]},
            "scale": span.reshape(1, 1, 1, -1),
        },
    }


def quantised(
    converter: "tf.lite.TFLiteConverter", images: Samples, contract: Contract
) -> bytes:
    """What the converter gives, with most of the FABs' 3x3 convolutions in 8 bit.

    `images` are fitted to the size that the contract asks for, if it does.
    """
    kept = _kept_in_float(converter.convert())

    def samples() -> Iterator[list[np.ndarray]]:
        for image in images:
            yield [np.asarray(to_float(contract.fitted(image)[None]))]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=kept)
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_options=options
    )
    return debugger.get_nondebug_quantized_model()


def _kept_in_float(content: bytes) -> list[str]:
    """The names of all operations but those of `_EIGHT_BIT`."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = model.subgraphs[0]
    kept = []
    for operator in graph.operators:
        kind = flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)
        name = graph.tensors[operator.outputs[0]].name.decode()
        if kind != "CONV_2D" or not _EIGHT_BIT.match(name):
            kept.append(name)
    return kept
