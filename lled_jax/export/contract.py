"""What an exported file takes and gives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Shaped, UInt8

from lled_jax.images import to_float

Runner = Callable[[np.ndarray], np.ndarray]
"""From a batch to the enhanced batch, in the contract's layout and dtype."""

Samples = Sequence[UInt8[np.ndarray, "_ _ 3"]]
"""Images of any sizes, mostly dark, whose features tell int8 its ranges."""

INPUT, OUTPUT = "low", "enhanced"
"""The names of the one input and the one output, in every format."""


@dataclass(frozen=True)
class Contract:
    """What an exported file takes and gives; immutable and complete.

    Attributes:
        format: onnx, tflite, stablehlo or savedmodel.
        model: the variant of the network, such as "student".
        precision: of the computation: f32, f16, bf16, int8 or int8_dynamic.
        pixels: "float32" in [0, 1], the answer clipped; or "uint8", the answer rounded
            as an image file holds it.
        layout: "nhwc" or "nchw".
        size: (height, width), or None for any.
        weights_sha256: of the weights' file.
        version: of this package.
        licence: of the weights.
    """

    format: str
    model: str
    precision: str
    pixels: str
    layout: str
    size: tuple[int, int] | None
    weights_sha256: str
    version: str
    licence: str

    @property
    def only_even(self) -> bool:
        """Whether the answer of an odd size has a line too many at its end.

        A TFLite graph that asks for its input's size is not taken by the XNNPACK
        delegate, so there the caller drops the last row or column.
        """
        return self.format == "tflite" and self.size is None

    @property
    def dtype(self) -> np.dtype:
        """Of the input and of the output."""
        return np.dtype(self.pixels)

    def shape(self) -> list[int | str]:
        """Of the input, names for what is free."""
        height, width = self.size or ("height", "width")
        # XNNPACK plans for one picture at a time; ONNX of a fixed size names the shapes
        # of its features.
        one = self.format == "tflite" or (self.format == "onnx" and self.size)
        batch = 1 if one else "batch"
        rest = [height, width, 3] if self.layout == "nhwc" else [3, height, width]
        return [batch, *rest]

    def batch(self, image: UInt8[np.ndarray, "h w 3"]) -> Shaped[np.ndarray, "1 _ _ _"]:
        """One image as the file takes it."""
        batch = image[None]
        if self.pixels == "float32":
            batch = np.asarray(to_float(batch))
        if self.layout == "nchw":
            batch = batch.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(batch)

    def fitted(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "_ _ 3"]:
        """The image, or of a fixed size its corner, mirrored where it is too small."""
        if self.size is None:
            return image
        height, width = self.size
        more = [
            (0, max(0, n - have))
            for n, have in zip(self.size, image.shape[:2], strict=True)
        ]
        return np.pad(image, [*more, (0, 0)], mode="symmetric")[:height, :width]

    def metadata(self) -> dict[str, str]:
        """What is written into the file; every value is a string."""
        of = ", ".join(map(str, self.shape()))
        kind = "[0, 1]" if self.pixels == "float32" else "0 to 255"
        answer = f"{self.pixels} [{of}], {kind}: the brightened image"
        if self.only_even:
            answer += "; of an odd size one line more, drop the last row or column"
        facts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in asdict(self).items()
        }
        return facts | {
            INPUT: f"{self.pixels} [{of}], sRGB, RGB, {kind}",
            OUTPUT: answer,
            "producer": "lled_jax",
        }
