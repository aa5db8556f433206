"""Peak memory of one way to run the network, in a process of its own.

python benchmarks/peak.py CANDIDATE CASE.npz      # prints JSON; see `measure`
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import candidates
import numpy as np
import timing


def measure(case: candidates.Case, names: Iterable[str]) -> dict[str, dict[str, float]]:
    """Peaks in MiB of whole processes, each with one candidate and what it imports."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.npz"
        save_case(path, case)
        for name in names:
            command = [sys.executable, __file__, name, str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"no memory of {name}: {done.stderr[-300:]}", file=sys.stderr)
                continue
            # The libraries print too; ours is the last line.
            peaks[name] = json.loads(done.stdout.splitlines()[-1])
    return peaks


def save_case(path: Path, case: candidates.Case) -> None:
    """A case as a file for `main`."""
    arrays: dict[str, Any] = {}

    def walk(tree: Any, prefix: str) -> None:
        for name, value in tree.items():
            if hasattr(value, "items"):
                walk(value, f"{prefix}{name}/")
            else:
                arrays[f"{prefix}{name}"] = np.asarray(value)

    walk(case.params, "params/")
    np.savez(path, model=case.model, low_u8=case.low_u8, cpu=case.cpu, **arrays)


def load_case(path: Path) -> candidates.Case:
    """What `save_case` wrote."""
    params: dict[str, Any] = {}
    with np.load(path) as file:
        for name in file.files:
            if name.startswith("params/"):
                *folders, leaf = name.split("/")[1:]
                tree = params
                for folder in folders:
                    tree = tree.setdefault(folder, {})
                tree[leaf] = file[name]
        return candidates.Case(
            str(file["model"]), params, file["low_u8"], bool(file["cpu"])
        )


def peak_mib() -> dict[str, float]:
    """Peak resident memory of this process, and peak memory of the GPU in use."""
    peaks = {"host_peak_mib": _host_peak() / 2**20}
    if (torch := sys.modules.get("torch")) and torch.cuda.is_initialized():
        peaks["gpu_peak_mib"] = torch.cuda.max_memory_allocated() / 2**20
    elif jax := sys.modules.get("jax"):
        stats = jax.devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            peaks["gpu_peak_mib"] = stats["peak_bytes_in_use"] / 2**20
    return {name: round(value, 1) for name, value in peaks.items()}


def _host_peak() -> int:
    # Not ru_maxrss where it can be helped: on Linux that of a child begins with what
    # its parent held when it started it.
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Run one candidate three times and print its peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", choices=candidates.ALL)
    parser.add_argument("case", type=Path)
    arguments = parser.parse_args()
    case = load_case(arguments.case)
    if case.cpu and not arguments.candidate.startswith("torch"):
        timing.use_cpu()
    candidate = candidates.ALL[arguments.candidate](case)
    for _ in range(3):
        candidate.run()
    print(json.dumps(peak_mib()))


if __name__ == "__main__":
    main()
