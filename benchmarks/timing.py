"""Shared by the benchmarks: interleaved times, machine facts, tables and files.

Candidates take turns (A B C A B C ...), so that a slow moment of the machine falls on
all of them; what we report is the median, with the extremes beside it.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lled_jax.data.parallel import cores
from lled_jax.versions import NOT_INSTALLED, version

# Before JAX starts: by default it takes most of a GPU, and others have to fit as well.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# PyTorch's compiler would fork workers, which next to JAX's threads may deadlock.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

RESULTS = Path(__file__).parent / "results"
# Thread pools spin for a few milliseconds after their work; the next candidate should
# not pay for that.
PAUSE = 0.02
PACKAGES = (
    *("jax", "jaxlib", "flax", "optax", "numpy", "torch", "onnx", "onnxruntime"),
    *("openvino", "tensorflow-cpu", "tensorflow", "ai-edge-litert"),
)
PARITY = 1e-4
"""How far outputs in float32 may be from ours: images in [0, 1], losses of about 1."""

HALF_PARITY = 5e-2
"""The same for tf32 and bf16, whose 10 and 8 bits of mantissa differ by design.

It bounds the largest of millions of differences on random weights; the worst seen was
0.030 (bf16, 1200x900).
"""


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that `finish` asks for."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path)
    return parser


def device_parser(description: str | None) -> argparse.ArgumentParser:
    """The same, and what `start` asks for."""
    options = parser(description)
    options.add_argument("--threads", type=int, default=0, help="0: all cores")
    options.add_argument("--device-less", action="store_true")
    return options


def peers_parser(
    description: str | None, known: Collection[str]
) -> argparse.ArgumentParser:
    """The same, and what every comparison with the `known` peers has."""

    def names(text: str) -> list[str]:
        found = [name for name in text.split(",") if name]
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"unknown peer {name!r}; known: {', '.join(known)}"
                )
        return found

    options = device_parser(description)
    options.add_argument(
        "--peers", type=names, default=[], help="candidates beside ours"
    )
    options.add_argument("--repeats", type=int, default=15)
    return options


def start(arguments: argparse.Namespace) -> None:
    """Keep this process to its threads and device; call it before JAX starts."""
    limit_threads(arguments.threads)
    if arguments.device_less:
        use_cpu()


class Unavailable(Exception):
    """A candidate that cannot run here, with the reason."""


def interleaved(
    runs: Mapping[str, Callable[[], Any]], repeats: int, warmup: int = 1
) -> dict[str, list[float]]:
    """Seconds of each run in each round; a run returns when its answer is there."""
    for _ in range(warmup):
        for run in runs.values():
            run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            time.sleep(PAUSE)
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    return times


def summary(
    times: Mapping[str, Sequence[float]], baseline: str
) -> dict[str, dict[str, float]]:
    """Median, min and max in ms, and the median over that of `baseline`."""
    base = statistics.median(times[baseline])
    return {
        name: {
            "median_ms": round(1e3 * statistics.median(values), 3),
            "min_ms": round(1e3 * min(values), 3),
            "max_ms": round(1e3 * max(values), 3),
            "ratio_to_ours": round(statistics.median(values) / base, 3),
        }
        for name, values in times.items()
    }


def try_all(
    builders: Mapping[str, Callable[[], Any]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """What could be built, and for the rest the reason."""
    built, skipped = {}, {}
    for name, build in builders.items():
        try:
            built[name] = build()
        # A missing package, compiler or feature shows in many ways; a benchmark goes on
        # with the others and says what happened.
        except Exception as error:
            text = next(iter(str(error).splitlines()), "")
            reason = f"{type(error).__name__}: {text}"
            skipped[name] = text if isinstance(error, Unavailable) else reason
            print(f"skipped {name}: {skipped[name]}", file=sys.stderr)
    return built, skipped


def forget_compiled() -> None:
    """Drop PyTorch's compiled code: it keeps a limited number of versions."""
    if "torch" in sys.modules:
        sys.modules["torch"].compiler.reset()


def limit_threads(threads: int) -> None:
    """Let this process use `threads` cores; 0 leaves it as it is.

    By affinity, because XLA's thread pool has no setting of its own; the other
    libraries are told the number as well.
    """
    if threads == 0:
        return
    if not hasattr(os, "sched_setaffinity"):
        sys.exit("error: --threads needs Linux; leave it out to use all cores")
    cores = sorted(os.sched_getaffinity(0))
    if not 0 < threads <= len(cores):
        sys.exit(f"error: --threads {threads}: this process has {len(cores)} cores")
    os.sched_setaffinity(0, cores[:threads])


def use_cpu() -> None:
    """Keep JAX off accelerators; call it before JAX is used."""
    import jax

    jax.config.update("jax_platforms", "cpu")


def machine() -> dict[str, Any]:
    """Processor, cores, device, versions and date: what a number means nothing without.

    Starts JAX.
    """
    import jax

    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "device": jax.devices()[0].device_kind,
        "backend": jax.default_backend(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {p: v for p in PACKAGES if (v := version(p)) != NOT_INSTALLED},
        "date": datetime.date.today().isoformat(),
    }


def _cpu_model() -> str:
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table; the columns are those of all rows, in order."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(name, "-")) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value).replace("|", "/")


def finish(name: str, output: Path | None, quick: bool, data: dict[str, Any]) -> None:
    """Print the rows and the skipped, and write everything with the machine's facts.

    To `output`, or to results/NAME.json; a quick run, whose numbers mean nothing, is
    written only where `output` says.
    """
    from lled_jax.files import write_json

    print(table(data["rows"]))
    path = output or (None if quick else RESULTS / f"{name}.json")
    if path is not None:
        write_json(path, {"machine": machine(), "quick": quick} | data)
        print(f"written: {path}")
