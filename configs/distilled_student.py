"""configs/long_student.py, distilled from a teacher of six FABs.

    python train.py --config configs/best_student.py
    python train.py --config configs/best_teacher.py
    python train.py --config configs/distilled_student.py:both

Rows: `all_stages`, the maps of all stages of both branches (unit L2 norm), and
`affinity`, the affinities of places there instead, both not run yet; `both`, the maps
and the distance to the teacher's picture (L1).

About 100 seconds on an H200, two at a time.  `both` has on held-out scenes 23.00 dB /
.8764 and 23.43 / .8808 (seeds 0 and 1), where the same seeds without a teacher have
23.31 / .8784 and 23.33 / .8808: no gain.  This teacher knows its training scenes by
heart, so its picture is no help; its maps are, and of a student as teacher affinities
even more (`configs/distillation_cpu.py`, docs/log.md).
"""

from ml_collections import ConfigDict

from configs import _rows, long_student

# The head and what follows each of the student's FABs, beside every second of the
# teacher's.
ALL_STAGES = ((0, 0), (1, 2), (2, 4), (3, 6))
BRANCHES = ("enhancement", "gradient")
ROWS: dict[str, dict] = {
    "all_stages": {},
    "affinity": {"normalisation": "affinity"},
    "both": {"output": 0.5},
}


def get_config(row: str = "both") -> ConfigDict:
    _rows.check(row, tuple(ROWS))
    config = long_student.get_config()
    config.teacher = "runs/best_teacher"
    config.distillation.start = 0
    config.distillation.stages = ALL_STAGES
    config.distillation.branches = BRANCHES
    config.distillation.update(ROWS[row])
    return config
