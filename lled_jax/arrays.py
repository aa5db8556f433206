"""Type aliases and the numeric contract, once.

Images are float32, NHWC, in [0, 1], sRGB-encoded, RGB order; encoded images are uint8
or uint16 over the same range.  Losses and metrics return one value per image; whoever
reports them takes the mean.
"""

from typing import Any

import numpy as np
from jax import Array
from jaxtyping import Float, UInt8, UInt16

Images = Float[Array, "b h w 3"]
"""A batch of RGB images in [0, 1] (predictions may leave the range)."""

Features = Float[Array, "b h w c"]
"""A batch of feature maps."""

PerImage = Float[Array, " b"]
"""One number per image of a batch."""

EncodedImage = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
"""One RGB image as a file holds it: 8 or 16 bit."""

Params = Any
"""A tree of parameters, as Flax makes it."""
