"""What a person sees of an evaluation in words and numbers: table, result files."""

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lled_jax.columns import GT_MEAN, describe
from lled_jax.errors import InputError
from lled_jax.evaluation import Evaluation
from lled_jax.files import write_csv, write_json
from lled_jax.metrics import COLUMNS
from lled_jax.versions import version

SCORES = "scores.json"


def print_facts(facts: Mapping[str, Any], console: Console) -> None:
    """Print what is known of a run in a line, and an empty one."""
    text = "  ".join(f"{key} {_short(value)}" for key, value in facts.items())
    console.print(text, highlight=False, markup=False)
    console.print()


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_short(part)}" for key, part in value.items())
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_table(
    evaluation: Evaluation, console: Console, *, untouched: Evaluation | None = None
) -> None:
    """Print the scores, a line per image and the mean, and how they were made.

    `untouched`, the scores of the dark inputs themselves, adds their mean as a row.

    The columns that use the target's mean brightness stand behind a bar, dimmed: they
    are not comparable with the others.  Columns that are not of `metrics.COLUMNS` have
    a table of their own, so that each fits into 80 characters.
    """
    usual = [column for column in evaluation.scores if column in COLUMNS]
    others = [column for column in evaluation.scores if column not in COLUMNS]
    for columns in (usual, others):
        if columns:
            console.print(_table(evaluation, columns, untouched))
            console.print()
    for line in evaluation.protocol:
        console.print(Text(line, style="dim"))


def _table(
    evaluation: Evaluation,
    columns: Sequence[str],
    untouched: Evaluation | None,
) -> Table:
    table = Table(box=box.SIMPLE, padding=0, show_edge=False, show_footer=True)
    table.add_column("image", "mean", overflow="fold", min_width=8, vertical="bottom")
    mean_row = _cells("mean", evaluation.means, columns)
    for column in columns:
        if column == _first_apart(columns):
            table.add_column("|\n|", "|", style="dim", no_wrap=True)
        table.add_column(
            describe(column).heading.replace(" ", "\n", 1),
            mean_row[len(table.columns)],
            justify="right",
            no_wrap=True,
            style="dim" if column.endswith(GT_MEAN) else "",
            vertical="bottom",
        )
    for index, name in enumerate(evaluation.names):
        scores = {c: evaluation.scores[c][index] for c in columns}
        table.add_row(*_cells(name, scores, columns))
    if untouched is not None:
        table.add_section()
        table.add_row(*_cells("input", untouched.means, columns))
    return table


def _first_apart(columns: Sequence[str]) -> str | None:
    """The column that the bar stands before."""
    return next((c for c in columns if c.endswith(GT_MEAN)), None)


def _cells(
    name: str, scores: Mapping[str, float], columns: Sequence[str]
) -> list[Text]:
    """A row of the table, with the bar in it; empty where there is no score."""
    # Text, not strings: rich would read [x] in a name as markup.
    cells = [Text(name)]
    for column in columns:
        if column == _first_apart(columns):
            cells.append(Text("|"))
        known = column in scores
        cells.append(Text(describe(column).text(scores[column]) if known else ""))
    return cells


def require_own(folder: Path, **source: str) -> None:
    """Raise `InputError` if `folder` holds results of other images than `source`.

    `source` are the facts that say which images: data and split, or photos.  The new
    results would take their place, with some of their pictures left between the new.
    """
    path = folder / SCORES
    if not path.is_file():
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return
    if not isinstance(there, dict):  # what cannot be read is no loss
        return
    for fact, value in source.items():
        if Path(str(there.get(fact))) != Path(value):
            raise InputError(
                f"{folder} holds results of {fact} {there.get(fact)}, not of {value}: "
                "give another folder by --out, or remove that one"
            )


def write_results(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    extra: Mapping[str, Any],
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
        "versions": {p: version(p) for p in ("lled-jax", "jax", "numpy")},
    }
    taken = sorted({*ours, "images"} & set(extra))
    if taken:
        raise ValueError(f"extra facts may not be called {taken[0]!r}: it is taken")
    images = {name: dict(zip(columns, values, strict=True)) for name, *values in rows}
    folder = Path(folder)
    write_json(folder / SCORES, {**ours, **extra, "images": images})
    write_csv(folder / "scores.csv", ["image", *columns], rows)
