"""Batches without TensorFlow: pairs in memory, a thread that stays a little ahead."""

import queue
import threading
from collections.abc import Generator, Iterator

import numpy as np
from jaxtyping import Shaped

from lled_jax.data.order import Order, share
from lled_jax.data.pairs import PairSource
from lled_jax.data.transforms import crop_and_flip

Batch = dict[str, Shaped[np.ndarray, "b h w 3"]]

# Batches made ahead of the consumer: one to hand out, one to hide a slow moment.
AHEAD = 2


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
    step's batch ([b, h, w, 3] where the stage asks for whole images).  Meant for
    pairs in memory (`sources.load`); folders work too, read by a single thread.
    Closing the generator (or dropping it) ends the thread.

    Raises:
        InputError: at once, if a batch cannot be divided among the processes; while
            iterating, if a file cannot be read.
    """
    order.check_shares(process_index, process_count)
    return _ahead(_made(source, order, start, stop, process_index, process_count))


def _made(
    source: PairSource,
    order: Order,
    start: int,
    stop: int,
    process_index: int,
    process_count: int,
) -> Iterator[Batch]:
    for step in range(start, stop):
        draw = share(order.draw(step), process_index, process_count)
        crop = order.stage(step).crop
        rows = []
        for index, *place in zip(*(field.tolist() for field in draw), strict=True):
            top, left, flip_v, flip_h = place
            rows.append(
                [
                    crop_and_flip(image, top, left, crop, flip_v, flip_h)
                    for image in source[index]
                ]
            )
        low, high = zip(*rows, strict=True)
        yield {"low": np.stack(low), "high": np.stack(high)}


def _ahead(made: Iterator[Batch]) -> Generator[Batch, None, None]:
    """Run `made` in a thread, AHEAD items in advance; its exceptions arrive here."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def hand_over(item: Batch | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in made:
                hand_over(item)
                if stopped.is_set():
                    return
            hand_over(None)
        except BaseException as error:
            hand_over(error)

    thread = threading.Thread(target=work, name="lled-batches", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
