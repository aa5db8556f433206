"""The training loop: batches in, a trained state out, nothing lost in between.

It knows no data set and no config: it receives a batch iterator, step functions and
hooks.  A resumed run continues at `state.step` with the iterator starting there.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from lled_jax.errors import InputError, Interrupted
from lled_jax.objectives import Frozen
from lled_jax.training.sharding import Agreement, batch_sharding, put_batch
from lled_jax.training.state import TrainState
from lled_jax.training.step import Metrics, StepFn
from lled_jax.training.writer import Writer

# How many steps the host runs ahead of the check for NaN: enough to keep the device
# busy, few enough to stop at once.
LAG = 2


class Phase(NamedTuple):
    """From step `start` on, train with `step`."""

    start: int
    step: StepFn


@dataclass(frozen=True)
class Hooks:
    """What happens beside the steps.  Intervals are in steps; 0 means never."""

    save: Callable[[int, TrainState], None]
    """Begin to save a checkpoint."""
    saved: Callable[[], None]
    """Wait until what was begun is whole on disk."""
    evaluate: Callable[[int, TrainState], None]
    """Score the held-out images and log it, unless an earlier leg has."""
    files_of: Callable[[int], Sequence[str]]
    """The files of the batch of a step, for the message about a NaN."""
    log_every: int
    evaluate_every: int
    save_every: int


def train(
    state: TrainState,
    frozen: Frozen,
    phases: Sequence[Phase],
    batches: Generator[dict[str, np.ndarray], None, None],
    total_steps: int,
    mesh: Mesh,
    writer: Writer,
    hooks: Hooks,
) -> TrainState:
    """Train from `state.step` to `total_steps`; the state returned has been saved.

    Raises `InputError` that names the step and the files when the loss is not finite
    (nothing bad is saved), and `Interrupted` after a signal, with the state saved.
    A signal to one process of several stops all of them at the same step.  However it
    ends, `batches` and `writer` are closed.
    """
    step, meter = int(state.step), _Meter(hooks.files_of)
    sharding, agreement = batch_sharding(mesh), Agreement(mesh, LAG)
    first, began = step, time.monotonic()
    with _signals() as received, closing(writer), closing(batches):
        if step and (_due(step, hooks.evaluate_every) or step == total_steps):
            # The leg before may have been killed in it, after this state was saved.
            hooks.evaluate(step, state)
        while step < total_steps:
            started = time.monotonic()
            batch = next(batches)
            meter.waited += time.monotonic() - started
            state, metrics = _phase(phases, step).step(
                state, frozen, put_batch(batch, sharding)
            )
            step += 1
            if step == first + 1:
                jax.block_until_ready(metrics)
                seconds = time.monotonic() - began
                writer.message(f"first step after {seconds:.1f} s, compiled")
            rows = len(next(iter(batch.values())))
            meter.add(step, metrics, rows * jax.process_count())
            writer.advance()
            signum = agreement.on(max(received, default=0))
            if _due(step, hooks.log_every) or step == total_steps:
                writer.scalars(step, meter.take())
            if _due(step, hooks.save_every) or step == total_steps or signum:
                meter.check()  # never save a state that is not known to be finite
                hooks.save(step, state)
            if _due(step, hooks.evaluate_every) or step == total_steps:
                meter.check()
                with meter.paused():
                    hooks.evaluate(step, state)
            if signum:
                hooks.saved()  # while a further signal does not end the process
                raise Interrupted(step, signum)
        hooks.saved()
        signum = agreement.settle(max(received, default=0))
        if signum:  # came with the last steps: what follows may be another training
            raise Interrupted(step, signum)
    return state


class _Meter:
    """Collects metrics with a lag, checks that they are finite, averages, times."""

    def __init__(self, files_of: Callable[[int], Sequence[str]]) -> None:
        self._files_of = files_of
        self._pending: deque[tuple[int, Metrics]] = deque()
        self._reset()

    def _reset(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = self._images = 0
        self.waited, self._clock = 0.0, time.monotonic()

    def add(self, step: int, metrics: Metrics, images: int) -> None:
        self._pending.append((step, metrics))
        self._images += images
        while len(self._pending) > LAG:
            self._settle()

    def check(self) -> None:
        """Wait for every step so far; raise `InputError` if one was not finite."""
        while self._pending:
            self._settle()

    def take(self) -> dict[str, float]:
        """The means since the last call, images per second, share of time waited."""
        self.check()
        # jit sorts the names; people look for the loss first.
        names = sorted(self._sums, key=lambda name: (name != "loss", name))
        means = {name: self._sums[name] / self._count for name in names}
        elapsed = time.monotonic() - self._clock
        means["images_per_s"] = self._images / elapsed
        means["data_wait"] = self.waited / elapsed
        self._reset()
        return means

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside does not count."""
        started = time.monotonic()
        yield
        self._clock += time.monotonic() - started

    def _settle(self) -> None:
        step, metrics = self._pending.popleft()
        values = {name: float(value) for name, value in metrics.items()}
        if not np.isfinite(values["loss"]) or not np.isfinite(values["grad_norm"]):
            files = self._files_of(step - 1)
            named = ", ".join(files[:8]) + (", ..." if len(files) > 8 else "")
            raise InputError(
                f"loss {values['loss']} and gradient norm {values['grad_norm']} at "
                f"step {step} (batch: {named}); lower the learning rate, set "
                "config.optimizer.clip_norm, or check those files; what was "
                "saved before is intact"
            )
        if values.keys() != self._sums.keys():
            # A phase began: means over both phases would say nothing.
            self._sums, self._count = dict.fromkeys(values, 0.0), 0
        for name, value in values.items():
            self._sums[name] += value
        self._count += 1


def _phase(phases: Sequence[Phase], step: int) -> Phase:
    return max((p for p in phases if p.start <= step), key=lambda phase: phase.start)


def _due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGTERM and Ctrl-C; a second Ctrl-C stops at once, as usual."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # handlers can only be set in the main thread
        return

    def note(signum: int, frame: FrameType | None) -> None:
        del frame
        if received and signum == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(signum)

    kinds = (signal.SIGTERM, signal.SIGINT)
    old = {kind: signal.signal(kind, note) for kind in kinds}
    try:
        yield received
    finally:
        for kind, handler in old.items():
            signal.signal(kind, handler)
