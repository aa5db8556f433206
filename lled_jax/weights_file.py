"""Weights as one safetensors file: EMA parameters and what they belong to."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.files import atomic_write
from lled_jax.models import variants

SUFFIX = ".safetensors"


def write(path: Path, model: str, params: Params, facts: Mapping[str, Any]) -> None:
    """Write the parameters of the variant `model`, with JSON-like `facts` beside."""
    flat = flatten_dict(jax.tree.map(np.asarray, params), sep="/")
    metadata = {"model": model, "facts": json.dumps(dict(facts))}
    with atomic_write(path) as partial:
        partial.write_bytes(_ordered(save(flat, metadata)))


def _ordered(content: bytes) -> bytes:
    """The file with its metadata sorted: safetensors has another order each time."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(-(-len(text) // 8) * 8)  # the arrays begin aligned
    return len(text).to_bytes(8, "little") + text + content[end:]


def read(path: Path) -> tuple[str, Params, dict[str, Any]]:
    """The variant's name, its parameters in float32, the facts that `write` was given.

    Raises `InputError` if the file is missing, damaged, or not of a known variant.
    """
    if not path.is_file():
        raise InputError(f"no such weights file: {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            # In float32: a file may be halved, networks compute in what they are given.
            flat = {
                name: jnp.asarray(file.get_tensor(name), jnp.float32)
                for name in file.keys()  # noqa: SIM118
            }
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file ({error}); fetch it again"
        ) from error
    model = metadata.get("model", "")
    if model not in variants.VARIANTS:
        raise InputError(f"{path} holds no network of ours; give a file that we wrote")
    expected = flatten_dict(variants.shapes(variants.build(model)), sep="/")
    if jax.tree.map(jnp.shape, expected) != jax.tree.map(jnp.shape, flat):
        raise InputError(f"{path} does not hold the parameters of a {model}")
    try:
        facts = json.loads(metadata.get("facts", "{}"))
    except ValueError as error:
        raise InputError(f"{path} is damaged in its facts; fetch it again") from error
    return model, unflatten_dict(flat, sep="/"), facts


def digest(tree: Any) -> str:
    """SHA-256 of all numbers of a tree of arrays, in its order."""
    hashed = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        hashed.update(np.asarray(leaf).tobytes())
    return hashed.hexdigest()
