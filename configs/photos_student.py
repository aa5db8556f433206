"""configs/dim_student.py, and well-lit photos of other things than LOL's.

    lled average runs/finish_student runs/whole_student -o runs/student.safetensors
    python train.py --config configs/photos_student.py --config.data.photos=FOLDER
"""

from ml_collections import ConfigDict

from configs import dim_student


def get_config(photos: str = "data/photos") -> ConfigDict:
    config = dim_student.get_config()
    config.data.photos = photos
    return config
