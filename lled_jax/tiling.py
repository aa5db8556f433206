"""Images of any size in bounded memory: tiles that know the whole image.

A tile overlaps its neighbours by what a pixel sees, and every channel attention takes
the mean of the whole image.  Those means depend on the stages before them, so that each
stage is measured by a pass over all tiles before the last pass draws the image.  The
answer is that of the whole image at once, up to rounding.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from lled_jax.adjust import RADIUS, adjust
from lled_jax.arrays import EncodedImage, Params
from lled_jax.errors import InputError
from lled_jax.images import encode, to_float
from lled_jax.inference import padded_size
from lled_jax.look import Amounts
from lled_jax.models.gradient_guided import GradientGuided, apply_with, fabs_of, reach

Statistics = dict[str, dict[str, Array]]
"""By the name of a FAB: the `mean` [1 1 1 c] that its channel attention uses."""


Mix = Callable[[str, Array], Array]
"""From the name of a FAB and the mean of the whole image to the mean to use."""

# Bytes of a forward pass per pixel and channel of the network: 6.13 as XLA plans them
# on a CPU for student and teacher, and one that was seen to come on top with JAX 0.10.
BYTES = 7.15
# Of the process itself: Python, JAX and the compiled programs.
RUNTIME = 450 * 2**20
# Copies of the photo's pixels that are alive at once, counting its file's decoder.
COPIES = 4
SMALLEST, LARGEST = 256, 2048


def side_for(model: GradientGuided, low: EncodedImage, max_memory: int) -> int | None:
    """The side of the tiles with which a process stays within `max_memory` bytes.

    None if the image can be enhanced whole, as padded as `inference.enhancer` may have
    it.  Raises `InputError` if not even small tiles fit, or if the network's guide
    needs the whole image.
    """
    height, width = low.shape[:2]
    left = max_memory - RUNTIME - COPIES * low.nbytes
    pixels = left / (BYTES * model.channels)
    if math.prod(padded_size(model, height, width) or (height, width)) <= pixels:
        return None
    if model.guide == "canny":  # an edge may go on through the whole image
        raise InputError(
            f"{width}x{height} pixels need tiles, which a network guided by Canny "
            "edges cannot have: allow more memory"
        )
    side = min(LARGEST, int(max(pixels, 0) ** 0.5)) // 32 * 32
    if side < SMALLEST:
        least = max_memory - left + SMALLEST**2 * BYTES * model.channels
        # In per cent too: the limit may be a part of what the user allowed.
        raise InputError(
            f"{width}x{height} pixels need {-(-least // 2**20):.0f} MiB of memory, "
            f"more than the {max_memory // 2**20} MiB that they may take: raise the "
            f"limit by {math.ceil(100 * (least / max_memory - 1))} %"
        )
    return side


class Span(NamedTuple):
    """A tile along one axis: it reads start:stop and answers for own_start:own_stop."""

    start: int
    stop: int
    own_start: int
    own_stop: int


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """Tiles of one size that answer for each pixel of an axis once.

    All begin at even pixels, as the network's stride asks for, and none goes beyond
    the image, so that the image's border is a tile's border.  `tile` and `overlap` are
    even; `tile`, the most that they may be, is twice `overlap` and 4, or more.
    """
    if length <= tile:
        return [Span(0, length, 0, length)]
    # As few tiles as may be, and those no larger than so many need to be.
    inner = length - 2 * overlap
    count = -(-inner // (tile - 2 * overlap - 2))
    step = -(-inner // (2 * count)) * 2
    # The last tile ends with the image and begins even.
    tile = step + 2 * overlap + length % 2
    last = length - tile
    found = []
    own = 0
    while own < length:
        start = min(max(0, own - overlap), last)
        stop = start + tile
        own_stop = length if start == last else (stop - overlap) // 2 * 2
        found.append(Span(start, stop, own, own_stop))
        own = own_stop
    return found


class Tiles(NamedTuple):
    """An image's size cut into overlapping tiles."""

    rows: list[Span]
    columns: list[Span]

    def __iter__(self) -> Iterator[tuple[Span, Span]]:  # type: ignore[override]
        return ((row, column) for row in self.rows for column in self.columns)


def enhance(
    model: GradientGuided,
    params: Params,
    low: EncodedImage,
    side: int,
    amounts: Amounts,
    mix: Mix = lambda fab, mean: mean,
) -> tuple[EncodedImage, Statistics]:
    """The enhanced image, of the size and dtype of `low`, and the means it took.

    `side` is what `side_for` says; `mix` as in `measure`.
    """
    tiles = cut(model, low, side)
    statistics = measure(model, params, low, tiles, mix)
    return render(model, params, low, tiles, statistics, amounts), statistics


def cut(model: GradientGuided, low: EncodedImage, side: int) -> Tiles:
    """Tiles of `side` pixels that overlap by what the network and adjustments see."""
    overlap = reach(model) + 2 * RADIUS
    height, width = low.shape[:2]
    return Tiles(spans(height, side, overlap), spans(width, side, overlap))


def measure(
    model: GradientGuided,
    params: Params,
    low: EncodedImage,
    tiles: Tiles,
    mix: Mix = lambda fab, mean: mean,
) -> Statistics:
    """The means that the channel attentions would take of the whole image.

    `mix` may replace the mean of a FAB, before later stages depend on it.
    """
    statistics: Statistics = {}
    count = -(-low.shape[0] // 2) * -(-low.shape[1] // 2)
    for stage in range(model.fabs):
        totals: dict[str, np.ndarray] = {}
        for row, column in tiles:
            part = _totals(
                model,
                stage,
                params,
                statistics,
                _pixels(low, row, column),
                _weights(row),
                _weights(column),
            )
            for fab, total in part.items():
                # In double: of a large image there are many tiles.
                totals[fab] = totals.get(fab, 0.0) + np.asarray(total, np.float64)
        for fab, total in totals.items():
            mean = jnp.asarray((total / count).reshape(1, 1, 1, -1), jnp.float32)
            statistics[fab] = {"mean": mix(fab, mean)}
    return statistics


def render(
    model: GradientGuided,
    params: Params,
    low: EncodedImage,
    tiles: Tiles,
    statistics: Statistics,
    amounts: Amounts,
) -> EncodedImage:
    """The whole image, drawn tile by tile; of the size and dtype of `low`."""
    bright = np.empty_like(low)
    for row, column in tiles:
        drawn = _draw(model, params, statistics, _pixels(low, row, column), amounts)
        bright[row.own_start : row.own_stop, column.own_start : column.own_stop] = (
            np.asarray(drawn)[
                row.own_start - row.start : row.own_stop - row.start,
                column.own_start - column.start : column.own_stop - column.start,
            ]
        )
    return bright


def _pixels(image: np.ndarray, row: Span, column: Span) -> np.ndarray:
    return image[row.start : row.stop, column.start : column.stop]


def _weights(span: Span) -> Float[np.ndarray, " half"]:
    """1 for the positions at half resolution that a tile answers for, else 0."""
    at = span.start + 2 * np.arange(-(-(span.stop - span.start) // 2))
    return ((at >= span.own_start) & (at < span.own_stop)).astype(np.float32)


@partial(jax.jit, static_argnums=0)
def _draw(
    model: GradientGuided,
    params: Params,
    statistics: Statistics,
    low: Array,
    amounts: Amounts,
) -> Array:
    images = to_float(low[None])
    outputs, _ = apply_with(model, params, statistics, images)
    return encode(adjust(images, outputs.enhanced, amounts), low.dtype)[0]


@partial(jax.jit, static_argnums=(0, 1))
def _totals(
    model: GradientGuided,
    stage: int,
    params: Params,
    statistics: Statistics,
    low: Array,
    rows: Float[Array, " h"],
    columns: Float[Array, " w"],
) -> dict[str, Float[Array, " c"]]:
    """Sums over a tile's own pixels of what the attentions of `stage` take means of."""
    _, attended = apply_with(model, params, statistics, to_float(low[None]))
    return {
        fab: jnp.einsum(
            "hwc,h,w->c", attended[fab][0], rows, columns, precision="highest"
        )
        for fab in fabs_of(model, stage)
    }
