"""Score a checkpoint, a baseline, or pictures that exist, on pairs with ground truth.

    python evaluate.py --ckpt runs/student --data data/LOL --backend openvino
    python evaluate.py --ckpt a.safetensors --data demo --ensemble --niqe
    python evaluate.py --baseline lime --data data/LOL
    python evaluate.py --predictions FOLDER --data data/LOL
    python evaluate.py --photos FOLDER --ckpt student     # no ground truth: NIQE alone

Prints a table and writes scores.json, scores.csv, enhanced PNGs and a contact sheet to
--out (default: WORKDIR/evaluation, NAME_evaluation for NAME or NAME.safetensors,
FOLDER_evaluation for pictures, or runs/baselines/NAME; for photos the same with _photos
behind it); results of other images that are there it does not replace.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from lled_jax import methods, photo_scoring, scoring
from lled_jax.cli.process import exit_status, parse_flags
from lled_jax.errors import InputError
from lled_jax.extra_columns import Extras
from lled_jax.locate import results_folder
from lled_jax.shipped import SHIPPED

_CKPT = flags.DEFINE_string(
    "ckpt", None, f"A run's workdir, a .safetensors file, {', '.join(SHIPPED)}."
)
_BASELINE = flags.DEFINE_string("baseline", None, "A method without training: lime...")
_PREDICTIONS = flags.DEFINE_string("predictions", None, "A folder of pictures.")
_DATA = flags.DEFINE_string("data", None, "A folder of pairs, tfds:NAME, or 'demo'.")
_PHOTOS = flags.DEFINE_string("photos", None, "Instead: photos without ground truth.")
_SPLIT = flags.DEFINE_enum("split", "test", ["train", "test"], "Part of the data set.")
_BACKEND = flags.DEFINE_string("backend", "jax", "What runs the network.")
_NIQE = flags.DEFINE_bool("niqe", False, "Also NIQE, which needs no ground truth.")
_ENSEMBLE = flags.DEFINE_bool("ensemble", False, "Also the x8 self-ensemble's scores.")
_OUT = flags.DEFINE_string("out", None, "Folder for the results.")


def run() -> None:
    """Do what the flags say; raises `InputError` for flags that do not fit."""
    ckpt, name, folder = _CKPT.value, _BASELINE.value, _PREDICTIONS.value
    if [ckpt, name, folder].count(None) != 2:
        raise InputError("give either --ckpt or --predictions or --baseline")
    data, split, photos = _DATA.value or "", _SPLIT.value, _PHOTOS.value
    if bool(data) == bool(photos):
        raise InputError("Flag --data must have a value, or else --photos")
    extras = Extras(_NIQE.value, _ENSEMBLE.value)
    given = Path(ckpt or folder or "")
    own = Path("runs/baselines", name) if name else results_folder(given, bool(ckpt))
    out = Path(_OUT.value or f"{own}{'_photos' if photos else ''}")
    if folder and photos:
        raise InputError("--photos are enhanced by --ckpt or --baseline")
    unused = ["split", "ensemble"] * bool(photos) + ["backend"] * (not ckpt)
    for flag in unused:
        if flags.FLAGS[flag].present:
            raise InputError(f"--{flag} changes nothing here: leave it out")
    if folder:
        scoring.score_predictions(Path(folder), data, split, out, extras)
        return
    if ckpt:
        method = methods.of_checkpoint(Path(ckpt), _BACKEND.value)
    else:
        method = methods.of_baseline(name or "")
    if photos:
        photo_scoring.score_photos(method, Path(photos), out)
    else:
        scoring.score_method(method, data, split, out, extras)


def main(argv: Sequence[str]) -> None:
    """Run; exit status 0, or 1 after one line that says what to mend."""
    sys.exit(exit_status(run))


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags(flags.FLAGS))
