"""ICC profiles for colours that a file tells without one."""

from functools import lru_cache

import imagecodecs
import numpy as np

from lled_jax.images import srgb_decode

Point = tuple[float, float]
"""x and y of a colour (CIE 1931)."""
Primaries = tuple[Point, Point, Point]
"""Of red, green and blue."""

D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_STEPS = 1024  # of a profile's tone curve


@lru_cache(maxsize=32)
def rgb(primaries: Primaries, white: Point = D65, gamma: float | None = None) -> bytes:
    """Of these primaries; light is the value to the power of `gamma`, or by sRGB."""
    curve = srgb_decode(np.linspace(0, 1, _STEPS)).astype(np.float32)
    return bytes(
        imagecodecs.cms_profile(
            "rgb",
            whitepoint=[*white, 1.0],
            primaries=[part for xy in primaries for part in (*xy, 1.0)],
            gamma=gamma,
            transferfunction=curve if gamma is None else None,
        )
    )


@lru_cache(maxsize=32)
def grey(gamma: float) -> bytes:
    """Of one channel, which a file without colours must have."""
    return bytes(imagecodecs.cms_profile("gray", gamma=gamma))
