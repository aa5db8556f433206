"""How much of a training step is waiting for data.

    python benchmarks/data.py [--data data/LOL] [--model student] [--batch 8]
        [--crop 256] [--loss l1] [--steps 20] [--repeats 5] [--pipelines memory,tfdata]
        [--threads N] [--quick] [--device-less] [--output FILE]

Steps with fresh batches (from memory, and through tf.data) against steps with one
constant batch that lies on the device, in turn, a block of `--steps` each.  As in
training, the loop runs ahead of the device by a little.  `waited` is the share of the
time spent in `next`; the ratio includes the way to the device as well.  `--data demo`
needs no files.  Writes benchmarks/results/data.json.
"""

import argparse
import functools
import itertools
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import steps
import timing

from lled_jax.cli.process import exit_status
from lled_jax.data import memory, sources
from lled_jax.data.order import Order, Stage
from lled_jax.data.pairs import require_min_size
from lled_jax.locate import open_source
from lled_jax.models import variants
from lled_jax.models.vgg import load_vgg
from lled_jax.training.loop import LAG
from lled_jax.training.sharding import batch_sharding, put_batch

CONSTANT = "constant"
# Untimed steps of a block: while others had their turn, the pipeline has filled up.
FIRST = memory.AHEAD + 3


class Block(NamedTuple):
    """Seconds of one block of steps, and those of them spent waiting for data."""

    total: float
    waited: float


def trainer(arguments: argparse.Namespace) -> tuple[Callable[[Any], Any], Any]:
    """A function that trains on a device batch, and the sharding of batches."""
    mesh = steps.one_device()
    vgg = load_vgg("lpips") if "perceptual" in steps.LOSSES[arguments.loss] else None
    train = steps.trainer(variants.build(arguments.model), arguments.loss, vgg, mesh)
    return lambda batch: train(batch)[1], batch_sharding(mesh)


def block(
    train: Callable[[Any], Any],
    batches: Iterator[Any],
    place: Callable[[Any], Any],
    count: int,
) -> Block:
    """Train on `count` batches; as in `training.loop`, at most `LAG` steps ahead."""
    pending: deque[Any] = deque()
    waited, started = 0.0, time.perf_counter()
    for _ in range(count):
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        pending.append(train(place(batch)))
        if len(pending) > LAG:
            pending.popleft().block_until_ready()
    while pending:
        pending.popleft().block_until_ready()
    return Block(time.perf_counter() - started, waited)


def pipelines(arguments: argparse.Namespace, stop: int) -> dict[str, Iterator[Any]]:
    """Each pipeline's host batches, steps 0 to `stop` - 1."""
    source = open_source(arguments.data, "train")
    require_min_size(source, arguments.crop)
    order = Order(0, source.sizes, [Stage(0, arguments.crop, arguments.batch)])
    found = {}
    for name in arguments.pipelines.split(","):
        if name == "memory":
            found[name] = memory.batches(sources.load(source), order, 0, stop)
        else:
            # Here, since TensorFlow is slow to start and may be missing.
            from lled_jax.data import pipeline

            found[name] = pipeline.batches(source, order, 0, stop)
    return found


def measure(arguments: argparse.Namespace) -> dict[str, list[Block]]:
    """Blocks of every kind of batch, in turn."""
    train, sharding = trainer(arguments)
    stop = arguments.repeats * (arguments.steps + FIRST) + 1
    hosts = pipelines(arguments, stop)
    constant = put_batch(next(next(iter(hosts.values()))), sharding)
    # Batches, and how they get to the device.
    feeds = {CONSTANT: (itertools.repeat(constant), lambda batch: batch)} | {
        name: (batches, functools.partial(put_batch, sharding=sharding))
        for name, batches in hosts.items()
    }
    train(constant).block_until_ready()  # compiles
    blocks: dict[str, list[Block]] = {name: [] for name in feeds}
    for _ in range(arguments.repeats):
        for name, feed in feeds.items():
            block(train, *feed, FIRST)
            blocks[name].append(block(train, *feed, arguments.steps))
    for batches in hosts.values():
        batches.close()
    return blocks


def rows_of(blocks: dict[str, list[Block]], count: int) -> list[dict[str, Any]]:
    """Times per step, the ratio to the constant batch, the share of time waited."""
    base = statistics.median(b.total for b in blocks[CONSTANT])
    rows = []
    for name, values in blocks.items():
        totals = [b.total for b in values]
        row = {"batches": name} | {
            f"{key}_ms": round(1e3 * of(totals) / count, 3)
            for key, of in (("median", statistics.median), ("min", min), ("max", max))
        }
        row["ratio_to_constant"] = round(statistics.median(totals) / base, 4)
        row["waited"] = round(statistics.median(b.waited / b.total for b in values), 5)
        rows.append(row)
    return rows


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.device_parser(__doc__)
    parser.add_argument("--data", default="data/LOL", help="a folder of pairs, or demo")
    parser.add_argument("--model", default="student", choices=variants.VARIANTS)
    parser.add_argument("--loss", default="l1", choices=steps.LOSSES)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pipelines", default="memory,tfdata")
    arguments = parser.parse_args(argv)
    for name in arguments.pipelines.split(","):
        if name not in ("memory", "tfdata"):
            parser.error(f"--pipelines {name!r}: known are memory, tfdata")
    if arguments.quick:
        arguments.data, arguments.batch, arguments.crop = "demo", 2, 32
        arguments.steps, arguments.repeats = 3, 2
    return arguments


def main(argv: list[str] | None = None) -> None:
    """Measure, print and write."""
    arguments = arguments_of(argv)
    timing.start(arguments)
    blocks = measure(arguments)
    data = {
        "what": f"training step, {arguments.model}, loss {arguments.loss}",
        "data": Path(arguments.data).name,
        "batch": f"{arguments.batch}x{arguments.crop}x{arguments.crop}",
        "steps": arguments.steps,
        "repeats": arguments.repeats,
        "rows": rows_of(blocks, arguments.steps),
    }
    name = "data_gpu" if jax.default_backend() == "gpu" else "data"
    timing.finish(name, arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
