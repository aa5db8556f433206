"""The training curves of a run as one picture."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lled_jax.files import atomic_write
from lled_jax.training.records import Record, read_metrics

# Recorded beside the loss terms, and no terms themselves.
_OTHERS = {"step", "seconds", "lr", "grad_norm", "images_per_s", "data_wait"}


def draw(workdir: Path, path: Path) -> None:
    """Draw loss terms, held-out scores and learning rate over steps into a PNG."""
    records = read_metrics(workdir)
    figure = Figure(figsize=(9, 8), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    names = {n for r in records if "loss" in r for n in r} - _OTHERS
    for name in sorted(names, key=lambda n: (n != "loss", n)):
        _line(top, records, name)
    top.set(yscale="log", ylabel="loss (terms unweighted)")
    top.legend(ncols=3, fontsize="small")
    _line(middle, records, "holdout_psnr", "C0")
    middle.set_ylabel("held-out PSNR, dB", color="C0")
    other = middle.twinx()
    _line(other, records, "holdout_ssim", "C1")
    other.set_ylabel("held-out SSIM", color="C1")
    _line(bottom, records, "lr")
    bottom.set(ylabel="learning rate", xlabel="step")
    for axes in (top, middle, bottom):
        axes.grid(alpha=0.3)
    with atomic_write(path) as partial:
        figure.savefig(partial, format="png", dpi=110)


def _line(
    axes: Axes,
    records: list[Record],
    name: str,
    colour: str | None = None,
) -> None:
    points = [(r["step"], r[name]) for r in records if r.get(name) is not None]
    if points:
        steps, values = zip(*points, strict=True)
        marker = "." if name.startswith("holdout") else None
        axes.plot(steps, values, label=name, color=colour, marker=marker, lw=1)
