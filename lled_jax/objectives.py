"""What is minimised: weighted terms, for the teacher and for the student.

An objective is a pure function (params, frozen, low, high) -> `Losses`.  Teacher and
student training are one train step with two objectives.  `frozen` holds what is read
and never trained: `"teacher"` (parameters) and `"vgg"` (a feature extractor).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lled_jax import losses, zero_reference
from lled_jax.arrays import Images, Params, PerImage
from lled_jax.distillation import LAST, distillation_loss
from lled_jax.errors import InputError
from lled_jax.models.gradient_guided import Outputs
from lled_jax.models.hdrnet import HDRNet, grid_distance
from lled_jax.models.network import Answer, Network, answer
from lled_jax.models.zero_dce import CurveOutputs, ZeroDCE
from lled_jax.perceptual import perceptual_loss
from lled_jax.positions import POSITIONS, put, put_back

Frozen = Mapping[str, Any]


class Losses(NamedTuple):
    """One value per image: the weighted sum, and each term before its weight."""

    total: PerImage
    terms: dict[str, PerImage]


Objective = Callable[[Params, Frozen, Images, Images], Losses]

# The terms that compare an output with its target and need nothing else.
_PLAIN: dict[str, Callable[[Images, Images], PerImage]] = {
    "l1": losses.l1,
    "charbonnier": losses.charbonnier,
    "gt_mean": losses.gt_mean,
    "ssim": losses.ssim_loss,
    "gradient": losses.gradient_loss,
}
# The one that needs no target, of networks that bend curves (Zero-DCE).
ZERO_REFERENCE = "zero_reference"
TERMS = (*_PLAIN, "perceptual", ZERO_REFERENCE)
# Fields of `Outputs` that hold stages.
BRANCHES = ("enhancement", "gradient")


def reference(
    model: Network,
    weights: Mapping[str, float],
    perceptual_layers: tuple[str, ...],
) -> Objective:
    """The loss against the reference image, eq. 3-7: a weighted sum of `TERMS`.

    The paper's weights (section 4.1) are l1 1, perceptual 0.1, ssim 1, gradient 1.
    `perceptual_layers` are VGG's; () is its default, the last ReLU of block 3.
    A term of weight 0 is not computed; an unknown one, or one that the network has
    nothing for, raises `InputError`.
    """
    active = _active(weights)
    if ZERO_REFERENCE in active and not isinstance(model, ZeroDCE):
        raise InputError(
            f"loss.{ZERO_REFERENCE} is for a network of curves: set model to "
            "'zero_dce', or the weight to 0"
        )

    def objective(params: Params, frozen: Frozen, low: Images, high: Images) -> Losses:
        outputs = answer(model, params, low)
        return _weigh(active, frozen, outputs, low, high, perceptual_layers)

    return objective


def distilled(
    student: Network,
    teacher: Network,
    weights: Mapping[str, float],
    perceptual_layers: tuple[str, ...],
    *,
    weight: float,
    stages: tuple[tuple[int, int], ...] = LAST,
    normalisation: str = "unit_l2",
    branches: tuple[str, ...] = ("enhancement",),
    output_weight: float = 0.0,
    ensemble: bool = False,
) -> Objective:
    """The reference loss plus `weight` times a distance to the teacher's inside.

    Of gradient-guided networks that is the distance of attention maps, eq. 8-10, by
    `normalisation`: `stages` are pairs (student stage, teacher stage), 0 being the
    head, of the `branches`, the enhancement branch being taken after fusion; the paper
    distils its last, (-1, -1), with weight 1.  Of HDRNets it is the distance of their
    grids (section 4.3), and there is nothing to choose.  Not in the paper:
    `output_weight` times the mean absolute difference of the two enhanced images; with
    `ensemble` the teacher's is its mean over the positions of the dark image
    (`ensembled_answer`).

    Raises `InputError` for an unknown branch or none, for networks of two kinds, for a
    choice of maps where grids are compared, for a teacher's grid that is no finer by
    whole factors, for an ensemble of a picture that has no weight, and if neither has.
    """
    if not (weight or output_weight):
        raise InputError(
            "the teacher would teach nothing: distillation.weight and .output are 0; "
            "set one of them, or leave out the teacher"
        )
    if ensemble and not output_weight:
        raise InputError(
            "distillation.ensemble is of the teacher's picture: give it a weight by "
            "distillation.output, or set distillation.ensemble to False"
        )
    active = _active(weights)
    distance_between = _distance(student, teacher, stages, normalisation, branches)

    def objective(params: Params, frozen: Frozen, low: Images, high: Images) -> Losses:
        outputs = answer(student, params, low)
        guide = answer(teacher, jax.lax.stop_gradient(frozen["teacher"]), low)
        total, terms = _weigh(active, frozen, outputs, low, high, perceptual_layers)
        distance = distance_between(outputs, guide)
        total, terms = total + weight * distance, terms | {"distillation": distance}
        if output_weight:
            aim = (
                ensembled_answer(teacher, frozen["teacher"], low)
                if ensemble
                else jnp.clip(guide.enhanced, 0.0, 1.0)
            )
            aim = jax.lax.stop_gradient(aim)
            gap = losses.l1(outputs.enhanced, aim)
            total, terms = total + output_weight * gap, terms | {"teacher_l1": gap}
        return Losses(total, terms)

    return objective


def check(
    objective: Objective, params: Params, frozen: Frozen, size: tuple[int, int]
) -> None:
    """Raise now the `InputError` that `objective` has for images of `size` (h, w).

    It is traced, not computed.  What only a later phase of a training asks for would
    else be refused when the hours before it are spent.
    """
    image = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    jax.eval_shape(objective, params, frozen, image, image)


def ensembled_answer(model: Network, params: Params, low: Images) -> Images:
    """The enhanced images in [0, 1], mean over the positions of `low`, [b h w 3].

    Square images are seen in all eight positions, others in the four that keep their
    shape, one position at a time.
    """
    square = low.shape[1] == low.shape[2]
    positions = [p for p in POSITIONS if square or not p.transposed]
    answers = jax.lax.map(
        lambda seen: jnp.clip(answer(model, params, seen).enhanced, 0.0, 1.0),
        jnp.stack([put(low, position) for position in positions]),
    )
    pairs = zip(answers, positions, strict=True)
    return jnp.mean(jnp.stack([put_back(*pair) for pair in pairs]), axis=0)


def _distance(
    student: Network,
    teacher: Network,
    stages: tuple[tuple[int, int], ...],
    normalisation: str,
    branches: tuple[str, ...],
) -> Callable[[Any, Any], PerImage]:
    """How far the student's answer is from the teacher's, inside the networks."""
    if type(student) is not type(teacher):
        kinds = [type(network).__name__ for network in (student, teacher)]
        raise InputError(f"a {kinds[0]} cannot be distilled from a {kinds[1]}")
    if isinstance(student, ZeroDCE):
        raise InputError("a ZeroDCE has nothing inside that is distilled")
    if not branches:
        raise InputError(f"no branch to distil; known: {', '.join(BRANCHES)}")
    if isinstance(student, HDRNet):
        if (stages, normalisation, branches) != (LAST, "unit_l2", BRANCHES[:1]):
            raise InputError(
                "of HDRNets the grids are distilled: distillation.stages, .branches, "
                "and .normalisation are of other networks, leave them as they were"
            )
        assert isinstance(teacher, HDRNet)
        fine, coarse = ((net.cells, net.layers) for net in (teacher, student))
        if any(f % c for f, c in zip(fine, coarse, strict=True)):
            raise InputError(
                f"the teacher's grid, (cells, layers) = {fine}, is no multiple of the "
                f"student's, {coarse}: take a finer teacher"
            )
        return lambda outputs, guide: grid_distance(outputs.grid, guide.grid)
    for branch in branches:
        if branch not in BRANCHES:
            raise InputError(
                f"unknown branch {branch!r} to distil; known: {', '.join(BRANCHES)}"
            )

    def attention(outputs: Outputs, guide: Outputs) -> PerImage:
        distances = [
            distillation_loss(
                getattr(outputs, branch), getattr(guide, branch), stages, normalisation
            )
            for branch in branches
        ]
        return jnp.mean(jnp.stack(distances), axis=0)

    return attention


def _active(weights: Mapping[str, float]) -> dict[str, float]:
    for name in weights:
        if name not in TERMS:
            known = ", ".join(TERMS)
            raise InputError(f"unknown loss term {name!r}; known terms: {known}")
    active = {name: weight for name, weight in weights.items() if weight != 0}
    if not active:
        raise InputError("all loss weights are 0; give at least one term a weight")
    return active


def _weigh(
    weights: Mapping[str, float],
    frozen: Frozen,
    outputs: Answer,
    low: Images,
    high: Images,
    perceptual_layers: tuple[str, ...],
) -> Losses:
    terms: dict[str, PerImage] = {}
    for name in weights:
        if name == ZERO_REFERENCE:
            assert isinstance(outputs, CurveOutputs)
            parts = zero_reference.zero_reference_terms(
                outputs.enhanced, low, outputs.curves
            )
            terms |= parts | {name: zero_reference.zero_reference_loss(parts)}
        elif name == "perceptual":
            terms[name] = perceptual_loss(
                frozen["vgg"], outputs.enhanced, high, perceptual_layers or None
            )
        else:
            terms[name] = _PLAIN[name](outputs.enhanced, high)
    total = sum((w * terms[name] for name, w in weights.items()), start=0 * terms[name])
    return Losses(total, terms)
