"""How stored rows become an upright picture."""

import numpy as np

ORIENTATION = 0x0112
"""The EXIF and TIFF tag of the orientation."""


def valid_orientation(value: object) -> int:
    """EXIF orientation 1 to 8; anything else, as viewers do, means upright."""
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def turned(orientation: int) -> bool:
    """Whether the orientation swaps rows and columns."""
    return orientation in (5, 6, 7, 8)


def upright_view(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (CIPA DC-008, tag 0x0112) to [h w ...], as a view."""
    if turned(orientation):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def stored_view(upright: np.ndarray, orientation: int) -> np.ndarray:
    """A view of an upright picture with the rows and columns of the file."""
    inverse = {6: 8, 8: 6}  # the quarter turns; the others undo themselves
    return upright_view(upright, inverse.get(orientation, orientation))
