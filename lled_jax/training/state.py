"""What training carries from step to step: arrays only."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jaxtyping import Int

from lled_jax.arrays import Params


class TrainState(NamedTuple):
    """Everything a step changes.  Batches are functions of the step, so no more."""

    step: Int[Array, ""]
    """Updates done so far; the next batch is batch `step`."""
    params: Params
    ema: Params
    """Exponential moving average of `params`: what evaluation and export read."""
    opt_state: optax.OptState


def create(params: Params, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step."""
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        # A copy: the step donates its state, and no buffer can be donated twice.
        ema=jax.tree.map(jnp.copy, params),
        opt_state=optimizer.init(params),
    )
