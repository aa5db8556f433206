"""Small result folders, as evaluate.py writes them, for tests of the report."""

import json

import numpy as np
from PIL import Image

LINES = {
    "": "mean over the images (N = {}), each counting once",
    "psnr": "psnr: dB; higher is better",
    "ssim": "ssim: Gaussian; higher is better",
    "lpips": "lpips: AlexNet; lower is better",
    "niqe": "niqe: no reference; lower is better",
    "ssim_uniform7": "ssim_uniform7: uniform 7x7",
    "psnr_gt_mean": "psnr_gt_mean: uses the target",
    "psnr_x8": "*_x8: of the mean of 8 turned and mirrored images",
    "niqe_input": "niqe_input: the same, of the photo before",
}
COLUMNS = ("psnr", "ssim", "lpips", "ssim_uniform7", "psnr_gt_mean")
NAMES = ("1", "2", "10")


def scores(seed=0, names=NAMES, columns=COLUMNS, **facts):
    """The content of a scores.json with random scores."""
    rng = np.random.default_rng(seed)
    images = {
        name: {c: round(float(rng.uniform(0.1, 0.9)) * scale(c), 6) for c in columns}
        for name in names
    }
    means = {c: round(np.mean([i[c] for i in images.values()]), 6) for c in columns}
    protocol = [LINES[""].format(len(names)), *(LINES[c] for c in columns)]
    given = {"means": means, "count": len(names), "protocol": protocol}
    given |= {"date": "2026-01-02T03:04:05+00:00", "versions": {"jax": "0.10.2"}}
    given |= {"data": "somewhere/LOL", "split": "test", "input_means": {"psnr": 7.77}}
    return {**given, **facts, "images": images}


def scale(column):
    return 30 if column.startswith("psnr") else 5 if column.startswith("niqe") else 1


def write(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(json.dumps(content))
    return folder


def write_pairs(root, names=NAMES, size=(48, 36)):
    """A test split of pairs: bars of noise, dark and bright."""
    rng = np.random.default_rng(7)
    for name in names:
        high = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
        for kind, image in (("low", high // 8), ("high", high)):
            path = root / "eval15" / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return root


def write_enhanced(folder, root, gain, names=NAMES):
    """What a method made of the pairs below `root`."""
    (folder / "enhanced").mkdir(parents=True, exist_ok=True)
    for name in names:
        low = np.asarray(Image.open(root / "eval15" / "low" / f"{name}.png"), float)
        made = Image.fromarray(np.uint8(np.clip(low * gain, 0, 255)))
        made.save(folder / "enhanced" / f"{name}.png")
