"""A picture and what its file says about it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8, UInt16

from lled_jax.arrays import EncodedImage


class Metadata(NamedTuple):
    """What is carried from file to file beside the pixels.

    Attributes:
        exif: a TIFF structure (without the leading "Exif"); its orientation is 1 and
            its thumbnail is unlinked.
        icc: the colour profile of the file's pixels (`Photo.pixels` are sRGB).
        xmp: an XMP packet; its tiff:Orientation is 1, and it tells of no film.
        dpi: dots per inch across and down.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Photo:
    """One picture, as `read` gives it and `write` takes it.

    Attributes:
        pixels: RGB [h w 3], uint8 or uint16 as the file stores it, sRGB, upright.  Your
            own, writable array.
        alpha: the opacity [h w] of the same dtype, not multiplied into the pixels.
        grey: the file has no colour; the three channels are equal.
        format: "JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "HEIF", "GIF" or "RAW".
        metadata: what is kept beside the pixels.
        lossless: a WebP file without loss.
        subsampling: a JPEG's, as Pillow counts: 0 for 4:4:4, 1 for 4:2:2, 2 for 4:2:0.
    """

    pixels: EncodedImage
    alpha: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | None
    grey: bool
    format: str
    metadata: Metadata = field(default_factory=Metadata)
    lossless: bool = False
    subsampling: int | None = None
