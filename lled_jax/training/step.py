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
Prepare = Callable[[Array, Frozen, Batch], Batch]
StepFn = Callable[[TrainState, Frozen, Batch], tuple[TrainState, Metrics]]


def make_step(
    objective: Objective,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    ema_decay: float,
    mesh: Mesh,
    *,
    accumulate: int = 1,
    prepare: Prepare | None = None,
) -> StepFn:
    """The jitted step (state, frozen, {"low", "high"}) -> (state, metrics).

    The batch is 8- or 16-bit, [b h w 3], split over the mesh.  Metrics are scalars:
    the mean of `loss` and of every term, the gradient's global norm, and lr.  `state`
    is donated; `frozen` is read only.  `accumulate` > 1 works through the batch in
    so many parts, for batches that do not fit, with the same result up to rounding.
    `prepare` (step, frozen, batch) makes the batch inside the step from whatever the
    iterator yields.
    """

    def step(state: TrainState, frozen: Frozen, batch: Batch) -> tuple[Any, Metrics]:
        if prepare is not None:
            batch = prepare(state.step, frozen, batch)
        gradients = _accumulated(objective, accumulate)
        metrics, grads = gradients(state.params, frozen, batch)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        new = TrainState(
            step=state.step + 1,
            params=params,
            ema=_average(state.ema, params, state.step, ema_decay),
            opt_state=opt_state,
        )
        norm, lr = optax.tree.norm(grads), schedule(state.step)
        return new, {**metrics, "grad_norm": norm, "lr": jnp.asarray(lr)}

    whole, split = replicated(mesh), batch_sharding(mesh)
    return jax.jit(
        step,
        in_shardings=(whole, whole, split),
        out_shardings=(whole, whole),
        donate_argnums=0,
        compiler_options=_compiler_options(mesh),
    )


def _compiler_options(mesh: Mesh) -> dict[str, str]:
    """On a CPU, XLA's own convolutions: YNNPACK's are slower in the backward pass.

    Only jaxlib 0.10 uses YNNPACK's everywhere; 0.11 does on large images, where the
    forward pass gains less than the backward pass loses (docs/performance.md).
    """
    cpu = mesh.devices.flat[0].platform == "cpu"
    return {"xla_cpu_experimental_ynn_fusion_type": ""} if cpu else {}


def _accumulated(
    objective: Objective, parts: int
) -> Callable[[Params, Frozen, Batch], tuple[Metrics, Params]]:
    """Mean metrics and gradient of a batch, computed in `parts` equal parts."""

    def mean_loss(
        params: Params, frozen: Frozen, batch: Batch
    ) -> tuple[Array, Metrics]:
        low, high = to_float(batch["low"]), to_float(batch["high"])
        losses = objective(params, frozen, low, high)
        terms = {name: jnp.mean(term) for name, term in losses.terms.items()}
        loss = jnp.mean(losses.total)
        return loss, {"loss": loss, **terms}

    def gradients(
        params: Params, frozen: Frozen, batch: Batch
    ) -> tuple[Metrics, Params]:
        grads, metrics = jax.grad(mean_loss, has_aux=True)(params, frozen, batch)
        return metrics, grads

    def in_parts(params: Params, frozen: Frozen, batch: Batch) -> tuple[Any, Any]:
        def add(total: Any, part: Batch) -> tuple[Any, None]:
            return jax.tree.map(jnp.add, total, gradients(params, frozen, part)), None

        # Every parts-th row, so that each part is spread over the devices as the
        # whole batch is.
        rows = {k: v.reshape(-1, parts, *v.shape[1:]) for k, v in batch.items()}
        stacked = {k: v.swapaxes(0, 1) for k, v in rows.items()}
        first = jax.tree.map(lambda rows: rows[0], stacked)
        rest = jax.tree.map(lambda rows: rows[1:], stacked)
        total, _ = jax.lax.scan(add, gradients(params, frozen, first), rest)
        return jax.tree.map(lambda value: value / parts, total)

    return gradients if parts == 1 else in_parts


def _average(ema: Params, params: Params, step: Array, decay: float) -> Params:
    # Early on the average follows fast, or it would remember the initial weights.
    count = step.astype(jnp.float32)
    rate = 1 - jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: old + rate * (new - old), ema, params)
