"""Between the Y'CbCr of a video and the RGB of the network.

The matrix and the range are those the source is tagged with, in both directions: the
wrong pair tints the picture green or shifts its contrast, and a video that goes through
unchanged comes out as it was.  Transfer function and primaries are not converted: the
network sees the code values as it sees those of a photo (BT.709 and sRGB are close).
"""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import Interpolation, VideoReformatter
from jaxtyping import UInt8

from lled_jax.errors import InputError

# Code points of ITU-T H.273, which FFmpeg's numbers are.
UNSPECIFIED = 2
RGB, BT709, SMPTE170M = 0, 1, 6
PQ, HLG = 16, 18
# The ranges, as FFmpeg numbers them: 16..235 and 0..255.
LIMITED, FULL = 1, 2

# From a matrix's code point to swscale's number of it.  5 and 6 are both BT.601, 9 is
# BT.2020 with non-constant luminance.
_SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}

# Chroma interpolated at both ends, correctly rounded.
_SCALING = reduce(
    or_,
    (
        *(Interpolation.BICUBIC, Interpolation.ACCURATE_RND),
        *(Interpolation.FULL_CHR_H_INT, Interpolation.FULL_CHR_H_INP),
    ),
)

# Of an untagged video players take the matrix to be BT.709 from this size on and
# BT.601 below.  Both directions use it, so that a wrong guess does no harm.
HD_WIDTH, HD_HEIGHT = 1280, 577


class Colour(NamedTuple):
    """A video's colour tags, as FFmpeg numbers them."""

    matrix: int
    range: int
    primaries: int
    transfer: int


def check(path: Path, colour: Colour) -> None:
    """Raise `InputError` for a video that 8-bit RGB cannot stand for."""
    if colour.transfer in (PQ, HLG):
        kind = "PQ" if colour.transfer == PQ else "HLG"
        raise InputError(
            f"{path}: an HDR video ({kind}); tone-map it to SDR first, e.g. with "
            "ffmpeg's filters zscale and tonemap"
        )
    if colour.matrix not in (RGB, UNSPECIFIED, *_SWSCALE):
        raise InputError(
            f"{path}: cannot convert its colour matrix (number {colour.matrix} of "
            "ITU-T H.273); convert the video to BT.709 first"
        )


def encoded_format(stored: VideoFormat) -> str:
    """The 8-bit pixel format that keeps the chroma of `stored`: 4:2:0, 4:2:2, 4:4:4."""
    if stored.is_rgb or stored.has_palette:
        return "yuv444p"
    if len(stored.components) < 3:  # grey: what plays everywhere
        return "yuv420p"
    if stored.chroma_width(16) == 16:
        return "yuv444p"
    return "yuv422p" if stored.chroma_height(16) == 16 else "yuv420p"


class Converter:
    """Decoded pictures to RGB arrays and back, for one video.

    Args:
        colour: its tags.
        stored: the format of its decoded pictures, with their size.
        encoded: the pixel format to encode them in.

    Attributes:
        tags: the colour tags of the encoded video, which are the source's; RGB gets
            those of the matrix it is encoded with.
    """

    def __init__(self, colour: Colour, stored: VideoFormat, encoded: str) -> None:
        self.height, self.width = stored.height, stored.width
        self._encoded = encoded
        hd = self.width >= HD_WIDTH or self.height >= HD_HEIGHT
        matrix = colour.matrix
        if matrix in (RGB, UNSPECIFIED):
            matrix = BT709 if hd else SMPTE170M
        # FFmpeg's yuvj formats are full range by name, whatever the tag.
        full = colour.range == FULL or stored.name.startswith("yuvj")
        self.tags = colour
        if stored.is_rgb or stored.has_palette:
            full = False
            self.tags = colour._replace(matrix=matrix, range=LIMITED)
        elif full:
            self.tags = colour._replace(range=FULL)
        self._matrix, self._range = _SWSCALE[matrix], FULL if full else LIMITED
        self._reader, self._writer = VideoReformatter(), VideoReformatter()

    def to_rgb(self, picture: av.VideoFrame) -> UInt8[np.ndarray, "h w 3"]:
        """A decoded picture, brought to the video's size if it has another."""
        rgb = self._reader.reformat(
            picture,
            width=self.width,
            height=self.height,
            format="rgb24",
            src_colorspace=self._matrix,
            src_color_range=None if picture.format.is_rgb else self._range,
            interpolation=_SCALING,
        )
        pixels: UInt8[np.ndarray, "h w 3"] = rgb.to_ndarray()
        return pixels

    def from_rgb(self, pixels: UInt8[np.ndarray, "h w 3"]) -> av.VideoFrame:
        """A picture ready to encode, of the size of `pixels`."""
        picture = self._writer.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24"),
            format=self._encoded,
            dst_colorspace=self._matrix,
            dst_color_range=self._range,
            interpolation=_SCALING,
        )
        picture.colorspace, picture.color_range = self.tags.matrix, self.tags.range
        picture.color_primaries = self.tags.primaries
        picture.color_trc = self.tags.transfer
        return picture
