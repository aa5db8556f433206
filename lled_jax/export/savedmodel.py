"""SavedModel folders, for TensorFlow, TensorFlow Serving and Triton."""

from pathlib import Path

import numpy as np

from lled_jax.arrays import Params
from lled_jax.export.contract import INPUT, OUTPUT, Contract, Runner, Samples
from lled_jax.export.noise import silent
from lled_jax.export.tensorflow_graph import Graph, build, tf
from lled_jax.files import write_json

PRECISIONS = ("f32", "bf16", "f16")

SIGNATURE = "serving_default"
# The one folder that TensorFlow Serving leaves to others.
FACTS = Path("assets.extra") / "lled_jax.json"

_DTYPES = {"f32": tf.float32, "bf16": tf.bfloat16, "f16": tf.float16}


def write(
    contract: Contract,
    params: Params,
    calibration: Samples,
    path: Path,
) -> None:
    """Write the folder, plain operations of TensorFlow in one signature.

    Any batch, height and width, unless the contract fixes them.  The shorter types are
    those of the convolutions; pixels and means stay float32.
    """
    del calibration
    graph = build(contract.model, params, _DTYPES[contract.precision])
    height, width = contract.size or (None, None)
    shape = tf.TensorSpec((None, height, width, 3), contract.pixels, INPUT)
    with silent():
        module = tf.Module()
        module.enhance = tf.function(
            lambda low: {OUTPUT: _exact(graph, low)},
            input_signature=[shape],
            autograph=False,
        )
        signatures = {SIGNATURE: module.enhance}
        tf.saved_model.save(module, str(path), signatures)
    write_json(path / FACTS, contract.metadata())


def runner(path: Path) -> Runner:
    """The signature run by TensorFlow in this process."""
    with silent():
        model = tf.saved_model.load(str(path))
    call = model.signatures[SIGNATURE]

    def run(low: np.ndarray) -> np.ndarray:
        with silent():  # of what the processor lacks
            answer: np.ndarray = call(**{INPUT: tf.constant(low)})[OUTPUT].numpy()
        return answer

    return run


def _exact(graph: Graph, low: tf.Tensor) -> tf.Tensor:
    """The answer with the size and type of `low`: float in [0, 1] or 8 bit."""
    height, width = tf.unstack(tf.shape(low)[1:3])
    if low.dtype == tf.float32:
        return graph(low)[:, :height, :width]
    bright = graph(tf.cast(low, tf.float32) * np.float32(1 / 255))
    return tf.cast(tf.round(bright[:, :height, :width] * 255), low.dtype)
