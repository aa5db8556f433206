"""The network that a request asks for, on the device that it asks for."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import jax

import lled_jax
from lled_jax.cli import options
from lled_jax.cli.request import Request
from lled_jax.errors import InputError
from lled_jax.pretrained import Enhancer

# How JAX, OpenVINO and ONNX Runtime say that memory ran out.
_OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory", "bad_alloc", "allocate memory")


def load(request: Request, max_memory: int) -> Enhancer:
    """The network; `InputError` if it, its backend or its device is not there."""
    weights = options.weights(request.model, request.ckpt)
    if request.device is not None:
        _use(request.device)
    return lled_jax.load(weights, backend=request.backend, max_memory=max_memory)


def _use(device: str) -> None:
    # Before JAX's first use.  "cpu" leaves a GPU and its memory to others.
    jax.config.update("jax_platforms", "cpu" if device == "cpu" else "")
    try:
        found = jax.devices(device)
    except RuntimeError as error:
        cure = "leave --device out"
        if device in ("gpu", "cuda"):
            cure += ", or pip install 'lled-jax[cuda12]' on a machine with a GPU"
        raise InputError(
            f"JAX finds no device for --device {device}: {cure}"
        ) from error
    jax.config.update("jax_default_device", found[0])


@contextlib.contextmanager
def errors_of(source: Path, max_memory: int) -> Iterator[None]:
    """Name the photo in what the network raises; explain a lack of memory."""
    try:
        yield
    except InputError as error:
        text = str(error)
        named = text if str(source) in text else f"{source}: {text}"
        raise InputError(named) from error
    except OSError as error:  # such as a network disk that went away
        reason = error.strerror or str(error)
        raise InputError(f"{source}: {reason}; check the disk") from error
    except (MemoryError, RuntimeError) as error:
        memory = isinstance(error, MemoryError)
        if not memory and not any(sign in str(error) for sign in _OUT_OF_MEMORY):
            raise
        raise InputError(
            f"{source}: not enough memory: give a smaller --max-memory than "
            f"{max_memory // 2**20}M, or fewer --jobs"
        ) from error
