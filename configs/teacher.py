"""The paper's teacher on LOL.

    python train.py --config configs/teacher.py
    python train.py --config configs/teacher.py:fivek            # another data set

The data set is lol (the default), lol_v2_real, lol_v2_synthetic, fivek, sid (folders
below data/, made by `lled prepare`), demo, a folder of pairs, or tfds:NAME.

From section 4.1: crops of 256, Adam, 100 k iterations, loss weights 1, 0.1, 1, 1.
Ours, since the paper does not say: lr 2e-4 halved every 50 k, batch 8, EMA 0.999, a
tenth of the training pairs held out as whole scenes, VGG layer relu3_4.
"""

from ml_collections import ConfigDict

from configs import _datasets


def get_config(dataset: str = "lol") -> ConfigDict:
    return ConfigDict(
        {
            "seed": 0,
            "model": "teacher",
            "dtype": "float32",
            "total_steps": 100_000,
            "ema_decay": 0.999,
            "accumulate": 1,
            "remat": False,
            "init": "",
            "teacher": "",
            "data": {
                "root": _datasets.root(dataset),
                "more": "",
                "photos": "",
                "pipeline": "tfdata",
                "holdout": 0.1,
                "holdout_seed": 0,
                "crop": 256,
                "batch": 8,
                "zoom": 1,
                "darkened": 0.0,
                "darkened_below": 0.3,
                "darkened_further": 0.0,
                "darkened_unevenly": 0.0,
                "darkened_mosaic": 0.0,
                "jpeg": 0.0,
                "bright": 0.0,
                "bright_as_is": False,
                "turn": False,
                "exposure": 0.0,
                "noise": 0.0,
                "mixup": 0.0,
                "later": (),
            },
            "optimizer": {
                "name": "adam",
                "lr": 2e-4,
                "schedule": "halving",
                "halve_every": 50_000,
                "warmup": 0,
                "clip_norm": 0.0,
                "only": "",
            },
            "loss": {
                "l1": 1.0,
                "charbonnier": 0.0,
                "gt_mean": 0.0,
                "perceptual": 0.1,
                "ssim": 1.0,
                "gradient": 1.0,
                "zero_reference": 0.0,
            },
            "perceptual": {"weights": "keras", "layers": ()},
            "distillation": {
                "weight": 1.0,
                "output": 0.0,
                "ensemble": False,
                "branches": ("enhancement",),
                "start": 10_000,
                "stages": ((-1, -1),),
                "normalisation": "unit_l2",
            },
            "log": {
                "every": 100,
                "evaluate_every": 2_000,
                "evaluate_images": 48,
                "save_every": 1_000,
            },
        }
    )
