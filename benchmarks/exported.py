"""Exported files in their runtimes: time, memory, size, and what the precision costs.

    python benchmarks/exported.py [--sizes 600x400,1200x900] [--threads 1,2]
        [--repeats 9] [--data data/LOL] [--quick] [--output FILE]

The network that is loaded by default, exported in every format and precision, each in
a process of its own that holds nothing but the runtime (`deployed.py`); beside it the
same network in JAX, in PyTorch, and as PyTorch exports it to ONNX.  The processes take
turns.  The quality is on the test pairs of `--data`, all of them, whole.  Sizes are
WIDTHxHEIGHT.
Writes benchmarks/results/exported.json.
"""

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import candidates
import numpy as np
import peak
import timing

from lled_jax.cli.process import exit_status
from lled_jax.export import exporting, parity
from lled_jax.locate import load_weights, open_source
from lled_jax.shipped import DEFAULT

WANTED = {
    "onnx": ("f32", "f16", "int8"),
    "tflite": ("f32", "f16", "int8", "int8_dynamic"),
    "stablehlo": ("f32", "bf16"),
    "savedmodel": ("f32",),
}
BASE = "jax"


class Subject(NamedTuple):
    """What is timed: a runtime and the file it runs."""

    name: str
    kind: str
    file: Path


def exports(
    folder: Path, data: str, wanted: dict[str, tuple[str, ...]]
) -> tuple[list[Subject], list[dict[str, Any]]]:
    """Every file, and a row on its size and its quality."""
    subjects, rows = [], []
    params = load_weights(Path(DEFAULT))[1]
    source = open_source(data, "test")
    pairs = [source[i] for i in range(len(source))]
    for format, precisions in wanted.items():
        for precision in precisions:
            file = folder / f"{precision}.{format}"
            request = exporting.Request(format, file, precision=precision, data=data)
            done = exporting.export(request)
            run = exporting.module_of(format).runner(file)
            found = parity.measure(done.contract, run, params, pairs)
            rows.append(
                {"format": format, "precision": precision, "bytes": done.bytes}
                | {
                    "largest_difference": found.largest,
                    "agreement_psnr": found.psnr,
                    "half_white_psnr": found.white,
                    "lost_db": found.loss,
                    "changed": found.changed,
                }
            )
            kind = "onnxruntime" if format == "onnx" else format
            subjects.append(Subject(f"{format} {precision}", kind, file))
            if (format, precision) == ("onnx", "f32"):
                for other in ("openvino", "openvino_bf16"):
                    subjects.append(Subject(f"onnx f32, {other}", other, file))
    return subjects, rows


def peers(folder: Path) -> list[Subject]:
    """The same network without an export of ours."""
    model, params = load_weights(Path(DEFAULT))
    case = candidates.Case(model, params, np.zeros((400, 600, 3), np.uint8), True)
    weights = folder / "case.npz"
    peak.save_case(weights, case)
    found = [Subject(BASE, BASE, weights)]
    found += [Subject(n, n, weights) for n in ("torch", "torch_channels_last")]
    return found


def plain_onnx(folder: Path, height: int, width: int) -> list[Subject]:
    """The file that PyTorch's own exporter makes, at this size; none without it."""
    model, params = load_weights(Path(DEFAULT))
    low = np.zeros((height, width, 3), np.uint8)
    file = folder / f"torch_{width}x{height}.onnx"
    try:
        candidates.exported(candidates.Case(model, params, low, True), file)
    except timing.Unavailable:
        return []
    return [Subject("onnx of torch", "onnxruntime", file)]


@dataclasses.dataclass
class Process:
    """A subject that runs when it is told to."""

    subject: Subject
    child: subprocess.Popen[str]

    def once(self) -> dict[str, float] | None:
        """One run's time and memory, or None if the process has ended."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write("run\n")
            self.child.stdin.flush()
        line = self.child.stdout.readline()
        return json.loads(line) if line else None


def start(subject: Subject, height: int, width: int, threads: int) -> Process:
    """Its process, loading."""
    script = Path(__file__).with_name("deployed.py")
    numbers = map(str, (height, width, threads))
    command = [sys.executable, str(script), subject.kind, str(subject.file), *numbers]
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return Process(subject, child)


def timed(
    subjects: list[Subject], height: int, width: int, threads: int, repeats: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each subject, taken in turn, and the names of those that do not run."""
    processes, skipped = [], []
    for subject in subjects:
        process = start(subject, height, width, threads)
        # One loads at a time, and is warm.
        if process.once() is None:
            skipped.append(subject.name)
        else:
            processes.append(process)
    times: dict[str, list[float]] = {p.subject.name: [] for p in processes}
    peaks = {}
    for _ in range(repeats):
        for process in processes:
            time.sleep(timing.PAUSE)
            facts = process.once()
            if facts is None:
                sys.exit(f"error: {process.subject.name} stopped")
            times[process.subject.name].append(facts["seconds"])
            peaks[process.subject.name] = facts["host_peak_mib"]
    for process in processes:
        process.child.kill()
        process.child.wait()
    rows = [
        {"size": f"{width}x{height}", "threads": threads, "subject": name}
        | {k.replace("ours", BASE): v for k, v in numbers.items()}
        | {"host_peak_mib": peaks[name]}
        for name, numbers in timing.summary(times, BASE).items()
    ]
    return rows, skipped


def main(argv: list[str] | None = None) -> None:
    """Export, time, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="600x400,1200x900")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--data", default="data/LOL")
    arguments = parser.parse_args(argv)
    if arguments.quick:
        arguments.sizes, arguments.threads = "49x32", "1"
        arguments.repeats, arguments.data = 1, "demo"
    wanted = {"onnx": ("f32",)} if arguments.quick else WANTED
    rows: list[dict[str, Any]] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects, quality = exports(folder, arguments.data, wanted)
        print(timing.table(quality), file=sys.stderr)
        subjects = peers(folder) + subjects
        for size in arguments.sizes.split(","):
            width, height = map(int, size.split("x"))
            here = subjects + plain_onnx(folder, height, width)
            for threads in map(int, arguments.threads.split(",")):
                some, missing = timed(here, height, width, threads, arguments.repeats)
                skipped += missing
                print(timing.table(some), file=sys.stderr)
                rows += some
    data = {
        "what": "the network loaded by default, one image at a time, in turn",
        "repeats": arguments.repeats,
        "data": arguments.data,
        "skipped": sorted(set(skipped)),
        "quality": quality,
        "rows": rows,
    }
    timing.finish("exported", arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
