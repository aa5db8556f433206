"""What a column of scores.json is called in print, and which way it is better."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

HIGHER, LOWER = "higher", "lower"

# Metric -> (heading, decimals, which is better), in the order of the tables.
_METRICS = {
    "psnr": ("PSNR", 2, HIGHER),
    "ssim": ("SSIM", 4, HIGHER),
    "lpips": ("LPIPS", 4, LOWER),
    "niqe": ("NIQE", 3, LOWER),
    "ssim_uniform7": ("SSIM 7x7", 4, HIGHER),
    "ssim_grey": ("SSIM grey", 4, HIGHER),
}
# What was done to the outputs before, or that these are the inputs; it changes neither
# decimals nor direction.
_SUFFIXES = {"_x8": " x8", "_gt_mean": " GT mean", "_input": " before"}

GT_MEAN = "_gt_mean"
"""Columns of outputs scaled with the help of the target: never a headline."""

FIRST_TABLE = ("psnr", "ssim", "lpips", "niqe", "psnr_x8", "ssim_x8", "lpips_x8")
"""The columns of the first table, those that the runs have."""


class Column(NamedTuple):
    """A column of scores."""

    name: str
    heading: str
    decimals: int
    better: str
    """`HIGHER`, `LOWER`, or "" where nothing says: then nobody is best."""

    def text(self, value: float) -> str:
        """The value as it is printed."""
        return f"{value:.{self.decimals}f}"


def describe(name: str, protocol: Sequence[str] = ()) -> Column:
    """The column called `name`; one that we do not know is read off its protocol.

    Its line there says "higher is better" or "lower is better", or it has no
    direction.
    """
    metric, ending = name, ""
    for suffix, words in _SUFFIXES.items():
        if name.endswith(suffix):
            metric, ending = name.removesuffix(suffix), words
    if metric in _METRICS:
        heading, decimals, better = _METRICS[metric]
        return Column(name, heading + ending, decimals, better)
    own = next((line for line in protocol if line.startswith(f"{name}:")), "")
    better = next((d for d in (HIGHER, LOWER) if f"{d} is better" in own), "")
    return Column(name, name, 4, better)


def in_order(names: Iterable[str]) -> list[str]:
    """Column names as the tables have them: known ones first, then the others."""
    order = [
        metric + suffix for suffix in ("", *_SUFFIXES) for metric in list(_METRICS)
    ]
    unique = dict.fromkeys(names)
    return [n for n in order if n in unique] + [n for n in unique if n not in order]
