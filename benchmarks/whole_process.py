"""Peak memory of a whole process, for benchmarks that run commands."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A process of its own, as the peak of a child begins with what its parent holds.
_MEASURE = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(status != 0)
"""


def peak_gib(command: list[str]) -> float:
    """Run to the end; the peak of its resident memory in GiB."""
    measure = [sys.executable, "-c", _MEASURE, *command]
    done = subprocess.run(measure, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: failed: {' '.join(command)}")
    # Linux counts KiB, macOS bytes.
    return int(done.stdout) / (2**30 if sys.platform == "darwin" else 2**20)
