"""What splitting a training step over devices costs, on devices that are not there.

    python benchmarks/scaling.py [--model student] [--devices 1,2,4,8] [--batch 8]
        [--crop 128] [--steps 10] [--repeats 3] [--quick] [--output FILE]

XLA makes any number of devices of one processor.  They share its cores, so the same
global batch takes the same time on all of them, and what it takes longer on several is
the overhead of partitioning: smaller pieces of work, all-reduce, synchronisation.  It
says nothing about networks between machines (docs/clusters.md estimates those).  Each
number of devices is a process of its own, in turn.  Writes
benchmarks/results/scaling.json.
"""

import argparse
import os
import subprocess
import sys
import time

import timing

from lled_jax.cli.process import exit_status

FLAG = "--xla_force_host_platform_device_count"
WARMUP = 2


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.parser(__doc__)
    parser.add_argument("--model", default="student")
    parser.add_argument("--devices", default="1,2,4,8")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    # One turn of one number of devices: what the processes of their own do.
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    for count in map(int, arguments.devices.split(",")):
        if arguments.batch % count:
            parser.error(f"--batch {arguments.batch} does not divide by {count}")
    return arguments


def turn(arguments: argparse.Namespace) -> None:
    """Print the seconds of each step on all devices of this process."""
    import numpy as np
    import steps

    from lled_jax.training.sharding import make_mesh

    side = arguments.crop
    low = np.random.default_rng(0).integers(
        0, 64, (arguments.batch, side, side, 3), np.uint8
    )
    images = {"low": low, "high": 3 * low}
    case = steps.Case(arguments.model, "l1", images, None, cpu=True, torch_ema=False)
    run = steps.ours(case, mesh=make_mesh())
    for i in range(WARMUP + arguments.steps):
        started = time.perf_counter()
        loss = run()
        if i >= WARMUP:
            print(time.perf_counter() - started, loss)


def times(
    arguments: argparse.Namespace, count: int, argv: list[str]
) -> tuple[list[float], float]:
    """Seconds of the steps on `count` devices, and the last loss."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} {FLAG}={count}"
    done = subprocess.run(
        [sys.executable, __file__, *argv, "--turn"],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"error: {count} devices: {done.stderr.strip()[-500:]}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return [float(seconds) for seconds, _ in lines], float(lines[-1][1])


def main(argv: list[str] | None = None) -> None:
    """Let the numbers of devices take turns, print and write."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = arguments_of(argv)
    if arguments.turn:
        turn(arguments)
        return
    counts = [int(count) for count in arguments.devices.split(",")]
    if arguments.quick:
        arguments.repeats = 1
    measured: dict[str, list[float]] = {str(count): [] for count in counts}
    losses = {}
    for _ in range(arguments.repeats):
        for count in counts:
            seconds, losses[count] = times(arguments, count, argv)
            measured[str(count)] += seconds
    apart = max(losses.values()) - min(losses.values())
    if apart > timing.PARITY:
        sys.exit(f"error: the numbers of devices disagree about the loss: {losses}")
    summary = timing.summary(measured, str(counts[0]))
    rows = [
        {"model": arguments.model, "devices": int(count), **numbers}
        for count, numbers in summary.items()
    ]
    data = {
        "what": "one training step (L1) of one global batch on devices of one CPU",
        "batch": f"{arguments.batch}x{arguments.crop}x{arguments.crop}",
        "repeats": arguments.repeats * arguments.steps,
        "rows": rows,
    }
    timing.finish("scaling", arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
