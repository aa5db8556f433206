"""The last steps of the shipped student, on whole images; then an average.

    python train.py --config configs/whole_dim_student.py
    python train.py --config configs/dim_student.py --workdir runs/dim_any \
        --config.data.darkened_below=1
    lled average runs/whole_dim_student runs/dim_student.safetensors runs/dim_any \
        -o runs/shipped_student.safetensors

Goes on from the average of configs/dim_student.py.  Whether a photo is too dark, or
only has something dark in it, its whole tells, not a crop.  So this one spares bright
photos with black in them, but knows its training scenes too well; a run that took all
that was made darker for dark (`dim_any`) is the opposite.  The average of both with
the one in the middle has what each is good at (benchmarks/averages.py, docs/log.md).

60 minutes on one busy CPU core; held-out scenes 22.42 dB / .8725, `dim_any` 23.71 /
.8760, the average 23.41 / .8758.
"""

from ml_collections import ConfigDict

from configs import dim_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = dim_student.get_config(dataset)
    config.init = "runs/dim_student.safetensors"
    config.seed = 2
    config.total_steps = 1_800
    config.data.crop, config.data.batch = 0, 1
    config.data.later = ()
    config.log.evaluate_every = 900
    return config
