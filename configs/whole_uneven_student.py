"""Whole images after two of configs/uneven_cooldown_student.py; then an average.

    python train.py --config configs/uneven_cooldown_student.py
    python train.py --config configs/uneven_cooldown_student.py --config.seed=42 \\
        --config.data.photos= --config.data.darkened=0.35 --workdir runs/uneven_lol
    lled average runs/uneven_cooldown_student runs/uneven_lol \\
        -o runs/uneven_both.safetensors
    python train.py --config configs/whole_uneven_student.py

As configs/whole_further_student.py, but three in ten of the inputs made darker are so
in a part only, and more of the inputs are targets: this is to spare what is bright.

12 minutes on two CPU cores; held-out scenes 23.42 dB / .8742, and 23.56 / .8765 the
average of the three, which is the student-photos that ships.
"""

from ml_collections import ConfigDict

from configs import whole_further_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = whole_further_student.get_config(dataset)
    config.init = "runs/uneven_both.safetensors"
    config.seed = 43
    config.total_steps = 800
    config.data.darkened_unevenly = 0.3
    config.data.bright = 0.25
    config.log.evaluate_every = 400
    return config
