"""Small pairs for tests of evaluation and reports."""

from pathlib import Path

import numpy as np
from PIL import Image


class Source:
    """Random pairs; `high` is twice as bright as `low`."""

    def __init__(self, count=3, shape=(40, 48, 3)):
        rng = np.random.default_rng(0)
        self.lows = [rng.integers(0, 120, shape, dtype=np.uint8) for _ in range(count)]
        self.names = tuple(f"img{i}" for i in range(count))

    def __len__(self):
        return len(self.lows)

    def __getitem__(self, index):
        return self.lows[index], 2 * self.lows[index]


def add_noise(low):
    # Stronger for brighter images, so that each image has a score of its own.
    rng = np.random.default_rng(int(low.sum()))
    noise = rng.standard_normal(low.shape) * float(low.mean()) / 255 * 0.3
    return 2 * low / 255 + noise


def read(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)
