"""See in the Dark (Sony) as a TFDS set, developed to 16-bit RGB."""

import dataclasses
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from lled_jax.data.builders.base import PairBuilder
from lled_jax.data.published import sid
from lled_jax.data.published.download import Download
from lled_jax.data.published.survey import Survey


@dataclasses.dataclass(kw_only=True)
class SidConfig(tfds.core.BuilderConfig):
    """One rendition; `options` as for `lled prepare sid`."""

    options: sid.Options = sid.Options()  # noqa: RUF009


def _config(rendition: str, half: bool) -> SidConfig:
    name = rendition + "_half" * half
    options = sid.Options(rendition=rendition, half=half)
    return SidConfig(name=name, description=name.replace("_", ", "), options=options)


class SidSony(PairBuilder):
    """1865 training, 234 validation and 598 test pairs, 41 of the last left out."""

    KEY: ClassVar[str] = "sid_sony"
    DTYPE: ClassVar[type] = np.uint16
    # Packed planes have four channels and are no images: for folders only.
    BUILDER_CONFIGS: ClassVar[list[SidConfig]] = [
        _config(rendition, half)
        for rendition in ("amplified", "dark")
        for half in (False, True)
    ]

    def survey(self, download: Download) -> Survey:
        """The pairs of Sony.zip and the lists."""
        return sid.survey(download, self.builder_config.options)

    def command(self) -> str:
        """With the rendition, under the command's shorter name."""
        options = self.builder_config.options
        half = " --half" * options.half
        return f"sid SRC --tfds --rendition {options.rendition}{half}"
