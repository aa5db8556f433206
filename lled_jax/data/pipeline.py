"""The batches of `memory.batches`, to the bit, through tf.data: for sets on disk.

TensorFlow, imported here, sees no GPU.  A dataset of positions comes first; drawing,
decoding, cropping and flipping are a parallel map over it, so that nothing depends on
what was read before.
"""

import contextlib
import os
import warnings
from collections.abc import Generator

import numpy as np

from lled_jax.data.memory import Batch
from lled_jax.data.order import Order, Stage, local_rows
from lled_jax.data.pairs import PairSource
from lled_jax.data.transforms import crop_and_flip
from lled_jax.errors import InputError

# Its greetings are not for users; the second is printed at any level, and we use no
# operation that oneDNN has a part in.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own deprecations
        import tensorflow as tf
except ModuleNotFoundError as error:
    raise InputError(
        "the tf.data pipeline needs TensorFlow: pip install 'lled-jax[train]', or "
        "use data.pipeline=memory"
    ) from error

# JAX owns the accelerators.  Too late if TensorFlow has been used before us.
with contextlib.suppress(RuntimeError):
    tf.config.set_visible_devices([], "GPU")


def batches(
    source: PairSource,
    order: Order,
    start: int,
    stop: int,
    process_index: int = 0,
    process_count: int = 1,
) -> Generator[Batch, None, None]:
    """Batches of the steps `start` to `stop` - 1: {"low", "high"} of `source.dtype`.

    Each array is [b, c, c, 3] with the crop c and this process's share b of the
    step's batch ([b, h, w, 3] where the stage asks for whole images).  Closing the
    generator (or dropping it) stops reading.

    Raises:
        InputError: at once, if a batch cannot be divided among the processes; while
            iterating, if a file cannot be read.
    """
    order.check_shares(process_index, process_count)
    return _chained(source, order, start, stop, process_index, process_count)


def _chained(
    source: PairSource,
    order: Order,
    start: int,
    stop: int,
    process_index: int,
    process_count: int,
) -> Generator[Batch, None, None]:
    """One dataset per stage: the crop is a static shape, the batch an argument."""
    while start < stop:
        stage = order.stage(start)
        later = [other.start for other in order.stages if other.start > start]
        end = min([stop, *later])
        rows = local_rows(stage.batch, process_index, process_count)
        failures: list[BaseException] = []
        dataset = _dataset(source, order, stage, rows, (start, end), failures)
        try:
            yield from dataset.as_numpy_iterator()
        except tf.errors.OpError:
            # TensorFlow turned our error into text with a traceback inside.
            if failures:
                raise failures[0] from None
            raise
        start = end


def _dataset(
    source: PairSource,
    order: Order,
    stage: Stage,
    rows: slice,
    steps: tuple[int, int],
    failures: list[BaseException],
) -> tf.data.Dataset:
    local = rows.stop - rows.start

    def pair(count: np.integer) -> tuple[np.ndarray, np.ndarray]:
        """Example number `count` of this process since step 0 of this range."""
        try:
            step, row = divmod(int(count), local)
            position = order.positions(steps[0] + step)[rows.start + row]
            draw = order.draw_at(np.array([position]), stage.crop)
            index, top, left, flip_v, flip_h = (int(field[0]) for field in draw)
            place = (top, left, stage.crop, flip_v, flip_h)
            low, high = (crop_and_flip(image, *place) for image in source[index])
            # TensorFlow takes over the memory: no views with negative strides.
            return np.ascontiguousarray(low), np.ascontiguousarray(high)
        except BaseException as error:
            failures.append(error)
            raise

    kind = tf.as_dtype(source.dtype)
    side = stage.crop or None

    # No control flow to translate, and reading our source again takes time.
    @tf.autograph.experimental.do_not_convert
    def example(count: tf.Tensor) -> dict[str, tf.Tensor]:
        low, high = tf.numpy_function(pair, [count], [kind, kind], stateful=False)
        return {
            "low": tf.ensure_shape(low, [side, side, 3]),
            "high": tf.ensure_shape(high, [side, side, 3]),
        }

    options = tf.data.Options()
    options.deterministic = True
    return (
        tf.data.Dataset.range((steps[1] - steps[0]) * local)
        .map(example, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(local, drop_remainder=True)
        .prefetch(2)
        .with_options(options)
    )
