"""`lled profile`: what the networks cost on this device."""

from typing import TYPE_CHECKING, Annotated

import typer

from lled_jax.cli.sizes import image_size

if TYPE_CHECKING:
    from lled_jax.profiling import Cost

SIZES = "256x256,600x400,1200x900,3840x2160"


def profile(
    models: Annotated[
        str, typer.Option(metavar="NAMES", help="Which networks, with commas between.")
    ] = "student,teacher",
    sizes: Annotated[
        str, typer.Option(metavar="WxH,...", help="Sizes of image, width first.")
    ] = SIZES,
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", help="Runs of each, 10 seconds at most.")
    ] = 10,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = (
        False
    ),
) -> None:
    """Measure the networks: parameters, operations, time, memory.

    Operations are multiply-adds of the layers, of the network as the paper has
    it; the program that runs has a folded tail and a few less.
    The paper states them for 1200x900.
    """
    wanted = [image_size("--sizes", text, "600x400") for text in sizes.split(",")]
    from lled_jax.cli.process import exit_status

    def measure() -> None:
        from lled_jax import profiling

        rows = [
            profiling.cost(name.strip(), height, width, repeats)
            for name in models.split(",")
            for width, height in wanted
        ]
        _print_json(rows) if json else _print_tables(rows)

    raise typer.Exit(exit_status(measure))


def _print_json(rows: "list[Cost]") -> None:
    import json

    import jax

    device = jax.devices()[0].device_kind
    print(json.dumps([row._asdict() | {"device": device} for row in rows], indent=2))


def _print_tables(rows: "list[Cost]") -> None:
    import jax
    from rich.console import Console
    from rich.table import Table

    from lled_jax.models.variants import PAPER_SIZE, VARIANTS

    console = Console(highlight=False)
    console.print(f"{jax.devices()[0].device_kind}, float32, one image at a time")
    for name in dict.fromkeys(row.model for row in rows):
        paper, own = VARIANTS[name], [row for row in rows if row.model == name]
        title = f"{name}: {own[0].parameters:,} parameters"
        if paper.paper_parameters:
            title += f", paper {paper.paper_parameters / 1e6:.3f} M"
        table = Table(title=title, title_justify="left")
        for column in ("size", "GMAC", "paper", "ms", "fastest", "slowest", "MiB"):
            table.add_column(column, justify="right")
        for row in own:
            there = (row.width, row.height) == PAPER_SIZE and paper.paper_macs
            table.add_row(
                f"{row.width}x{row.height}",
                f"{row.macs / 1e9:.1f}",
                f"{paper.paper_macs / 1e9:.1f}" if there and paper.paper_macs else "",
                *(f"{t:.0f}" for t in (row.median_ms, row.fastest_ms, row.slowest_ms)),
                f"{row.peak_mib:.0f}",
            )
        console.print(table)
