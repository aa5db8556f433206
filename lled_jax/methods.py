"""What can be scored: a network with its parameters, or a method without training."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from lled_jax import inference
from lled_jax.backends import enhancer
from lled_jax.baselines import baseline
from lled_jax.evaluation import Enhance
from lled_jax.locate import load_with_progress
from lled_jax.models import variants


class Method(NamedTuple):
    """A way to enhance images, and what is known about it."""

    enhance: Enhance
    """To the picture that is scored."""
    finer: Enhance | None
    """The same before it is rounded to 8 bit, if there is such a thing."""
    facts: Mapping[str, Any]
    """For the results: at least `method`, its name, and the `device` it runs on."""


def of_checkpoint(ckpt: Path, backend: str) -> Method:
    """A network with a checkpoint's EMA parameters, run by one of `BACKENDS`.

    Raises `InputError` for a checkpoint or backend that is not there.
    """
    name, params, progress = load_with_progress(ckpt)
    width, height = variants.PAPER_SIZE
    facts = {
        "method": name,
        "model": name,
        "backend": backend,
        "device": jax.devices()[0].device_kind if backend == "jax" else "cpu",
        "parameters": variants.count_parameters(params),
        f"gmacs_{width}x{height}": variants.count_macs(name, height, width) / 1e9,
        **progress,
        "scored": str(ckpt),
    }
    run = enhancer(backend, name, params)
    finer: Enhance | None = None
    if backend == "jax":
        finer = partial(inference.enhancer(name, params), dtype=np.uint16)
    return Method(run, finer, facts)


def of_baseline(name: str) -> Method:
    """One of `BASELINES`; raises `InputError` for another name."""
    run = baseline(name)
    return Method(run, run, {"method": name, "device": "cpu", "scored": name})
