"""Time from the command to the end of the first training step, and of the first photo.

    python benchmarks/startup.py [--data demo] [--repeats 3] [--quick] [--output FILE]

Cold: with an empty cache of compiled programs; warm: with the one that the cold start
left.  The student by configs/lol_cpu.py without held-out scenes, which depend on the
data more than on us; then one photo of 600x400 through `lled_jax.load`.  Writes
benchmarks/results/startup.json.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import timing

from lled_jax.cli.process import exit_status

ROOT = Path(__file__).parent.parent
PHOTO = """
import numpy as np, lled_jax
from lled_jax.cli.process import exit_status
def command():
    lled_jax.load().enhance(np.zeros((400, 600, 3), np.uint8))
    print("step 1/", flush=True)
exit_status(command)
"""


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = timing.parser(__doc__)
    parser.add_argument("--data", default="demo", help="a folder of pairs, or demo")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args(argv)


def seconds_until(command: list[str], cache: str, text: str) -> float:
    """From the start of `command` until it prints a line that begins with `text`."""
    env = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": cache,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
        "PYTHONPATH": str(ROOT),
    }
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(text):
                seconds = time.perf_counter() - started
                process.kill()
                return seconds
    sys.exit(f"error: {' '.join(command)} ended before {text!r}")


def commands(data: str, workdir: str) -> dict[str, list[str]]:
    """What is started, by name."""
    train = [
        *(sys.executable, "train.py", "--config=configs/lol_cpu.py"),
        *(f"--workdir={workdir}", f"--config.data.root={data}"),
        *("--config.data.holdout=0", "--config.data.later=()"),
        *("--config.log.every=1", "--config.log.save_every=0"),
    ]
    return {"train": train, "photo": [sys.executable, "-c", PHOTO]}


def main(argv: list[str] | None = None) -> None:
    """Start, wait, print and write."""
    arguments = arguments_of(argv)
    repeats = 1 if arguments.quick else arguments.repeats
    measured: dict[str, list[float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for state in ("cold", "warm"):
                workdir = str(Path(folder) / state)
                for name, command in commands(arguments.data, workdir).items():
                    seconds = seconds_until(command, f"{folder}/cache", "step 1/")
                    measured.setdefault(f"{name} {state}", []).append(seconds)
    rows: list[dict[str, Any]] = [
        {"start": name, **numbers}
        for name, numbers in timing.summary(measured, "train cold").items()
    ]
    data = {
        "what": "from the command to the end of the first step or photo",
        "data": arguments.data,
        "repeats": repeats,
        "rows": rows,
    }
    timing.finish("startup", arguments.output, arguments.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
