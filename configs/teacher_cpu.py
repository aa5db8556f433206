"""The paper's teacher on two CPU cores: its loss and optimizer, as far as hours go.

    python train.py --config configs/teacher_cpu.py

As configs/teacher.py, but for what a CPU cannot do: 24 k iterations where that has
100 k, and one crop in each where that has eight, of 128 until iteration 23 500 and of
256, the paper's, from there on.  The learning rate is halved at half time, as there.

Four hours of two cores: held-out 22.73 dB / .8707, eval15 20.96 / .8296 / LPIPS .1395
(docs/log.md, docs/results/teacher_cpu).
"""

from ml_collections import ConfigDict

from configs import teacher


def get_config(dataset: str = "lol") -> ConfigDict:
    config = teacher.get_config(dataset)
    config.total_steps = 24_000
    config.optimizer.halve_every = 12_000
    config.data.pipeline = "memory"
    config.data.holdout = 0.04
    config.data.batch = 1
    config.data.crop = 128
    config.data.later = ((23_500, 256, 1),)
    config.log.save_every = 250
    return config
