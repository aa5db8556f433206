"""Which images a report shows, and which details of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from lled_jax.columns import describe
from lled_jax.comparison.agree import Agreement
from lled_jax.comparison.read import Run
from lled_jax.errors import InputError

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

# A detail is this part of the image's shorter side high, and 3:2 as most photos are.
_DETAIL = 0.2
_ASPECT = 1.5
# Details are looked for in as many rows or columns at least, and in less than twice
# as many.
_FINEST = 1000


class Choice(NamedTuple):
    """An image to show, and why it was chosen."""

    name: str
    why: str


def choose(
    runs: Sequence[Run], agreement: Agreement, number: int, names: Sequence[str] = ()
) -> list[Choice]:
    """The images to show: `names`, or the `number` on which the methods differ most.

    They differ by the best minus the worst score of the first column.  With one method
    they are its worst, best and median images instead.  Raises `InputError` for a name
    that is no image of the runs.
    """
    for name in names:
        if name not in agreement.names:
            known = ", ".join(agreement.names[:8])
            more = ", ..." if len(agreement.names) > 8 else ""
            raise InputError(f"no image {name!r} in the runs: choose of {known}{more}")
    if names:
        return [Choice(name, "chosen by name") for name in names]
    column = describe(agreement.columns[0], agreement.protocol)
    scores = {
        name: [
            run.images[name][column.name] for run in runs if column.name in run.means
        ]
        for name in agreement.names
    }
    if len(runs) == 1:
        ranked = sorted(scores, key=lambda name: scores[name])
        places = {"lowest": 0, "highest": -1, "median": len(ranked) // 2}
        chosen: dict[str, str] = {}
        for word, place in places.items():
            chosen.setdefault(ranked[place], f"{word} {column.heading}")
        return [Choice(name, why) for name, why in chosen.items()][:number]
    spread = {name: max(values) - min(values) for name, values in scores.items()}
    ranked = sorted(spread, key=lambda name: -spread[name])[:number]
    return [
        Choice(
            name,
            f"the methods differ by {column.text(spread[name])} in {column.heading}",
        )
        for name in ranked
    ]


def details(
    outputs: Sequence[UInt8[np.ndarray, "h w 3"]],
    high: UInt8[np.ndarray, "h w 3"] | None,
    number: int,
) -> tuple[Box, ...]:
    """The `number` boxes that tell most about the methods, well apart from another.

    Those with the largest product of `_disagreement` and `_structure`: a wall tells
    nothing that the whole image does not.  Fewer where no more fit.
    """
    step = max(1, min(outputs[0].shape[:2]) // _FINEST)
    stack = [_thinned(output, step) for output in outputs]
    target = None if high is None else _thinned(high, step)
    scene = np.mean(stack, axis=0) if target is None else target
    height, width = scene.shape[:2]
    tall = max(1, round(min(height, width / _ASPECT) * _DETAIL))
    wide = max(1, min(width, round(tall * _ASPECT)))
    tops = np.arange(0, height - tall + 1, max(1, tall // 4))
    lefts = np.arange(0, width - wide + 1, max(1, wide // 4))
    value = np.ones((len(tops), len(lefts)))
    for interest in (_disagreement(stack, target), _structure(scene)):
        value *= _box_sums(interest, tops, lefts, (tall, wide))
    chosen: list[Box] = []
    for place in np.argsort(-value, axis=None, kind="stable"):
        row, column = divmod(int(place), len(lefts))
        left, top = step * int(lefts[column]), step * int(tops[row])
        box = (left, top, left + step * wide, top + step * tall)
        if len(chosen) < number and not any(_near(box, other) for other in chosen):
            chosen.append(box)
    return tuple(chosen)


def _thinned(
    image: UInt8[np.ndarray, "h w 3"], step: int
) -> Float[np.ndarray, "rows columns 3"]:
    """Every `step`-th pixel: photos of many megapixels cost no more than small ones."""
    height, width = (side - side % step for side in image.shape[:2])
    return image[:height:step, :width:step].astype(np.float64)


def _disagreement(
    stack: Sequence[Float[np.ndarray, "h w 3"]],
    target: Float[np.ndarray, "h w 3"] | None,
) -> Float[np.ndarray, "h w"]:
    """Per pixel how much the methods' absolute errors differ; of one, its error.

    Without a target, how much the pictures do.  Mean colours are taken out before: what
    is wrong everywhere needs no detail to be seen.
    """
    level = [output - output.mean((0, 1)) for output in stack]
    if target is None:
        spread = np.ptp(level, axis=0).mean(-1)
    else:
        goal = target - target.mean((0, 1))
        errors = [np.abs(output - goal).mean(-1) for output in level]
        spread = errors[0] if len(errors) == 1 else np.ptp(errors, axis=0)
    # One method without a target has no errors: then structure alone decides.
    return spread if spread.any() else np.ones_like(spread)


def _structure(scene: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Differences of neighbouring pixels; a bit everywhere, if there are none."""
    grey = scene.mean(-1)
    down = np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    return down + np.abs(np.diff(grey, axis=1, append=grey[:, -1:])) + 0.1


def _box_sums(
    values: Float[np.ndarray, "h w"],
    tops: Int[np.ndarray, " r"],
    lefts: Int[np.ndarray, " c"],
    size: tuple[int, int],
) -> Float[np.ndarray, "r c"]:
    """Sums over boxes of one size (height, width), from the integral image."""
    total = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = tops[:, None], lefts[None, :]
    below, right = rows + size[0], columns + size[1]
    sums = total[below, right] - total[rows, right]
    return sums - total[below, columns] + total[rows, columns]


def _near(one: Box, other: Box) -> bool:
    """Closer than half a box."""
    gap_x, gap_y = (one[2] - one[0]) // 2, (one[3] - one[1]) // 2
    apart = one[2] + gap_x <= other[0] or other[2] + gap_x <= one[0]
    return not (apart or one[3] + gap_y <= other[1] or other[3] + gap_y <= one[1])
