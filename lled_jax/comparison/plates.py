"""Comparison plates as in the paper's figures 3-5: the same details of all methods."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from lled_jax.columns import Column, describe
from lled_jax.comparison.choice import Box, Choice, details
from lled_jax.comparison.inline import lossless_uri, lossy_uri
from lled_jax.comparison.pictures import Originals, Picture, output
from lled_jax.comparison.read import Run
from lled_jax.images import to_float
from lled_jax.metrics import psnr

COLOURS = ("#ffd400", "#00d5ff", "#ff5fd2")
"""Of the marked rectangles: seen on dark and on bright ground."""

_WIDTH = 480  # of a whole image on the page
_DETAIL_WIDTH = 320  # at most; smaller ones are enlarged by the browser


class Panel(NamedTuple):
    """One picture of a plate; URIs hold the pictures, "" where one is gone."""

    title: str
    caption: str
    picture: str
    details: tuple[str, ...]
    size: tuple[int, int]


class Plate(NamedTuple):
    """An image by all methods."""

    name: str
    why: str
    panels: tuple[Panel, ...]
    boxes: tuple[Box, ...]


def plate(
    runs: Sequence[Run],
    originals: Originals,
    choice: Choice,
    column: Column,
    regions: int,
) -> Plate:
    """low | methods | high of an image, with `regions` details below each.

    Captions say the score of `column`.  Without the high image the methods are compared
    with their mean; where sizes differ there are no details.
    """
    low, high = originals.pair(choice.name)
    outputs = [output(run, choice.name) for run in runs]
    there = [picture for picture in outputs if picture is not None]
    sizes = {p.shape for p in (low, high, *outputs) if p is not None}
    boxes = details(there, high, regions) if there and len(sizes) == 1 else ()
    panels = []
    if low is not None:
        panels.append(_panel("low", _low_caption(low, high), low, boxes))
    for run, picture in zip(runs, outputs, strict=True):
        score = run.images[choice.name].get(column.name)
        panels.append(_panel(run.name, _caption(column, score), picture, boxes))
    if high is not None:
        panels.append(_panel("high", "the target", high, boxes))
    return Plate(choice.name, choice.why, tuple(panels), boxes)


def _low_caption(low: Picture, high: Picture | None) -> str:
    if high is None or low.shape != high.shape:
        return "the input"
    value = psnr(to_float(low[None]), to_float(high[None]))
    return _caption(describe("psnr"), float(value[0]))


def _caption(column: Column, score: float | None) -> str:
    if score is None:
        return ""
    unit = " dB" if column.name.startswith("psnr") else ""
    return f"{column.heading} {column.text(score)}{unit}"


def _panel(
    title: str,
    caption: str,
    image: Picture | None,
    boxes: Sequence[Box],
) -> Panel:
    if image is None:
        return Panel(
            title, f"{caption}; the picture is gone".strip("; "), "", (), (3, 2)
        )
    picture = Image.fromarray(image)
    closer = [_detail_uri(picture.crop(box)) for box in boxes]
    height = max(1, round(picture.height * _WIDTH / picture.width))
    size = (min(_WIDTH, picture.width), min(height, picture.height))
    scale = size[0] / picture.width
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    draw = ImageDraw.Draw(small)
    for box, colour in zip(boxes, COLOURS, strict=False):
        left, top, right, bottom = (round(edge * scale) for edge in box)
        # As large as its own border, on a picture of few pixels.
        right, bottom = max(right, left + 4), max(bottom, top + 4)
        draw.rectangle((left, top, right - 1, bottom - 1), None, "#000000", 5)
        draw.rectangle((left + 1, top + 1, right - 2, bottom - 2), None, colour, 3)
    return Panel(title, caption, lossy_uri(small), tuple(closer), size)


def _detail_uri(detail: Image.Image) -> str:
    if detail.width > _DETAIL_WIDTH:
        height = max(1, round(detail.height * _DETAIL_WIDTH / detail.width))
        detail = detail.resize((_DETAIL_WIDTH, height), Image.Resampling.LANCZOS)
    return lossless_uri(detail)
