"""How a photo comes out of which one part is dark and another well lit.

    python benchmarks/uneven.py [WEIGHTS ...] [--data data/LOL] [--output FILE]

The well-lit photos of benchmarks/exposures.py are made dark in a part only, by a
sensor's physics, and enhanced (default: by the shipped networks): on one
side, as away from a lamp or a window; what is not bright itself, as before the sky; and
by both at once.  The photo as it was is what they are compared with: PSNR, SSIM, and by
how many stops of mean value the answer is too bright where it was lit and where it was
dark.  "input" is the dark photo itself.  Chooses nothing.  Writes
benchmarks/results/uneven.json.
"""

import math
import sys

import jax.numpy as jnp
import numpy as np
import timing
from lit_photos import paired, photos_of
from weights_asked import asked, methods_of

from lled_jax.cli.process import exit_status
from lled_jax.data.pairs import ArrayPairs
from lled_jax.data.synthetic import darken
from lled_jax.evaluation import Enhance, evaluate
from lled_jax.images import srgb_decode, srgb_encode, to_float
from lled_jax.training.darkening import shade

COLUMNS = ("psnr", "ssim")
STOPS = (2.0, 4.0, 6.0)
# The weight of the side in what is lit, and over which part of the range it fades.
SHADES = {"a side": (1.0, 0.5), "not bright": (0.0, 0.4), "both": (0.5, 0.4)}
LIT, DARK = 0.1, 0.9  # so far in the shade at most, and at least


def main() -> None:
    """Score, print and write."""
    options = asked(__doc__.splitlines()[0])
    methods = methods_of(options.weights)
    rows = []
    for on, photos in photos_of(options.data, options.weights).items():
        some = photos[:1] if options.quick else photos
        for dark in SHADES:
            shades = shades_of(some, dark)
            for stops in STOPS[-1:] if options.quick else STOPS:
                what = {"on": on, "photos": len(some), "dark": dark, "stops": stops}
                pairs = shaded(some, shades, stops)
                for name, method in methods.items():
                    rows.append({"of": name} | what | scores(method, pairs, shades))
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("uneven", options.output, options.quick, data)


def shades_of(photos: list[np.ndarray], dark: str) -> list[np.ndarray]:
    """How far each pixel of each photo is in the shade; the sides take turns."""
    weight, width = SHADES[dark]
    return [
        np.asarray(
            shade(to_float(photo)[None], number * math.pi / 2, weight, 0.5, width)[0]
        )
        for number, photo in enumerate(photos)
    ]


def shaded(
    photos: list[np.ndarray], shades: list[np.ndarray], stops: float
) -> ArrayPairs:
    """Each photo made dark by `stops` in its shade."""

    def dark(number: int, photo: np.ndarray) -> np.ndarray:
        light = srgb_decode(to_float(jnp.asarray(photo)))
        picture = np.asarray(srgb_encode(light * 2.0 ** (-stops * shades[number])))
        return darken(picture, np.random.default_rng(number), stops=0.0)

    return paired([dark(*one) for one in enumerate(photos)], photos)


def scores(
    method: Enhance, pairs: ArrayPairs, shades: list[np.ndarray]
) -> dict[str, float | None]:
    """Means over the photos; of each part, over those that have it."""
    too_bright: dict[str, list[float]] = {"lit": [], "dark": []}

    def compare(name: str, _: np.ndarray, out: np.ndarray, photo: np.ndarray) -> None:
        shaded = shades[int(name)][..., 0]
        for part, there in (("lit", shaded < LIT), ("dark", shaded > DARK)):
            if there.any():
                ratio = out[there].mean() / photo[there].mean()
                too_bright[part].append(np.log2(ratio))

    found = evaluate(pairs, method, columns=COLUMNS, on_image=compare)
    return found.means | {
        f"{part}_too_bright_by_stops": float(np.mean(values)) if values else None
        for part, values in too_bright.items()
    }


if __name__ == "__main__":
    sys.exit(exit_status(main))
