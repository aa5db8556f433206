"""LOL and LOL-v2 as TFDS sets."""

from typing import ClassVar

from lled_jax.data.builders.base import PairBuilder
from lled_jax.data.published import lol
from lled_jax.data.published.download import Download
from lled_jax.data.published.survey import Survey


class Lol(PairBuilder):
    """LOL: 485 training and 15 test pairs, 600x400."""

    KEY: ClassVar[str] = "lol"

    def survey(self, download: Download) -> Survey:
        """The pairs of LOLdataset.zip."""
        return lol.survey(self.KEY, download)


class LolV2Real(Lol):
    """LOL-v2, real captured: 689 training and 100 test pairs."""

    KEY: ClassVar[str] = "lol_v2_real"


class LolV2Synthetic(Lol):
    """LOL-v2, synthetic: 900 training and 100 test pairs."""

    KEY: ClassVar[str] = "lol_v2_synthetic"
