"""Runs of an ablation side by side: means, spread over seeds, differences by seed.

    python benchmarks/ablation.py runs/ablation_cpu --data data/LOL [--control sobel]
    python benchmarks/ablation.py runs/distillation_cpu --control none \
        --earlier benchmarks/results/distillation.json \
        --output benchmarks/results/distillation.json

Looks for finished runs named ROW_SEED (and teacher) below the folder, and scores their
final EMA parameters on the test split and on their held-out scenes; to these come the
runs of an `--earlier` result, whose folders may be gone.  Rows are compared
seed by seed: the difference to the control of the same seed has a spread of its own.
Writes benchmarks/results/ablation.json.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import timing
from finished_runs import FINAL, config_of, finished, held_out

from lled_jax.cli.process import exit_status
from lled_jax.errors import InputError
from lled_jax.evaluation import evaluate
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights, open_source

TEST = ("psnr", "ssim", "lpips", "psnr_gt_mean")
HELD_OUT = tuple(f"holdout_{name}" for name in TEST)


def main() -> None:
    """Score, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", default="data/LOL")
    parser.add_argument("--control", default="sobel")
    parser.add_argument("--earlier", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    folders = finished(options.runs)
    before = earlier(options.earlier) if options.earlier else []
    rows = {row_of(folder) for folder in folders} | {run["row"] for run in before}
    if options.control not in rows:
        parser.error(
            f"--control {options.control}: there are {', '.join(sorted(rows))}"
        )
    runs = [scores(folder, options.data) for folder in folders]
    if before:
        known = {(run["row"], run["seed"]) for run in runs}
        runs += [run for run in before if (run["row"], run["seed"]) not in known]
        runs.sort(key=lambda run: (run["row"], run["seed"]))
    data = {
        "what": f"{options.runs}: final EMA parameters, rows against {options.control}",
        "rows": summary(runs, options.control),
        "runs": runs,
    }
    timing.finish("ablation", options.output, False, data)


def earlier(path: Path) -> list[dict[str, Any]]:
    """The runs of a result of this benchmark; `InputError` names what is none."""
    try:
        text = path.read_text(encoding="utf-8")
        runs: list[dict[str, Any]] = json.loads(text)["runs"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"--earlier {path} is no result of this: {error}") from error
    wanted = {"row", "seed", *HELD_OUT, *TEST}
    if lacking := sorted({key for run in runs for key in wanted - run.keys()}):
        raise InputError(f"--earlier {path}: its runs lack {', '.join(lacking)}")
    return runs


def row_of(folder: Path) -> str:
    """What is compared: the folder's name without its seed."""
    row, _, seed = folder.name.rpartition("_")
    return row if seed.isdigit() else folder.name


def scores(folder: Path, data: str) -> dict[str, Any]:
    """One run: its row and seed, steps, held-out and test scores."""
    name, params = load_weights(folder / FINAL)
    draw, config = enhancer(name, params), config_of(folder)
    held = evaluate(held_out(config, data), draw, columns=TEST).means
    test = evaluate(open_source(data, "test"), draw, columns=TEST).means
    return {
        "row": row_of(folder),
        "seed": config["seed"],
        "steps": config["total_steps"],
        **{f"holdout_{name}": value for name, value in held.items()},
        **test,
    }


def summary(runs: list[dict[str, Any]], control: str) -> list[dict[str, Any]]:
    """A line for each row: over its seeds, and its differences to the control."""
    by_row = defaultdict(list)
    for run in runs:
        by_row[run["row"]].append(run)
    of_control = {run["seed"]: run for run in by_row[control]}
    lines = []
    for row, members in by_row.items():
        line: dict[str, Any] = {"row": row, "seeds": len(members)}
        for key in (*HELD_OUT, *TEST):
            line[key] = statistics.mean(run[key] for run in members)
            if len(members) > 1:
                line[f"{key}_spread"] = statistics.stdev(run[key] for run in members)
        pairs = [(m, of_control[m["seed"]]) for m in members if m["seed"] in of_control]
        for key in (*HELD_OUT, *TEST):
            differences = [ours[key] - theirs[key] for ours, theirs in pairs]
            if row != control and differences:
                line[f"{key}_gain"] = statistics.mean(differences)
            if row != control and len(differences) > 1:
                line[f"{key}_gain_spread"] = statistics.stdev(differences)
        lines.append(line)
    return lines


if __name__ == "__main__":
    sys.exit(exit_status(main))
