"""Score a checkpoint, or pictures that exist already, on pairs with ground truth.

    python evaluate.py --ckpt student --data data/LOL
    python evaluate.py --ckpt runs/student --data data/LOL
    python evaluate.py --ckpt student.safetensors --data demo
    python evaluate.py --ckpt runs/student --data data/LOL --backend openvino
    python evaluate.py --predictions FOLDER --data data/LOL

Prints a table and writes scores.json, scores.csv, the enhanced PNGs and a contact
sheet to --out (default: WORKDIR/evaluation, or student_evaluation, or
FOLDER_evaluation for pictures).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from lled_jax import scoring
from lled_jax.cli.process import exit_status, parse_flags
from lled_jax.errors import InputError

_CKPT = flags.DEFINE_string(
    "ckpt", None, "A run's workdir, a .safetensors file, or student (as shipped)."
)
_PREDICTIONS = flags.DEFINE_string("predictions", None, "A folder of pictures.")
_DATA = flags.DEFINE_string(
    "data", None, "A folder of pairs, or 'demo'.", required=True
)
_SPLIT = flags.DEFINE_enum("split", "test", ["train", "test"], "Part of the data set.")
_BACKEND = flags.DEFINE_string("backend", "jax", "What runs the network.")
_OUT = flags.DEFINE_string("out", None, "Folder for the results.")


def run() -> None:
    """Do what the flags say; raises `InputError` for flags that do not fit."""
    data, split = _DATA.value, _SPLIT.value
    if _CKPT.value and not _PREDICTIONS.value:
        path = Path(_CKPT.value)
        base = path if path.is_dir() else path.parent
        own = base / "evaluation" if path.exists() else f"{path}_evaluation"
        out = Path(_OUT.value or own)
        scoring.score_checkpoint(path, data, split, out, _BACKEND.value)
    elif _PREDICTIONS.value and not _CKPT.value:
        folder = Path(_PREDICTIONS.value)
        out = Path(_OUT.value or folder.with_name(folder.name + "_evaluation"))
        scoring.score_predictions(folder, data, split, out)
    else:
        raise InputError("give either --ckpt or --predictions")


def main(argv: Sequence[str]) -> None:
    """Run; exit status 0, or 1 after one line that says what to mend."""
    sys.exit(exit_status(run))


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags(flags.FLAGS))
