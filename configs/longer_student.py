"""More steps of the shipped student, with a loss that is blind to brightness.

    lled average runs/finish_student runs/whole_student -o runs/student.safetensors
    python train.py --config configs/longer_student.py
    python evaluate.py --ckpt runs/longer_student --data data/LOL

Goes on from the average of configs/whole_student.py.
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.init = "runs/student.safetensors"
    config.total_steps = 15_000
    config.data.later = ((9_000, 256, 1),)
    config.data.bright = 0.15
    config.loss.gt_mean = 1.0
    config.log.evaluate_every = 1_000
    return config
