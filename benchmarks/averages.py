"""Which average of trained weights is best on held-out scenes and spares bright photos.

    python benchmarks/averages.py RUN RUN ... [--data data/LOL] [--output FILE]

Each run alone and every average of two or more, on the scenes that
`configs/best_student.py` holds out, and on LOL's targets given as inputs: how many
levels of 255 those change on average, and their mean after over before.  eval15 is not
read.  Writes benchmarks/results/averages.json.
"""

import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import jax
import numpy as np
import timing
from known_scenes import trained_and_held_out
from weights_asked import named

from lled_jax import metrics
from lled_jax.arrays import Params
from lled_jax.averaging import mean_of
from lled_jax.cli.process import exit_status
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.locate import load_weights
from lled_jax.models import variants
from lled_jax.ssim import ssim

EVERY = 20  # of the training targets, as bright inputs


def main() -> None:
    """Score, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data", default="data/LOL")
    options = parser.parse_args()
    loaded = {of: load_weights(run) for of, run in named(options.runs).items()}
    model, *others = {name for name, _ in loaded.values()}
    if others:
        raise InputError(f"no average of {model} and {others[0]}: name one network's")
    trained, held = trained_and_held_out(options.data, options.runs)
    bright = trained.subset(range(0, len(trained), EVERY))
    if options.quick:
        held, bright = (pairs.subset(range(1)) for pairs in (held, bright))
    rows = []
    for count in range(1, len(loaded) + 1):
        for names in combinations(loaded, count):
            mean = mean_of([loaded[name][1] for name in names])
            rows.append({"of": " + ".join(names)} | scored(model, mean, held, bright))
    data = {"what": __doc__.splitlines()[0], "held_out": len(held), "rows": rows}
    timing.finish("averages", options.output, options.quick, data)


def scored(
    model: str, params: Params, held: PairSource, bright: PairSource
) -> dict[str, Any]:
    """Means over the pairs, outputs rounded to 8 bit."""
    network = variants.build(model)
    draw = jax.jit(lambda low: to_float(to_u8(enhance(network, params, low))))
    scores, changes = [], []
    for n in range(len(held)):
        low, high = (to_float(image[None]) for image in held[n])
        ours = draw(low)
        kinds = (metrics.psnr, ssim, metrics.psnr_gt_mean)
        scores.append([float(kind(ours, high)[0]) for kind in kinds])
    for n in range(len(bright)):
        high = to_float(bright[n][1][None])
        ours = draw(high)
        change = float(np.abs(ours - high).mean()) * 255
        changes.append((change, float(ours.mean() / high.mean())))
    names = ("psnr", "ssim", "psnr_gt_mean", "bright_levels", "bright_ratio")
    return dict(
        zip(names, map(float, (*np.mean(scores, 0), *np.mean(changes, 0))), strict=True)
    )


if __name__ == "__main__":
    sys.exit(exit_status(main))
