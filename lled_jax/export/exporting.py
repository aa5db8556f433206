"""From weights to a checked file in another format."""

import hashlib
import importlib
import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from lled_jax.arrays import Params
from lled_jax.data.pairs import PairSource, as_eight_bit
from lled_jax.errors import InputError
from lled_jax.export import parity
from lled_jax.export.contract import Contract
from lled_jax.files import atomic_folder, atomic_write
from lled_jax.locate import load_weights, open_source, weights_path
from lled_jax.shipped import DEFAULT, SHIPPED
from lled_jax.versions import version
from lled_jax.weights_file import digest

PIXELS = ("float32", "uint8")
LAYOUTS = ("nhwc", "nchw")
PRECISIONS = ("f32", "f16", "bf16", "int8", "int8_dynamic")
# Formats whose "file" is a folder.
FOLDERS = ("savedmodel", "stablehlo")
FORMATS = ("onnx", "tflite", *FOLDERS)

# Enough to see every fault found so far, and done in seconds.
CHECKED = 4
CALIBRATED = 16
# Of each so many of these the target, too: what is bright in a dark photo has its place
# in the ranges, and the dark keeps enough of them.
BRIGHT_EVERY = 4
# Pixels: a calibration keeps every feature map, and larger photos teach it nothing new.
LARGEST = 300_000

_SHIPPED_LICENCE = "Apache-2.0; trained on {}"
_OWN_LICENCE = "as the owner of the weights says"


@dataclass(frozen=True)
class Request:
    """What to export, as the command line has it; `export` says what is wrong.

    Attributes:
        format: one of `FORMATS`.
        output: where to, a file, or a folder for `FOLDERS`.
        weights: a name in `SHIPPED`, a run's workdir or a safetensors file.
        precision: one of `PRECISIONS`; which of them a format has is its own.
        pixels: one of `PIXELS`.
        layout: one of `LAYOUTS`; "" is nchw for ONNX and nhwc for the others.
        size: (height, width), or None for any.
        data: pairs, as `locate.open_source` takes them: images of its training part
            calibrate int8, its test part is what the file is checked on.
        licence: of weights of your own, for the metadata.
    """

    format: str
    output: Path
    weights: Path = Path(DEFAULT)
    precision: str = "f32"
    pixels: str = "float32"
    layout: str = ""
    size: tuple[int, int] | None = None
    data: str = "demo"
    licence: str = ""


class Exported(NamedTuple):
    """A file that was written."""

    contract: Contract
    agreement: parity.Agreement
    bytes: int


def export(request: Request) -> Exported:
    """Write the file, run it by its own runtime, and keep it if it is right.

    Raises `InputError`, and leaves nothing behind, for a wish that the format cannot
    have, a missing package, and a file whose answers are not the network's.
    """
    _check(request)
    format_module = module_of(request.format)
    if request.precision not in format_module.PRECISIONS:
        raise InputError(
            f"{request.format} files are in {', '.join(format_module.PRECISIONS)}, not "
            f"in {request.precision}"
        )
    model, params = load_weights(request.weights)
    contract = contract_for(request, model, params)
    checks = _first(open_source(request.data, "test"), CHECKED)
    calibration: list[np.ndarray] = []
    if request.precision == "int8":
        lows, highs = zip(
            *_first(open_source(request.data, "train"), CALIBRATED), strict=True
        )
        calibration = [_thinned(i) for i in (*lows, *highs[::BRIGHT_EVERY])]
    place = atomic_folder if request.format in FOLDERS else atomic_write
    with place(request.output) as path:
        format_module.write(contract, params, calibration, path)
        run = format_module.runner(path)
        agreement = parity.measure(contract, run, params, checks)
        parity.refuse(contract, agreement)
        size = sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file())
    return Exported(contract, agreement, size)


def _check(request: Request) -> None:
    for name, known in (
        ("format", FORMATS),
        ("precision", PRECISIONS),
        ("pixels", PIXELS),
        ("layout", LAYOUTS),
    ):
        given = getattr(request, name)
        if given not in known and (name, given) != ("layout", ""):
            raise InputError(f"unknown {name} {given!r}; known: {', '.join(known)}")
    if request.layout == "nchw" and (
        request.format != "onnx" or request.pixels == "uint8"
    ):
        raise InputError("only ONNX files of float32 pixels can have the layout nchw")
    if request.size is not None and min(request.size) < 1:
        raise InputError(f"a size of {request.size} has no pixels")


def module_of(name: str) -> ModuleType:
    """The format's module, here since each needs another large library."""
    try:
        return importlib.import_module(f"lled_jax.export.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("lled_jax"):
            raise
        raise InputError(
            f"{name} needs {error.name}: pip install 'lled-jax[export]'"
        ) from error


def contract_for(request: Request, model: str, params: Params) -> Contract:
    """What the file of a request promises, `model` and `params` being its weights'."""
    usual = "nchw" if (request.format, request.pixels) == ("onnx", "float32") else ""
    own = weights_path(request.weights) == request.weights
    usual_licence = (
        _OWN_LICENCE
        if own
        else _SHIPPED_LICENCE.format(SHIPPED[str(request.weights)].trained_on)
    )
    licence = request.licence or usual_licence
    return Contract(
        request.format,
        model,
        request.precision,
        request.pixels,
        request.layout or usual or "nhwc",
        request.size,
        _sha256(request.weights, params),
        version("lled-jax"),
        licence,
    )


def _sha256(weights: Path, params: Params) -> str:
    """Of the weights' file; of a run's workdir, of all parameters in their order."""
    path = weights_path(weights)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return digest(params)


def _first(source: PairSource, count: int) -> list[parity.Pair]:
    """Evenly chosen pairs, of 8 bit: the first ones may all show one scene."""
    if not len(source):
        raise InputError("the data set has no pairs to check the file on")
    chosen = np.linspace(0, len(source) - 1, min(count, len(source))).round()
    pairs = (source[int(i)] for i in chosen)
    return [(as_eight_bit(low), as_eight_bit(high)) for low, high in pairs]


def _thinned(image: np.ndarray) -> np.ndarray:
    """Every nth pixel of a large image: an average would have less noise than it."""
    height, width = image.shape[:2]
    step = math.ceil(math.sqrt(height * width / LARGEST))
    return image[::step, ::step]
