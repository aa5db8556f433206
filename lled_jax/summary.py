"""What a run says of itself before its first step."""

from collections.abc import Mapping

import jax

from lled_jax.data.order import Order
from lled_jax.data.pairs import PairSource
from lled_jax.models import variants
from lled_jax.training.state import TrainState


def summary(
    model: str,
    state: TrainState,
    taught: str,
    data: PairSource,
    heldout: PairSource,
    order: Order,
    total: int,
) -> str:
    """In a line; `taught` by `taught_by`, `total` the step at which the run ends."""
    start = f"resuming at step {state.step}" if state.step else "starting"
    never = next((stage.start for stage in order.stages if stage.start >= total), 0)
    late = f"; of data.later, what is from step {never} on never comes" if never else ""
    return (
        f"{model}: {variants.count_parameters(state.params):,} parameters, {taught}"
        f"{len(data)} training pairs, {len(heldout)} held-out pairs to score, "
        f"{jax.device_count()} {jax.default_backend()} device(s), {start}{late}"
    )


def taught_by(teacher: str, progress: Mapping[str, int]) -> str:
    """The part about a teacher, of a run that may not have ended: its `progress`."""
    step, total = progress.get("step", 0), progress.get("total_steps", 0)
    early = f"after {step} of its {total} steps, " if step < total else ""
    return f"taught by {teacher}, {early}"
