"""More steps at a rate that stays, on pictures of which only a part may be dark.

    examples/well_lit_photos.sh data/photos
    python train.py --config configs/uneven_student.py

As configs/stable_student.py, from weights that were trained already, with well-lit
photos beside LOL (configs/photos_student.py).  A third of the inputs is made darker, by
up to 7.5 stops, and of these three in ten in a part only.  Crops of 384 are seen at 1,
1/2 or 1/3 of their scale: a crop of 128 at its full scale does not tell a dark part
from a dark photo.

The weights it begins with are those of lled_jax/weights/README.md, from
configs/stable_student.py to configs/whole_further_student.py, averaged.  26 minutes on
two CPU cores; held-out scenes 22.56 dB / .8662 after 6000 steps.
"""

from ml_collections import ConfigDict

from configs import stable_student


def get_config(photos: str = "data/photos") -> ConfigDict:
    config = stable_student.get_config()
    config.init = "runs/even_student.safetensors"
    config.seed = 40
    config.total_steps = 6_700
    config.data.photos = photos
    config.data.crop = 384
    config.data.zoom = 3
    config.data.darkened = 0.33
    config.data.darkened_below = 1.0
    config.data.darkened_further = 1.5
    config.data.darkened_unevenly = 0.3
    return config
