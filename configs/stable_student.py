"""A student for every exposure from the start, at a learning rate that stays.

    python train.py --config configs/stable_student.py
    python train.py --config configs/cooldown_student.py

As configs/best_student.py on crops of 128, but a tenth of the inputs are targets as
they are and a fifth of the others targets made darker, so that the student knows
well-lit photos and rather dark ones from its first step.  The learning rate stays where
it is after the warm-up; how it falls, and on what, each run that goes on from here may
decide (warm-up, stable, decay: Hu et al., arXiv 2404.06395).

90 minutes on two CPU cores, or as long as there is time: a larger
--config.total_steps goes on.  Half of these steps give 23.23 dB / .8694 on held-out
scenes and .8750 after the rate has fallen, all of them .8793 (docs/log.md; the run
behind that was two, the second half begun anew from the average of the first).
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.total_steps = 20_300
    config.data.later = ()
    config.data.bright = 0.1
    config.data.darkened = 0.2
    config.optimizer.schedule = "constant"
    config.optimizer.lr = 1.8e-3
    return config
