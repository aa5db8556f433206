"""Runs in, one report out: what is in it, in which order, and its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lled_jax.columns import describe
from lled_jax.comparison import paper, text
from lled_jax.comparison.agree import Agreement, agree
from lled_jax.comparison.choice import choose
from lled_jax.comparison.content import Report, Section
from lled_jax.comparison.image_tables import distribution_table, image_tables
from lled_jax.comparison.pictures import find
from lled_jax.comparison.plates import Plate, plate
from lled_jax.comparison.read import Run, read_runs
from lled_jax.comparison.tables import Table, method_tables, source_table
from lled_jax.errors import InputError
from lled_jax.files import atomic_write

FORMATS = ("html", "md", "tex")


@dataclass(frozen=True)
class Wishes:
    """What a report shall hold beyond the tables."""

    paper: bool = False
    names: tuple[str, ...] = ()
    """Images to show as plates; empty: `number` are chosen."""

    number: int = 3
    regions: int = 2


def make(
    arguments: Sequence[str], path: Path, formats: Sequence[str], wishes: Wishes
) -> tuple[list[Path], tuple[str, ...]]:
    """Read runs and write a report of them; its files and what it warns of.

    `arguments` are as in `read_runs`.  A file of each of `formats` is written, called
    as `path` but with the format's ending; in a folder they are called report.  Raises
    `InputError` for runs that cannot be read or compared and for a
    missing library, before anything is written.
    """
    stem = _stem(path)
    runs = read_runs(arguments)
    report = build(runs, agree(runs), wishes, drawn="html" in formats)
    contents = {kind: _render(report, kind) for kind in FORMATS if kind in formats}
    files = {kind: stem.with_name(f"{stem.name}.{kind}") for kind in contents}
    for kind, file in files.items():
        if file != path:  # what was named may be replaced
            _check_own(kind, file)
    written = []
    for kind, content in contents.items():
        file = files[kind]
        with atomic_write(file) as partial:
            partial.write_text(content, encoding="utf-8")
        written.append(file)
    return written, report.warnings


def _check_own(kind: str, file: Path) -> None:
    mark = text.MARKS[kind]
    if file.is_file() and not file.read_text("utf-8", "replace").startswith(mark):
        raise InputError(
            f"{file} is there and is none of a report: give another name by -o, or "
            f"leave {kind} out of --format"
        )


def _stem(path: Path) -> Path:
    if path.is_dir():
        return path / "report"
    known = path.suffix.lower().lstrip(".") in FORMATS
    return path.with_suffix("") if known else path


def build(
    runs: Sequence[Run], agreement: Agreement, wishes: Wishes, *, drawn: bool = True
) -> Report:
    """The report of runs that agree; `drawn`: with plots and plates.

    Raises `InputError` for an image in `wishes` that is not there, and where plots need
    a library that is missing.
    """
    plots = _plots(runs, agreement) if drawn else {}
    plates, warnings = _plates(runs, agreement, wishes) if drawn else ((), ())
    methods, *others = method_tables(runs, agreement)
    if methods.key != "methods":
        others = [methods, *others]
    headline = (methods,) if methods.key == "methods" else ()
    sections = [
        Section("methods", "Methods", tables=headline, lines=agreement.protocol),
        Section("cost", "Score over cost", plots=plots.get("cost", ())),
        Section("plates", "Side by side", _HOW, plates=plates),
        Section(
            "spread",
            "Over the images",
            tables=(distribution_table(runs, agreement),),
            plots=plots.get("spread", ()),
        ),
        Section("images", "Image by image", tables=(*image_tables(runs, agreement),)),
        Section("variants", "Beyond the headline", tables=(*others,)),
        Section("training", "Training", _CURVES, plots=plots.get("training", ())),
        Section("published", "Published numbers", _PAPER, tables=_paper(wishes)),
        Section("provenance", "Where it comes from", tables=(source_table(runs),)),
    ]
    return Report(
        *_title(runs, agreement),
        (*agreement.warnings, *warnings),
        tuple(s for s in sections if s.tables or s.lines or s.plots or s.plates),
    )


_HOW = (
    "The rectangles lie at the same place in all pictures of a row and are shown "
    "closer below, not compressed. They were placed where there is structure and the "
    "methods differ most, their mean colour apart."
)
_CURVES = (
    "Runs with other objectives or other held-out images have other curves: compare "
    "their shape, not their height."
)
_PAPER = (
    "For orientation only: measured by others or from published outputs, each with its "
    "own protocol, and not ranked against the methods above."
)


def _title(runs: Sequence[Run], agreement: Agreement) -> tuple[str, tuple[str, ...]]:
    data = Path(agreement.data).name if agreement.data else "unnamed data"
    count = f"{len(runs)} methods" if len(runs) > 1 else runs[0].name
    facts = [f"{len(agreement.names)} images", f"data: {agreement.data or 'not named'}"]
    if agreement.split:
        facts.append(f"split: {agreement.split}")
    return f"Low-light enhancement: {count} on {data}", tuple(facts)


def _paper(wishes: Wishes) -> tuple[Table, ...]:
    return tuple(paper.tables()) if wishes.paper else ()


def _plates(
    runs: Sequence[Run], agreement: Agreement, wishes: Wishes
) -> tuple[tuple[Plate, ...], tuple[str, ...]]:
    choices = choose(runs, agreement, wishes.number, wishes.names)
    if not choices:
        return (), ()
    originals = find(runs, agreement)
    column = describe(agreement.columns[0], agreement.protocol)
    plates = [
        plate(runs, originals, choice, column, wishes.regions) for choice in choices
    ]
    shown = [p for p in plates if any(panel.picture for panel in p.panels)]
    warnings = list(originals.warnings)
    if len(shown) < len(plates):
        warnings.append(
            "No pictures of the runs are left: there are no plates of them."
        )
    return tuple(shown), tuple(warnings)


def _plots(runs: Sequence[Run], agreement: Agreement) -> dict[str, tuple]:
    # Here, since tables alone need no library for drawing.
    try:
        from lled_jax.comparison.plots import plots
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    groups = {"parameters": "cost", "time": "cost", "spread": "spread"}
    groups |= {"per-image": "spread", "training": "training", "loss": "training"}
    made: dict[str, tuple] = {}
    for plot in plots(runs, agreement):
        made[groups[plot.key]] = (*made.get(groups[plot.key], ()), plot)
    return made


def _render(report: Report, kind: str) -> str:
    notes = [*report.facts, *(line for s in report.sections for line in s.lines)]
    notes += report.warnings
    if kind == "md":
        return text.markdown(report.title, notes, report.tables)
    if kind == "tex":
        return text.latex(report.title, notes, report.tables)
    assert kind == "html"
    try:
        from lled_jax.comparison.html import html
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return html(report)


def _missing(error: ModuleNotFoundError) -> InputError:
    return InputError(
        f"an HTML report needs {error.name}: pip install 'lled-jax[report]', or "
        "--format md,tex"
    )
