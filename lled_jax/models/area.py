"""Images that share a compiled program: the part of padded arrays that is image."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from lled_jax.arrays import Features


class Area(NamedTuple):
    """The part of padded features that is image: `height` x `width`, from the corner.

    Numbers of the traced program, so that images of many sizes share one program.
    Convolutions must find zeros outside, as they would beyond an image's border.
    """

    height: Int[Array, ""] | int
    width: Int[Array, ""] | int

    def halved(self) -> "Area":
        """After a convolution of stride 2."""
        return Area(*((n + 1) // 2 for n in self))

    def doubled(self) -> "Area":
        """After the tail."""
        return Area(*(2 * n for n in self))


def within(x: Features, area: Area | None) -> Features:
    """x, and 0 outside of `area`."""
    if area is None:
        return x
    h, w = x.shape[1:3]
    rows = jnp.arange(h) < area.height
    columns = jnp.arange(w) < area.width
    inside = rows.reshape(1, h, 1, 1) & columns.reshape(1, 1, w, 1)
    return jnp.where(jnp.broadcast_to(inside, x.shape), x, jnp.zeros((), x.dtype))


def mean(x: Features, area: Area | None) -> Float[Array, "b 1 1 c"]:
    """The mean over `area`, or over all of x."""
    if area is None:
        return jnp.mean(x, axis=(1, 2), keepdims=True)
    total = jnp.sum(within(x, area), axis=(1, 2), keepdims=True, dtype=jnp.float32)
    return (total / (area.height * area.width)).astype(x.dtype)
