"""MIT-Adobe FiveK as a TFDS set, expert C, 16 bit."""

from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from lled_jax.data.builders.base import PairBuilder
from lled_jax.data.published import fivek
from lled_jax.data.published.download import Download
from lled_jax.data.published.survey import Survey


class Fivek(PairBuilder):
    """4500 training and 500 test pairs; a config for each size."""

    KEY: ClassVar[str] = "fivek"
    DTYPE: ClassVar[type] = np.uint16
    BUILDER_CONFIGS: ClassVar[list[tfds.core.BuilderConfig]] = [
        tfds.core.BuilderConfig(name=size, description=f"size {size}")
        for size in fivek.SIZES
    ]

    def survey(self, download: Download) -> Survey:
        """The pairs of DNGs and TIFFs, or of a prepared copy."""
        return fivek.survey(download, self.builder_config.name)

    def command(self) -> str:
        """With the size."""
        return f"{super().command()} --size {self.builder_config.name}"
