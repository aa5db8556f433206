"""The paper's student, distilled from the paper's teacher, on LOL.

    python train.py --config configs/student.py                  # teacher: runs/teacher
    python train.py --config configs/student.py --config.teacher=PATH
    python train.py --config configs/student.py:fivek            # runs/teacher_fivek

The data sets are those of configs/teacher.py, whose run on the same one is the teacher.

From section 4.1: crops of 256, Adam, 50 k iterations, lr 2e-4 halved every 25 k, the
first 10 k without distillation, loss weights 1, 0.1, 1, 1 and distillation 1.  Ours,
since the paper does not say: batch 8, EMA 0.999, held-out scenes, VGG layer relu3_4,
and maps of unit L2 norm, because the paper's own formula (`literal`) makes a loss of
about 1e-9 that trains nothing.
"""

from ml_collections import ConfigDict

from configs import teacher
from configs._datasets import teacher_run


def get_config(dataset: str = "lol") -> ConfigDict:
    config = teacher.get_config(dataset)
    config.model = "student"
    config.total_steps = 50_000
    config.teacher = teacher_run(dataset)
    config.optimizer.halve_every = 25_000
    return config
