"""More steps on whole images after configs/cooldown_student.py; then an average.

    python train.py --config configs/stable_student.py
    python train.py --config configs/cooldown_student.py
    python train.py --config configs/whole_cooldown_student.py
    lled average runs/cooldown_student runs/whole_cooldown_student \
        -o runs/longer_student.safetensors

As configs/whole_dim_student.py, and for the same reason: whether a photo is too dark
its whole tells, not a crop.  A bright sky becomes 1.17 times as bright, before 1.30.

15 minutes on two CPU cores; held-out scenes 23.10 dB / .8760, the average 23.33 /
.8784.  Not shipped (docs/log.md).
"""

from ml_collections import ConfigDict

from configs import whole_dim_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = whole_dim_student.get_config(dataset)
    config.init = "runs/cooldown_student"
    config.seed = 6
    config.total_steps = 1_000
    config.log.evaluate_every = 500
    return config
