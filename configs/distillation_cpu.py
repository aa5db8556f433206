"""Which distillation helps: one student by CPU hours, with and without a teacher.

    python train.py --config configs/distillation_cpu.py:output --config.seed=0 \
        --workdir runs/distillation_cpu/output_0

The teacher is the shipped student: the strongest network of its size at hand, trained
for ten times as long as the students here, on the same scenes and on none that are held
out.  In the rows that begin with `teacher_` it is the shipped teacher, of 6 FABs, which
was trained on the same scenes and knows them by heart.

Rows: `none`, no teacher; `l1`, none either, but twice the weight of L1; `output` and
`teacher_output`, the distance to the teacher's picture (L1) as a further term, hence
the row before as another control; `attention`, the paper's term (maps of unit L2 norm,
last stage of the enhancement branch), not run yet; `all_stages` and
`teacher_all_stages`, that term for every stage of both branches.

8 minutes on one CPU core without a teacher, 12 with the small one, 35 with the large.
`all_stages` gains 0.05 dB / .0015 on held-out scenes and 0.10 / .0017 on eval15;
the maps of the large teacher help as much, its picture harms (docs/log.md).

2000 steps of 4 crops of 128, L1 + 0.5 SSIM, Muon with a cosine from 2.4e-3, distilled
after a fifth of the steps as in the paper.  Seeds differ in initialisation and crops;
held-out scenes are those of configs/best_student.py.
"""

from ml_collections import ConfigDict

from configs import _rows, lol_cpu

# Stages 0 (the head) to 3 (the last FAB) of both networks, which are alike.
_ALL = tuple((stage, stage) for stage in range(4))
# The same beside the head and every second FAB of the larger teacher.
_EVERY_SECOND = tuple((stage, 2 * stage) for stage in range(4))
_BOTH = ("enhancement", "gradient")
# What is distilled; None: nothing.
ROWS: dict[str, dict | None] = {
    "none": None,
    "l1": None,
    "output": {"weight": 0.0, "output": 1.0},
    "attention": {},
    "all_stages": {"stages": _ALL, "branches": _BOTH},
    "teacher_output": {"weight": 0.0, "output": 1.0},
    "teacher_all_stages": {"stages": _EVERY_SECOND, "branches": _BOTH},
}


def get_config(row: str = "output") -> ConfigDict:
    _rows.check(row, tuple(ROWS))
    config = lol_cpu.get_config()
    config.total_steps = 2_000
    config.data.later = ()
    config.optimizer.name = "muon"
    config.optimizer.lr = 2.4e-3
    config.log.evaluate_every = 1_000
    config.log.save_every = 250
    if row == "l1":
        config.loss.l1 = 2.0
    distilled = ROWS[row]
    if distilled is not None:
        larger = row.startswith("teacher_")
        config.teacher = "teacher" if larger else "student"
        config.distillation.start = 400
        config.distillation.update(distilled)
    return config
