"""Trials of training settings: what each changed, and its score on held-out scenes.

    python benchmarks/trials.py runs/ablation_cpu/sobel_0 runs/candidates [--data DIR]

The first run is the control; the others lie below the folder.  All must hold out the
same scenes.  Final EMA parameters; "GT mean" tells detail and colour from how bright
the photographer wanted it, which is luck (benchmarks/brightness.py).  The test set is
not read.  Writes benchmarks/results/trials.json.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import timing
from finished_runs import FINAL, SCENES, config_of, finished, held_out

from lled_jax.cli.process import exit_status
from lled_jax.data.pairs import PairSource
from lled_jax.evaluation import evaluate
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights

COLUMNS = ("psnr", "ssim", "psnr_gt_mean")
# What may differ without making another trial.
SILENT = ("log.", "data.pipeline", "data.root")


def main() -> None:
    """Score, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("control", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", default="data/LOL")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    base = config_of(options.control)
    held = held_out(base, options.data)
    rows = []
    for folder in (options.control, *finished(options.runs)):
        other = config_of(folder)
        if any(other[key] != base[key] for key in SCENES):
            parser.error(f"{folder} holds out other scenes than {options.control}")
        steps, changed = other["total_steps"], changes(base, other)
        rows.append(
            {"run": folder.name, "changes": changed, "steps": steps}
            | scores(folder, held)
        )
    what = f"final EMA parameters on {len(held)} pairs of held-out scenes"
    timing.finish("trials", options.output, False, {"what": what, "rows": rows})


def changes(base: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The settings of `other` that are not those of `base`."""
    return [
        f"{key}: {base[key]} -> {value}"
        for key, value in other.items()
        if not key.startswith(SILENT) and base[key] != value
    ]


def scores(folder: Path, held: PairSource) -> dict[str, float]:
    """Means over the held-out pairs."""
    name, params = load_weights(folder / FINAL)
    return dict(evaluate(held, enhancer(name, params), columns=COLUMNS).means)


if __name__ == "__main__":
    sys.exit(exit_status(main))
