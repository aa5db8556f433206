"""What the hardware would allow: measured ceilings, and the least work of the network.

The bound of a forward pass is the larger of its arithmetic at the speed of a large
matrix product and its traffic at the speed of a large copy.  It is meant for GPUs: a
CPU's caches hold part of the traffic, and a share above 1 is possible there.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lled_jax.models import variants

# Of the arithmetic: name -> (type of the arrays, precision of their products).
MODES = {
    "float32": ("float32", "float32"),
    "tf32": ("float32", "tensorfloat32"),
    "bf16": ("bfloat16", "default"),
}


def mode_of(candidate: str) -> str:
    """The key of `MODES` that a candidate's name ends with."""
    return next((mode for mode in MODES if candidate.endswith(mode)), "float32")


def ceilings(quick: bool) -> dict[str, float]:
    """FLOP/s of a large matrix product in each mode, bytes/s of a large copy."""
    gpu = jax.default_backend() == "gpu"
    side = 128 if quick else 8192 if gpu else 2048
    found = {}
    for mode, (dtype, precision) in MODES.items():
        if not gpu and mode != "float32":
            continue
        a = jnp.ones((side, side), dtype)
        with jax.default_matmul_precision(precision):
            product = jax.jit(lambda a: a @ a).lower(a).compile()
        found[f"flops_{mode}"] = 2 * side**3 / _seconds(functools.partial(product, a))
    # Larger than any cache; read once and written once, in place: new memory has to be
    # mapped by the system first, which is no matter of its speed.
    x = [jnp.zeros(2**16 if quick else 2**29 if gpu else 2**26, jnp.float32)]
    size = x[0].nbytes
    add = jax.jit(lambda x: x + 1, donate_argnums=0)

    def copy() -> jax.Array:
        x[0] = add(x[0])
        return x[0]

    found["bytes_per_s"] = 2 * size / _seconds(copy)
    return found


def _seconds(run: Callable[[], jax.Array]) -> float:
    """The best of some runs: a ceiling is what the machine can do."""
    run().block_until_ready()
    times = []
    for _ in range(10):
        started = time.perf_counter()
        run().block_until_ready()
        times.append(time.perf_counter() - started)
    return min(times)


def needed_macs(name: str, height: int, width: int) -> int:
    """Multiply-adds with the tail folded: `count_macs` less its C to C layer."""
    c = variants.VARIANTS[name].network.channels
    pixels = -(-height // 2) * -(-width // 2)
    return variants.count_macs(name, height, width) - pixels * 9 * c * c


def least_bytes(name: str, height: int, width: int, itemsize: int) -> int:
    """Traffic if each convolution reads and writes once and all else is fused to it.

    Maps of C channels at half resolution.  A FAB: conv1 reads x and writes y, conv2
    reads y and writes z; the channel gates need the whole of z, so z and x are read
    again and the result is written: 7.  Per stage two of them and one addition, which
    reads the gradient feature once more: 15.  The heads read the image and write 2;
    the tail reads 1 and writes the image.
    """
    network = variants.VARIANTS[name].network
    one = -(-height // 2) * -(-width // 2) * network.channels * itemsize
    # The image is float32 in and out; the second head can share the first's read.
    images = 2 * height * width * 3 * 4
    assert network.guide, "the count is of two branches"
    return (15 * network.fabs + 3) * one + images


def fraction(
    row: dict[str, Any], model: str, size: tuple[int, int], ceiling: dict[str, float]
) -> dict[str, Any]:
    """What a timed row reached of its bound; size is (height, width)."""
    mode = mode_of(row["candidate"])
    if f"flops_{mode}" not in ceiling:
        return {}
    itemsize = 2 if mode == "bf16" else 4
    arithmetic = 2 * needed_macs(model, *size) / ceiling[f"flops_{mode}"]
    traffic = least_bytes(model, *size, itemsize) / ceiling["bytes_per_s"]
    bound = max(arithmetic, traffic)
    return {
        **{name: row[name] for name in ("model", "size", "candidate")},
        "gmac": round(variants.count_macs(model, *size) / 1e9, 3),
        "needed_gmac": round(needed_macs(model, *size) / 1e9, 3),
        "least_mb": round(least_bytes(model, *size, itemsize) / 1e6, 1),
        "bound_ms": round(1e3 * bound, 3),
        "bound_by": "arithmetic" if arithmetic > traffic else "traffic",
        "of_bound": round(1e3 * bound / row["median_ms"], 3),
    }
