"""Tiny camera RAW files, for tests of what is made from them."""

from io import BytesIO

import numpy as np
import tifffile

BLACK, WHITE = 512, 16383  # the Sony of See in the Dark
# XYZ (D65, as LibRaw takes it) to the camera: linear sRGB's, so that colours stay.
_MATRIX = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


def mosaic(light: np.ndarray) -> np.ndarray:
    """Bayer values (R G / G B) of linear RGB [h w 3] in [0, 1], above black."""
    values = np.empty(light.shape[:2])
    values[::2, ::2] = light[::2, ::2, 0]
    values[::2, 1::2] = light[::2, 1::2, 1]
    values[1::2, ::2] = light[1::2, ::2, 1]
    values[1::2, 1::2] = light[1::2, 1::2, 2]
    return np.rint(BLACK + values * (WHITE - BLACK)).astype(np.uint16)


def scene(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """Smooth linear light [h w 3], brightest at the top left."""
    y, x = np.mgrid[0:height, 0:width]
    fall = (1 - 0.6 * y / height) * (1 - 0.6 * x / width)
    tint = 0.25 + 0.5 * np.random.default_rng(seed).random(3)
    return fall[..., None] * tint


def dng(
    values: np.ndarray,
    orientation: int = 1,
    crop: tuple[int, int, int, int] | None = None,
    neutral: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> bytes:
    """A DNG of Bayer values [h w]; `crop` is DefaultCrop: top, left, height, width."""
    height, width = values.shape
    top, left, tall, wide = crop or (0, 0, height, width)

    def rational(numbers):
        return [int(v) for n in numbers for v in (round(n * 10000), 10000)]

    matrix = rational(_MATRIX.ravel())
    tags = [
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50706, 1, 4, bytes([1, 4, 0, 0]), True),
        (50707, 1, 4, bytes([1, 1, 0, 0]), True),
        (50708, 2, 9, "Test Lamp", True),
        (50714, 4, 1, BLACK, True),
        (50717, 4, 1, WHITE, True),
        (50719, 4, 2, (left, top), True),
        (50720, 4, 2, (wide, tall), True),
        (50721, 10, 9, matrix, True),
        (50728, 5, 3, rational(neutral), True),
        (50829, 4, 4, (0, 0, height, width), True),
        (274, 3, 1, orientation, True),
        (271, 2, 4, "Test", True),
        (272, 2, 4, "Lamp", True),
    ]
    buffer = BytesIO()
    tifffile.imwrite(
        buffer, values, photometric="cfa", extratags=tags, metadata=None, software=False
    )
    return buffer.getvalue()
