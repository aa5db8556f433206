"""How a dark photo comes out that a camera has written as JPEG.

    python benchmarks/jpeg.py [WEIGHTS ...] [--data data/LOL] [--output FILE]

Two kinds of dark photos, as they are and as JPEG of several qualities, enhanced
(default: by the shipped networks).  "LOL": those of the pairs that
`configs/best_student.py` holds out, with the noise of a real camera, against their
targets.  "demo": the demo's well-lit photos made dark evenly, with the noise of a small
sensor and a large one, interpolated from a mosaic when it is to be a JPEG, against the
photo as it was.  PSNR, SSIM, LPIPS, and PSNR at the target's mean brightness.  "input"
is the dark photo itself.  Chooses nothing.  Writes benchmarks/results/jpeg.json.
"""

import argparse
import io
import sys
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
import timing
from known_scenes import trained_and_held_out
from lit_photos import demo_photos, paired
from PIL import Image
from weights_asked import asked, methods_of

from lled_jax.cli.process import exit_status
from lled_jax.data.pairs import ArrayPairs, as_eight_bit
from lled_jax.evaluation import evaluate
from lled_jax.images import srgb_decode, srgb_encode, to_float, to_u8
from lled_jax.training.camera import mosaicked

COLUMNS = ("psnr", "ssim", "lpips", "psnr_gt_mean")
STOPS = (2.0, 4.0, 6.0)
WELLS = {"small": 4e3, "large": 3e4}  # electrons
READ_NOISE = 4.0
QUALITIES = (None, 95, 90, 75)  # libjpeg's; None: no JPEG


def main() -> None:
    """Score, print and write."""
    options = asked(__doc__.splitlines()[0])
    methods = methods_of(options.weights)
    rows = []
    for what, pairs in sets(options):
        for name, method in methods.items():
            means = evaluate(pairs, method, columns=COLUMNS).means
            rows.append({"of": name} | what | {"photos": len(pairs)} | means)
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("jpeg", options.output, options.quick, data)


def sets(options: argparse.Namespace) -> Iterator[tuple[dict, ArrayPairs]]:
    """What they are, and the pairs."""
    quick, photos = options.quick, demo_photos()
    _, held = trained_and_held_out(options.data, options.weights)
    lol = [
        tuple(map(as_eight_bit, held[number]))
        for number in range(1 if quick else len(held))
    ]
    photos = photos[:1] if quick else photos
    qualities = QUALITIES[-1:] if quick else QUALITIES
    for quality in qualities:
        low = [written(dark, quality) for dark, _ in lol]
        what = {"on": "LOL", "sensor": None, "stops": None, "quality": quality}
        yield what, paired(low, [target for _, target in lol])
    for sensor in WELLS:
        for stops in STOPS[-1:] if quick else STOPS:
            plain, of_mosaic = (
                [photographed(*one, sensor, stops, mosaic) for one in enumerate(photos)]
                for mosaic in (False, True)
            )
            for quality in qualities:
                dark = plain if quality is None else of_mosaic
                what = {"sensor": sensor, "stops": stops, "quality": quality}
                low = [written(photo, quality) for photo in dark]
                yield {"on": "demo"} | what, paired(low, photos)


def photographed(
    number: int, photo: np.ndarray, sensor: str, stops: float, mosaic: bool
) -> np.ndarray:
    """The photo `stops` darker, with a sensor's noise, or that of its mosaic."""
    light = srgb_decode(to_float(jnp.asarray(photo))) * 2.0**-stops
    full, read = WELLS[sensor], READ_NOISE / WELLS[sensor]
    normal = np.random.default_rng(number).standard_normal(photo.shape)
    noise = (jnp.sqrt(light / full + read**2) * normal)[None]
    if mosaic:
        begins = jnp.zeros((1, 1, 1, 1), bool)
        noise = mosaicked(noise, begins, begins)
    return np.asarray(to_u8(srgb_encode(jnp.maximum(light + noise[0], 0.0))))


def written(picture: np.ndarray, quality: int | None) -> np.ndarray:
    """The 8-bit picture as it is read from a JPEG, colour at half the resolution."""
    if quality is None:
        return picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file))


if __name__ == "__main__":
    sys.exit(exit_status(main))
