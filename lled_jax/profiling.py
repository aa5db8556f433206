"""What a network costs: parameters, operations, time and memory on this device."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend import core
from jaxtyping import UInt8

from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.models import variants
from lled_jax.models.network import answer

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
    run_macs: int
    """Of the program that runs, whose tail is folded."""
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
    images = jax.ShapeDtypeStruct(shape, jnp.float32)

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
        traced_macs(lambda p, x: answer(model, p, x).enhanced, params, images),
        statistics.median(times),
        min(times),
        max(times),
        planned / 2**20,
    )


def traced_macs(function: Callable[..., Any], *arguments: Any) -> int:
    """Multiply-adds of the convolutions and products in the traced program.

    What a strided transposed convolution would multiply by the zeros between its
    inputs is not counted.
    """
    traced = jax.make_jaxpr(function)(*arguments).jaxpr
    return sum(times * _macs(equation) for equation, times in _equations(traced))


def _equations(
    program: core.Jaxpr, times: int = 1
) -> Iterator[tuple[core.JaxprEqn, int]]:
    """All equations and how often each runs, also of the programs inside: loops, ..."""
    for equation in program.eqns:
        yield equation, times
        inside = times * equation.params.get("length", 1)  # of a scan
        for value in equation.params.values():
            if isinstance(value, core.ClosedJaxpr):
                yield from _equations(value.jaxpr, inside)
            elif isinstance(value, core.Jaxpr):
                yield from _equations(value, inside)


def _macs(equation: core.JaxprEqn) -> int:
    name, options = equation.primitive.name, equation.params
    result: Any = equation.outvars[0].aval
    operands: list[Any] = [variable.aval for variable in equation.invars]
    if name == "conv_general_dilated":
        kernel = operands[1].shape
        out_channels = kernel[options["dimension_numbers"].rhs_spec[0]]
        taps = math.prod(kernel) // out_channels
        return result.size * taps // math.prod(options["lhs_dilation"])
    if name == "dot_general":
        (contracted, _), _ = options["dimension_numbers"]
        left = operands[0].shape
        return result.size * math.prod(left[axis] for axis in contracted)
    return 0


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
