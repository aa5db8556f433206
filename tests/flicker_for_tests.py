"""How much the brightness of a video jumps from picture to picture."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, UInt8

# Y' of BT.709.
_LUMA = np.array([0.2126, 0.7152, 0.0722])
# Added to mean levels, so that the rounding of a black picture is no flicker.
_FLOOR = 0.1

Pictures = Iterable[UInt8[np.ndarray, "h w 3"]]


def flicker(pictures: Pictures) -> float:
    """The flicker that a person sees, in per cent of the brightness; 0 is steady.

    The mean absolute second difference of the logarithm of the mean luma [0..255] over
    three pictures and more.  A steady brightness, a fade and a drift have none; a
    brightness that goes up and down by 1 % every picture has 2.
    """
    return _jumps(_levels(pictures))


def added_flicker(enhanced: Pictures, source: Pictures) -> float:
    """The flicker of the brightening itself, in per cent: `flicker` of its gain.

    0 where every picture is brightened by the same factor, whatever the scene does.
    """
    return _jumps(_levels(enhanced) - _levels(source))


def _levels(pictures: Pictures) -> Float[np.ndarray, " frames"]:
    means = [picture.mean(axis=(0, 1), dtype=np.float64) for picture in pictures]
    return np.log(np.array(means) @ _LUMA + _FLOOR)


def _jumps(levels: Float[np.ndarray, " frames"]) -> float:
    if len(levels) < 3:
        raise ValueError(f"flicker needs 3 pictures or more, not {len(levels)}")
    return float(100 * np.abs(np.diff(levels, n=2)).mean())
