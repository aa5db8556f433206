"""What a person sees of an evaluation: table, result files, contact sheet."""

import datetime
import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lled_jax.arrays import EncodedImage
from lled_jax.evaluation import Evaluation
from lled_jax.files import atomic_write, write_csv, write_json
from lled_jax.images import to_float, to_u8
from lled_jax.metrics import psnr

# Column -> (heading, decimals).  Two lines where the variant needs saying.
_HEADINGS = {
    "psnr": ("PSNR", 2),
    "ssim": ("SSIM", 4),
    "lpips": ("LPIPS", 4),
    "ssim_uniform7": ("SSIM\n7x7", 4),
    "ssim_grey": ("SSIM\ngrey", 4),
    "psnr_gt_mean": ("PSNR\nGT mean", 2),
    "ssim_gt_mean": ("SSIM\nGT mean", 4),
    "lpips_gt_mean": ("LPIPS\nGT mean", 4),
}


def print_table(
    evaluation: Evaluation,
    console: Console,
    *,
    per_image: bool = True,
    untouched: Evaluation | None = None,
) -> None:
    """Print the scores, a line per image and the mean, and how they were made.

    `untouched`, the scores of the dark inputs themselves, adds their mean as a row.

    The columns that use the target's mean brightness stand behind a bar, dimmed: they
    are not comparable with the others.  `per_image=False` prints the mean only.
    """
    table = Table(box=box.SIMPLE, padding=0, show_edge=False, show_footer=per_image)
    table.add_column("image", "mean", overflow="fold", min_width=8, vertical="bottom")
    apart = next((c for c in evaluation.scores if c.endswith("_gt_mean")), None)
    mean_row = _cells("mean", evaluation.means, apart)
    for column in evaluation.scores:
        if column == apart:
            table.add_column("|\n|", "|", style="dim", no_wrap=True)
        table.add_column(
            _HEADINGS[column][0],
            mean_row[len(table.columns)],
            justify="right",
            no_wrap=True,
            style="dim" if column.endswith("_gt_mean") else "",
            vertical="bottom",
        )
    for index, name in enumerate(evaluation.names if per_image else ()):
        scores = {c: values[index] for c, values in evaluation.scores.items()}
        table.add_row(*_cells(name, scores, apart))
    if untouched is not None:
        table.add_section()
        table.add_row(*_cells("input", untouched.means, apart))
    if not per_image:
        table.add_row(*mean_row)
    console.print(table)
    console.print()
    for line in evaluation.protocol:
        console.print(Text(line, style="dim"))


def _cells(name: str, scores: Mapping[str, float], apart: str | None) -> list[Text]:
    """A row of the table, with the bar before the column `apart`."""
    # Text, not strings: rich would read [x] in a name as markup.
    cells = [Text(name)]
    for column, score in scores.items():
        if column == apart:
            cells.append(Text("|"))
        cells.append(Text(f"{score:.{_HEADINGS[column][1]}f}"))
    return cells


def write_results(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write ``scores.json`` and ``scores.csv`` into `folder` (made if missing).

    The JSON holds means, protocol, scores per image, date (UTC), versions, and the
    facts in `extra` (parameters, MACs, checkpoint ...); the CSV one line per image and
    no mean, so that any program can read it.  Raises `InputError` if the folder cannot
    be written to and `ValueError` for a key in `extra` that is ours.
    """
    columns = list(evaluation.scores)
    rows = [
        [name, *(round(float(evaluation.scores[c][i]), 6) for c in columns)]
        for i, name in enumerate(evaluation.names)
    ]
    ours = {
        "means": {c: round(mean, 6) for c, mean in evaluation.means.items()},
        "count": len(rows),
        "protocol": list(evaluation.protocol),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {p: _version(p) for p in ("lled-jax", "jax", "numpy")},
    }
    taken = sorted({*ours, "images"} & set(extra or {}))
    if taken:
        raise ValueError(f"extra facts may not be called {taken[0]!r}: it is taken")
    images = {name: dict(zip(columns, values, strict=True)) for name, *values in rows}
    folder = Path(folder)
    write_json(folder / "scores.json", {**ours, **(extra or {}), "images": images})
    write_csv(folder / "scores.csv", ["image", *columns], rows)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


# The sheet's geometry, in pixels.
_MARGIN = 12
_CAPTION = 22
_HEADER = 30
_BACKGROUND = (24, 24, 24)
_INK = (232, 232, 232)


class ContactSheet:
    """Pictures of an evaluation in a grid: low | enhanced | high, a row per image.

    `add` has the signature of `evaluate`'s ``on_image``.  Thumbnails are made at once,
    so a row costs about 1 MB, and rows after the first `limit` are counted only.
    """

    def __init__(self, width: int = 1200, limit: int = 48) -> None:
        """A sheet `width` pixels wide with at most `limit` rows."""
        self._cell = (width - 4 * _MARGIN) // 3
        self._width = width
        self._limit = limit
        self._rows: list[tuple[list[Image.Image], list[str]]] = []
        self._count = 0

    def add(
        self, name: str, low: EncodedImage, enhanced: EncodedImage, high: EncodedImage
    ) -> None:
        """Add a row, captioned with the name and the PSNR of low and enhanced."""
        self._count += 1
        if len(self._rows) == self._limit:
            return
        captions = [
            f"{name}   {_psnr_text(low, high)}",
            _psnr_text(enhanced, high),
            "",
        ]
        thumbnails = [_thumbnail(image, self._cell) for image in (low, enhanced, high)]
        self._rows.append((thumbnails, captions))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the sheet as PNG; `InputError` if `path` cannot be written."""
        heights = [max(t.height for t in thumbs) + _CAPTION for thumbs, _ in self._rows]
        height = _HEADER + sum(heights) + _MARGIN * (len(heights) + 1)
        sheet = Image.new("RGB", (self._width, height), _BACKGROUND)
        draw = ImageDraw.Draw(sheet)
        lefts = [_MARGIN + i * (self._cell + _MARGIN) for i in range(3)]
        enhanced = "enhanced"
        if self._count > len(self._rows):
            enhanced += f" (first {len(self._rows)} of {self._count})"
        for left, title in zip(lefts, ("low", enhanced, "high"), strict=True):
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


def contact_sheet(
    rows: Iterable[tuple[str, EncodedImage, EncodedImage, EncodedImage]],
    path: str | os.PathLike[str],
    *,
    width: int = 1200,
    limit: int = 48,
) -> None:
    """Write a `ContactSheet` of ``(name, low, enhanced, high)`` rows as PNG."""
    sheet = ContactSheet(width, limit)
    for row in rows:
        sheet.add(*row)
    sheet.write(path)


def _psnr_text(image: EncodedImage, target: EncodedImage) -> str:
    if image.shape != target.shape:
        return ""
    score = psnr(jnp.asarray(to_float(image[None])), to_float(target[None]))
    return f"PSNR {float(score[0]):.2f} dB"


def _thumbnail(image: EncodedImage, width: int) -> Image.Image:
    """The image `width` pixels wide, 8 bit, its aspect kept."""
    u8 = image if image.dtype == np.uint8 else np.asarray(to_u8(to_float(image)))
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    # Averages whole blocks first: large pictures take a fraction of the time.
    return Image.fromarray(u8).resize(
        (width, height), Image.Resampling.LANCZOS, reducing_gap=3.0
    )
