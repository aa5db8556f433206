"""Numbers of others to print beside ours: the paper's own and reference points.

They are typed from their sources, which each block names.  No block's SSIM may stand in
a column with another's: the variants differ.
"""

from typing import NamedTuple

from lled_jax.comparison.tables import NOTHING, Cell, Heading, Table

PAPER = (
    "Li, Wang, Zhang: Low-light image enhancement with knowledge distillation, "
    "Neurocomputing 2022"
)


class Row(NamedTuple):
    """One published line; `None` where the source says nothing."""

    method: str
    psnr: float
    ssim: float
    lpips: float | None = None
    millions: float | None = None
    """Of parameters."""

    gmacs: float | None = None


class Block(NamedTuple):
    """Rows of one data set from one source, and which SSIM it means."""

    key: str
    data: str
    source: str
    ssim: str
    rows: tuple[Row, ...]


_UNSTATED = "variant not stated in the paper"
_UNIFORM = "uniform 7x7"
_SSIM = {_UNSTATED: "paper's SSIM", _UNIFORM: "SSIM 7x7"}

# Table 4's cost at 3x1200x900.
_STUDENT, _TEACHER = (0.283, 83.95), (2.151, 605.8)

BLOCKS = (
    Block(
        "paper-lol",
        "LOL, 15 test pairs",
        f"{PAPER}, table 5 (table 1 is a misprint: it repeats table 2)",
        _UNSTATED,
        (
            Row("base", 21.06, 0.8068),
            Row("base + gradient branch, Canny", 21.10, 0.8072),
            Row("base + gradient branch, image", 21.15, 0.8096),
            Row("base + gradient branch, Sobel", 21.19, 0.8117),
            Row("student (with distillation)", 21.24, 0.8137, None, *_STUDENT),
            Row("teacher", 22.72, 0.8350, None, *_TEACHER),
        ),
    ),
    Block(
        "paper-fivek",
        "MIT-Adobe FiveK, 500 test pairs, expert C",
        f"{PAPER}, tables 2 and 6",
        _UNSTATED,
        (
            Row("student", 24.67, 0.8911, 0.0813, *_STUDENT),
            Row("teacher", 25.47, 0.9134, 0.0454, *_TEACHER),
            Row("HDRNet", 24.07, 0.8862),
            Row("HDRNet + distillation", 24.37, 0.8892),
            Row("HDRNet teacher", 24.84, 0.8930),
        ),
    ),
    Block(
        "paper-sid",
        "SID Sony, official test split",
        f"{PAPER}, table 3",
        _UNSTATED,
        (
            Row("student", 21.34, 0.6499, None, *_STUDENT),
            Row("teacher", 22.47, 0.6681, None, *_TEACHER),
        ),
    ),
    Block(
        "reference-lol",
        "LOL, 15 test pairs",
        "measured by this project from published outputs or weights",
        _UNIFORM,
        (
            Row("low (the input)", 7.77, 0.191, 0.560),
            Row("Zero-DCE", 14.86, 0.562, 0.335),
            Row("RAUNA", 22.49, 0.818, 0.160),
            Row("DCC-Net", 22.98, 0.848, 0.143),
            Row("ULBPNet", 23.35, 0.847, 0.145),
            Row("FCANet", 24.08, 0.854, 0.128),
        ),
    ),
)


def tables() -> list[Table]:
    """A table of each block; nothing is marked, nothing of ours is in it."""
    return [_table(block) for block in BLOCKS]


def _table(block: Block) -> Table:
    # Where the SSIM is stated, both are given with three decimals.
    digits = "{:.4f}" if block.ssim == _UNSTATED else "{:.3f}"
    optional = {
        "LPIPS": [_cell(row.lpips, digits) for row in block.rows],
        "parameters, M": [_cell(row.millions, "{:.3f}") for row in block.rows],
        "GMACs at 1200x900": [_cell(row.gmacs, "{:g}") for row in block.rows],
    }
    there = {k: v for k, v in optional.items() if any(c.value is not None for c in v)}
    rows = tuple(
        (
            Cell(row.method),
            _cell(row.psnr, "{:.2f}"),
            _cell(row.ssim, digits),
            *(cells[index] for cells in there.values()),
        )
        for index, row in enumerate(block.rows)
    )
    return Table(
        block.key,
        f"{block.data}: {'published' if block.ssim == _UNSTATED else 'reference'}",
        f"Not measured by this report: {block.data}; {block.source}. "
        f"SSIM: {block.ssim}; not comparable with another SSIM.",
        (
            Heading("method", numeric=False),
            Heading("PSNR"),
            Heading(_SSIM[block.ssim]),
            *(Heading(text) for text in there),
        ),
        rows,
    )


def _cell(value: float | None, form: str) -> Cell:
    return Cell(NOTHING) if value is None else Cell(form.format(value), value)
