"""Matplotlib's figures as SVG for a page, in the page's colours."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    EngFormatter,
    LogLocator,
    NullFormatter,
    StrMethodFormatter,
)

# Matplotlib draws with these; in the SVG they become the page's variables.
_SERIES = [f"#0f0e{i:02x}" for i in range(8)]
INK, _GRID, _GROUND = "#0f0d01", "#0f0d02", "#0f0d03"
_VARIABLES = {INK: "var(--text)", _GRID: "var(--line)", _GROUND: "var(--panel)"}
_VARIABLES |= {colour: f"var(--series-{i})" for i, colour in enumerate(_SERIES)}

# Told apart without colour too; with more methods than colours by both.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "<", ">")

_STYLE = {
    "svg.fonttype": "none",  # text stays text: it scales, is searched and read out
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": _GROUND,
    "figure.facecolor": _GROUND,
    "legend.facecolor": _GROUND,
    "legend.edgecolor": _GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.usetex": False,
    "text.parse_math": False,  # a method may be called $x_1$
}


def colour(index: int) -> str:
    """Of the run at `index`, in every plot the same."""
    return _SERIES[index % len(_SERIES)]


def scatter(
    axes: Axes,
    x: Sequence[int | float],
    y: Sequence[int | float],
    index: int,
    name: str,
    size: int,
) -> None:
    """Points of the run at `index`, `size` square points large."""
    marker = MARKERS[index % len(MARKERS)]
    # Not axes.scatter: it would put every marker into a definition of its own.
    axes.plot(
        x,
        y,
        marker,
        color=colour(index),
        ms=size**0.5,
        mec=_GROUND,
        mew=0.6,
        label=short(name),
    )


def short(text: str, limit: int = 28) -> str:
    """A name that fits into a plot."""
    if text.startswith("_"):
        text = f"\u200b{text}"  # Matplotlib leaves such names out of legends
    return text if len(text) <= limit else text[: limit - 1] + "…"


def log_ticks(axes: Axes, axis: Axis, *, prefixes: bool = False) -> None:
    """Make an axis of `axes` logarithmic, with plain numbers or `prefixes` as 200 k.

    The default labels are formulas, which are switched off here.
    """
    scale = axes.set_xscale if axis is axes.xaxis else axes.set_yscale
    scale("log")
    low, high = axes.get_xlim() if axis is axes.xaxis else axes.get_ylim()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    plain = StrMethodFormatter("{x:g}")
    axis.set_major_formatter(EngFormatter() if prefixes else plain)
    axis.set_minor_formatter(NullFormatter())


def svg(
    key: str, draw: Callable[[Axes], None], height: float = 3.8, *, legend: bool = True
) -> str:
    """The figure's ``<svg>`` element, the same bytes for the same numbers."""
    style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": f"lled-{key}"}
    with mpl.rc_context(style), warnings.catch_warnings():
        # Fonts are the browser's matter; only the space for a text is guessed.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")
        figure = Figure(figsize=(5.8, height), layout="constrained")
        axes = figure.subplots()
        axes.grid(linewidth=0.6)
        axes.set_axisbelow(True)
        draw(axes)
        if legend:
            names = axes.get_legend_handles_labels()[1]
            columns = max(1, 56 // (6 + max(map(len, names))))
            rows = -(-len(names) // columns)
            figure.set_figheight(height + 0.24 * (rows - 1))  # not at the axes' cost
            figure.legend(loc="outside lower center", ncols=columns, frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return _for_a_page(file.getvalue())


def _for_a_page(svg: str) -> str:
    """The root element alone, in the page's colours, hidden from screen readers.

    The figure around it has the text for those.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Names such as axes_1 are in every figure; a page may have each id once.
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'(<svg [^>]*?)width="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg [^>]*?)height="[^"]*"', r'\1aria-hidden="true"', svg, count=1)
    return re.sub("|".join(_VARIABLES), lambda m: _VARIABLES[m[0]], svg).strip()
