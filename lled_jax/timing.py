"""How long a method takes per image, measured while it is used."""

import statistics
import time
from typing import TypedDict

import numpy as np

from lled_jax.evaluation import Enhance


class Times(TypedDict):
    """Milliseconds from image to image, over the images of one size."""

    median: float
    min: float
    max: float
    size: str
    """Width x height."""


class Timed:
    """An enhancer that remembers how long it took, image by image."""

    def __init__(self, enhance: Enhance) -> None:
        """Time `enhance`; the answers are its own."""
        self._enhance = enhance
        self._times: dict[tuple[int, int], list[float]] = {}
        self._last: np.ndarray | None = None

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """What `enhance` answers."""
        start = time.perf_counter()
        answer = self._enhance(image)
        spent = 1000 * (time.perf_counter() - start)
        self._times.setdefault((image.shape[1], image.shape[0]), []).append(spent)
        self._last = image
        return answer

    def times(self) -> Times:
        """Of the size that most images had.

        The first image of a size does not count: a program may have been compiled for
        it.  If no size came twice, the last image is enhanced once more.
        """
        assert self._last is not None, "nothing was timed"
        if all(len(times) == 1 for times in self._times.values()):
            self(self._last)
        size, times = max(self._times.items(), key=lambda item: len(item[1]))
        warm = times[1:]
        middle, least, most = (
            round(of(warm), 3) for of in (statistics.median, min, max)
        )
        return Times(median=middle, min=least, max=most, size="{}x{}".format(*size))
