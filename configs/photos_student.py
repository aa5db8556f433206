"""configs/dim_student.py, with well-lit photos of other things beside LOL's pairs.

    examples/well_lit_photos.sh data/photos
    python train.py --config configs/photos_student.py
    python train.py --config configs/photos_student.py --config.seed=2 \
        --config.init=runs/photos_student --workdir runs/photos_2
    python train.py --config configs/photos_student.py --config.seed=3 \
        --config.init=runs/photos_student --config.data.darkened_below=0.35 \
        --workdir runs/photos_3

Other photos: --config configs/photos_student.py:FOLDER.  Goes on from the average of
configs/whole_student.py, as configs/dim_student.py does.  38 photos of nature, streets
and things give 158 views beside 430 pairs: about a quarter of what is seen.

31 minutes on one CPU core.  Held-out scenes of LOL 23.28 dB / .8736, after another
such run 23.16 / .8723 (seed 2) and 23.25 / .8736 (seed 3).  By the last, other
cameras' photos that are one or two stops too dark come out 2 to 4 dB better than by
the shipped student; LOL's test images 0.3 dB worse, at the right brightness 0.2 better.
Not shipped (docs/log.md); its weights: docs/results/photos_student/seed_3.safetensors.
"""

from ml_collections import ConfigDict

from configs import dim_student


def get_config(photos: str = "data/photos") -> ConfigDict:
    config = dim_student.get_config()
    config.data.photos = photos
    return config
