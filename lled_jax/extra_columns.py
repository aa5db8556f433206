"""Columns beyond those of `metrics.COLUMNS`, for who asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from lled_jax.data.pairs import PairSource
from lled_jax.ensemble import ensembled
from lled_jax.errors import InputError
from lled_jax.evaluation import Enhance, Evaluation, Pairs, evaluate
from lled_jax.metrics import HEADLINE
from lled_jax.niqe import check_size, niqe

ENSEMBLE_SUFFIX = "_x8"
NIQE_PROTOCOL = (
    "niqe: of the output alone (Mittal et al. 2013), the authors' pristine model, "
    "blocks of 96; lower is better"
)
ENSEMBLE_PROTOCOL = (
    "*_x8: of the mean of the eight outputs for the flipped and transposed input, each "
    "clipped, rounded to 8 bit after the mean"
)


class Extras(NamedTuple):
    """Which of them are wanted."""

    niqe: bool = False
    ensemble: bool = False


class NiqeScores:
    """NIQE of the pictures of an evaluation; `add` serves as `evaluate`'s on_image."""

    def __init__(self) -> None:
        self._scores: list[float] = []

    def add(
        self,
        name: str,
        low: np.ndarray,
        enhanced: UInt8[np.ndarray, "h w 3"],
        high: np.ndarray,
    ) -> None:
        """Score `enhanced`; an `InputError` names the image."""
        del low, high
        self._scores.append(named_niqe(name, enhanced))

    def joined_to(self, evaluation: Evaluation) -> Evaluation:
        """The evaluation with the column niqe."""
        return joined(evaluation, {"niqe": self._scores}, NIQE_PROTOCOL)


def require_niqe_sizes(source: PairSource) -> None:
    """Raise the `InputError` of `named_niqe` for a size before any image is made."""
    for name, (height, width) in zip(source.names, source.sizes, strict=True):
        with _errors_of(name):
            check_size(int(height), int(width))


def named_niqe(name: str, image: UInt8[np.ndarray, "h w 3"]) -> float:
    """`niqe` of an image; an `InputError` names it."""
    with _errors_of(name):
        return niqe(image)


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def require_finer(finer: Enhance | None) -> Enhance:
    """`finer`, if a method has one; else `InputError`."""
    if finer is None:
        raise InputError(
            "--ensemble averages outputs before they are rounded, which only the "
            "backend jax gives: leave out --backend"
        )
    return finer


def with_ensemble(evaluation: Evaluation, source: Pairs, finer: Enhance) -> Evaluation:
    """The evaluation with the headline columns of the x8 self-ensemble.

    `finer` gives outputs before they are rounded to 8 bit.
    """
    together = evaluate(source, ensembled(finer), columns=HEADLINE)
    scores = {f"{c}{ENSEMBLE_SUFFIX}": v for c, v in together.scores.items()}
    return joined(evaluation, scores, ENSEMBLE_PROTOCOL)


def joined(
    evaluation: Evaluation,
    scores: Mapping[str, np.ndarray | Sequence[float]],
    protocol: str,
) -> Evaluation:
    """The evaluation with more columns, and a line that says what they are."""
    more = {c: np.asarray(values, np.float64) for c, values in scores.items()}
    return Evaluation(
        evaluation.names,
        {**evaluation.scores, **more},
        (*evaluation.protocol, protocol),
    )
