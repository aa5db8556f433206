"""Attention distillation: the student looks where the teacher looks (eq. 8-10).

A feature map's attention is the sum of absolute values over channels, so student and
teacher may differ in channels, but not in height and width.

Equations 9-10 as printed divide by the *squared* norm of the features, which makes
the maps about 1/(h w) and their mean squared difference tiny: with a weight of 1 the
term does nothing.  The normalisation is therefore a choice (`NORMALISATIONS`);
`unit_l2` is that of the attention transfer that the paper cites (Zagoruyko and
Komodakis, ICLR 2017).  On 256x256 crops of LOL, fresh networks and after about 100
steps of L1 alone:

    literal   1e-9 to 4e-8, gradient norm of the student 5e-8 to 1e-7
    unit_l2   0.006 to 0.04, gradient norm 0.09 to 0.5 (unrelated maps: 0.1 to 2)
    l1        0.01 to 0.07, gradient norm 0.2 to 0.9
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from lled_jax.arrays import Features, PerImage
from lled_jax.errors import InputError

Maps = Float[Array, "b h w"]
Kind = TypeVar("Kind")
StagePairs = tuple[tuple[int, int], ...]

LAST: StagePairs = ((-1, -1),)
"""The paper's choice: the last feature map of each."""

# Far below any trained network's norm; keeps maps and gradients of zeros finite.
EPS = 1e-12
# Of `affinity`: 16 x 16 places have 65 thousand pairs, every pixel of a crop of 256
# would have 268 million.
PLACES = 16


class Normalisation(NamedTuple):
    """How a map is scaled, and how a squared difference of maps becomes a number."""

    scale: Callable[[Maps, Features], Maps]
    reduce: Callable[..., Array]


def _literal(activity: Maps, features: Features) -> Maps:
    energy = jnp.sum(features * features, axis=(1, 2, 3))
    return activity / (energy + EPS).reshape(-1, 1, 1)


def _unit_l2(activity: Maps, features: Features) -> Maps:
    energy = jnp.sum(activity * activity, axis=(1, 2), keepdims=True)
    return activity / jnp.sqrt(energy + EPS)


def _l1(activity: Maps, features: Features) -> Maps:
    return activity / (jnp.mean(activity, axis=(1, 2), keepdims=True) + EPS)


NORMALISATIONS = {
    "literal": Normalisation(_literal, jnp.mean),
    "unit_l2": Normalisation(_unit_l2, jnp.sum),
    "l1": Normalisation(_l1, jnp.mean),
}
"""The known normalisations, for features F and activity A = sum_c |F_c|:

* ``literal``: A / ||F||_2^2 (eq. 9-10 as printed); mean over positions (MSE).
* ``unit_l2``: A / ||A||_2, of unit norm over positions; sum over positions, which is
  the squared distance of two unit vectors: 0 to 2 at any image size.
* ``l1``: A / mean(A), of mean one over positions; mean over positions.

The two latter do not depend on the scale of the features.
"""


def attention_map(features: Features, normalisation: str) -> Maps:
    """Where the features are active: sum_c |F_c|, normalised, [b h w], float32.

    Raises `InputError` for a name that `NORMALISATIONS` does not have.
    """
    scale = _named(NORMALISATIONS, normalisation).scale
    features = features.astype(jnp.float32)
    return scale(jnp.sum(jnp.abs(features), axis=-1), features)


def attention_distance(
    student_features: Float[Array, "b h w c"],
    teacher_features: Float[Array, "b2 h2 w2 c2"],
    normalisation: str,
) -> PerImage:
    """Squared L2 distance of the attention maps (eq. 8-10), one value per image.

    Mean or sum over positions, as `NORMALISATIONS` says.  Batch, height and width of
    both have to agree, channels may differ.  No gradient flows to the teacher.
    """
    assert student_features.shape[:3] == teacher_features.shape[:3], (
        f"student features {student_features.shape} and teacher features "
        f"{teacher_features.shape} differ in batch, height or width"
    )
    student = attention_map(student_features, normalisation)
    teacher = attention_map(jax.lax.stop_gradient(teacher_features), normalisation)
    d = student - teacher
    return _named(NORMALISATIONS, normalisation).reduce(d * d, axis=(1, 2))


def affinity(features: Features) -> Float[Array, "b n n"]:
    """How alike the features of any two places are: cosines [b n n], float32.

    The places are `PLACES` rows and columns of equal blocks, over which the features
    are averaged, fewer in maps that are smaller; what is left over at the right and at
    the bottom is not seen.
    """
    b, h, w, c = features.shape
    rows, columns = min(h, PLACES), min(w, PLACES)
    tall, wide = h // rows, w // columns
    blocks = features[:, : rows * tall, : columns * wide].astype(jnp.float32)
    means = blocks.reshape(b, rows, tall, columns, wide, c).mean((2, 4))
    places = means.reshape(b, rows * columns, c)
    energy = jnp.sum(places * places, axis=-1, keepdims=True)
    unit = places / jnp.sqrt(energy + EPS)
    return jnp.einsum("bnc,bmc->bnm", unit, unit)


def affinity_distance(
    student_features: Float[Array, "b h w c"],
    teacher_features: Float[Array, "b2 h2 w2 c2"],
) -> PerImage:
    """Mean absolute difference of affinities, one value per image; not in the paper.

    Spatial affinities as in He et al., FAKD, ICIP 2020, of block means.  As for
    `attention_distance`, channels may differ and the teacher gets no gradient.
    """
    teacher = affinity(jax.lax.stop_gradient(teacher_features))
    return jnp.mean(jnp.abs(affinity(student_features) - teacher), axis=(1, 2))


COMPARISONS: dict[str, Callable[[Array, Array], PerImage]] = {
    **{
        name: partial(attention_distance, normalisation=name) for name in NORMALISATIONS
    },
    "affinity": affinity_distance,
}
"""What features can be compared by: attention maps of a normalisation, affinities."""


def distillation_loss(
    student_stages: Sequence[Array],
    teacher_stages: Sequence[Array],
    stages: StagePairs = LAST,
    comparison: str = "unit_l2",
) -> PerImage:
    """Mean distance over pairs of stages (eq. 8-10), one value per image.

    `student_stages` and `teacher_stages` are the feature maps [b h w c] after each
    stage, shallow to deep; `stages` are pairs (student index, teacher index), which
    may count from the end, as in Python.  Raises `InputError` for an index that one
    of the networks does not have, for no pairs, for what is none, and for a name that
    `COMPARISONS` does not have.
    """
    if not stages:
        raise InputError("distillation has no stage pairs: give at least ((-1, -1),)")
    for pair in stages:
        if len(pair) != 2:
            raise InputError(
                f"distillation stages {stages}: {pair} is no pair (student index, "
                "teacher index); give for example ((-1, -1),)"
            )
        _check_stage("student", pair[0], len(student_stages), stages)
        _check_stage("teacher", pair[1], len(teacher_stages), stages)
    compare = _named(COMPARISONS, comparison)
    distances = [compare(student_stages[s], teacher_stages[t]) for s, t in stages]
    return jnp.mean(jnp.stack(distances), axis=0)


def _named(known: Mapping[str, Kind], name: str) -> Kind:
    if name not in known:
        raise InputError(
            f"unknown normalisation {name!r}: choose one of {', '.join(known)}"
        )
    return known[name]


def _check_stage(who: str, index: int, count: int, stages: StagePairs) -> None:
    if not -count <= index < count:
        raise InputError(
            f"distillation stages {stages}: the {who} has {count} stages, so its index "
            f"is {-count} to {count - 1}, not {index}"
        )
