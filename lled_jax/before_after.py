"""Before and after in one picture."""

import numpy as np

WAYS = ("side", "split")
"""Next to each other; or the left half before, the right half after."""


def compared(before: np.ndarray, after: np.ndarray, way: str) -> np.ndarray:
    """One picture from two, or from their alpha channels, of equal shape and dtype.

    Of [h w ...], "side" gives [h 2w ...], before on the left; "split" gives [h w ...].
    """
    assert before.shape == after.shape
    assert before.dtype == after.dtype
    assert way in WAYS
    if way == "side":
        return np.concatenate([before, after], axis=1)
    half = before.shape[1] // 2
    return np.concatenate([before[:, :half], after[:, half:]], axis=1)
