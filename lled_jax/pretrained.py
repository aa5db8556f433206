"""A trained network, ready to brighten photos."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from lled_jax import backends, inference, photos, tiling
from lled_jax.adjust import amounts_for
from lled_jax.arrays import EncodedImage, Images, Params
from lled_jax.errors import InputError
from lled_jax.frames import Frames
from lled_jax.locate import load_weights
from lled_jax.look import Amounts, Look
from lled_jax.models import variants
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.shipped import DEFAULT

# A phone's photo, 4032x3024, is enhanced whole, also in a folder, where the command
# keeps an eighth for photos that wait; larger ones in tiles.
MAX_MEMORY = 11 * 2**29
# Of the arrays that `Enhancer.enhance` takes.
DEPTHS = ("uint8", "uint16")


class Enhancer:
    """A network with its trained parameters, as `load` gives it; for one thread.

    Attributes:
        name: the variant of the network, such as "student" (`models.variants`).
        params: its parameters, for `apply`.
    """

    def __init__(
        self, name: str, params: Params, backend: str, max_memory: int = MAX_MEMORY
    ) -> None:
        self.name, self.params = name, params
        self._max_memory = max_memory
        self._model = variants.build(name)
        self._draw = inference.enhancer(name, params)
        # Other backends give 8 bit and no adjustments: JAX does what they cannot.
        self._faster = (
            None if backend == "jax" else backends.enhancer(backend, name, params)
        )

    def enhance(
        self, image: EncodedImage | str | os.PathLike[str], look: Look = Look()
    ) -> EncodedImage:
        """Brighten one RGB image, an array [h w 3] of 8 or 16 bit or a file, any size.

        The result has the size and the depth of the image.  What does not fit into
        memory whole is enhanced in tiles, to the same answer within one level.  Of a
        file the pixels are taken upright and in sRGB; to keep what else it holds, read
        and write it with `lled_jax.photos`.

        Raises `InputError` for a file that cannot be read, an array of another shape or
        dtype, a look out of range, or an image of which not even tiles fit into the
        allowed memory.
        """
        look = look.checked()
        if isinstance(image, str | os.PathLike):
            image = photos.read(Path(image)).pixels
        _check(image)
        image = np.asarray(image)  # of JAX, say
        amounts = amounts_for(image, look)
        model = self._model
        # HDRNet does with little more memory than the image takes.  Zero-DCE needs
        # much, but is here for comparisons on small images.
        if isinstance(model, GradientGuided):
            side = tiling.side_for(model, image, self._max_memory)
            if side:
                return tiling.enhance(model, self.params, image, side, amounts)[0]
        if self._faster and image.dtype == np.uint8 and amounts == Amounts():
            return self._faster(image)
        return self._draw(image, amounts, image.dtype)

    def frames(
        self, look: Look = Look()
    ) -> Callable[[UInt8[np.ndarray, "h w 3"]], UInt8[np.ndarray, "h w 3"]]:
        """A function for the frames of one video, in order: steady light, no flicker.

        Always by JAX.  Raises `InputError` for a look out of range, and for a network
        whose brightness cannot be kept steady.
        """
        model = variants.build_guided(self.name, "video")
        return Frames(model, self.params, look.checked(), self._max_memory)

    def apply(self, params: Params, low: Images) -> Images:
        """The network as a pure function for jit, grad and vmap, always by JAX.

        A batch [b h w 3] in [0, 1] to one of the same shape.
        """
        return inference.enhance(self._model, params, low)


def _check(image: Any) -> None:
    """InputError unless it is an RGB image [h w 3] of 8 or 16 bit."""
    shape, dtype = getattr(image, "shape", None), getattr(image, "dtype", None)
    if shape is None or dtype is None:
        what = f"of type {type(image).__name__}"
    elif len(shape) == 3 and shape[2] == 3 and 0 not in shape and dtype in DEPTHS:
        return
    else:
        what = f"{dtype} {[*shape]}"
    raise InputError(
        f"the image is {what}; give RGB as a uint8 or uint16 array [h, w, 3], such as "
        "numpy.asarray(picture.convert('RGB')) of a Pillow image; `apply` takes floats"
    )


def load(
    weights: str | os.PathLike[str] = DEFAULT,
    backend: str = "jax",
    max_memory: int = MAX_MEMORY,
) -> Enhancer:
    """A trained network: one that comes with the package, or your own.

    Args:
        weights: "student-photos", "student", "teacher", a run's folder, or a
            .safetensors file.
        backend: what runs it: jax, openvino, openvino_bf16 or onnxruntime.
        max_memory: bytes that the process may take; larger images go in tiles.

    Raises:
        InputError: there are no such weights, they are damaged, the backend cannot run
            here, or there is no memory.
    """
    if max_memory <= 0:
        raise InputError(f"max_memory is {max_memory}; give bytes, such as 2 * 2**30")
    return Enhancer(*load_weights(Path(weights)), backend, max_memory)
