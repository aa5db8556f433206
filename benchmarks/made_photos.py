"""Photos of any size, for benchmarks that read files."""

from pathlib import Path

import numpy as np
from PIL import Image

from lled_jax.data import synthetic


def write_photo(path: Path, megapixels: float) -> tuple[int, int]:
    """A dark JPEG of 3:2; (width, height)."""
    dark, _ = synthetic.demo("test")[0]
    height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
    width = round(height * 1.5)
    times = (-(-height // dark.shape[0]), -(-width // dark.shape[1]), 1)
    Image.fromarray(np.tile(dark, times)[:height, :width]).save(path, quality=92)
    return width, height
