"""How a photo comes out that is dark by so many stops, from none to six.

    python benchmarks/exposures.py [WEIGHTS ...] [--data data/LOL] [--output FILE]

Well-lit photos (targets of the pairs that `configs/best_student.py` holds out, and the
demo's photographs) are made dark by a sensor's physics and enhanced (default: by the
shipped student and teacher).  The photo as it was is what they are compared with: PSNR,
SSIM, PSNR at the photo's mean brightness, and by how many stops of mean value the
answer is too bright.  Chooses nothing.  Writes benchmarks/results/exposures.json.
"""

import jax.numpy as jnp
import numpy as np
import timing
from generalisation import asked, pairs_of

from lled_jax.data.synthetic import DARKENINGS, darken, demo
from lled_jax.images import to_float
from lled_jax.inference import Draw, enhancer
from lled_jax.locate import load_weights
from lled_jax.metrics import psnr, psnr_gt_mean
from lled_jax.ssim import ssim

STOPS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)


def main() -> None:
    """Score, print and write."""
    options = asked(__doc__.splitlines()[0])
    sets = photos_of(options.data)
    if options.quick:
        sets = {on: photos[:1] for on, photos in sets.items()}
    rows = []
    for weights in options.weights:
        draw = enhancer(*load_weights(weights))
        for on, photos in sets.items():
            for stops in STOPS[-1:] if options.quick else STOPS:
                found = {"of": weights.stem, "on": on, "photos": len(photos)}
                rows.append(found | {"stops": stops} | scores(draw, photos, stops))
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("exposures", options.output, options.quick, data)


def photos_of(data: str) -> dict[str, list[np.ndarray]]:
    """Well-lit photos of scenes that no network was trained on, 8 bit."""
    held = pairs_of(data)["held-out"]
    # Of the demo, every photograph once, not with each of its darkenings.
    once = [demo(split).high[::count] for split, count in DARKENINGS.items()]
    return {
        "held-out": [held[index][1] for index in range(len(held))],
        "demo": [photo for photos in once for photo in photos],
    }


def scores(draw: Draw, photos: list[np.ndarray], stops: float) -> dict[str, float]:
    """Means over the photos, each made dark by `stops`; 0: as it is, without noise."""
    found = []
    for number, photo in enumerate(photos):
        rng = np.random.default_rng(number)
        dark = darken(photo.astype(np.float32) / 255, rng, stops) if stops else photo
        target, out = (to_float(jnp.asarray(x))[None] for x in (photo, draw(dark)))
        found.append(
            {
                "psnr": psnr(out, target),
                "ssim": ssim(out, target),
                "psnr_gt_mean": psnr_gt_mean(out, target),
                "too_bright_by_stops": jnp.log2(out.mean() / target.mean())[None],
            }
        )
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


if __name__ == "__main__":
    main()
