"""`lled prepare`: what was downloaded by hand becomes pairs for training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lled_jax.data.parallel import cores

if TYPE_CHECKING:
    from lled_jax.cli.preparing import Task

prepare = typer.Typer(
    name="prepare",
    help="Turn a downloaded data set into pairs for training.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Src = Annotated[
    Path, typer.Argument(metavar="SRC", help="What you downloaded: a folder or a zip.")
]
Dest = Annotated[
    Path | None,
    typer.Argument(metavar="DEST", help="Folder for the pairs, such as data/fivek."),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Take what is there if something is missing.")
]
Check = Annotated[
    bool,
    typer.Option("--check", "--dry-run", help="Only list what is there and missing."),
]
Tfds = Annotated[
    bool,
    typer.Option(
        "--tfds", help="Make a TFDS set; DEST, if given, is TFDS's data folder."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Pairs at a time; by default the cores."),
]


def _add_lol(key: str, text: str) -> None:
    """A command for a set that has no options of its own."""

    @prepare.command(name=key, help=text, no_args_is_help=True)
    def command(
        src: Src,
        dest: Dest = None,
        partial: Partial = False,
        check: Check = False,
        tfds: Tfds = False,
        jobs: Jobs = None,
    ) -> None:
        _run(key, src, dest, partial, check, tfds, jobs)


_add_lol("lol", "LOL: 485 training and 15 test pairs.")
_add_lol("lol_v2_real", "LOL-v2, real captured: 689 training and 100 test pairs.")
_add_lol("lol_v2_synthetic", "LOL-v2, synthetic: 900 training and 100 test pairs.")


@prepare.command(name="fivek", no_args_is_help=True)
def fivek(
    src: Src,
    dest: Dest = None,
    size: Annotated[
        str,
        typer.Option(
            metavar="SIZE", help="512 (long side), 480p (short side) or full."
        ),
    ] = "512",
    partial: Partial = False,
    check: Check = False,
    tfds: Tfds = False,
    jobs: Jobs = None,
) -> None:
    """MIT-Adobe FiveK, expert C: 4500 training and 500 test pairs, 16 bit.

    SRC holds the DNGs and expert C's TIFFs, or the folders input/ and expertC/
    of a prepared copy.
    """
    _run("fivek", src, dest, partial, check, tfds, jobs, {"size": size}, size)


@prepare.command(name="sid", no_args_is_help=True)
def sid(
    src: Src,
    dest: Dest = None,
    rendition: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="amplified by the ratio, dark as shot, or packed RAW."
        ),
    ] = "amplified",
    curve: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="bt709, as the authors' code has it, or srgb."
        ),
    ] = "bt709",
    half: Annotated[
        bool, typer.Option("--half", help="Half the width and height.")
    ] = False,
    misaligned: Annotated[
        bool,
        typer.Option(
            "--misaligned", help="Keep the test scenes 10034, 10045 and 10172."
        ),
    ] = False,
    first: Annotated[
        bool, typer.Option("--first", help="Only the first image of each burst.")
    ] = False,
    partial: Partial = False,
    check: Check = False,
    tfds: Tfds = False,
    jobs: Jobs = None,
) -> None:
    """See in the Dark, Sony: 1865 training, 234 validation and 598 test pairs, 16 bit.

    Three test scenes do not lie on their targets; the authors ask to leave them
    out of numbers, and so they are, unless --misaligned is given.
    """
    chosen = {"rendition": rendition, "curve": curve, "half": half}
    also = {"misaligned": misaligned, "first": first}
    if tfds and (curve != "bt709" or misaligned or first or rendition == "packed"):
        raise typer.BadParameter("--tfds makes amplified and dark as by default only")
    config = rendition + "_half" * half
    _run("sid_sony", src, dest, partial, check, tfds, jobs, chosen | also, config)


def _run(
    key: str,
    src: Path,
    dest: Path | None,
    partial: bool,
    check: bool,
    tfds: bool,
    jobs: int | None,
    options: dict[str, object] | None = None,
    config: str = "",
) -> None:
    if dest is None and not (check or tfds):
        raise typer.BadParameter("name DEST, the folder for the pairs")
    from lled_jax.cli import preparing

    if check and tfds:
        dest = None  # TFDS's folder of many sets, which holds no pairs
    task: Task = preparing.Task(
        key, src, dest, partial, jobs or cores(), options or {}, config
    )
    work = preparing.to_tfds if tfds else preparing.to_folder
    raise typer.Exit(preparing.status(preparing.check if check else work, task))
