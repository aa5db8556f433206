"""Pictures made smaller, at 8 and 16 bit."""

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from lled_jax.arrays import EncodedImage

Resized = UInt8[np.ndarray, "y x 3"] | UInt16[np.ndarray, "y x 3"]


def resize(image: EncodedImage, height: int, width: int) -> Resized:
    """Resample [h w 3] to [height width 3] of the same dtype.

    Lanczos with three lobes, wider when shrinking (Pillow's), on the encoded values as
    photo editors do, each channel in float32, rounded and clipped at the end.
    """
    if image.shape[:2] == (height, width):
        return image
    channels = [
        Image.fromarray(np.ascontiguousarray(channel, np.float32)).resize(
            (width, height), Image.Resampling.LANCZOS
        )
        for channel in np.moveaxis(image, -1, 0)
    ]
    pixels = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    most = np.iinfo(image.dtype).max
    return np.clip(np.rint(pixels), 0, most).astype(image.dtype)
