"""More steps of the student on photos of any darkness, not only LOL's.

    lled average runs/finish_student runs/whole_student -o runs/student.safetensors
    python train.py --config configs/dim_student.py
    python train.py --config configs/dim_student.py --workdir runs/dim_1 --config.seed=1
    lled average runs/dim_student runs/dim_1 -o runs/dim_student.safetensors

Goes on from the average of configs/whole_student.py.  LOL's inputs are some six stops
too dark, and targets as inputs are not dark at all; what lies between, such a student
has never seen and hardly brightens.  Here a quarter of the inputs are targets as they
are, and a third of the others targets made darker, by two to six stops in the shadows,
where they are dark then.

33 minutes on one CPU core; held-out scenes 23.28 and 23.52 dB / .8744 and .8743, the
average 23.36 / .8743.  What comes next: configs/whole_dim_student.py.
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.init = "runs/student.safetensors"
    config.total_steps = 3_600
    config.data.later = ((2_300, 256, 1), (3_540, 0, 1))
    config.data.darkened = 0.33
    config.data.bright = 0.25
    config.optimizer.lr = 1.2e-3
    config.log.evaluate_every = 1_200
    return config
