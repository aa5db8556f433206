"""The teacher's network by CPU hours, trained as configs/best_student.py is.

    python train.py --config configs/best_teacher.py
    python evaluate.py --ckpt runs/best_teacher --data data/LOL

As configs/best_student.py but for the network, a third of its steps, and a tenth of the
inputs being the targets, so that students learn from it to leave bright photos as they
are.

61 minutes on two CPU cores; eval15 21.15 dB / .8349 / LPIPS .1464, held-out scenes
22.73 dB / .8728: behind the shipped student, which had far more steps.
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.model = "teacher"
    config.total_steps = 4_500
    config.data.later = ((3_200, 256, 1), (4_400, 0, 1))
    config.data.bright = 0.1
    config.log.evaluate_every = 900
    return config
