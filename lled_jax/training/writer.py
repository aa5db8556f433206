"""The run's log: JSONL for programs, TensorBoard for curves, a line for people."""

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from lled_jax.errors import InputError
from lled_jax.files import atomic_write, explained, write_png
from lled_jax.training.board import Board
from lled_jax.training.records import METRICS, read_metrics

# tqdm's own, but for the time left, for which it takes all steps to be alike.
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}, {rate_fmt}{postfix}]"


class Writer:
    """Writes under `workdir`; records after step `start` of an earlier leg are dropped.

    On a terminal there is a progress bar with rate and time left; elsewhere a plain
    line for each record.  The time left is by `work`, what all steps before a given one
    cost in any unit: as if all cost the same unless told otherwise.  `quiet` silences a
    process that is not the first.  What cannot be written, as on a full disk, is an
    `InputError` that names the file.
    """

    def __init__(
        self,
        workdir: Path,
        start: int,
        total: int,
        work: Callable[[int], float] = float,
        *,
        quiet: bool = False,
    ) -> None:
        self._workdir, self._total, self._quiet = workdir, total, quiet
        self._work = work
        self._start, self._clock = start, time.monotonic()
        self._bar: tqdm | None = None
        if quiet:
            return
        with explained(workdir / METRICS):
            workdir.mkdir(parents=True, exist_ok=True)
            _drop_after(workdir / METRICS, start)
            self._jsonl = (workdir / METRICS).open("a", buffering=1)
        self._board = Board(workdir / "tensorboard", start + 1)
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=total,
                initial=start,
                unit="step",
                dynamic_ncols=True,
                bar_format=_BAR,
            )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Record named numbers; NaN and infinity become null in the JSONL.

        `seconds` since this leg began stand beside them.
        """
        if self._quiet:
            return
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        seconds = round(time.monotonic() - self._clock, 1)
        record = {"step": step, "seconds": seconds, **finite}
        with explained(self._workdir / METRICS):
            self._jsonl.write(json.dumps(record) + "\n")
        self._board.scalars(step, values)
        line = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        left = timedelta(seconds=round(self._seconds_left(step)))
        if self._bar is None:
            print(f"step {step}/{self._total}  {line}  left {left}", flush=True)
        elif "loss" in values:
            state = f"left {left}, loss {values['loss']:.4f}"
            self._bar.set_postfix_str(state, refresh=False)
        else:
            self._bar.write(f"step {step}  {line}", file=sys.stderr)

    def picture(self, step: int, grid: UInt8[np.ndarray, "h w 3"]) -> None:
        """Record a picture: a PNG under pictures/ and an image in TensorBoard."""
        if self._quiet:
            return
        write_png(self._workdir / "pictures" / f"{step:07d}.png", grid)
        self._board.picture(step, "low_enhanced_high", grid)

    def message(self, text: str) -> None:
        """Tell the person a fact that is no number."""
        if self._quiet:
            return
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)

    def advance(self) -> None:
        """One more step is done."""
        if self._bar is not None:
            self._bar.update()

    def close(self) -> None:
        """Flush everything; an error of that does not replace one that is under way."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.close()
        under_way = sys.exception()
        try:
            with explained(self._workdir), closing(self._board):
                self._jsonl.close()
        except InputError:
            if under_way is None:
                raise

    def _seconds_left(self, step: int) -> float:
        first, now, last = map(self._work, (self._start, step, self._total))
        seconds = time.monotonic() - self._clock
        return seconds / (now - first) * (last - now) if now > first else 0.0


def _drop_after(path: Path, start: int) -> None:
    """Forget what a killed leg logged after its last checkpoint; it is done again."""
    if not path.is_file():
        return
    kept = [r for r in read_metrics(path.parent) if (r["step"] or 0) <= start]
    with atomic_write(path) as partial:
        partial.write_text("".join(json.dumps(record) + "\n" for record in kept))
