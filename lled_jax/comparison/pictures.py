"""The pictures of a report, found again by what the runs say of themselves."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from lled_jax.comparison.agree import Agreement
from lled_jax.comparison.read import Run
from lled_jax.data.decode import SUFFIXES, read_image
from lled_jax.data.pairs import PairSource, as_eight_bit
from lled_jax.errors import InputError
from lled_jax.locate import open_source

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Originals:
    """The images that all runs started from: pairs, or photos without ground truth."""

    source: PairSource | None = None
    photos: Path | None = None
    warnings: tuple[str, ...] = ()
    """Why there is neither."""

    def pair(self, name: str) -> tuple[Picture | None, Picture | None]:
        """Low and high of an image, 8 bit; `None` for what is not there."""
        if self.source is not None:
            low, high = self.source[list(self.source.names).index(name)]
            return as_eight_bit(low), as_eight_bit(high)
        return (_in_folder(self.photos, name) if self.photos else None), None


def find(runs: Sequence[Run], agreement: Agreement) -> Originals:
    """The originals, by the data and split that the runs name; any run's will do."""
    reason = "scores.json does not name them"
    for run in runs:
        if run.fact("photos"):
            return Originals(photos=Path(run.fact("photos")))
        if not run.fact("data"):
            continue
        try:
            source = open_source(run.fact("data"), run.fact("split") or "test")
        except (InputError, OSError) as error:  # such as a folder not to be entered
            reason = str(error)
            continue
        if set(agreement.names) <= set(source.names):
            return Originals(source)
        reason = f"{run.fact('data')} holds other pairs now"
    warning = f"Plates are without low and high images: {reason}."
    return Originals(warnings=(warning,))


def output(run: Run, name: str) -> Picture | None:
    """What the method made of an image: what evaluate.py scored, or wrote."""
    # What is named as scored may be weights or a baseline, which holds no pictures.
    scored = run.fact("scored")
    found = _in_folder(Path(scored), name) if scored else None
    return _in_folder(run.folder / "enhanced", name) if found is None else found


def _in_folder(folder: Path, name: str) -> Picture | None:
    """The picture called `name` in any format, if there is one that can be read."""
    if Path(name).name != name:
        return None  # a name is none, if it leads out of the folder
    for suffix in SUFFIXES:
        for ending in (suffix, suffix.upper()):
            path = folder / f"{name}{ending}"
            with suppress(InputError, OSError):
                if path.is_file():
                    return as_eight_bit(read_image(path))
    return None
