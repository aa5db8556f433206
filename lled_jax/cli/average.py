"""`lled average`: one set of weights from several."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Runs' folders or .safetensors files that went on from one start.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="A .safetensors file."),
    ],
) -> None:
    """Average the weights of fine-tunings of the same weights."""
    from lled_jax.cli.process import exit_status

    def write() -> None:
        from lled_jax import averaging

        averaging.average(runs, output)
        typer.echo(output)

    raise typer.Exit(exit_status(write))
