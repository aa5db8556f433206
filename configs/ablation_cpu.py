"""The ablation (table 5) by a schedule for CPU hours, all rows alike but in one thing.

    python train.py --config configs/ablation_cpu.py:sobel --config.seed=0 \
        --workdir runs/ablation_cpu/sobel_0

Rows: base, canny, origin and sobel as in configs/ablation.py; teacher, with twice the
steps, as in the paper; kd_unit_l2 and kd_literal, distilled from
runs/ablation_cpu/teacher after a fifth of the steps, as in the paper.

2000 steps of 4 crops of 128, L1 + 0.5 SSIM, cosine from 6e-4 (teacher: 4e-4); a tenth
of our485 is held out in whole scenes.  There is no perceptual term, since with VGG a
step takes 2.6 times as long.
"""

from ml_collections import ConfigDict

from configs import _rows, ablation, lol_cpu

DISTILLED = {"kd_unit_l2": "unit_l2", "kd_literal": "literal"}
ROWS = {**ablation.ROWS, **dict.fromkeys(DISTILLED, "student")}
del ROWS["sobel_kd"]


def get_config(row: str = "sobel") -> ConfigDict:
    _rows.check(row, tuple(ROWS))
    config = lol_cpu.get_config()
    config.model = ROWS[row]
    config.total_steps = 2_000
    config.data.holdout = 0.1
    config.data.later = ()
    config.log.evaluate_every = 1_000
    config.log.evaluate_images = 48
    config.log.save_every = 250
    if row == "teacher":
        config.total_steps = 4_000
        config.optimizer.lr = 4e-4
    if row in DISTILLED:
        config.teacher = "runs/ablation_cpu/teacher"
        config.distillation.start = 400
        config.distillation.normalisation = DISTILLED[row]
    return config
