"""Distillation of a bilateral grid: the rows of the paper's table 6, on FiveK.

    python train.py --config configs/hdrnet.py:teacher --workdir runs/hdrnet_teacher
    python train.py --config configs/hdrnet.py:student --workdir runs/hdrnet_student
    python train.py --config configs/hdrnet.py:student_kd --workdir runs/hdrnet_kd

The last learns from runs/hdrnet_teacher.  From section 4.3: grids of 8x8 cells and 4
layers, of the teacher 16x16 and 8 with twice the channels, L1, and the distance of the
coefficients.  Ours, since the paper does not say: all else as for its other networks
(crops of 256, batch 8, lr 2e-4 halved at half time, 50 k steps, 100 k of the teacher),
and weight 1 of the distance, from 10 k steps on.
"""

from ml_collections import ConfigDict

from configs import _rows, student, teacher

ROWS = ("student", "teacher", "student_kd")


def get_config(row: str = "student") -> ConfigDict:
    _rows.check(row, ROWS)
    base = teacher if row == "teacher" else student
    config = base.get_config("fivek")
    config.model = f"hdrnet_{'teacher' if row == 'teacher' else 'student'}"
    config.teacher = "runs/hdrnet_teacher" if row == "student_kd" else ""
    config.loss.perceptual = config.loss.ssim = config.loss.gradient = 0.0
    return config
