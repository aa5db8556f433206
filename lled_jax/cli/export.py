"""`lled export`: the network as a file for another runtime."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lled_jax.cli.sizes import image_size
from lled_jax.shipped import DEFAULT, SHIPPED

if TYPE_CHECKING:
    from lled_jax.export.exporting import Exported


def export(
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="onnx, tflite, stablehlo, savedmodel.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write; a folder for stablehlo and savedmodel.",
        ),
    ],
    model: Annotated[
        Path,
        typer.Option(
            metavar="WEIGHTS",
            help=f"{', '.join(SHIPPED)}, a run's folder, or a .safetensors file.",
        ),
    ] = Path(DEFAULT),
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="f32, f16, bf16, int8 or int8_dynamic.")
    ] = "f32",
    size: Annotated[
        str | None,
        typer.Option(metavar="HxW", help="Only this size, height first, as 400x600."),
    ] = None,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Any size; so it is without --size, too.")
    ] = False,
    pixels: Annotated[
        str,
        typer.Option(metavar="NAME", help="float32 in [0, 1], or uint8 in and out."),
    ] = "float32",
    layout: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of ONNX with float32: nchw or nhwc; all else is nhwc.",
            show_default=False,
        ),
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            metavar="FOLDER", help="Pairs to check it on, and to calibrate int8 with."
        ),
    ] = "demo",
    licence: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Of your own weights, for the file.",
            show_default=False,
        ),
    ] = "",
) -> None:
    r"""Write the network as a file for another runtime.

    The file is run by that runtime and kept only if its answers are the
    network's. It needs an extra: pip install 'lled-jax\[export]'
    """
    if size and dynamic:
        raise typer.BadParameter("give --size or --dynamic, not both")
    fixed = image_size("--size", size, "400x600") if size else None
    from lled_jax.cli.process import exit_status

    def write() -> None:
        from lled_jax.export.exporting import Request, export

        wish = Request(
            format, output, model, precision, pixels, layout, fixed, data, licence
        )
        _tell(output, export(wish))

    raise typer.Exit(exit_status(write))


def _tell(output: Path, done: "Exported") -> None:
    contract, found = done.contract, done.agreement
    typer.echo(
        f"{output}: {contract.model}, {contract.precision}, {done.bytes:,} bytes"
    )
    facts = contract.metadata()
    typer.echo(f"  low       {facts['low']}")
    typer.echo(f"  enhanced  {facts['enhanced']}")
    sizes = ", ".join(f"{h}x{w}" for h, w in dict.fromkeys(found.sizes))
    typer.echo(f"  checked   at {sizes} against JAX in float32:")
    typer.echo(
        f"            largest difference {found.largest:.1e}, {found.psnr:.1f} dB, "
        f"{found.changed:.2%} of the 8-bit values differ,"
    )
    typer.echo(f"            {found.loss:+.3f} dB lost against the targets,")
    typer.echo(f"            {found.white:.1f} dB where half of a picture is white")
