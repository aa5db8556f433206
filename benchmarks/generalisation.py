"""What a network scores where it was trained, on other scenes, and on other cameras.

    python benchmarks/generalisation.py [WEIGHTS ...] [--data data/LOL] [--output FILE]

PSNR, SSIM, LPIPS and PSNR at the target's mean brightness (default: of the shipped
networks) on every twelfth of the pairs that `configs/best_student.py` trains on, on
those it holds out, on eval15, and on the demo's photographs, which no training on LOL
has seen.  Chooses nothing.  Writes benchmarks/results/generalisation.json.
"""

import sys
from pathlib import Path

import timing
from known_scenes import trained_and_held_out
from weights_asked import asked, networks

from lled_jax.cli.process import exit_status
from lled_jax.data.pairs import PairSource
from lled_jax.evaluation import evaluate
from lled_jax.locate import DEMO, open_source

COLUMNS = ("psnr", "ssim", "lpips", "psnr_gt_mean")
EVERY = 12  # of the training pairs


def main() -> None:
    """Score, print and write."""
    options = asked(__doc__.splitlines()[0])
    sets = pairs_of(options.data, options.weights)
    rows = []
    for of, draw in networks(options.weights).items():
        for on, pairs in sets.items():
            some = pairs.subset(range(min(2, len(pairs)))) if options.quick else pairs
            means = evaluate(some, draw, columns=COLUMNS).means
            rows.append({"of": of, "on": on, "pairs": len(some)} | means)
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("generalisation", options.output, options.quick, data)


def pairs_of(data: str, weights: list[Path]) -> dict[str, PairSource]:
    """By what they are to networks trained on LOL."""
    trained, held_out = trained_and_held_out(data, weights)
    return {
        "training": trained.subset(range(0, len(trained), EVERY)),
        "held-out": held_out,
        "eval15": open_source(data, "test"),
        "demo training": open_source(DEMO, "train"),
        "demo test": open_source(DEMO, "test"),
    }


if __name__ == "__main__":
    sys.exit(exit_status(main))
