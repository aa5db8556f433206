"""The tables of a report, independent of how they are printed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lled_jax.columns import FIRST_TABLE, GT_MEAN, HIGHER, Column, describe
from lled_jax.comparison.agree import Agreement
from lled_jax.comparison.read import Run, shown

BEST, SECOND = "best", "second"
NOTHING = "—"

# evaluate.py states the multiply-adds under the image size that they are for.
_GMACS = re.compile(r"gmacs_\d+x\d+")


class Heading(NamedTuple):
    """Of a column; `better` is "higher", "lower" or ""."""

    text: str
    better: str = ""
    numeric: bool = True


class Cell(NamedTuple):
    """What is printed, the number to sort by, and `BEST`, `SECOND` or ""."""

    text: str
    value: float | None = None
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first cell of a row names the row."""

    key: str
    """A short name, unique in a report: an anchor, a label."""

    title: str
    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]


def method_tables(runs: Sequence[Run], agreement: Agreement) -> list[Table]:
    """Methods x columns: the headline with costs, other SSIMs, GT mean apart."""
    groups: dict[str, list[str]] = {"methods": [], "others": [], "gt-mean": []}
    for column in agreement.columns:
        key = "methods" if column in FIRST_TABLE else "others"
        groups["gt-mean" if GT_MEAN in column else key].append(column)
    count = f"Means over {len(agreement.names)} images."
    marks = " Best in bold, second best underlined." if len(runs) > 1 else ""
    words = {
        "methods": ("Methods", count + marks),
        "others": (
            "Other definitions",
            f"Variants that other papers use, not to be mixed with the above. {count}"
            + marks,
        ),
        "gt-mean": (
            "With the target's mean brightness",
            "Never a headline: each output was scaled to its target's mean brightness "
            f"first, which no user has. Not comparable with the other tables. {count}"
            + marks,
        ),
    }
    return [
        _methods(key, *words[key], runs, agreement, columns)
        for key, columns in groups.items()
        if columns
    ]


def _methods(
    key: str,
    title: str,
    caption: str,
    runs: Sequence[Run],
    agreement: Agreement,
    names: Sequence[str],
) -> Table:
    columns = [describe(name, agreement.protocol) for name in names]
    scores = [
        ranked(column, [run.means.get(column.name) for run in runs])
        for column in columns
    ]
    costs = _costs(runs) if key == "methods" else {}
    rows = []
    if agreement.input_means.keys() & set(names):
        values = [cell_of(c, agreement.input_means.get(c.name)) for c in columns]
        rows.append((Cell("low (the input)"), *values, *[Cell(NOTHING)] * len(costs)))
    for index, run in enumerate(runs):
        cells = [column[index] for column in scores]
        own = [cost[index] for cost in costs.values()]
        rows.append((Cell(run.name), *cells, *own))
    headings = [Heading("method", numeric=False)]
    headings += [Heading(c.heading, c.better) for c in columns]
    headings += [Heading(text) for text in costs]
    return Table(key, title, caption, tuple(headings), tuple(rows))


def cell_of(column: Column, value: float | None, mark: str = "") -> Cell:
    """A score as it is printed; `NOTHING` for none."""
    return Cell(NOTHING) if value is None else Cell(column.text(value), value, mark)


def ranked(column: Column, values: Sequence[float | None]) -> list[Cell]:
    """Cells of a column; methods that print the same number share a place."""
    rounded = [None if v is None else round(v, column.decimals) for v in values]
    places = sorted({v for v in rounded if v is not None})
    if column.better == HIGHER:
        places.reverse()
    marks = {}
    if column.better and len(places) > 1:
        marks = {places[0]: BEST, places[1]: SECOND}
    return [
        cell_of(column, value, "" if place is None else marks.get(place, ""))
        for value, place in zip(values, rounded, strict=True)
    ]


def _costs(runs: Sequence[Run]) -> dict[str, list[Cell]]:
    """Heading -> cells: parameters, multiply-adds, time; what no run has is left out.

    Nothing is marked: cost is a choice, and times depend on the device.
    """
    found = {"parameters, M": [_millions(run.facts.get("parameters")) for run in runs]}
    keys = dict.fromkeys(k for run in runs for k in run.facts if _GMACS.fullmatch(k))
    for key in keys:
        found[f"GMACs at {key.removeprefix('gmacs_')}"] = [
            _decimal(run.facts.get(key)) for run in runs
        ]
    sizes = {run.timing.size for run in runs if run.timing}
    where = f" at {sizes.pop()}" if len(sizes) == 1 and all(sizes) else ""
    found[f"ms per image{where}"] = [
        _decimal(run.timing.median if run.timing else None) for run in runs
    ]
    return {
        heading: cells
        for heading, cells in found.items()
        if any(cell.value is not None for cell in cells)
    }


def _millions(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int):
        return Cell(NOTHING)
    return Cell(f"{value / 1e6:.3f}", value)


def _decimal(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(NOTHING)
    return Cell(f"{value:.1f}" if value >= 1 else f"{value:.3f}", float(value))


def source_table(runs: Sequence[Run]) -> Table:
    """Where each method's numbers come from."""
    words = {"scored": "scored", "backend": "backend", "device": "device"}
    words |= {"date": "evaluated"}
    there = [key for key in words if any(run.fact(key) for run in runs)]
    rows = [
        (
            Cell(run.name),
            Cell(shown(run.folder)),
            *(Cell(run.fact(key) or NOTHING) for key in there),
            Cell(_versions(run)),
        )
        for run in runs
    ]
    texts = ("method", "results", *(words[key] for key in there), "versions")
    headings = tuple(Heading(text, numeric=False) for text in texts)
    caption = "What was scored, when and with what."
    return Table("sources", "Where the numbers come from", caption, headings, (*rows,))


def _versions(run: Run) -> str:
    versions = run.facts.get("versions")
    if not isinstance(versions, dict):
        return NOTHING
    return ", ".join(f"{key} {value}" for key, value in versions.items())
