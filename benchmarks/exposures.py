"""How a photo comes out that is dark by so many stops, from none to six.

    python benchmarks/exposures.py [WEIGHTS ...] [--data data/LOL] [--output FILE]

Well-lit photos (targets of the pairs that `configs/best_student.py` holds out, and the
demo's photographs) are made dark by a sensor's physics and enhanced (default: by the
shipped networks): evenly, as by too short an exposure, and with white staying white, as
where something in the picture shines.  The photo as it was is what they are compared
with: PSNR, SSIM, PSNR at the photo's mean brightness, and by how many stops of mean
value the answer is too bright.  "input" is the dark photo itself.  Chooses nothing.
Writes benchmarks/results/exposures.json.
"""

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
from lled_jax.training.darkening import darker

COLUMNS = ("psnr", "ssim", "psnr_gt_mean")
STOPS = (0.0, 1.0, 2.0, 4.0, 6.0)
WHITE = {"as all": 1.0, "stays": 0.0}  # loses this part of the stops


def main() -> None:
    """Score, print and write."""
    options = asked(__doc__.splitlines()[0])
    methods = methods_of(options.weights)
    rows = []
    for on, photos in photos_of(options.data, options.weights).items():
        some = photos[:1] if options.quick else photos
        for white, part in WHITE.items():
            for stops in STOPS[-1:] if options.quick else STOPS:
                pairs = darkened(some, stops, part)
                what = {"on": on, "photos": len(some), "white": white, "stops": stops}
                for name, method in methods.items():
                    rows.append({"of": name} | what | scores(method, pairs))
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("exposures", options.output, options.quick, data)


def darkened(photos: list[np.ndarray], stops: float, part: float) -> ArrayPairs:
    """Each photo made dark by `stops`, white by a `part` of them; 0: as it is."""

    def dark(number: int, photo: np.ndarray) -> np.ndarray:
        light = darker(srgb_decode(to_float(jnp.asarray(photo))), stops, part * stops)
        picture = np.asarray(srgb_encode(light))
        return darken(picture, np.random.default_rng(number), stops=0.0)

    return paired(
        [dark(*one) for one in enumerate(photos)] if stops else photos, photos
    )


def scores(method: Enhance, pairs: ArrayPairs) -> dict[str, float]:
    """Means over the photos."""
    too_bright = []

    def compare(_: str, __: np.ndarray, out: np.ndarray, photo: np.ndarray) -> None:
        too_bright.append(np.log2(out.mean() / photo.mean()))

    found = evaluate(pairs, method, columns=COLUMNS, on_image=compare)
    return found.means | {"too_bright_by_stops": float(np.mean(too_bright))}


if __name__ == "__main__":
    sys.exit(exit_status(main))
