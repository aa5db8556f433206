"""Pictures of an evaluation in a grid, for people to look at."""

import os
from collections.abc import Sequence

import jax.numpy as jnp
from PIL import Image, ImageDraw, ImageFont

from lled_jax.arrays import EncodedImage
from lled_jax.data.pairs import as_eight_bit
from lled_jax.files import atomic_write
from lled_jax.images import to_float
from lled_jax.metrics import psnr

# The sheet's geometry, in pixels.
_MARGIN = 12
_CAPTION = 22
_HEADER = 30
_BACKGROUND = (24, 24, 24)
_INK = (232, 232, 232)


class ContactSheet:
    """Pictures of an evaluation in a grid: low | enhanced | high, a row per image.

    Without targets the `titles` are two, and so are the pictures of a row.

    `add` has the signature of `evaluate`'s ``on_image``.  Thumbnails are made at once,
    so a row costs about 1 MB, and rows after the first `limit` are counted only.
    """

    def __init__(
        self,
        width: int = 1200,
        limit: int = 48,
        titles: Sequence[str] = ("low", "enhanced", "high"),
    ) -> None:
        """A sheet `width` pixels wide with at most `limit` rows."""
        self._cell = (width - (len(titles) + 1) * _MARGIN) // len(titles)
        self._width = width
        self._titles = tuple(titles)
        self._limit = limit
        self._rows: list[tuple[list[Image.Image], list[str]]] = []
        self._count = 0

    def add(
        self,
        name: str,
        low: EncodedImage,
        enhanced: EncodedImage,
        high: EncodedImage | None = None,
    ) -> None:
        """Add a row, captioned with the name and the PSNR of low and enhanced."""
        self._count += 1
        if len(self._rows) == self._limit:
            return
        pictures, captions = [low, enhanced], [name, ""]
        if high is not None:
            pictures.append(high)
            captions = [f"{name}   {_psnr_text(low, high)}", _psnr_text(enhanced, high)]
            captions.append("")
        thumbnails = [_thumbnail(picture, self._cell) for picture in pictures]
        self._rows.append((thumbnails, captions))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the sheet as PNG; `InputError` if `path` cannot be written."""
        heights = [max(t.height for t in thumbs) + _CAPTION for thumbs, _ in self._rows]
        height = _HEADER + sum(heights) + _MARGIN * (len(heights) + 1)
        sheet = Image.new("RGB", (self._width, height), _BACKGROUND)
        draw = ImageDraw.Draw(sheet)
        titles = list(self._titles)
        if self._count > len(self._rows):
            titles[1] += f" (first {len(self._rows)} of {self._count})"
        lefts = [_MARGIN + i * (self._cell + _MARGIN) for i in range(len(titles))]
        for left, title in zip(lefts, titles, strict=True):
            draw.text((left, _MARGIN), title, _INK, ImageFont.load_default(18))
        top = _HEADER + _MARGIN
        for (thumbnails, captions), step in zip(self._rows, heights, strict=True):
            for left, picture, text in zip(lefts, thumbnails, captions, strict=True):
                sheet.paste(picture, (left, top))
                below = (left, top + picture.height + 4)
                draw.text(below, text, _INK, ImageFont.load_default(13))
            top += step + _MARGIN
        with atomic_write(path) as temporary:
            sheet.save(temporary, format="PNG")


def _psnr_text(image: EncodedImage, target: EncodedImage) -> str:
    if image.shape != target.shape:
        return ""
    score = psnr(jnp.asarray(to_float(image[None])), to_float(target[None]))
    return f"PSNR {float(score[0]):.2f} dB"


def _thumbnail(image: EncodedImage, width: int) -> Image.Image:
    """The image `width` pixels wide, 8 bit, its aspect kept."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    # Averages whole blocks first: large pictures take a fraction of the time.
    return Image.fromarray(as_eight_bit(image)).resize(
        (width, height), Image.Resampling.LANCZOS, reducing_gap=3.0
    )
