"""Well-lit photos that no network was trained on, and what is made of them in pairs."""

from pathlib import Path

import numpy as np
from known_scenes import trained_and_held_out

from lled_jax.data.pairs import ArrayPairs, as_eight_bit
from lled_jax.data.synthetic import DARKENINGS, demo


def photos_of(data: str, weights: list[Path]) -> dict[str, list[np.ndarray]]:
    """Of scenes held out at `data` and of the demo, made 8 bit."""
    _, held = trained_and_held_out(data, weights)
    return {
        "held-out": [as_eight_bit(held[index][1]) for index in range(len(held))],
        "demo": demo_photos(),
    }


def demo_photos() -> list[np.ndarray]:
    """Every photograph of the demo once, not with each of its darkenings."""
    once = [demo(split).high[::count] for split, count in DARKENINGS.items()]
    return [photo for photos in once for photo in photos]


def paired(low: list[np.ndarray], high: list[np.ndarray]) -> ArrayPairs:
    """Pairs named by their numbers."""
    return ArrayPairs([str(number) for number in range(len(high))], low, high)
