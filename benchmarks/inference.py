"""Time of one forward pass: ours, plain Flax Linen, PyTorch, ONNX Runtime, OpenVINO.

    python benchmarks/inference.py [--models student,teacher] [--sizes 600x400,1200x900]
        [--repeats 15] [--threads N] [--peers NAME,...] [--memory] [--quick]
        [--device-less] [--output FILE]

Batch 1, float32 unless a name says otherwise, equal weights, one process, candidates in
turn; every output is compared with ours before it is timed.  What is not installed is
skipped.  Sizes are WIDTHxHEIGHT.  Inputs lie on the device; "backend:" candidates go
from 8-bit image to 8-bit image and include that work.  `--memory` adds each one's peak,
in a process of its own; `--quick` is a smoke test whose numbers mean nothing.

On a machine with a GPU the same command compares JAX and PyTorch there, in float32,
TF32 and bfloat16, and 3840x2160 as well; `--device-less` stays on the CPU.  The GPU
part has not been run on a GPU yet.  Writes benchmarks/results/inference.json, or
inference_gpu.json.
"""

import argparse
import functools
import sys
from typing import Any

import candidates
import jax
import numpy as np
import peak
import roofline
import timing

from lled_jax.cli.process import exit_status
from lled_jax.models import variants

REFERENCE = "ours"


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.peers_parser(__doc__, candidates.ALL)
    parser.add_argument("--models", default="student,teacher")
    parser.add_argument("--sizes", default="", help="WIDTHxHEIGHT,...")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args(argv)
    for name in arguments.models.split(","):
        if name not in variants.VARIANTS:
            parser.error(
                f"unknown model {name!r}; known: {', '.join(variants.VARIANTS)}"
            )
    if arguments.repeats < 1:
        parser.error(f"--repeats {arguments.repeats} must be at least 1")
    if arguments.quick:
        arguments.repeats = min(arguments.repeats, 2)
    return arguments


def sizes_of(text: str, gpu: bool, quick: bool) -> list[tuple[int, int]]:
    """(height, width) of each size."""
    usual = "600x400,1200x900" + (",3840x2160" if gpu else "")
    found = []
    for size in (text or ("49x32" if quick else usual)).split(","):
        try:
            width, height = map(int, size.split("x"))
        except ValueError:
            sys.exit(f"error: --sizes {size!r}: write WIDTHxHEIGHT, as in 600x400")
        found.append((height, width))
    return found


def case_of(model: str, size: tuple[int, int], cpu: bool) -> candidates.Case:
    """Random weights and a random image: neither changes the time."""
    params = jax.tree.map(np.asarray, variants.init(variants.build(model), 0))
    low = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    return candidates.Case(model, params, low, cpu)


def chosen(peers: list[str], gpu: bool) -> dict[str, Any]:
    """The candidates to compare, ours first."""
    names = peers or (candidates.GPU if gpu else candidates.CPU)
    return {name: candidates.ALL[name] for name in dict.fromkeys([REFERENCE, *names])}


def built(
    case: candidates.Case, builders: dict[str, Any]
) -> tuple[dict[str, candidates.Candidate], dict[str, float], dict[str, str]]:
    """Candidates that run here and equal ours, their distances, and who is skipped."""
    timing.forget_compiled()
    wanted = {name: functools.partial(b, case) for name, b in builders.items()}
    found, skipped = timing.try_all(wanted)
    if REFERENCE not in found:
        sys.exit(f"error: ours does not run: {skipped[REFERENCE]}")
    expected = found[REFERENCE].image(found[REFERENCE].run())
    distances = {}
    for name, candidate in found.items():
        target = np.clip(expected, 0, 1) if name.startswith("backend:") else expected
        distance = float(np.abs(candidate.image(candidate.run()) - target).max())
        if not distance <= candidate.tolerance:
            sys.exit(f"error: {name} is off by {distance}, not the same network")
        distances[name] = distance
    return found, distances, skipped


def compare(
    case: candidates.Case, arguments: argparse.Namespace, builders: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """One row per candidate for one network and size, and who is skipped."""
    found, distances, skipped = built(case, builders)
    runs = {name: candidate.run for name, candidate in found.items()}
    times = timing.interleaved(runs, arguments.repeats)
    peaks = peak.measure(case, found) if arguments.memory else {}
    height, width = case.low_u8.shape[:2]
    rows = []
    for name, numbers in timing.summary(times, REFERENCE).items():
        row = {"model": case.model, "size": f"{width}x{height}", "candidate": name}
        row |= numbers | {"distance": distances[name]} | peaks.get(name, {})
        rows.append(row)
    return rows, skipped


def main(argv: list[str] | None = None) -> None:
    """Build, check, time, print and write."""
    arguments = arguments_of(argv)
    timing.start(arguments)
    gpu = jax.default_backend() == "gpu"
    builders = chosen(arguments.peers, gpu)
    ceiling = roofline.ceilings(arguments.quick)
    rows, bounds, skipped = [], [], {}
    for model in arguments.models.split(","):
        for size in sizes_of(arguments.sizes, gpu, arguments.quick):
            case = case_of(model, size, not gpu)
            some, missing = compare(case, arguments, builders)
            print(timing.table(some), file=sys.stderr)
            bounds += [roofline.fraction(row, model, size, ceiling) for row in some]
            rows += some
            skipped |= missing
    data = {
        "what": "one forward pass, batch 1, weights equal, candidates in turn",
        "repeats": arguments.repeats,
        "ceilings": ceiling,
        "skipped": skipped,
        "rows": rows,
        "roofline": [bound for bound in bounds if bound],
    }
    print(", ".join(f"{name} {value:.4g}" for name, value in ceiling.items()))
    print(timing.table(data["roofline"]), end="\n\n")
    name = "inference_gpu" if gpu else "inference"
    timing.finish(name, arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
