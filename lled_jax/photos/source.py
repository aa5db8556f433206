"""An opened file: its header read, its pixels not yet decoded."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lled_jax.photos import colour
from lled_jax.photos.layout import stored_view, turned

Rows = Callable[[int, int], np.ndarray]
"""Rows from, rows to -> [n w c] as stored, c the colour channels and perhaps alpha."""

STRIP = 2**20
"""Pixels that are worked on at a time, to keep copies small."""


@dataclass
class Source:
    """What a file's header says, and how to get at its pixels.

    Attributes:
        height, width: as stored.
        orientation: EXIF's, by which the stored picture is turned.
        space: "gray", "rgb" or "cmyk".
        load: decodes, giving the rows or the whole array [h w c].
        frames: pictures in the file that are shown one after the other, or pages.
    """

    height: int
    width: int
    dtype: np.dtype
    space: str
    alpha: bool
    load: Callable[[], Rows | np.ndarray]
    orientation: int = 1
    frames: int = 1
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    hints: dict = field(default_factory=dict)

    def size(self) -> tuple[int, int]:
        """(height, width) of the upright picture."""
        if turned(self.orientation):
            return self.width, self.height
        return self.height, self.width


def strips(height: int, width: int) -> list[tuple[int, int]]:
    """(from, to) of the rows to work on together."""
    step = max(1, STRIP // width)
    return [(y, min(y + step, height)) for y in range(0, height, step)]


def divide_by_alpha(pixels: np.ndarray) -> None:
    """Take the alpha out of colours it was multiplied into, row by row, in place."""
    most = np.iinfo(pixels.dtype).max
    for row in pixels:
        alpha = row[:, -1:].astype(np.uint32)
        colours = row[:, :-1].astype(np.uint32) * most + alpha // 2
        row[:, :-1] = np.minimum(colours // np.maximum(alpha, 1), most)


def upright_pixels(
    source: Source, convert: colour.Conversion | None, with_alpha: bool = True
) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode to RGB [h w 3] and alpha [h w] or None, upright.

    `convert` (`colour.to_srgb`) is applied if given; without it grey is repeated to
    three channels.  Beside what the decoder holds only one strip is copied.
    """
    loaded = source.load()
    channels = colour.CHANNELS[source.space]
    pixels: np.ndarray
    if isinstance(loaded, np.ndarray):
        rows: Rows = lambda start, end: whole[start:end]  # noqa: E731
        whole = loaded
        reusable = source.orientation == 1 and whole.shape[2] == 3
        pixels = whole if reusable else np.empty((*source.size(), 3), source.dtype)
    else:
        rows = loaded
        pixels = np.empty((*source.size(), 3), source.dtype)
    alpha = None
    if source.alpha and with_alpha:
        alpha = np.empty(source.size(), source.dtype)
        stored_alpha = stored_view(alpha, source.orientation)
    stored = stored_view(pixels, source.orientation)
    for start, end in strips(source.height, source.width):
        strip = rows(start, end)
        if alpha is not None:
            stored_alpha[start:end] = strip[..., channels]
        strip = strip[..., :channels]
        if convert is not None:
            strip = convert(strip)
            if source.space == "gray":  # which rounding must not colour
                strip = strip[..., 1:2]
        elif source.space == "cmyk":
            strip = colour.without_profile(strip)
        stored[start:end] = strip  # one channel goes to all three
    return pixels, alpha
