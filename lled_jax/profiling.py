"""What a network costs: parameters, operations, time and memory on this device."""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import UInt8

from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.models import variants

# A measurement ends after so many seconds, but not before three runs.
SECONDS = 10.0
FEWEST = 3


class Cost(NamedTuple):
    """Of one image of one size; times in milliseconds, from 8 bit to 8 bit."""

    model: str
    height: int
    width: int
    parameters: int
    macs: int
    """As the paper counts them: of the network as written, one multiply-add is one."""
    median_ms: float
    fastest_ms: float
    slowest_ms: float
    peak_mib: float
    """Memory beside the parameters, as the compiler plans it."""


def cost(name: str, height: int, width: int, repeats: int) -> Cost:
    """Measure a variant of `models.variants` on an image of noise.

    The weights are random: neither time nor memory depends on them.
    """
    model = variants.build(name)
    params = variants.init(model, 0)
    shape = (1, height, width, 3)

    def run(params: Any, low: UInt8[Array, "1 h w 3"]) -> UInt8[Array, "1 h w 3"]:
        return to_u8(enhance(model, params, to_float(low)))

    low = jax.random.randint(jax.random.key(0), shape, 0, 64).astype(jnp.uint8)
    program = jax.jit(run).lower(params, low).compile()
    plan: Any = program.memory_analysis()
    planned = plan.temp_size_in_bytes + plan.output_size_in_bytes + low.nbytes
    times = _times(lambda: program(params, low), repeats)
    return Cost(
        name,
        height,
        width,
        variants.count_parameters(params),
        variants.count_macs(name, height, width),
        statistics.median(times),
        min(times),
        max(times),
        planned / 2**20,
    )


def _times(run: Callable[[], Array], repeats: int) -> list[float]:
    """Milliseconds of each run, after one to warm up."""
    jax.block_until_ready(run())
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < repeats:
        start = time.perf_counter()
        jax.block_until_ready(run())
        now = time.perf_counter()
        times.append(1000 * (now - start))
        if now - begun > SECONDS and len(times) >= FEWEST:
            break
    return times
