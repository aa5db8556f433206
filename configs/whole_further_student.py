"""Whole images at the end of the student for photos, darker than dark; then an average.

    python train.py --config configs/cooldown_student.py --config.seed=8 \
        --config.data.darkened=0.3 --config.data.darkened_below=1 --workdir runs/any
    lled average runs/cooldown_student runs/any -o runs/longer_any.safetensors
    python train.py --config configs/whole_further_student.py

As configs/whole_cooldown_student.py, but inputs are made darker by up to 7.5 stops, and
all of them count as dark.  Without well-lit photos: with them such a run makes a bright
sky paler (docs/log.md).

28 minutes on one CPU core; held-out scenes 23.01 dB / .8742.
"""

from ml_collections import ConfigDict

from configs import whole_cooldown_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = whole_cooldown_student.get_config(dataset)
    config.init = "runs/longer_any.safetensors"
    config.seed = 10
    config.data.darkened = 0.4
    config.data.darkened_below = 1.0
    config.data.darkened_further = 1.5
    return config
