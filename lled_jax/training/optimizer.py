"""Learning-rate schedules and the optimisers."""

from collections.abc import Callable

import jax
import optax
from jax import Array
from optax.contrib import MuonDimensionNumbers

from lled_jax.arrays import Params
from lled_jax.errors import InputError

# Muon's updates with this root mean square are about as large as Adam's, so that the
# same learning rates serve both (Liu et al., arXiv 2502.16982).
MUON_RMS = 0.2


def constant(lr: float, total_steps: int, *, warmup: int = 0) -> optax.Schedule:
    """`lr` throughout: what the paper says of its teacher is no more than Adam.

    With a `warmup`, from zero up to it in so many steps first; raises `InputError`
    unless these are less than `total_steps`.
    """
    if warmup == 0:  # of no steps, Optax's schedule with a warm-up stays at zero
        return optax.constant_schedule(lr)
    _check_warmup(warmup, total_steps)
    return optax.warmup_constant_schedule(0.0, lr, warmup)


def halving(
    lr: float, total_steps: int, *, every: int, warmup: int = 0
) -> optax.Schedule:
    """`lr`, halved every `every` steps (section 4.1: the student, every 25 k).

    Raises `InputError` unless `every` is positive, and for a `warmup`: it has none.
    """
    del total_steps
    if warmup:
        raise InputError(f"warmup {warmup}: the schedule halving has none; set it to 0")
    if every <= 0:
        raise InputError(f"halve_every {every} must be positive")
    return optax.exponential_decay(lr, every, 0.5, staircase=True)


def cosine(lr: float, total_steps: int, *, warmup: int) -> optax.Schedule:
    """From zero up to `lr` in `warmup` steps, then down a half cosine to zero.

    Raises `InputError` unless `warmup` is less than `total_steps`.
    """
    _check_warmup(warmup, total_steps)
    return optax.warmup_cosine_decay_schedule(0.0, lr, warmup, total_steps)


def _check_warmup(warmup: int, total_steps: int) -> None:
    if not 0 <= warmup < total_steps:
        raise InputError(f"warmup {warmup} must be less than total_steps {total_steps}")


SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    "constant": constant,
    "halving": halving,
    "cosine": cosine,
}


def schedule(name: str, lr: float, total_steps: int, **options: int) -> optax.Schedule:
    """The schedule called `name`; an unknown name raises `InputError`."""
    if name not in SCHEDULES:
        known = ", ".join(SCHEDULES)
        raise InputError(f"unknown schedule {name!r}; known schedules: {known}")
    return SCHEDULES[name](lr, total_steps, **options)


def adam(schedule: optax.Schedule) -> optax.GradientTransformation:
    """Adam (0.9, 0.999) as in section 4.1."""
    return optax.adam(schedule, b1=0.9, b2=0.999)


def muon(schedule: optax.Schedule) -> optax.GradientTransformation:
    """Muon (Jordan 2024) for convolutions between features, Adam for everything else.

    Not in the paper.  The momentum of a kernel [h w i o] is made orthogonal as a matrix
    of h w i rows and o columns.  Kernels from or to images, and biases, are Adam's;
    both look ahead as Nesterov does.
    """
    return optax.contrib.muon(
        schedule, consistent_rms=MUON_RMS, muon_weight_dimension_numbers=_matrices
    )


OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "adam": adam,
    "muon": muon,
}


def optimizer(
    name: str, schedule: optax.Schedule, *, clip_norm: float = 0.0, only: str = ""
) -> optax.GradientTransformation:
    """The optimiser called `name`; an unknown name raises `InputError`.

    `clip_norm` > 0 clips the gradient's global norm first.  With `only` it moves the
    parameters alone whose path, such as "enhance_fab0/channel_attention/excite/kernel",
    has that in it; the others stay as they are.  If there is none, `init` raises
    `InputError`.
    """
    if name not in OPTIMIZERS:
        known = ", ".join(OPTIMIZERS)
        raise InputError(f"unknown optimizer {name!r}; known optimizers: {known}")
    chosen = OPTIMIZERS[name](schedule)
    if clip_norm > 0:
        chosen = optax.chain(optax.clip_by_global_norm(clip_norm), chosen)
    return _moving(chosen, only) if only else chosen


def _moving(
    optimizer: optax.GradientTransformation, only: str
) -> optax.GradientTransformation:
    """`optimizer` for the parameters that have `only` in their path."""

    def labels(params: Params) -> Params:
        def label(path: jax.tree_util.KeyPath, _: Array) -> str:
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            return "move" if only in name else "keep"

        marked = jax.tree_util.tree_map_with_path(label, params)
        if "move" not in jax.tree.leaves(marked):
            raise InputError(f"optimizer.only is {only!r}; no parameter has that name")
        return marked

    parts = {"move": optimizer, "keep": optax.set_to_zero()}
    return optax.partition(parts, labels)


def _matrices(params: Params) -> Params:
    """Which axes make each kernel a matrix; None for what is not Muon's."""

    def matrix(kernel: Array) -> MuonDimensionNumbers | None:
        if kernel.ndim < 4 or min(kernel.shape[-2:]) <= 3:
            return None
        return MuonDimensionNumbers(reduction_axis=(0, 1, 2), output_axis=3)

    return jax.tree.map(matrix, params)
