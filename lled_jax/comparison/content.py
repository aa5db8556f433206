"""What a report is made of, before it becomes HTML, Markdown or LaTeX."""

from dataclasses import dataclass

from lled_jax.comparison.plates import Plate
from lled_jax.comparison.tables import Table


@dataclass(frozen=True)
class Section:
    """A part of the page; what is empty is not shown."""

    key: str
    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()
    plots: tuple = ()
    plates: tuple[Plate, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that is printed."""

    title: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def tables(self) -> list[Table]:
        """The tables of all sections, in their order."""
        return [table for section in self.sections for table in section.tables]
