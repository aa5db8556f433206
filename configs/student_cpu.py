"""The paper's student on two CPU cores: its loss, optimizer and iterations.

    python train.py --config configs/student_cpu.py

As configs/student.py, 50 k iterations of Adam and distillation after 10 k, but for
what a CPU cannot do: one crop per iteration where that has eight, of 128 until
iteration 48 k and of 256, the paper's, from there on; and the shipped teacher (for
the results below, that of configs/best_teacher.py), trained on the same scenes, in
place of configs/teacher.py's 100 k iterations.

Five hours of two cores: held-out 22.48 dB / .8681, eval15 20.75 / .8251 / LPIPS .1487
(docs/log.md, docs/results/student_cpu).
"""

from ml_collections import ConfigDict

from configs import student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = student.get_config(dataset)
    config.teacher = "teacher"
    config.data.pipeline = "memory"
    config.data.holdout = 0.04
    config.data.batch = 1
    config.data.crop = 128
    config.data.later = ((48_000, 256, 1),)
    return config
