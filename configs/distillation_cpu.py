"""Which distillation helps: one student by CPU hours, with and without a teacher.

    python train.py --config configs/distillation_cpu.py:output --config.seed=0 \
        --workdir runs/distillation_cpu/output_0

The teacher is the shipped student (for the results below, the one before it): the
strongest network of its size at hand, trained for ten times as long as the students
here, on the same scenes and on none that are held out.  In the rows that begin with
`teacher_` it is the shipped teacher (then configs/best_teacher.py's), of 6 FABs, which
was trained on the same scenes and knows them by heart.

Rows: `none`, no teacher; `l1`, none either, but twice the weight of L1; `output` and
`teacher_output`, the distance to the teacher's picture (L1) as a further term, hence
the row before as another control; `attention`, the paper's term (maps of unit L2 norm,
last stage of the enhancement branch); `all_stages` and `teacher_all_stages`, that term
for every stage of both branches; `affinity`, the affinities of places there instead;
`ensemble`, as `output`, but to the mean of what the teacher makes of eight positions.

8 minutes on one CPU core without a teacher, 12 with the small one, 35 with the large.
`affinity` gains 0.24 dB / .0030 on held-out scenes and 0.22 / .0005 on eval15,
`all_stages` 0.05 / .0015 and 0.10 / .0017; the maps of the large teacher help as much
as the latter, its affinities (`:teacher_all_stages` with
--config.distillation.normalisation=affinity) little more than nothing, and its picture
harms.  Maps of the last stage alone gain nothing that is sure in SSIM (docs/log.md).

2000 steps of 4 crops of 128, L1 + 0.5 SSIM, Muon with a cosine from 2.4e-3, distilled
after a fifth of the steps as in the paper.  Seeds differ in initialisation and crops;
held-out scenes are those of configs/best_student.py.
"""

from ml_collections import ConfigDict

from configs import _rows, distilled_student, lol_cpu

# Stages 0 (the head) to 3 (the last FAB) of both networks, which are alike.
_ALL_STAGES = tuple((stage, stage) for stage in range(4))
_OUTPUT = {"weight": 0.0, "output": 1.0}


def _maps(stages: tuple[tuple[int, int], ...]) -> dict:
    return {"stages": stages, "branches": distilled_student.BRANCHES}


AFFINITY = {**_maps(_ALL_STAGES), "normalisation": "affinity"}

# The teacher, and what is distilled from it; None: nothing.
ROWS: dict[str, tuple[str, dict] | None] = {
    "none": None,
    "l1": None,
    "output": ("student", _OUTPUT),
    "attention": ("student", {}),
    "all_stages": ("student", _maps(_ALL_STAGES)),
    "affinity": ("student", AFFINITY),
    "ensemble": ("student", {**_OUTPUT, "ensemble": True}),
    "teacher_output": ("teacher", _OUTPUT),
    "teacher_all_stages": ("teacher", _maps(distilled_student.ALL_STAGES)),
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
    if (chosen := ROWS[row]) is not None:
        config.teacher, distilled = chosen
        config.distillation.start = 400
        config.distillation.update(distilled)
    return config
