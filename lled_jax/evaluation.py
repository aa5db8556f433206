"""Score a method, or someone's pictures, on pairs of dark and well-lit images."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, UInt8

from lled_jax.arrays import EncodedImage
from lled_jax.data.decode import by_stem, read_image
from lled_jax.errors import InputError
from lled_jax.images import to_float, to_u8
from lled_jax.metrics import COLUMNS, PROTOCOL, select_columns

Enhance = Callable[[np.ndarray], np.ndarray]
"""A dark image [h, w, 3], 8 or 16 bit, to its enhanced version of the same size:
uint8, uint16, or floats in [0, 1]."""

OnImage = Callable[[str, np.ndarray, np.ndarray, np.ndarray], object]
"""Called as ``(name, low, enhanced_u8, high)`` after each image has been scored."""


@runtime_checkable
class Pairs(Protocol):
    """What we need of a source of image pairs."""

    @property
    def names(self) -> Sequence[str]:
        """A unique name per pair."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> tuple[np.ndarray, np.ndarray]:
        """The pair (low, high), each [h, w, 3], uint8 or uint16."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one method on one set of pairs."""

    names: tuple[str, ...]
    """The images, in the order of the source."""

    scores: dict[str, np.ndarray]
    """Column name -> float64 array, one score per image, in the order of `names`."""

    protocol: tuple[str, ...]
    """How the numbers were made, a line each: printed next to them."""

    @property
    def means(self) -> dict[str, float]:
        """Column name -> mean over the images, each counting once."""
        return {column: float(values.mean()) for column, values in self.scores.items()}


def evaluate(
    source: Pairs,
    enhance: Enhance,
    *,
    columns: Iterable[str] = tuple(COLUMNS),
    on_image: OnImage | None = None,
) -> Evaluation:
    """Enhance every low image of `source` and score it against its high image.

    The prediction is clipped and rounded to 8 bit first, as a file would hold it; the
    target stays as it is (8 or 16 bit).  One image is in memory at a time: hand
    `on_image` a function to write pictures while it goes.  Raises `InputError` for an
    unknown column, an empty source, and a prediction of another size than its target
    or with values that are not finite; the message names the image.
    """
    return _score(source, lambda name, low: enhance(low), columns, on_image)


def score_pictures(
    source: Pairs,
    pictures: Callable[[str], np.ndarray],
    *,
    columns: Iterable[str] = tuple(COLUMNS),
    on_image: OnImage | None = None,
) -> Evaluation:
    """Score pictures that exist already, by the rule of `evaluate`.

    `pictures` maps a pair's name to its picture (see `pictures_in`).
    """
    return _score(source, lambda name, low: pictures(name), columns, on_image)


def pictures_in(
    folder: str | os.PathLike[str], names: Sequence[str]
) -> Callable[[str], EncodedImage]:
    """The pictures of a folder by name, for `score_pictures`.

    Files are matched by stem, in any format.  All `names` are looked up at once, so
    that a missing file is found before the first is scored.  Raises `InputError` if the
    folder, or a name's file, is missing, or if two files have a name's stem.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}: give the folder of the pictures")
    found = by_stem(folder)
    for name in names:
        paths = found.get(name, [])
        if not paths:
            raise InputError(
                f"no picture for {name!r} in {folder}: every pair needs one, named "
                f"like {name}.png"
            )
        if len(paths) > 1:
            raise InputError(
                f"two pictures for {name!r} in {folder}: keep {paths[0].name} or "
                f"{paths[1].name}"
            )
    return lambda name: read_image(found[name][0])


def _score(
    source: Pairs,
    picture_of: Callable[[str, np.ndarray], np.ndarray],
    columns: Iterable[str],
    on_image: OnImage | None,
) -> Evaluation:
    chosen = tuple(select_columns(columns))
    names = _unique_names(source)
    rows = []
    for index, name in enumerate(names):
        low, high = source[index]
        enhanced = as_file(name, picture_of(name, low), high)
        rows.append(_score_image(name, enhanced, high, chosen))
        if on_image is not None:
            on_image(name, low, enhanced, high)
    scores = {c: np.asarray([row[c] for row in rows], np.float64) for c in chosen}
    return Evaluation(names, scores, _protocol(len(names), chosen))


def _unique_names(source: Pairs) -> tuple[str, ...]:
    names = tuple(source.names)
    assert len(names) == len(source), "a source has one name per pair"
    if not names:
        raise InputError("nothing to evaluate: the data set has no image pairs")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"two image pairs are called {name!r}: rename one of them")
        seen.add(name)
    return names


def as_file(
    name: str, picture: np.ndarray, high: EncodedImage
) -> UInt8[np.ndarray, "h w 3"]:
    """The prediction as its file would hold it: clipped and rounded to 8 bit.

    Raises `InputError`, which names the image, unless it is of the size of `high` and
    finite.
    """
    if picture.ndim != 3 or picture.shape[-1] != 3:
        raise InputError(
            f"{name}: the prediction has shape {list(picture.shape)}: it must be an "
            "RGB image, [height, width, 3]"
        )
    if picture.shape != high.shape:
        sizes = [f"{s[1]}x{s[0]}" for s in (picture.shape, high.shape)]
        raise InputError(
            f"{name}: the prediction is {sizes[0]} pixels and its target {sizes[1]} "
            "(width x height): they must be of one size"
        )
    if picture.dtype == np.uint8:
        return picture
    if not np.isfinite(picture).all():
        raise InputError(
            f"{name}: the prediction has values that are not finite: check the "
            "checkpoint or the method that made it"
        )
    return np.asarray(to_u8(to_float(picture)))


def _score_image(
    name: str,
    enhanced: UInt8[np.ndarray, "h w 3"],
    high: EncodedImage,
    columns: tuple[str, ...],
) -> dict[str, float]:
    pair = jnp.asarray(enhanced[None]), jnp.asarray(high[None])
    scores = {}
    for column in columns:
        try:
            scores[column] = float(_compute(column, *pair)[0])
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        if not np.isfinite(scores[column]):
            raise InputError(f"{name}: {column} is {scores[column]}: check the image")
    return scores


# Column by column: all in one computation are no faster, and take 5.0 instead of
# 1.9 GB for an image of 12 megapixels.
@functools.partial(jax.jit, static_argnums=0)
def _compute(column: str, enhanced: Array, high: Array) -> Float[Array, " b"]:
    return COLUMNS[column](to_float(enhanced), to_float(high))


def _protocol(count: int, columns: tuple[str, ...]) -> tuple[str, ...]:
    return (
        f"mean over the images (N = {count}), each counting once; predictions clipped "
        "and rounded to 8 bit before scoring",
        *(f"{column}: {PROTOCOL[column]}" for column in columns),
    )
