"""The options of `lled`, each described once, and how their values are read."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from lled_jax import folder
from lled_jax.errors import InputError

LOOK, OUTPUT = "How it shall look", "What is written"
NETWORK, RUN = "What does the work", "How the work goes"
BACKENDS = ("jax", "openvino", "openvino_bf16", "onnxruntime")
"""What completion offers; `lled_jax.load` knows what there is."""

EITHER = "give --model or --ckpt, not both"

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
LEAST_MEMORY = 64 * 2**20


def memory(text: str) -> int:
    """Bytes from text such as 2G, 512M, 1.5GiB; raises `BadParameter`."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?) ?([KMGT]?)(I?B)?", text.strip().upper())
    size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if size < LEAST_MEMORY:
        raise typer.BadParameter(f"{text!r}: give 64M or more, as in 512M or 2G")
    return size


def shard(text: str) -> tuple[int, int]:
    """(i, n) from text such as 2/8; raises `BadParameter`."""
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(
            f"{text!r}: give this shard's number, from 1, and how many there are: 1/4"
        )
    return int(match[1]), int(match[2])


def weights(model: str | None, ckpt: Path | None) -> Path:
    """What `lled_jax.load` shall load; `InputError` if there is no such thing."""
    from lled_jax.shipped import DEFAULT, SHIPPED

    if ckpt is not None:
        if folder.kind(ckpt) is None:
            raise InputError(f"no checkpoint at {ckpt}; check the path of --ckpt")
        return ckpt
    name = model or DEFAULT
    if name not in SHIPPED:
        known = ", ".join(SHIPPED)
        raise InputError(
            f"there is no model {name!r}; there is {known}, and --ckpt for your own"
        )
    return SHIPPED[name].path()


def _models() -> list[str]:
    from lled_jax.shipped import SHIPPED

    return list(SHIPPED)


def _backends() -> list[str]:
    return list(BACKENDS)


Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT",
        help="Photos, videos, folders, globs; - reads one photo from standard input.",
        show_default=False,
        readable=False,  # one bad file shall not refuse the rest
    ),
]
Out = Annotated[
    str | None,  # a Path would lose the slash at the end
    typer.Option(
        *("--out", "-o"),
        metavar="OUT",
        help="A folder, or for one input the file to write, as bright.png (bright/ is "
        "always a folder), or - for standard output. "
        "Without it: NAME_enhanced beside the input.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The format of the photos written, as png or jpeg; "
        "otherwise it is the input's.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Quality = Annotated[
    int,
    typer.Option(
        min=1,
        max=100,
        metavar="1..100",
        help="Of JPEG, WebP, AVIF and HEIF.",
        rich_help_panel=OUTPUT,
    ),
]
Compare = Annotated[
    Literal["side", "split"] | None,
    typer.Option(
        help="Write before and after in one picture, NAME_compare: next to each other, "
        "or the left half before and the right half after.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Replace results that exist.", rich_help_panel=OUTPUT
    ),
]
KeepTimes = Annotated[
    bool,
    typer.Option(
        "--keep-times", help="Give results the input's times.", rich_help_panel=OUTPUT
    ),
]
Strength = Annotated[
    float,
    typer.Option(
        metavar="0..1", help="From the photo as it was to all.", rich_help_panel=LOOK
    ),
]
Exposure = Annotated[
    float,
    typer.Option(
        metavar="STOPS",
        help="Brighter or darker than the network chose, -4 to 4.",
        rich_help_panel=LOOK,
    ),
]
Saturation = Annotated[
    float,
    typer.Option(
        metavar="0..3", help="0 is grey, 1 leaves the colours.", rich_help_panel=LOOK
    ),
]
Denoise = Annotated[
    float,
    typer.Option(
        metavar="0..1", help="Smooth noise, keep edges; 0 is off.", rich_help_panel=LOOK
    ),
]
SpareBright = Annotated[
    bool,
    typer.Option(
        "--spare-bright",
        help="Leave photos that are bright already as they were.",
        rich_help_panel=LOOK,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A network that comes with the package: student-photos (default), "
        "student, the same for very dark rooms alone, not as JPEG, or teacher, sharper "
        "there, which takes six times as long.",
        rich_help_panel=NETWORK,
        autocompletion=_models,
        show_default=False,
    ),
]
Ckpt = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Your own: the folder of a training run, or a .safetensors file.",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
Backend = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"What computes: {', '.join(BACKENDS)}.",
        rich_help_panel=NETWORK,
        autocompletion=_backends,
    ),
]
Device = Annotated[
    Literal["cpu", "gpu", "cuda", "rocm", "tpu"] | None,
    typer.Option(
        help="Where JAX computes; otherwise it chooses.",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
MaxMemory = Annotated[
    str,
    typer.Option(
        metavar="SIZE",
        help="What does not fit goes in tiles, to the same result: 512M, 2G.",
        rich_help_panel=NETWORK,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        *("--jobs", "-j"),
        metavar="N",
        min=1,
        max=256,
        help="Threads that read and write photos while the network works; "
        "otherwise one for each core, 8 at most.",
        rich_help_panel=RUN,
        show_default=False,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        help="Only this part of the files, 1/N to N/N: every file is in one.",
        rich_help_panel=RUN,
        show_default=False,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="List what would be written; compute nothing.",
        rich_help_panel=RUN,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="One JSON object on standard output.", rich_help_panel=RUN
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Only errors.", rich_help_panel=RUN),
]
