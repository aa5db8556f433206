"""Finished runs for the benchmarks: their configs, and the pairs they held out."""

import functools
import json
from pathlib import Path
from typing import Any

from configs import ablation_cpu
from lled_jax import config_schema, weights_file
from lled_jax.data import scenes
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.locate import open_source

FINAL = "ema.safetensors"
SCENES = ("data.holdout", "data.holdout_seed")


def finished(folder: Path) -> list[Path]:
    """The folders of the runs below `folder` that came to their end; at least one."""
    found = sorted(p.parent for p in folder.glob(f"*/{FINAL}") if _at_its_end(p))
    if not found:
        raise InputError(f"no finished run below {folder}")
    return found


def _at_its_end(final: Path) -> bool:
    """Whether these are the run's last weights: it may have been given more steps."""
    facts = weights_file.read(final)[2]
    return facts["step"] == config_of(final.parent)["total_steps"]


def config_of(folder: Path) -> dict[str, Any]:
    """The flat config of a finished run; keys newer than the run were at rest."""
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(f"no run at {folder}: there is no {path.name}")
    text = path.read_text(encoding="utf-8")
    known = dict(config_schema.flatten(json.loads(text)))
    rest = dict(config_schema.flatten(ablation_cpu.get_config().to_dict()))
    # Before there was this key, the seed chose the scenes.
    return rest | {"data.holdout_seed": known["seed"]} | known


def held_out(config: dict[str, Any], data: str) -> PairSource:
    """The pairs of the data set at `data` that a run of this config did not see."""
    return _held_out(data, *(config[key] for key in SCENES))


@functools.cache
def _held_out(data: str, fraction: float, seed: int) -> PairSource:
    source = open_source(data, "train")
    return source.subset(scenes.holdout(source, fraction, seed)[1])
