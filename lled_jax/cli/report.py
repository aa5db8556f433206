"""`lled report`: methods side by side."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Result folders of evaluate.py, workdirs of trainings, or folders "
            "of such; NAME=RUN gives a name.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")
    ] = Path("report.html"),
    formats: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAMES", help="Of html, md, tex, with commas between."
        ),
    ] = "html,md,tex",
    paper: Annotated[
        bool, typer.Option("--paper", help="Add published numbers, apart.")
    ] = False,
    plates: Annotated[
        str,
        typer.Option(
            metavar="NAME,...",
            help="Images to show, instead of those that differ most.",
            show_default=False,
        ),
    ] = "",
    images: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many images to show.")
    ] = 3,
    regions: Annotated[
        int, typer.Option(min=0, max=3, metavar="N", help="Details of each image.")
    ] = 2,
) -> None:
    r"""Compare methods: tables, plots and pictures in one HTML file.

    Next to it lie the same tables as Markdown and LaTeX. Runs must be of the
    same pairs, by the same protocol. It needs an extra:
    pip install 'lled-jax\[report]'
    """
    kinds = _formats(formats)
    names = tuple(name.strip() for name in plates.split(",") if name.strip())
    from lled_jax.cli.process import exit_status

    def make() -> None:
        from lled_jax.comparison import report as comparison

        wishes = comparison.Wishes(paper, names, images, regions)
        written, warnings = comparison.make(runs, output, kinds, wishes)
        for line in warnings:
            typer.echo(f"note: {line}", err=True)
        for path in written:
            typer.echo(path)

    raise typer.Exit(exit_status(make))


def _formats(text: str) -> tuple[str, ...]:
    known = ("html", "md", "tex")
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",")))
    for kind in kinds:
        if kind not in known:
            raise typer.BadParameter(
                f"--format: {kind!r} is none of {', '.join(known)}"
            )
    return kinds
