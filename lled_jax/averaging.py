"""One network from several that went on from the same weights: their average.

Fine-tunings of one start lie in one valley of the loss, and the middle is often better
on new images than each of them, at no cost when the network is used (Wortsman et al.,
*Model soups*, ICML 2022).
"""

from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from jax import Array

from lled_jax import weights_file
from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.locate import load_weights


def average(sources: Sequence[Path], output: Path) -> None:
    """Write the mean of the EMA parameters of `sources` as a weights file.

    Sources are what `locate.load_weights` takes.  Networks of one variant only, and
    only of one start: the mean of two that were trained apart is worth nothing, which
    no check can see.  Raises `InputError` for fewer than two, or two variants.
    """
    if len(sources) < 2:
        raise InputError("an average needs two runs or weights files at least")
    loaded = [load_weights(source) for source in sources]
    names = [name for name, _ in loaded]
    if len(set(names)) > 1:
        there = ", ".join(f"{s}: {n}" for s, n in zip(sources, names, strict=True))
        raise InputError(f"only networks of one variant have an average ({there})")
    mean = mean_of([params for _, params in loaded])
    facts = {"kind": "average", "of": [str(source) for source in sources]}
    weights_file.write(output, names[0], mean, facts)


def mean_of(several: Sequence[Params]) -> Params:
    """The mean of trees of one shape, float32."""

    def mean(*leaves: Array) -> np.ndarray:
        # In double, so that the order does not matter.
        return np.asarray(np.mean(np.stack(leaves), 0, np.float64), np.float32)

    return jax.tree.map(mean, *several)
