"""A folder of photos from JPEG to JPEG: `lled enhance` and plain loops over peers.

    python benchmarks/enhance.py [--photos 50] [--size 600x400] [--peers NAME,...]
        [--jobs N] [--repeats 5] [--threads N] [--quick] [--device-less]
        [--output FILE]

Decode, enhance and encode, with the weights of the package; the photos are made by this
script.  "lled..." is what the command does once the network is loaded, by each backend;
"command" the whole of it, from the start of Python.  "loop:..." is what one would write
without us: Pillow, the network as PyTorch runs or exports it, Pillow, one photo after
the other.  Every candidate has done the folder once before it is timed, and its
pictures are compared with ours.  What is not installed is skipped.  `--quick` is a
smoke test whose numbers mean nothing.  Writes benchmarks/results/enhance.json.
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import loops
import numpy as np
import timing
from PIL import Image

from lled_jax.cli.process import exit_status
from lled_jax.data.parallel import cores

ROOT = Path(__file__).parent.parent
REFERENCE = "lled"
# Mean difference from our picture in levels; encoding spreads a rounding by one level.
PARITY, BF16_PARITY = 0.25, 2.0


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.peers_parser(__doc__, ALL)
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--size", default="600x400", help="WIDTHxHEIGHT")
    parser.add_argument("--jobs", type=int, default=0, help="0: as many as cores")
    parser.set_defaults(repeats=5)
    arguments = parser.parse_args(argv)
    if arguments.quick:
        arguments.repeats, arguments.photos = min(arguments.repeats, 2), 3
        arguments.size = "49x32"
    if min(arguments.repeats, arguments.photos) < 1:
        parser.error("--repeats and --photos must be at least 1")
    return arguments


def make_photos(folder: Path, count: int, size: str) -> None:
    """Dark pictures with soft shapes and grain, as JPEG."""
    try:
        width, height = map(int, size.split("x"))
    except ValueError:
        sys.exit(f"error: --size {size!r}: write WIDTHxHEIGHT, as in 600x400")
    for n in range(count):
        generator = np.random.default_rng(n)
        shapes = generator.integers(0, 80, (9, 13, 3), np.uint8)
        soft = Image.fromarray(shapes).resize((width, height), Image.Resampling.BICUBIC)
        grain = generator.normal(0, 3, (height, width, 3))
        pixels = np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n:03}.jpg", quality=loops.QUALITY)


def _lled(jobs: int, size: tuple[int, int], backend: str = "jax") -> loops.Run:
    import lled_jax
    from lled_jax.cli import photo_work
    from lled_jax.cli.screen import Screen
    from lled_jax.cli.tally import Tally
    from lled_jax.naming import Task

    enhancer = lled_jax.load(backend=backend)

    def run(source: Path, target: Path) -> None:
        tally, screen = Tally(), Screen(quiet=True)
        tasks = [Task(p, target / p.name, p.name) for p in sorted(source.iterdir())]
        budget = 2**31 // photo_work.SHARE
        photo_work.enhance(tasks, enhancer, _request(jobs), budget, tally, screen)

    return run


def _request(jobs: int) -> Any:
    from lled_jax.cli.request import Request
    from lled_jax.look import Look

    values: dict[str, Any] = dict.fromkeys(Request._fields)
    values |= {
        "look": Look(),
        "quality": loops.QUALITY,
        "jobs": jobs,
        "keep_times": False,
    }
    return Request(**values | {"max_memory": 2**31})


def _command(jobs: int, size: tuple[int, int]) -> loops.Run:
    def run(source: Path, target: Path) -> None:
        command = [sys.executable, "-m", "lled_jax", "enhance", source, "-o", target]
        options = ["--jobs", jobs, "--overwrite", "--quiet"]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([*map(str, [*command, *options])], check=True, env=env)

    return run


ALL: dict[str, Callable[[int, tuple[int, int]], loops.Run]] = {
    REFERENCE: _lled,
    "lled:openvino": functools.partial(_lled, backend="openvino"),
    "lled:openvino_bf16": functools.partial(_lled, backend="openvino_bf16"),
    "lled:onnxruntime": functools.partial(_lled, backend="onnxruntime"),
    "command": _command,
    "loop:torch_channels_last": loops.torch_channels_last,
    "loop:onnxruntime": loops.onnxruntime,
    "loop:openvino": loops.openvino,
}
"""The candidates, ours first."""


def distance(folder: Path, other: Path) -> float:
    """The largest mean difference of two pictures of the same name, in levels."""

    def picture(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image, np.float32)

    names: Iterable[str] = sorted(path.name for path in folder.iterdir())
    return max(
        float(np.abs(picture(folder / n) - picture(other / n)).mean()) for n in names
    )


def compared(
    builders: dict[str, Callable[[], loops.Run]], source: Path, work: Path
) -> tuple[dict[str, loops.Run], dict[str, float], dict[str, str]]:
    """Candidates that ran once and agree with ours, distances, and who is skipped."""
    found, skipped = timing.try_all(builders)
    distances: dict[str, float] = {}
    for name, run in list(found.items()):
        (work / name).mkdir()
        run(source, work / name)
        distances[name] = round(distance(work / REFERENCE, work / name), 4)
        if distances[name] > (BF16_PARITY if "bf16" in name else PARITY):
            skipped[name] = f"its pictures are {distances[name]} levels from ours"
            del found[name]
    return found, distances, skipped


def main(argv: list[str] | None = None) -> None:
    """Make photos, compare, time, print and write."""
    arguments = arguments_of(argv)
    timing.start(arguments)
    names = list(dict.fromkeys([REFERENCE, *(arguments.peers or ALL)]))
    jobs = arguments.jobs or min(8, cores())
    with tempfile.TemporaryDirectory() as folder:
        source, work = Path(folder) / "photos", Path(folder) / "work"
        source.mkdir()
        work.mkdir()
        make_photos(source, arguments.photos, arguments.size)
        with Image.open(source / "000.jpg") as image:
            size = image.height, image.width
        builders = {n: functools.partial(ALL[n], jobs, size) for n in names}
        runs, distances, skipped = compared(builders, source, work)
        timed = {n: functools.partial(r, source, work / n) for n, r in runs.items()}
        times = timing.interleaved(timed, arguments.repeats, warmup=0)
        shutil.rmtree(work)
    rows = [
        {
            "candidate": name,
            "photos_per_s": arguments.photos / numbers["median_ms"] * 1e3,
        }
        | numbers
        | {"distance": distances[name]}
        for name, numbers in timing.summary(times, REFERENCE).items()
    ]
    data = {
        "what": "a folder of photos, decode and encode included, candidates in turn",
        "photos": arguments.photos,
        "size": arguments.size,
        "jobs": jobs,
        "repeats": arguments.repeats,
        "skipped": skipped,
        "rows": rows,
    }
    timing.finish("enhance", arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
