"""Batches for sets that fit the accelerator: only addresses travel, pixels stay.

The pairs lie on every device as 8- or 16-bit arrays (LOL's training part: 700 MB).  The
host sends a `Draw`, a few integers per image, and the crops and flips are gathered
inside the jitted step: the same batches as the other pipelines, by the same addresses.
"""

from collections.abc import Generator

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lled_jax.data.order import Order, share
from lled_jax.data.pairs import PairSource
from lled_jax.data.sources import load
from lled_jax.errors import InputError

Addresses = dict[str, np.ndarray]
"""The fields of a `Draw` by name, each [b]."""


def pixels(source: PairSource) -> dict[str, np.ndarray]:
    """All pairs as {"low", "high"}, each [n h w 3] of `source.dtype`.

    Raises:
        InputError: the images differ in size, or a file cannot be read.
    """
    if (source.sizes != source.sizes[0]).any():
        raise InputError(
            "data.pipeline device needs images of one size; use memory or tfdata"
        )
    pairs = load(source)
    return {"low": np.stack(pairs.low), "high": np.stack(pairs.high)}


def addresses(
    order: Order, start: int, stop: int, process_index: int = 0, process_count: int = 1
) -> Generator[Addresses, None, None]:
    """The draws of the steps `start` to `stop` - 1, this process's rows of each.

    Raises:
        InputError: a batch cannot be divided among the processes.
    """
    order.check_shares(process_index, process_count)
    return (
        {
            name: field.astype(np.int32)
            for name, field in share(order.draw(step), process_index, process_count)
            ._asdict()
            .items()
        }
        for step in range(start, stop)
    )


def gather(
    pixels: dict[str, Array], draw: dict[str, Array], crop: int
) -> dict[str, Array]:
    """The batch at the addresses `draw`: {"low", "high"}, [b crop crop 3]; for jit.

    A `crop` of 0 takes whole images.
    """
    return {name: _crops(images, draw, crop) for name, images in pixels.items()}


def _crops(images: Array, draw: dict[str, Array], crop: int) -> Array:
    height, width = (crop, crop) if crop else images.shape[1:3]

    def one(index: Array, top: Array, left: Array, up: Array, across: Array) -> Array:
        corner, size = (index, top, left, 0), (1, height, width, 3)
        patch = lax.dynamic_slice(images, corner, size)[0]
        # Chosen by index: of jnp.where with one image per batch, jaxlib 0.10 makes a
        # program that its CPU compiler refuses.
        patch = jnp.stack([patch, patch[::-1]])[up]
        return jnp.stack([patch, patch[:, ::-1]])[across]

    fields = ("index", "top", "left", "flip_v", "flip_h")
    return jax.vmap(one)(*(draw[name] for name in fields))
