"""Peak memory of training and of evaluation, as whole processes on this machine.

    python benchmarks/memory.py [--data demo] [--vgg lpips] [--quick] [--output FILE]

Trains the student at the paper's batch (8 crops of 256, every loss term, distillation
from a teacher of random weights) for a few steps, evaluates it on the test split, and
writes the resident peaks to benchmarks/results/memory.json.  `--quick` is a smoke test
of one small crop, whose numbers mean nothing.
"""

import sys
import tempfile
from pathlib import Path

import timing
from whole_process import peak_gib

from lled_jax import weights_file
from lled_jax.models import variants

STEPS = 6


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__)
    parser.add_argument("--data", default="demo")
    parser.add_argument("--vgg", default="lpips")
    options = parser.parse_args()
    batch, crop = (1, 32) if options.quick else (8, 256)
    with tempfile.TemporaryDirectory() as folder:
        teacher = Path(folder) / "teacher.safetensors"
        params = variants.init(variants.build("teacher"), 0)
        weights_file.write(teacher, "teacher", params, {})
        train = [
            "train.py",
            "--config=configs/student.py",
            f"--config.data.root={options.data}",
            f"--config.data.batch={batch}",
            f"--config.data.crop={crop}",
            f"--config.perceptual.weights={options.vgg}",
            f"--config.teacher={teacher}",
            "--config.distillation.start=2",
            f"--config.total_steps={STEPS}",
            f"--workdir={folder}/run",
        ]
        evaluate = ["evaluate.py", f"--ckpt={folder}/run", f"--data={options.data}"]
        rows = [
            {"process": what, "peak_gib": peak_gib([sys.executable, *command])}
            for what, command in (("train", train), ("evaluate", evaluate))
        ]
    data = {
        "what": f"student, batch {batch} of {crop}x{crop}, all loss terms, tf.data; "
        "whole process",
        "data": Path(options.data).name,
        "vgg": Path(options.vgg).stem,
        "steps": STEPS,
        "rows": rows,
    }
    timing.finish("memory", options.output, options.quick, data)


if __name__ == "__main__":
    main()
