"""Changes to a batch that need floats, made inside the step by address (seed, step)."""

import jax
import jax.numpy as jnp
from jax import Array

from lled_jax.images import to_float


def expose(
    batch: dict[str, Array], seed: int, step: Array, strength: float
) -> dict[str, Array]:
    """Multiply each dark image by a gain of its own; the target stays as it is.

    The logarithm of the gain is uniform between plus and minus log(1 + `strength`),
    and the product is clipped to 1 as a sensor would.  How dark a photo is says little
    about how bright its target is, and a network that is to see many exposures cannot
    come to rely on it.  `low` becomes float32 in [0, 1].
    """
    low = to_float(batch["low"])
    key = jax.random.fold_in(jax.random.key(seed), step)
    span = jnp.log1p(strength)
    logs = jax.random.uniform(key, (len(low), 1, 1, 1), minval=-span, maxval=span)
    gain = jnp.broadcast_to(jnp.exp(logs), low.shape)
    return batch | {"low": jnp.minimum(low * gain, 1.0)}
