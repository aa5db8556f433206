"""The student's network from scratch on LOL, in half an hour on two CPU cores.

    python train.py --config configs/lol_cpu.py
    python evaluate.py --ckpt runs/lol_cpu --data data/LOL

No teacher; L1 + 0.5 SSIM, cosine from 6e-4.  Crops grow from 128 to 192 to 384,
since the channel attention must learn means of large areas but early steps need not
pay for them.
"""

from ml_collections import ConfigDict

from configs import teacher


def get_config(dataset: str = "lol") -> ConfigDict:
    config = teacher.get_config(dataset)
    config.model = "student"
    config.total_steps = 7_500
    config.data.pipeline = "memory"
    config.data.crop = 128
    config.data.batch = 4
    # The same pixels per step throughout: 65 to 147 thousand.
    config.data.later = ((4_500, 192, 2), (6_500, 384, 1))
    config.optimizer.lr = 6e-4
    config.optimizer.schedule = "cosine"
    config.optimizer.warmup = 100
    config.optimizer.clip_norm = 1.0
    config.data.holdout = 0.04
    config.loss.ssim = 0.5
    config.loss.perceptual = 0.0
    config.loss.gradient = 0.0
    config.log.evaluate_every = 1_500
    config.log.evaluate_images = 20
    config.log.save_every = 500
    return config
