"""Where a video cuts from one scene to another, also in the dark and in noise."""

from collections import deque

import numpy as np
from jaxtyping import Float, UInt8

# Blocks along a side of the thumbnail, few enough that a slow pan stays under the
# threshold; and pixels along a side of the smallest block, enough that its mean has an
# eighth of the noise of a pixel.
GRID, SMALLEST_BLOCK = 16, 8

# Added to the mean level that a thumbnail is divided by: what is darker than about this
# is noise and rounding, and must not be stretched to a picture.
DARKEST = 1.5

# A cut differs by more than this share of the mean level, on average over the blocks.
# All pairs of sixteen photos do, darkened to mean levels of 4 to 60 with noise; the
# noise by itself reaches 0.1, drifts by 15 % too, pans by 1.5 % of the width 0.19.
THRESHOLD = 0.2
# And it differs by so many times more than usual among the frames before it: of a fast
# pan the first frame may count as a cut, the others do not.
CONTRAST, MEMORY = 3.0, 8


class CutDetector:
    """Says of each frame of a video, in order, whether a new scene begins with it.

    Two frames differ by the mean absolute difference of their thumbnails (means of
    blocks, three channels), each divided by its mean level: a brightness that drifts or
    fades is no cut, nor is noise, which the blocks average out.  A dissolve is none
    either; a light that is switched on may be one.
    """

    def __init__(self) -> None:
        self._size: tuple[int, ...] = ()
        self._before: Float[np.ndarray, "rows columns 3"] = np.zeros((0, 0, 3))
        self._usual: deque[float] = deque(maxlen=MEMORY)

    def __call__(self, frame: UInt8[np.ndarray, "h w 3"]) -> bool:
        """True for the first frame of a video and of each scene."""
        now = _thumbnail(frame)
        if frame.shape != self._size:
            self._size, self._before = frame.shape, now
            self._usual.clear()
            return True
        difference = float(np.abs(now - self._before).mean())
        self._before = now
        usual = float(np.median(self._usual)) if self._usual else 0.0
        self._usual.append(difference)
        return difference > max(THRESHOLD, CONTRAST * usual)


def _thumbnail(
    frame: UInt8[np.ndarray, "h w 3"],
) -> Float[np.ndarray, "rows columns 3"]:
    """Means of at most 16x16 blocks, divided by the mean level: about 1 on average."""
    rows, columns = (_edges(length) for length in frame.shape[:2])
    sums = np.add.reduceat(frame, rows[:-1], axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns[:-1], axis=1)
    means = sums / np.outer(np.diff(rows), np.diff(columns))[..., None]
    return means / (means.mean() + DARKEST)


def _edges(length: int) -> np.ndarray:
    """Where the blocks along a side begin, and its end."""
    blocks = min(GRID, max(1, length // SMALLEST_BLOCK))
    return np.arange(blocks + 1) * length // blocks
