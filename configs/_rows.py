"""The rows of a config that has several: its argument names one."""

from collections.abc import Iterable


def check(row: str, rows: Iterable[str]) -> None:
    """Raise `ValueError` that lists the known rows unless `row` is one of them."""
    rows = tuple(rows)
    if row not in rows:
        raise ValueError(f"unknown row {row!r}; rows: {', '.join(rows)}")
