"""Trials of training settings: what each changed, and its score on held-out scenes.

    python benchmarks/trials.py runs/ablation_cpu/sobel_0 runs/candidates

The first run is the control; the others lie below the folder.  All must hold out the
same scenes.  The test set is not read.  Writes
benchmarks/results/trials.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import timing

from lled_jax import config_schema
from lled_jax.training.writer import read_metrics

FINAL = "ema.safetensors"
SCENES = "data.holdout_seed"
SCORES = ("holdout_psnr", "holdout_ssim")
# What may differ without making another trial.
SILENT = ("log.", "data.pipeline", "data.root")


def main() -> None:
    """Collect, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("control", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    base = config_of(options.control)
    rows = [{"run": options.control.name, "changes": [], **scores(options.control)}]
    for folder in sorted(path.parent for path in options.runs.glob(f"*/{FINAL}")):
        other = config_of(folder)
        if other[SCENES] != base[SCENES]:
            parser.error(f"{folder} holds out other scenes: its {SCENES} is another")
        rows.append(
            {"run": folder.name, "changes": changes(base, other), **scores(folder)}
        )
    data = {"what": "final EMA parameters on held-out scenes", "rows": rows}
    timing.finish("trials", options.output, False, data)


def config_of(folder: Path) -> dict[str, Any]:
    """The flat config of a finished run."""
    text = (folder / "config.json").read_text(encoding="utf-8")
    return dict(config_schema.flatten(json.loads(text)))


def changes(base: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The settings of `other` that are not those of `base`; a new key was at rest."""
    rest = {"optimizer.name": "adam", "data.zoom": 1}
    return [
        f"{key}: {base.get(key, rest.get(key))} -> {value}"
        for key, value in other.items()
        if not key.startswith(SILENT)
        and (key in base or key in rest)
        and base.get(key, rest.get(key)) != value
    ]


def scores(folder: Path) -> dict[str, float]:
    """The last scores on the held-out scenes, and the steps until then."""
    last = [r for r in read_metrics(folder) if SCORES[0] in r][-1]
    return {"steps": last["step"], **{key: last[key] for key in SCORES}}


if __name__ == "__main__":
    main()
