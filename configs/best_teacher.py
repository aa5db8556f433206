"""The teacher's network, trained as configs/best_student.py is, on a GPU.

    python train.py --config configs/best_teacher.py
    python evaluate.py --ckpt runs/best_teacher --data data/LOL

As configs/best_student.py but for the network, eight crops of 256 at a time (at the end
four of 384), the paper's perceptual loss, and a tenth of the inputs being the targets,
so that bright photos stay as they are.

Seven minutes on an H200 that trained students beside it; eval15 22.58 dB / .8478 /
LPIPS .1178, held-out scenes 23.35 dB / .8745.  configs/jpeg_teacher.py goes on from it.
"""

from ml_collections import ConfigDict

from configs import best_student


def get_config(dataset: str = "lol") -> ConfigDict:
    config = best_student.get_config(dataset)
    config.model = "teacher"
    config.total_steps = 13_000
    config.data.pipeline = "device"
    config.data.crop, config.data.batch = 256, 8
    config.data.later = ((11_050, 384, 4),)
    config.data.bright = 0.1
    config.loss.perceptual = 0.1
    config.log.evaluate_every = config.log.save_every = 3_250
    return config
