"""configs/cooldown_student.py, with well-lit photos of other things, darker than dark.

    examples/well_lit_photos.sh data/photos
    python train.py --config configs/photos_cooldown_student.py

Photos as in configs/photos_student.py; a third of the inputs is made darker, by up to
7.5 stops, and all of them count as dark.

An hour of one CPU core; held-out scenes 23.00 dB / .8741.  Other cameras' photos come
out 1.6 to 3.5 dB better by it than by `student` at one, two and six stops, but a bright
sky 1.5 times as bright; so it ships as a part of the average `student-photos`.
"""

from ml_collections import ConfigDict

from configs import cooldown_student


def get_config(photos: str = "data/photos") -> ConfigDict:
    config = cooldown_student.get_config()
    config.seed = 12
    config.data.photos = photos
    config.data.darkened = 0.33
    config.data.darkened_below = 1.0
    config.data.darkened_further = 1.5
    return config
