"""One pure train step, the same for every objective."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.sharding import Mesh

from lled_jax.arrays import Params
from lled_jax.images import to_float
from lled_jax.objectives import Frozen, Objective
from lled_jax.training.sharding import batch_sharding, replicated
from lled_jax.training.state import TrainState

Metrics = dict[str, Array]
Batch = dict[str, Array]
StepFn = Callable[[TrainState, Frozen, Batch], tuple[TrainState, Metrics]]


def make_step(
    objective: Objective,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    ema_decay: float,
    mesh: Mesh,
) -> StepFn:
    """The jitted step (state, frozen, {"low", "high"}) -> (state, metrics).

    The batch is 8- or 16-bit, [b h w 3], split over the mesh.  Metrics are scalars:
    the mean of `loss` and of every term, the gradient's global norm, and lr.  `state`
    is donated; `frozen` is read only.
    """

    def step(state: TrainState, frozen: Frozen, batch: Batch) -> tuple[Any, Metrics]:
        low, high = to_float(batch["low"]), to_float(batch["high"])

        def mean_loss(params: Params) -> tuple[Array, Metrics]:
            losses = objective(params, frozen, low, high)
            terms = {name: jnp.mean(term) for name, term in losses.terms.items()}
            return jnp.mean(losses.total), terms

        grad_fn = jax.value_and_grad(mean_loss, has_aux=True)
        (loss, terms), grads = grad_fn(state.params)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        new = TrainState(
            step=state.step + 1,
            params=params,
            ema=_average(state.ema, params, state.step, ema_decay),
            opt_state=opt_state,
        )
        norm, lr = optax.tree.norm(grads), schedule(state.step)
        return new, {"loss": loss, **terms, "grad_norm": norm, "lr": jnp.asarray(lr)}

    whole, split = replicated(mesh), batch_sharding(mesh)
    return jax.jit(
        step,
        in_shardings=(whole, whole, split),
        out_shardings=(whole, whole),
        donate_argnums=0,
    )


def _average(ema: Params, params: Params, step: Array, decay: float) -> Params:
    # Early on the average follows fast, or it would remember the initial weights.
    count = step.astype(jnp.float32)
    rate = 1 - jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: old + rate * (new - old), ema, params)
