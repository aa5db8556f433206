"""A trained network, ready to brighten photos."""

import os
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from lled_jax import backends, inference
from lled_jax.arrays import EncodedImage, Images, Params
from lled_jax.data.decode import read_image
from lled_jax.locate import load_weights
from lled_jax.models import variants


class Enhancer:
    """A network with its trained parameters, as `load` gives it.

    Attributes:
        name: the variant of the network, "student" or "teacher".
        params: its parameters, for `apply`.
    """

    def __init__(self, name: str, params: Params, backend: str) -> None:
        self.name, self.params = name, params
        self._model = variants.build(name)
        self._run = backends.enhancer(backend, name, params)

    def enhance(
        self, image: EncodedImage | str | os.PathLike[str]
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Brighten one RGB image, an array [h w 3] of 8 or 16 bit or a file, any size.

        Raises `InputError` for a file that cannot be read.
        """
        if isinstance(image, str | os.PathLike):
            image = read_image(Path(image))
        return self._run(image)

    def apply(self, params: Params, low: Images) -> Images:
        """The same as a pure function for jit, grad and vmap, always by JAX.

        A batch [b h w 3] in [0, 1] to one of the same shape.
        """
        return inference.enhance(self._model, params, low)


def load(weights: str | os.PathLike[str] = "student", backend: str = "jax") -> Enhancer:
    """A trained network: one that comes with the package, or your own.

    Args:
        weights: "student", a run's folder, or a .safetensors file.
        backend: what runs it: jax, openvino, openvino_bf16 or onnxruntime.

    Raises:
        InputError: there are no such weights, they are damaged, or the backend
            cannot run here.
    """
    return Enhancer(*load_weights(Path(weights)), backend)
