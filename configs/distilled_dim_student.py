"""configs/dim_student.py with a teacher: affinities of the student it led to.

    python train.py --config configs/distilled_dim_student.py

Begins where configs/dim_student.py does.  The teacher is the average of
configs/whole_dim_student.py, a network of the same size; what is distilled is the row
`affinity` of configs/distillation_cpu.py, from the first step on.

44 minutes on one CPU core; held-out scenes 23.85 dB / .8769 and 23.40 / .8756 (seeds 0
and 1), where configs/dim_student.py has 23.28 / .8744 and 23.52 / .8743.  Not shipped
(docs/log.md).
"""

from ml_collections import ConfigDict

from configs import dim_student, distillation_cpu


def get_config(dataset: str = "lol") -> ConfigDict:
    config = dim_student.get_config(dataset)
    config.teacher = "runs/shipped_student.safetensors"
    config.distillation.start = 0
    config.distillation.update(distillation_cpu.AFFINITY)
    return config
