"""The `lled` command.  It starts fast: no subcommand's libraries are imported here."""

from typing import Annotated

import typer

from lled_jax.cli.average import average
from lled_jax.cli.demo import demo
from lled_jax.cli.enhance import enhance
from lled_jax.cli.export import export
from lled_jax.cli.prepare import prepare
from lled_jax.cli.profile import profile
from lled_jax.cli.report import report

app = typer.Typer(
    name="lled",
    help="Brighten dark photos and videos.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    # A defect of ours shows its traceback as Python prints it, without local values.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(enhance)
app.command()(demo)
app.command()(profile)
app.add_typer(prepare)
app.command(no_args_is_help=True)(report)
app.command(no_args_is_help=True)(export)
app.command(no_args_is_help=True)(average)


def _print_version(wanted: bool) -> bool:
    if wanted:
        from lled_jax.versions import version

        typer.echo(f"lled {version('lled-jax')}")
        raise typer.Exit
    return wanted


@app.callback()
def lled(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and stop.",
        ),
    ] = False,
) -> None:
    """Brighten dark photos and videos."""


def main() -> None:
    """The entry point: exits with 0, 1 (an error), 2 (a wrong command line) or 128 + n.

    n is the signal that stopped it: 130 after Ctrl-C, 143 after SIGTERM.
    """
    app(prog_name="lled")
