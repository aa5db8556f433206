"""Colour profiles: from the file's colours to sRGB and back, by LittleCMS.

Relative colorimetric with black point compensation, which comes back for every
colour that sRGB has; more saturated ones of a wide profile are clipped to it.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import imagecodecs
import numpy as np

Conversion = Callable[[np.ndarray], np.ndarray]
"""Rows [n w 1, 3 or 4], uint8 or uint16, to rows [n w 1 or 3] of the same dtype."""

_SPACES = {b"RGB ": "rgb", b"GRAY": "gray", b"CMYK": "cmyk"}
CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4}
# Profiles that agree with sRGB to this many 16-bit steps (one 8-bit step is 257) are
# sRGB: variants differ by the rounding of their tables.
_SAME = 257
# Rec. 601 luma in 1/65536; the sum is one, so that a grey comes back exactly.
_LUMA = (19595, 38470, 7471)


def to_srgb(icc: bytes | None, space: str) -> Conversion | None:
    """How pixels of a profile become sRGB; None if they stay as they are.

    They stay for no profile, sRGB's own, a damaged one, and one that does not fit the
    `space` of the file ("gray", "rgb" or "cmyk").
    """
    if icc is None or not _usable(icc, space):
        return None
    fits = profile_space(icc)
    return lambda rows: _transform(rows, icc, _srgb(), fits, "rgb")


def from_srgb(icc: bytes | None, space: str) -> Conversion | None:
    """The way back of `to_srgb`; to one channel for a grey profile."""
    if icc is None or not _usable(icc, space):
        return None
    fits = profile_space(icc)
    return lambda rows: _transform(rows, _srgb(), icc, "rgb", fits)


def profile_space(icc: bytes) -> str:
    """ "rgb", "gray" or "cmyk": what the profile is for; "" for anything else."""
    return _SPACES.get(icc[16:20], "")


def without_profile(cmyk: np.ndarray) -> np.ndarray:
    """CMYK [n w 4] (0 is no ink) to RGB [n w 3], each ink taken to be ideal."""
    most = np.uint32(np.iinfo(cmyk.dtype).max)
    light = most - cmyk.astype(np.uint32)
    rgb = (light[..., :3] * light[..., 3:] + most // 2) // most
    return rgb.astype(cmyk.dtype)


def luma(rgb: np.ndarray) -> np.ndarray:
    """Rec. 601 luma [n w] of RGB [n w 3], uint8 or uint16, rounded."""
    weighted = np.full(rgb.shape[:2], 1 << 15, np.uint32)
    for channel, weight in enumerate(_LUMA):
        weighted += rgb[..., channel].astype(np.uint32) * np.uint32(weight)
    return (weighted >> 16).astype(rgb.dtype)


def to_8_bit(rows: np.ndarray) -> np.ndarray:
    """16-bit values to 8 bit, rounded."""
    return ((rows.astype(np.uint32) + 128) // 257).astype(np.uint8)


@cache
def _srgb() -> bytes:
    return bytes(imagecodecs.cms_profile("srgb"))


@lru_cache(maxsize=32)
def _usable(icc: bytes, space: str) -> bool:
    """Whether the profile fits the pixels, converts, and is not sRGB itself."""
    fits = profile_space(icc)
    # Grey pixels with an RGB profile are seen: they are RGB with equal channels.
    if fits != space and (space, fits) != ("gray", "rgb"):
        return False
    ramp = np.linspace(0, 65535, 9).astype(np.uint16)
    axes = np.meshgrid(*[ramp] * CHANNELS[fits], indexing="ij")
    grid = np.stack(axes, axis=-1).reshape(1, -1, CHANNELS[fits])
    try:
        seen = _transform(grid, icc, _srgb(), fits, "rgb")
        if fits == "cmyk":  # never sRGB, and never written
            return True
        _transform(seen, _srgb(), icc, "rgb", fits)
    except (RuntimeError, ValueError):
        return False
    change = np.abs(seen.astype(np.int32) - grid.astype(np.int32))
    return bool(change.max() > _SAME)


def _transform(
    rows: np.ndarray, source: bytes, target: bytes, space: str, into: str
) -> np.ndarray:
    if space == "gray":
        rows = rows[..., 0]
        levels = np.iinfo(rows.dtype).max + 1
        if rows.size > levels:  # each needs to be looked up once only
            every = np.arange(levels).astype(rows.dtype)[None, :, None]
            return _transform(every, source, target, space, into)[0][rows]
    elif rows.shape[2] == 1:
        rows = np.repeat(rows, 3, axis=2)
    flags: int = imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION
    if "gray" in (space, into):
        # Else LittleCMS goes by a table that is too coarse for the dark values.
        flags |= imagecodecs.CMS.FLAGS.NOOPTIMIZE
    out = imagecodecs.cms_transform(
        np.ascontiguousarray(rows),
        source,
        target,
        colorspace=space,
        outcolorspace=into,
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=flags,
    )
    return out.reshape(*rows.shape[:2], -1)
