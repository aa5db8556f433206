"""Which examples a step sees, and how each is cropped and flipped, by address.

The batch of step t is a function of (seed, t) alone: nothing is consumed, so a run
can resume at any step, and the number of processes may change in between.  Positions
count the examples of the run; position p belongs to epoch p // n and takes entry
p % n of that epoch's own permutation.  A batch may reach across an epoch's end.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64

from lled_jax.errors import InputError

# Independent Philox streams of one seed.
_PERMUTATION, _AUGMENTATION = 0, 1


class Stage(NamedTuple):
    """From step `start` on: `crop` pixels square (0: whole images), `batch` pairs.

    `zoom` is that of `training.augmentation`, which the order does not depend on; 0:
    as the run has it.
    """

    start: int
    crop: int
    batch: int
    zoom: int = 0


class Draw(NamedTuple):
    """One batch by address: the pair, the crop's corner, and flips (0 or 1)."""

    # A column of pair numbers; nobody needs tuple.index of a Draw.
    index: Int[np.ndarray, " b"]  # type: ignore[assignment]
    top: Int[np.ndarray, " b"]
    left: Int[np.ndarray, " b"]
    flip_v: Int[np.ndarray, " b"]
    flip_h: Int[np.ndarray, " b"]


class Order:
    """The addresses of every batch of a run.

    Args:
        seed: 0 to 2**32 - 1: of more, `jax.random.key` takes the last 32 bits.
        sizes: height and width of each pair of the source.
        stages: the first starts at step 0, the starts increase; each crop has been
            through `pairs.require_min_size`, which knows the names of the images.

    Raises:
        InputError: no pairs, a bad seed or stage, or whole images of different sizes
            in batches of several.
    """

    def __init__(
        self, seed: int, sizes: Int[np.ndarray, "n 2"], stages: Sequence[Stage]
    ) -> None:
        if not 0 <= seed < 2**32:
            raise InputError(f"seed {seed}: must be between 0 and 2**32 - 1")
        if len(sizes) == 0:
            raise InputError("there are no pairs to draw from; check the dataset")
        _check_stages(stages)
        for stage in stages:
            _check_sizes(stage, sizes)
        self.seed = seed
        self.sizes = np.asarray(sizes)
        self.stages = tuple(Stage(*stage) for stage in stages)
        # The position at which each stage begins.
        steps = np.diff([stage.start for stage in self.stages])
        consumed = [int(k) * s.batch for k, s in zip(steps, self.stages, strict=False)]
        self._first = [sum(consumed[:i]) for i in range(len(self.stages))]
        self._permutations: dict[int, np.ndarray] = {}

    def stage(self, step: int) -> Stage:
        """The stage that `step` belongs to."""
        return self.stages[self._stage_index(step)]

    def pixels(self, step: int) -> float:
        """What the network sees in all steps before `step`: about what these cost."""
        whole = float(self.sizes.prod(axis=1).mean())
        ends = [*(stage.start for stage in self.stages[1:]), step]
        return sum(
            max(min(step, end) - s.start, 0)
            * s.batch
            * ((s.crop / max(s.zoom, 1)) ** 2 or whole)
            for s, end in zip(self.stages, ends, strict=True)
        )

    def positions(self, step: int) -> Int[np.ndarray, " b"]:
        """The positions of the global batch of `step`, in the order of its rows."""
        i = self._stage_index(step)
        stage = self.stages[i]
        first = self._first[i] + (step - stage.start) * stage.batch
        return np.arange(first, first + stage.batch)

    def draw(self, step: int) -> Draw:
        """The global batch of `step`."""
        return self.draw_at(self.positions(step), self.stage(step).crop)

    def draw_at(self, positions: Int[np.ndarray, " b"], crop: int) -> Draw:
        """The examples at `positions`, cropped to `crop` pixels square (0: whole)."""
        count = len(self.sizes)
        epochs, places = np.divmod(positions, count)
        index = np.array(
            [self._permutation(int(e))[k] for e, k in zip(epochs, places, strict=True)]
        )
        bits = np.stack([_bits(self.seed, _AUGMENTATION, int(p), 4) for p in positions])
        # Choices per image.  The modulo's bias is below size / 2**64.
        choices = np.full((len(positions), 4), 2, np.uint64)
        choices[:, :2] = self.sizes[index] - crop + 1 if crop else 1
        top, left, flip_v, flip_h = (bits % choices).astype(np.int64).T
        return Draw(index, top, left, flip_v, flip_h)

    def check_shares(self, process_index: int, process_count: int) -> None:
        """Raise `InputError` unless each stage's batch divides among the processes."""
        for stage in self.stages:
            local_rows(stage.batch, process_index, process_count)

    def _stage_index(self, step: int) -> int:
        assert step >= 0, step
        starts = [stage.start for stage in self.stages]
        return int(np.searchsorted(starts, step, side="right")) - 1

    def _permutation(self, epoch: int) -> Int[np.ndarray, " n"]:
        """The order of `epoch`; the last two are kept (a batch may need both).

        The cache is replaced, never changed, so that threads may share an Order.
        """
        known = self._permutations
        if epoch not in known:
            bits = _bits(self.seed, _PERMUTATION, epoch, len(self.sizes))
            latest = dict(list(known.items())[-1:])
            known = {**latest, epoch: np.argsort(bits, kind="stable")}
            self._permutations = known
        return known[epoch]


def share(draw: Draw, process_index: int, process_count: int) -> Draw:
    """The rows of a global draw that one of `process_count` processes takes.

    Raises:
        InputError: the batch cannot be divided evenly, or there is no such process.
    """
    rows = local_rows(len(draw.index), process_index, process_count)
    return Draw(*(field[rows] for field in draw))


def local_rows(batch: int, process_index: int, process_count: int) -> slice:
    """The rows of a batch of `batch` that one process takes: contiguous, equal parts.

    Raises:
        InputError: as `share`.
    """
    if not 0 <= process_index < process_count:
        raise InputError(
            f"process {process_index} of {process_count}: count processes from 0"
        )
    if batch % process_count:
        raise InputError(
            f"a batch of {batch} cannot be shared by {process_count} processes; "
            f"choose a multiple of {process_count}"
        )
    part = batch // process_count
    return slice(process_index * part, (process_index + 1) * part)


def _bits(seed: int, stream: int, number: int, count: int) -> UInt64[np.ndarray, " k"]:
    """`count` random words at the address (seed, stream, number).

    Raw Philox output: NumPy keeps a bit generator's words for ever, but not what
    `Generator.permutation` or `.integers` make of them.  The third counter word holds
    `number`, so 2**128 blocks separate two addresses.
    """
    key = np.array([seed, stream], np.uint64)
    counter = np.array([0, 0, number, 0], np.uint64)
    return np.random.Philox(key=key, counter=counter).random_raw(count)


def _check_stages(stages: Sequence[Stage]) -> None:
    starts = [stage[0] for stage in stages]
    if not starts or starts[0] != 0:
        raise InputError(f"stages start at {starts}: the first must start at step 0")
    if any(b <= a for a, b in itertools.pairwise(starts)):
        raise InputError(f"stages start at {starts}: the starts must increase")
    for start, crop, batch, _ in stages:
        if batch < 1 or crop < 0:
            raise InputError(
                f"stage from step {start}: crop {crop}, batch {batch}; the batch must "
                "be positive, the crop positive or 0 for whole images"
            )


def _check_sizes(stage: Stage, sizes: np.ndarray) -> None:
    _, crop, batch, _ = stage
    if crop == 0 and batch > 1 and (sizes != sizes[0]).any():
        raise InputError(
            f"crop 0 (whole images) with batch {batch}: the images differ in size; "
            "use batch 1 or a crop"
        )
    assert crop <= sizes.min(), f"crop {crop} of images as small as {sizes.min()}"
