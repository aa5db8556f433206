"""What the builders have in common: a survey of the download becomes examples."""

import abc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import tensorflow_datasets as tfds

from lled_jax.data.pairs import as_dtype, check_same_size
from lled_jax.data.parallel import THREADS
from lled_jax.data.published.download import Download, open_download
from lled_jax.data.published.facts import PUBLISHED
from lled_jax.data.published.survey import Original, Survey, require
from lled_jax.data.published.writing import png_bytes
from lled_jax.errors import InputError

A = TypeVar("A")
B = TypeVar("B")

Example = dict[str, Any]


class PairBuilder(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]
):
    """A published set of pairs; subclasses say which.

    Args:
        source: what was downloaded, a folder or a zip; by default TFDS's manual_dir.
        partial: take what is there, even if pairs are missing or damaged.
        jobs: pairs rendered at a time.
        options: data_dir, config, file_format ... of TFDS.

    An example has the pair's `name` and the images `low` and `high` as PNG of `DTYPE`.
    The order is the survey's, and the metadata list names and sizes in that order.
    Preparing raises `InputError` for what is missing.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "The first one."}
    # TFDS would look for it by a library that it does not install.
    code_path = Path(__file__)
    KEY: ClassVar[str]
    DTYPE: ClassVar[type] = np.uint8

    def __init__(
        self,
        *,
        source: str | Path | None = None,
        partial: bool = False,
        jobs: int = THREADS,
        **options: Any,
    ) -> None:
        self._source, self._partial, self._jobs = source, partial, jobs
        super().__init__(**options)

    @property
    def MANUAL_DOWNLOAD_INSTRUCTIONS(self) -> str:
        """What TFDS tells a person to do."""
        facts = PUBLISHED[self.KEY]
        return f"From {facts.page} put into manual_dir: {facts.download}."

    @abc.abstractmethod
    def survey(self, download: Download) -> Survey:
        """The pairs of a download."""

    def command(self) -> str:
        """The arguments of `lled prepare` that prepare this set and config."""
        return f"{self.KEY} SRC --tfds"

    def _info(self) -> tfds.core.DatasetInfo:
        facts = PUBLISHED[self.KEY]
        image = {
            "shape": (None, None, 3),
            "dtype": self.DTYPE,
            "encoding_format": "png",
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{facts.title}: low-light images and their targets.",
            homepage=facts.page,
            citation=facts.citation,
            license=facts.licence,
            features=tfds.features.FeaturesDict(
                {
                    "name": tfds.features.Text(),
                    "low": tfds.features.Image(**image),
                    "high": tfds.features.Image(**image),
                }
            ),
            supervised_keys=("low", "high"),
            metadata=tfds.core.MetadataDict(),
            disable_shuffling=True,
        )

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[str, Example]]]:
        survey = self.survey(open_download(str(self._source or dl_manager.manual_dir)))
        require(survey, partial=self._partial)
        metadata = self.info.metadata
        metadata.update(settings=dict(survey.settings), names={}, sizes={}, left_out=[])
        return {
            split: self._generate_examples(split, survey)
            for split, count in survey.counts().items()
            if count
        }

    def _generate_examples(
        self, split: str, survey: Survey
    ) -> Iterator[tuple[str, Example]]:
        metadata = self.info.metadata
        names = metadata["names"][split] = []
        sizes = metadata["sizes"][split] = []
        originals = [o for o in survey.originals if o.split == split]
        for original, made in _in_order(self._rendered, originals, self._jobs):
            if isinstance(made, InputError):
                if not self._partial:
                    raise made
                metadata["left_out"].append(str(made))
                continue
            example, size = made
            names.append(original.name)
            sizes.append(size)
            yield original.name, example

    def _rendered(
        self, original: Original
    ) -> tuple[Example, tuple[int, int]] | InputError:
        """An example and its size; the error of a damaged file as a value."""
        try:
            low, high = original.low.render(), original.high.render()
            check_same_size(original.name, low.shape[:2], high.shape[:2])
        except InputError as error:
            return error
        dtype = np.dtype(self.DTYPE)
        images = {"low": as_dtype(low, dtype), "high": as_dtype(high, dtype)}
        files = {side: BytesIO(png_bytes(image)) for side, image in images.items()}
        return {"name": original.name, **files}, low.shape[:2]


def _in_order(
    function: Callable[[A], B], items: Iterable[A], jobs: int
) -> Iterator[tuple[A, B]]:
    """(item, function(item)) in order, with threads that are not far ahead."""
    waiting: deque = deque()
    pool = ThreadPoolExecutor(jobs)
    try:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
