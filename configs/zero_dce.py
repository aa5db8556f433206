"""Zero-DCE, the smallest learned peer, on LOL's dark images alone.

    python train.py --config configs/zero_dce.py
    python evaluate.py --ckpt runs/zero_dce --data data/LOL

Guo et al., CVPR 2020; the targets are for the score on held-out scenes only.  From the
authors' code: the losses and their weights, batch 8, gradients clipped to a norm of
0.1.  Ours, for two CPU cores: crops of 128 (theirs: pictures shrunk to 256), 600
steps with a cosine from 1e-3 (theirs: 50 k at 1e-4), no weight decay.  Their training
set has several exposures of a scene, LOL one: ours are changed by up to 2.
"""

from ml_collections import ConfigDict

from configs import teacher


def get_config(root: str = "data/LOL") -> ConfigDict:
    config = teacher.get_config(root)
    config.model = "zero_dce"
    config.total_steps = 600
    config.ema_decay = 0.99
    config.data.pipeline = "memory"
    config.data.crop = 128
    config.data.holdout = 0.04
    config.data.exposure = 1.0
    config.optimizer.lr = 1e-3
    config.optimizer.schedule = "cosine"
    config.optimizer.warmup = 20
    config.optimizer.clip_norm = 0.1
    for name in config.loss:
        config.loss[name] = 0.0
    config.loss.zero_reference = 1.0
    config.log.every = 20
    config.log.evaluate_every = 300
    config.log.evaluate_images = 20
    config.log.save_every = 100
    return config
