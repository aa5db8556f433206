"""Tables as Markdown and as LaTeX."""

import re
from collections.abc import Sequence

from lled_jax.comparison.tables import BEST, NOTHING, SECOND, Cell, Heading, Table

_ARROWS = {"higher": "↑", "lower": "↓", "": ""}

# Characters that mean something in a cell of Markdown.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~&$!])")

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "—": "---",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At the start of a row they would be arguments of the line break before it.
    "[": "{[}",
    "*": "{*}",
    '"': r"\textquotedbl{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}
# Longer ones may break over pages.
_LONG = 40

_PREAMBLE = (
    "% \\input this file.  In the preamble: \\usepackage[T1]{fontenc},\n"
    "% \\usepackage{booktabs,longtable}\n"
)


def one_line(text: str) -> str:
    """Names come from files: line breaks and control characters become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def markdown_escape(text: str) -> str:
    """Plain text for a cell or a line of Markdown."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def latex_escape(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_LATEX.get(sign, sign) for sign in one_line(text))


_MADE = "<!-- made by lled report -->\n"
MARKS = {
    "html": f"<!doctype html>\n{_MADE}",
    "md": _MADE,
    "tex": _PREAMBLE.partition("  ")[0],
}
"""What the files begin with, by which they are known again."""


def markdown(title: str, notes: Sequence[str], tables: Sequence[Table]) -> str:
    """A Markdown page: title, notes as a list, a section for each table."""
    parts = [f"# {markdown_escape(title)}"]
    if notes:
        parts.append("\n".join(f"- {markdown_escape(note)}" for note in notes))
    for table in tables:
        parts += [f"## {markdown_escape(table.title)}", markdown_escape(table.caption)]
        parts.append(_markdown_table(table))
    return MARKS["md"] + "\n\n".join(parts) + "\n"


def _markdown_table(table: Table) -> str:
    marks = {BEST: "**{}**", SECOND: "<u>{}</u>"}
    rule = [":--" if not heading.numeric else "--:" for heading in table.headings]
    lines = [[markdown_escape(_heading(h)) for h in table.headings], rule]
    for row in table.rows:
        cells = [(marks.get(c.mark, "{}"), markdown_escape(c.text)) for c in row]
        lines.append([form.format(text) for form, text in cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _heading(heading: Heading) -> str:
    return f"{heading.text} {_ARROWS[heading.better]}".strip()


def latex(title: str, notes: Sequence[str], tables: Sequence[Table]) -> str:
    """A LaTeX fragment of booktabs tables; the notes are comments before them."""
    comments = "".join(f"% {one_line(line)}\n" for line in (title, *notes))
    return _PREAMBLE + comments + "".join(f"\n{_latex_table(t)}" for t in tables)


def _latex_table(table: Table) -> str:
    spec = "".join("r" if heading.numeric else "l" for heading in table.headings)
    heads = [latex_escape(_heading(heading)) for heading in table.headings]
    body = [" & ".join(map(_latex_cell, row)) + r" \\" for row in table.rows]
    middle = [r"\toprule", " & ".join(heads) + r" \\", r"\midrule", *body]
    named = rf"\caption{{{latex_escape(table.caption)}}}\label{{tab:{table.key}}}"
    if len(table.rows) > _LONG:
        middle.insert(3, r"\endhead")
        lines = [rf"\begin{{longtable}}{{{spec}}}", named + r"\\", *middle]
        lines += [r"\bottomrule", r"\end{longtable}"]
    else:
        lines = [r"\begin{table}", r"\centering", named]
        lines += [rf"\begin{{tabular}}{{{spec}}}", *middle]
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _latex_cell(cell: Cell) -> str:
    if cell.text == NOTHING:
        return "--"
    marks = {BEST: r"\textbf{%s}", SECOND: r"\underline{%s}"}
    return marks.get(cell.mark, "%s") % latex_escape(cell.text)
