"""The plots of a report."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from lled_jax.columns import LOWER, Column, describe
from lled_jax.comparison.agree import Agreement
from lled_jax.comparison.read import Run
from lled_jax.comparison.svg import INK, MARKERS, colour, log_ticks, scatter, short, svg


class Plot(NamedTuple):
    """A figure for the page."""

    key: str
    title: str
    alt: str
    """What a person who cannot see it should know."""

    svg: str


def plots(runs: Sequence[Run], agreement: Agreement) -> list[Plot]:
    """All plots that the runs have numbers for."""
    score = describe(agreement.columns[0], agreement.protocol)
    made = [
        _over_cost(runs, score, "parameters", "parameters", _parameters),
        _over_cost(runs, score, "time", "milliseconds per image", _milliseconds),
        _distribution(runs, score),
        _per_image(runs, agreement, score),
        _training(runs, "training", "holdout_psnr", "held-out PSNR, dB"),
        _training(runs, "loss", "loss", "training loss", log=True),
    ]
    return [plot for plot in made if plot is not None]


def _parameters(run: Run) -> float | None:
    value = run.facts.get("parameters")
    return float(value) if isinstance(value, int) and value > 0 else None


def _milliseconds(run: Run) -> float | None:
    return run.timing.median if run.timing and run.timing.median > 0 else None


def _over_cost(
    runs: Sequence[Run],
    score: Column,
    key: str,
    label: str,
    cost: Callable[[Run], float | None],
) -> Plot | None:
    """Score over a cost, log axis; methods without the cost are left out."""
    points = [
        (index, run, value, run.means[score.name])
        for index, run in enumerate(runs)
        if (value := cost(run)) is not None and score.name in run.means
    ]
    if not points:
        return None

    def draw(axes: Axes) -> None:
        for index, run, x, y in points:
            scatter(axes, [x], [y], index, run.name, 70)
            if key == "time" and run.timing:
                ends = [run.timing.fastest, run.timing.slowest]
                axes.plot(ends, [y, y], color=colour(index), lw=1.5)
        axes.margins(0.12)
        log_ticks(axes, axes.xaxis, prefixes=key == "parameters")
        axes.set(xlabel=f"{label} (log)", ylabel=_label(score))

    title = f"{score.heading} over {label}"
    alt = "; ".join(
        f"{run.name}: {score.text(y)} at {x:,.0f}" for _, run, x, y in points
    )
    return Plot(key, title, f"{title}. {alt}.", svg(key, draw))


def _distribution(runs: Sequence[Run], score: Column) -> Plot | None:
    having = [(i, run) for i, run in enumerate(runs) if score.name in run.means]
    series = [[image[score.name] for image in r.images.values()] for _, r in having]
    if not series or len(series[0]) < 2:
        return None

    def draw(axes: Axes) -> None:
        line = {"color": INK, "linewidth": 1}
        places = [len(having) - n for n in range(len(having))]  # the first on top
        axes.boxplot(
            series,
            positions=places,
            orientation="horizontal",
            widths=0.6,
            showfliers=False,
            boxprops=line,
            whiskerprops=line,
            capprops=line,
            medianprops={"color": INK, "linewidth": 2},
        )
        for (index, run), values, place in zip(having, series, places, strict=True):
            scatter(axes, values, [place] * len(values), index, run.name, 14)
        axes.set_yticks(places, [short(run.name) for _, run in having])
        axes.set_xlabel(_label(score))

    title = f"{score.heading} of single images per method"
    alt = f"{title}: boxes of the quartiles, a point for each image; as in the table."
    height = 1.3 + 0.45 * len(having)
    return Plot("spread", title, alt, svg("spread", draw, height, legend=False))


def _per_image(runs: Sequence[Run], agreement: Agreement, score: Column) -> Plot | None:
    having = [(i, run) for i, run in enumerate(runs) if score.name in run.means]
    # From hard to easy by the mean of the methods: a trend is seen, and who breaks it.
    names = sorted(
        agreement.names,
        key=lambda name: sum(run.images[name][score.name] for _, run in having),
        reverse=score.better == LOWER,
    )
    if len(names) < 2:
        return None

    def draw(axes: Axes) -> None:
        places = list(range(len(names)))
        few = len(names) <= 40
        for index, run in having:
            values = [run.images[name][score.name] for name in names]
            if few:  # else lines hide the points
                axes.plot(places, values, color=colour(index), lw=0.8, alpha=0.6)
            scatter(axes, places, values, index, run.name, 26 if few else 8)
        if few:
            labels = [short(name, 14) for name in names]
            axes.set_xticks(places, labels, rotation=90, fontsize=9)
        axes.set(xlabel="image, from hard to easy", ylabel=_label(score))

    title = f"{score.heading} of each image"
    alt = f"{title} by each method, images from hard to easy; as in the table."
    return Plot("per-image", title, alt, svg("per-image", draw, 4.2))


def _training(
    runs: Sequence[Run], key: str, name: str, label: str, *, log: bool = False
) -> Plot | None:
    lines = [
        (index, run, points)
        for index, run in enumerate(runs)
        if (points := [(r["step"], r[name]) for r in run.curve if name in r])
    ]
    if not lines:
        return None

    def draw(axes: Axes) -> None:
        for index, run, points in lines:
            steps, values = zip(*points, strict=True)
            marker = MARKERS[index % len(MARKERS)] if len(points) <= 60 else "none"
            (line,) = axes.plot(steps, values, lw=1.2, color=colour(index))
            line.set(marker=marker, markersize=4, label=short(run.name))
        if log:
            log_ticks(axes, axes.yaxis)
        axes.set(xlabel="step", ylabel=label)

    title = f"{label[0].upper()}{label[1:]}"
    ends = "; ".join(
        f"{run.name}: {points[-1][1]:.4g} at step {points[-1][0]:.0f}"
        for _, run, points in lines
    )
    return Plot(
        key,
        title,
        f"{title} over steps of training. Last values: {ends}.",
        svg(key, draw),
    )


def _label(score: Column) -> str:
    unit = ", dB" if score.name.startswith("psnr") else ""
    better = f" ({score.better} is better)" if score.better else ""
    return f"{score.heading}{unit}{better}"
