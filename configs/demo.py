"""A teacher and its student on the embedded demo set, in minutes on two CPU cores.

    python train.py --config configs/demo.py
    python evaluate.py --ckpt runs/demo --data demo

The networks and the method are the paper's; the crops, the schedules and the data are
small.  The teacher is trained first, into runs/demo/teacher.
"""

from ml_collections import ConfigDict

from configs import student


def get_config() -> ConfigDict:
    teacher = _small()
    teacher.model = "teacher"
    teacher.total_steps = 160
    teacher.data.crop = 64
    config = _small()
    config.total_steps = 500
    config.data.crop = 96
    config.distillation.start = 100
    config.teacher_run = teacher
    return config


def _small() -> ConfigDict:
    """What both runs share."""
    config = student.get_config("demo")
    config.teacher = ""
    config.ema_decay = 0.98
    config.data.pipeline = "memory"
    config.data.batch = 4
    config.data.holdout = 0.2
    config.optimizer.lr = 6e-4
    config.optimizer.schedule = "cosine"
    config.optimizer.warmup = 20
    config.optimizer.clip_norm = 1.0
    # The paper's VGG19 needs a download; LPIPS brings a VGG16.
    config.loss.perceptual = 0.0
    config.log.every = 20
    config.log.evaluate_every = 100
    config.log.evaluate_images = 4
    config.log.save_every = 50
    return config
