"""A picture's pixels as its file will hold them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from lled_jax.photos import colour
from lled_jax.photos.photo import Photo
from lled_jax.photos.source import strips

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass
class FileRows:
    """Pixels on their way into a file: its colours, depth and channels.

    Attributes:
        pixels: the sRGB pixels [h w 3] that go in.
        alpha: [h w] of the same dtype, or None to leave it out.
        convert: from sRGB to the file's profile (`colour.from_srgb`).
        grey: reduce to one channel.
        dtype: of the file's samples; uint16 becomes uint8 by rounding.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    convert: colour.Conversion | None
    grey: bool
    dtype: np.dtype

    @property
    def channels(self) -> int:
        """Of the file: 1 to 4."""
        return (1 if self.grey else 3) + (self.alpha is not None)

    def strip(self, start: int, end: int) -> np.ndarray:
        """Some rows [n w c] as the file holds them."""
        rows = self.pixels[start:end]
        if self.convert is not None:
            rows = self.convert(rows)
        if self.grey:
            rows = rows if rows.shape[2] == 1 else colour.luma(rows)[..., None]
        if self.alpha is not None:
            rows = np.concatenate([rows, self.alpha[start:end, :, None]], axis=2)
        if rows.dtype != self.dtype:
            rows = colour.to_8_bit(rows)
        return rows

    def array(self) -> np.ndarray:
        """The whole [h w c], which is `pixels` itself where nothing changes."""
        same = self.channels == 3 and self.convert is None
        if same and self.pixels.dtype == self.dtype:
            # By way of one dimension: encoders mind the strides of sides of length 1.
            return np.ascontiguousarray(self.pixels).ravel().reshape(self.pixels.shape)
        height, width = self.pixels.shape[:2]
        whole = np.empty((height, width, self.channels), self.dtype)
        for start, end in strips(height, width):
            whole[start:end] = self.strip(start, end)
        return whole

    def image(self) -> Image.Image:
        """The same for Pillow, without a second copy."""
        height, width = self.pixels.shape[:2]
        image = Image.new(_MODES[self.channels], (width, height))
        for start, end in strips(height, width):
            rows = self.strip(start, end)
            strip = Image.fromarray(rows[..., 0] if self.channels == 1 else rows)
            image.paste(strip, (0, start))
        return image


def file_rows(photo: Photo, pixels: np.ndarray, *, icc: bool, deep: bool) -> FileRows:
    """How `pixels` go into a file that holds a profile (`icc`) and 16 bit (`deep`)."""
    space = "gray" if photo.grey else "rgb"
    convert = colour.from_srgb(photo.metadata.icc, space) if icc else None
    dtype = pixels.dtype if deep else np.dtype(np.uint8)
    return FileRows(pixels, photo.alpha, convert, photo.grey, dtype)
