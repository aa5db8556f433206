"""The pairs of LOL that the shipped networks know, and those held out from them."""

from configs import best_student
from lled_jax.data import scenes
from lled_jax.data.pairs import PairSource
from lled_jax.locate import open_source


def trained_and_held_out(data: str) -> tuple[PairSource, PairSource]:
    """What `configs/best_student.py` trains on of the data set `data`; the others."""
    config = best_student.get_config(data).data
    source = open_source(data, "train")
    parts = scenes.holdout(source, config.holdout, config.holdout_seed)
    trained, held_out = map(source.subset, parts)
    return trained, held_out
