"""The rows of a config that has several: its argument names one."""


def check(row: str, rows: tuple[str, ...]) -> None:
    """Raise `ValueError` that lists the known rows unless `row` is one of them."""
    if row not in rows:
        raise ValueError(f"unknown row {row!r}; rows: {', '.join(rows)}")
