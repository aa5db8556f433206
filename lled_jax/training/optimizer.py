"""Learning-rate schedules and the optimiser."""

from collections.abc import Callable

import optax

from lled_jax.errors import InputError


def constant(lr: float, total_steps: int) -> optax.Schedule:
    """`lr` throughout: what the paper says of its teacher is no more than Adam."""
    del total_steps
    return optax.constant_schedule(lr)


def halving(lr: float, total_steps: int, *, every: int) -> optax.Schedule:
    """`lr`, halved every `every` steps (section 4.1: the student, every 25 k).

    Raises `InputError` unless `every` is positive.
    """
    del total_steps
    if every <= 0:
        raise InputError(f"halve_every {every} must be positive")
    return optax.exponential_decay(lr, every, 0.5, staircase=True)


def cosine(lr: float, total_steps: int, *, warmup: int) -> optax.Schedule:
    """From zero up to `lr` in `warmup` steps, then down a half cosine to zero.

    Raises `InputError` unless `warmup` is less than `total_steps`.
    """
    if not 0 <= warmup < total_steps:
        raise InputError(f"warmup {warmup} must be less than total_steps {total_steps}")
    return optax.warmup_cosine_decay_schedule(0.0, lr, warmup, total_steps)


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


def adam(
    schedule: optax.Schedule, *, clip_norm: float = 0.0
) -> optax.GradientTransformation:
    """Adam (0.9, 0.999) as in section 4.1; `clip_norm` > 0 clips the global norm."""
    steps = [optax.clip_by_global_norm(clip_norm)] if clip_norm > 0 else []
    return optax.chain(*steps, optax.adam(schedule, b1=0.9, b2=0.999))
