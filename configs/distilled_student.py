"""More steps of the best student, from a teacher of six FABs or without.

    python train.py --config configs/best_student.py
    python train.py --config configs/best_teacher.py
    python train.py --config configs/distilled_student.py:both

Goes on from runs/best_student.  Rows: `none`, no teacher; `all_stages`, the maps of
all stages of both branches (unit L2 norm), not run yet; `both`, these and the distance
to the teacher's picture (L1).  A tenth of the inputs are the targets, so that bright
photos stay as they are.

12 minutes on one CPU core without a teacher, 32 with.  Held-out scenes 23.31 dB / .8760
without (six seeds; standard deviation 0.18 / .0016), 23.51 / .8780 with (one seed):
promising, but within the spread (docs/log.md).
"""

from ml_collections import ConfigDict

from configs import best_student

# The head and what follows each of the student's FABs, beside every second of the
# teacher's.
_ALL = ((0, 0), (1, 2), (2, 4), (3, 6))
# What is distilled; None: nothing.
ROWS: dict[str, dict | None] = {
    "none": None,
    "all_stages": {},
    "both": {"output": 0.5},
}


def get_config(row: str = "both") -> ConfigDict:
    if row not in ROWS:
        raise ValueError(f"unknown row {row!r}; rows: {', '.join(ROWS)}")
    config = best_student.get_config()
    config.init = "runs/best_student"
    config.total_steps = 2_400
    config.data.later = ((1_500, 256, 1), (2_340, 0, 1))
    config.data.bright = 0.1
    config.optimizer.lr = 1.2e-3
    config.log.evaluate_every = 800
    distilled = ROWS[row]
    if distilled is not None:
        config.teacher = "runs/best_teacher"
        config.distillation.start = 0
        config.distillation.stages = _ALL
        config.distillation.branches = ("enhancement", "gradient")
        config.distillation.update(distilled)
    return config
