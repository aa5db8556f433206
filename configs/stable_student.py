"""A student for every exposure from the start, at a learning rate that stays.

    python train.py --config configs/stable_student.py
    python train.py --config configs/cooldown_student.py

As configs/best_student.py on crops of 128, but a tenth of the inputs are targets as
they are and a fifth of the others targets made darker, so that the student knows
well-lit photos and rather dark ones from its first step.  The learning rate stays where
it is after the warm-up; how it falls, and on what, each run that goes on from here may
decide (warm-up, stable, decay: Hu et al., arXiv 2404.06395).

45 minutes on two CPU cores; held-out scenes 23.23 dB / .8694, to be .0056 more after
the learning rate has fallen (docs/log.md).
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.total_steps = 10_100
    config.data.later = ()
    config.data.bright = 0.1
    config.data.darkened = 0.2
    config.optimizer.schedule = "constant"
    config.optimizer.lr = 1.8e-3
    return config
