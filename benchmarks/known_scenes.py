"""The pairs of LOL that the shipped networks know, and those held out from them."""

from collections.abc import Iterable
from pathlib import Path

from finished_runs import config_of, held_out

from configs import best_student
from lled_jax.data import scenes
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.locate import open_source

# What `configs/best_student.py` holds out of those 449 of LOL's 485 pairs that shipped
# networks come from.  By name: of other numbers of scenes other ones are drawn.
HELD_OUT = (
    *("25", "26", "27", "28", "99", "100", "196", "198", "540", "541"),
    *("570", "571", "572", "620", "621", "668", "714", "715", "750"),
)


def trained_and_held_out(
    data: str, weights: Iterable[Path]
) -> tuple[PairSource, PairSource]:
    """The pairs of LOL at `data` that the shipped networks know, and `HELD_OUT`.

    Of LOL's other 36 pairs nothing is known; they count as known.  Of other data, what
    `configs/best_student.py` trains on and holds out.  `InputError` if some of LOL's
    held-out pairs are missing: other scenes would not be unknown; and if one of the
    `weights` is a run that was trained on what is held out.
    """
    known, unknown = _parts(data)
    for run in weights:
        _require_unknown(run, data, unknown)
    return known, unknown


def _parts(data: str) -> tuple[PairSource, PairSource]:
    source = open_source(data, "train")
    missing = [name for name in HELD_OUT if name not in source.names]
    if not missing:
        known = [n for n, name in enumerate(source.names) if name not in HELD_OUT]
        unknown = [source.names.index(name) for name in HELD_OUT]
        return source.subset(known), source.subset(unknown)
    if 2 * len(missing) < len(HELD_OUT):
        raise InputError(
            f"{data} lacks pairs of LOL that the shipped networks do not know "
            f"({', '.join(missing)}): use LOL whole"
        )
    config = best_student.get_config(data).data
    known, unknown = scenes.holdout(source, config.holdout, config.holdout_seed)
    return source.subset(known), source.subset(unknown)


def _require_unknown(run: Path, data: str, pairs: PairSource) -> None:
    if not (run / "config.json").is_file():
        return  # of weights files there is nothing to ask
    config = config_of(run)
    if config["data.root"] != data:
        return
    own = set(held_out(config, data).names)
    if known := [name for name in pairs.names if name not in own]:
        raise InputError(
            f"{run} was trained on pairs held out here ({', '.join(known[:3])}): "
            "its data.holdout is another than that of configs/best_student.py"
        )
