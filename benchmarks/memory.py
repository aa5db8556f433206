"""Peak memory of training and of evaluation, as whole processes on this machine.

    python benchmarks/memory.py [--data demo] [--vgg lpips]

Trains the student at the paper's batch (8 crops of 256, every loss term, distillation
from a teacher of random weights) for a few steps, evaluates it on the test split, and
writes the resident peaks to benchmarks/results/memory.json.
"""

import argparse
import datetime
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import jax

from lled_jax import weights_file
from lled_jax.data.parallel import cores
from lled_jax.files import write_json
from lled_jax.models import variants

ROOT = Path(__file__).parent.parent
STEPS = 6


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


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo")
    parser.add_argument("--vgg", default="lpips")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        teacher = Path(folder) / "teacher.safetensors"
        params = variants.init(variants.build("teacher"), 0)
        weights_file.write(teacher, "teacher", params, {})
        train = [
            "train.py",
            "--config=configs/student.py",
            f"--config.data.root={arguments.data}",
            f"--config.perceptual.weights={arguments.vgg}",
            f"--config.teacher={teacher}",
            "--config.distillation.start=2",
            f"--config.total_steps={STEPS}",
            f"--workdir={folder}/run",
        ]
        evaluate = ["evaluate.py", f"--ckpt={folder}/run", f"--data={arguments.data}"]
        peaks = {
            "train_gib": peak_gib([sys.executable, *train]),
            "evaluate_gib": peak_gib([sys.executable, *evaluate]),
        }
    facts = {
        "what": "student, batch 8 of 256x256, all loss terms, tf.data; whole process",
        "data": Path(arguments.data).name,
        "vgg": Path(arguments.vgg).stem,
        "steps": STEPS,
        "machine": f"{platform.machine()}, {cores()} cores",
        "backend": jax.default_backend(),
        "jax": jax.__version__,
        "date": datetime.date.today().isoformat(),
    }
    print(peaks)
    write_json(ROOT / "benchmarks/results/memory.json", peaks | facts)


if __name__ == "__main__":
    main()
