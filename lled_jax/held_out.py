"""The score on held-out scenes while training, and the best parameters so far."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from lled_jax import weights_file
from lled_jax.data.pairs import PairSource, as_eight_bit
from lled_jax.evaluation import Enhance, OnImage, evaluate
from lled_jax.inference import enhancer
from lled_jax.training.records import read_metrics
from lled_jax.training.sharding import total
from lled_jax.training.state import TrainState
from lled_jax.training.writer import Writer

BEST = "best.safetensors"
# Of the picture grid.
ROWS, ROW_HEIGHT, SHRINK = 4, 200, 3
COLUMNS = ("psnr", "ssim")


def scorer(
    model: str, heldout: PairSource, workdir: Path, writer: Writer, start: int
) -> Callable[[int, TrainState], None]:
    """A hook that scores the EMA parameters of `model` on the held-out pairs.

    It logs the means and a picture grid, and keeps the parameters of the best PSNR
    so far in `workdir`/best.safetensors, that of an earlier attempt being forgotten if
    this one starts at step 0.  Does nothing if nothing is held out, nor at `start` if
    the leg before has logged the score.  Of several processes each scores its share of
    the pairs, so that none waits long for another (collectives have time limits); the
    first alone writes.
    """
    first = jax.process_index() == 0
    numbers = np.arange(jax.process_index(), len(heldout), jax.process_count())
    share = heldout.subset(numbers)
    if start == 0 and first:
        (workdir / BEST).unlink(missing_ok=True)
    # What the first process has found, so that all do the same.
    known = total(np.array(float(first and _has_score(workdir, start)))) > 0

    def score(step: int, state: TrainState) -> None:
        if len(heldout) == 0 or (step == start and known):
            return
        ema = jax.device_get(state.ema)
        rows: list[np.ndarray] = []

        def keep(name: str, *pictures: np.ndarray) -> None:
            if len(rows) < ROWS:
                rows.append(_row(*pictures))

        means = _means(share, enhancer(model, ema), keep)
        if not first:
            return
        writer.picture(step, _stack(rows))
        path = workdir / BEST
        best = weights_file.read(path)[2]["psnr"] if path.is_file() else -np.inf
        if means["psnr"] > best:
            facts = {"step": step, "kind": "best EMA on held-out scenes", **means}
            weights_file.write(path, model, ema, facts)
        # Last, since it says that this step is done with.
        writer.scalars(step, {f"holdout_{name}": v for name, v in means.items()})

    return score


def _has_score(workdir: Path, step: int) -> bool:
    records = read_metrics(workdir)
    return any(r["step"] == step and "holdout_psnr" in r for r in records)


def _means(share: PairSource, enhance: Enhance, keep: OnImage) -> dict[str, float]:
    """The mean scores over the pairs of all processes, each counted once."""
    sums = np.zeros(1 + len(COLUMNS))
    if len(share):  # there may be fewer pairs than processes
        means = evaluate(share, enhance, columns=COLUMNS, on_image=keep).means
        sums = len(share) * np.array([1, *(means[name] for name in COLUMNS)])
    count, *scores = total(sums)
    return {name: float(s / count) for name, s in zip(COLUMNS, scores, strict=True)}


def _row(low: np.ndarray, enhanced: np.ndarray, high: np.ndarray) -> np.ndarray:
    """low | enhanced | high in 8 bit and small; a glance is all it is for."""
    row = np.concatenate(
        [as_eight_bit(picture) for picture in (low, enhanced, high)], axis=1
    )
    return row[::SHRINK, ::SHRINK][:ROW_HEIGHT]


def _stack(rows: list[np.ndarray]) -> np.ndarray:
    """Rows under each other, black where one is narrower."""
    width = max(row.shape[1] for row in rows)
    return np.concatenate(
        [np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0))) for r in rows]
    )
