"""What enhancing does to photos that are bright already, also with --spare-bright.

    python benchmarks/bright.py [WEIGHTS] [--data data/LOL/our485/high]

Without --data: photographs that come with scikit-image; with it, --images of the
folder's.  WEIGHTS: as `lled_jax.load` takes them, and by default what it takes.
"""

import sys
from pathlib import Path

import numpy as np
import skimage.data
import timing

import lled_jax
from lled_jax.cli.process import exit_status
from lled_jax.data.decode import photos_in, read_image
from lled_jax.data.pairs import as_eight_bit
from lled_jax.images import mean_luma
from lled_jax.look import Look
from lled_jax.shipped import DEFAULT

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="?", default=DEFAULT)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", type=int, default=50)
    options = parser.parse_args()
    if options.data:
        found = photos_in(options.data)
        step = max(1, len(found) // options.images)
        photos = [
            as_eight_bit(read_image(path)) for path in found[::step][: options.images]
        ]
    else:
        photos = [getattr(skimage.data, name)() for name in PHOTOS]
    if options.quick:
        photos = [photo[:48, :64] for photo in photos[:2]]
    network = lled_jax.load(options.weights)
    looks = {"default": Look(), "spare_bright": Look(spare_bright=True)}
    rows = [
        {"look": name}
        | summary([(photo, network.enhance(photo, look)) for photo in photos])
        for name, look in looks.items()
    ]
    source = "LOL" if options.data else "scikit-image"
    data = {"of": options.weights, "photos": len(photos)}
    data |= {"source": source, "rows": rows}
    timing.finish(f"bright_{source}", options.output, options.quick, data)


def summary(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Means over the photos; luma from 0 to 1."""
    before = np.array([mean_luma(low) for low, _ in pairs])
    after = np.array([mean_luma(out) for _, out in pairs])
    change = [np.abs(low.astype(float) - out).mean() for low, out in pairs]
    return {
        "luma_before": before.mean(),
        "luma_after": after.mean(),
        "largest_luma_change": np.abs(after - before).max(),
        "mean_change_in_levels": float(np.mean(change)),
    }


if __name__ == "__main__":
    sys.exit(exit_status(main))
