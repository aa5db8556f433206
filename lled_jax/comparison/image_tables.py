"""Tables of single images: every score, and how a method's scores spread."""

import statistics
from collections.abc import Sequence

from lled_jax.columns import Column, describe
from lled_jax.comparison.agree import Agreement
from lled_jax.comparison.read import Run
from lled_jax.comparison.tables import BEST, Cell, Heading, Table, cell_of, ranked

# The others' means say enough; their scores per image are in scores.csv.
_SHOWN = ("psnr", "ssim", "lpips", "niqe")


def distribution_table(runs: Sequence[Run], agreement: Agreement) -> Table:
    """How the PSNR (or the first column) spreads over the images, per method."""
    column = describe(agreement.columns[0], agreement.protocol)
    having = [run for run in runs if column.name in run.means]
    words = ["lowest", "first quartile", "median", "third quartile", "highest"]
    words += ["mean", "standard deviation"]
    caption = f"{column.heading} of single images, per method."
    rows = [(Cell(run.name), *_spread(run, column)) for run in having]
    if len(having) > 1:
        words.append("images best")
        caption += " In the last column: on how many images the method is the best."
        wins = _wins(having, column)
        rows = [(*row, Cell(str(n), n)) for row, n in zip(rows, wins, strict=True)]
    headings = (Heading("method", numeric=False), *map(Heading, words))
    title = f"Distribution of {column.heading}"
    return Table("distribution", title, caption, headings, tuple(rows))


def _spread(run: Run, column: Column) -> list[Cell]:
    values = [scores[column.name] for scores in run.images.values()]
    numbers = [min(values), *_quartiles(values), max(values)]
    numbers += [statistics.fmean(values), statistics.pstdev(values)]
    return [cell_of(column, number) for number in numbers]


def _quartiles(values: Sequence[float]) -> list[float]:
    if len(values) == 1:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def _wins(runs: Sequence[Run], column: Column) -> list[int]:
    """On how many images each run is the best, alone or with others but not all."""
    wins = [0] * len(runs)
    for image in runs[0].images:
        values = [run.images[image][column.name] for run in runs]
        for index, cell in enumerate(ranked(column, values)):
            wins[index] += cell.mark == BEST
    return wins


def image_tables(runs: Sequence[Run], agreement: Agreement) -> list[Table]:
    """Images x methods, a table for each of `_SHOWN`."""
    tables = []
    for name in agreement.columns:
        if name not in _SHOWN:
            continue
        column = describe(name, agreement.protocol)
        having = [run for run in runs if name in run.means]
        rows = []
        for image in agreement.names:
            values = [run.images[image][name] for run in having]
            rows.append((Cell(image), *ranked(column, values)))
        better = f"{column.better} is better. " if column.better else ""
        marks = "Best in bold, second best underlined." if len(having) > 1 else ""
        tables.append(
            Table(
                f"images-{name.replace('_', '-')}",
                f"{column.heading} of each image",
                f"{column.heading} of each image; {better}{marks}".strip(),
                (
                    Heading("image", numeric=False),
                    *(Heading(run.name) for run in having),
                ),
                tuple(rows),
            )
        )
    return tables
