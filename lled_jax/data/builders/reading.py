"""A prepared TFDS set as a `PairSource`, by random access and without TensorFlow."""

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import Int

from lled_jax.arrays import EncodedImage
from lled_jax.data.builders.base import PairBuilder
from lled_jax.data.decode import read_image_bytes
from lled_jax.data.pairs import Indices, as_dtype
from lled_jax.errors import InputError
from lled_jax.photos.kinds import errors_of

BUILDERS = {
    "lol": "lol.Lol",
    "lol_v2_real": "lol.LolV2Real",
    "lol_v2_synthetic": "lol.LolV2Synthetic",
    "fivek": "fivek.Fivek",
    "sid_sony": "sid.SidSony",
}
"""Name -> module and class."""

# The only format of TFDS's with random access for which no TensorFlow is needed.
FORMAT = "array_record"


class TfdsPairs:
    """Pairs that are read from a prepared set on demand; made by `open_prepared`."""

    def __init__(
        self,
        record: Callable[[int], dict[str, bytes]],
        names: Sequence[str],
        sizes: Int[np.ndarray, "n 2"],
        dtype: np.dtype,
        positions: Int[np.ndarray, " n"],
    ) -> None:
        self.names, self.sizes, self.dtype = tuple(names), sizes, dtype
        self._record, self._positions = record, positions

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: SupportsIndex) -> tuple[EncodedImage, EncodedImage]:
        """Decode pair `i`; `InputError` names a pair that cannot be read."""
        name = self.names[i]
        with errors_of(f"pair '{name}' of the prepared set"):
            record = self._record(int(self._positions[i]))
        assert record["name"].decode() == name
        low, high = (
            as_dtype(read_image_bytes(record[side], f"{name}.{side}.png"), self.dtype)
            for side in ("low", "high")
        )
        return low, high

    def subset(self, indices: Indices) -> "TfdsPairs":
        """The pairs at `indices`, in that order."""
        chosen = np.asarray(indices, np.int64)
        return TfdsPairs(
            self._record,
            [self.names[i] for i in chosen],
            self.sizes[chosen],
            self.dtype,
            self._positions[chosen],
        )


def builder(
    spec: str, data_dir: str | Path | None = None, **options: Any
) -> PairBuilder:
    """The builder of "NAME" or "NAME/CONFIG".

    `data_dir` is by default TFDS_DATA_DIR, or ~/tensorflow_datasets.

    Raises:
        InputError: no such set or config.
    """
    name, _, config = spec.partition("/")
    if name not in BUILDERS:
        raise InputError(f"no TFDS set '{name}'; choose one of {', '.join(BUILDERS)}")
    module, kind = BUILDERS[name].split(".")
    found = importlib.import_module(f"lled_jax.data.builders.{module}")
    chosen: type[PairBuilder] = getattr(found, kind)
    if config and config not in chosen.builder_configs:
        known = ", ".join(f"{name}/{each}" for each in chosen.builder_configs)
        raise InputError(f"no TFDS set '{spec}'; choose {known or name}")
    return chosen(
        data_dir=os.fspath(data_dir) if data_dir else os.environ.get("TFDS_DATA_DIR"),
        config=config or None,
        file_format=FORMAT,
        **options,
    )


def open_prepared(spec: str, split: str) -> TfdsPairs:
    """The pairs of a split of a set that was prepared before.

    Raises:
        InputError: it was not, or it has no such split.
    """
    made = builder(spec)
    if not made.info.splits:
        raise InputError(
            f"tfds:{spec} is not prepared in {made.data_dir_root}; run: lled prepare "
            f"{made.command()} (docs/data.md), or set TFDS_DATA_DIR to where it is"
        )
    if split not in made.info.splits:
        raise InputError(
            f"tfds:{spec} was prepared without {split} pairs; prepare it anew"
        )
    skip = tfds.decode.SkipDecoding()
    records = made.as_data_source(split=split, decoders={"low": skip, "high": skip})
    names = made.info.metadata["names"][split]
    sizes = np.asarray(made.info.metadata["sizes"][split], np.int64).reshape(-1, 2)
    record = records.__getitem__
    return TfdsPairs(record, names, sizes, np.dtype(made.DTYPE), np.arange(len(names)))


def prepare(
    spec: str, source: Path, data_dir: Path | None, *, partial: bool, jobs: int
) -> tuple[PairBuilder, bool]:
    """Render what was downloaded into a TFDS set; nothing to do if that is there.

    Returns the builder, and whether there was something to do.

    Raises:
        InputError: something is missing or damaged, and `partial` is not asked for.
    """
    made = builder(spec, data_dir, source=source, partial=partial, jobs=jobs)
    if made.info.splits:
        return made, False
    # TFDS wants a folder, but the builder has what it needs.
    home = source if source.is_dir() else source.parent
    config = tfds.download.DownloadConfig(manual_dir=home)
    made.download_and_prepare(download_config=config, file_format=FORMAT)
    return made, True
