"""Peak memory of training and of evaluation, as whole processes on this machine.

    python benchmarks/memory.py [--data demo] [--vgg lpips]

Trains the student at the paper's batch (8 crops of 256, every loss term, distillation
from a teacher of random weights) for a few steps, evaluates it on the test split, and
writes the resident peaks to benchmarks/results/memory.json.
"""

import argparse
import datetime
import platform
import sys
import tempfile
from pathlib import Path

import jax
from whole_process import ROOT, peak_gib

from lled_jax import weights_file
from lled_jax.data.parallel import cores
from lled_jax.files import write_json
from lled_jax.models import variants

STEPS = 6


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
