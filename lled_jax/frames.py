"""The frames of a video: each enhanced by itself, all by the same light.

What the channel attentions take from a whole frame decides how bright it becomes.  From
frame to frame noise moves those means, and the eye sees flicker; so they are averaged
over time, and begin anew where the scene changes.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, UInt8

from lled_jax import tiling
from lled_jax.adjust import adjust
from lled_jax.arrays import Params
from lled_jax.cuts import CutDetector
from lled_jax.images import encode, mean_luma, to_float
from lled_jax.look import Amounts, Look
from lled_jax.models.gradient_guided import GradientGuided, apply_with

# Of a new frame in the running means: they follow within some ten frames.
SHARE = 0.1

Means = dict[str, Float[Array, "1 1 1 c"]]
"""By the name of a FAB: the running mean that its channel attention uses."""


class Frames:
    """Enhances the frames of one video, in order: uint8 [h w 3] to the same."""

    def __init__(
        self, model: GradientGuided, params: Params, look: Look, max_memory: int
    ) -> None:
        self._model, self._params = model, params
        self._look, self._max_memory = look, max_memory
        self._is_cut = CutDetector()
        self._means: Means = {}
        self._luma = 0.0

    def __call__(self, frame: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        share = 1.0 if self._is_cut(frame) or not self._means else SHARE
        self._luma += share * (mean_luma(frame) - self._luma)
        amounts = self._look.amounts(self._luma)
        side = tiling.side_for(self._model, frame, self._max_memory)
        if side:
            return self._tiled(frame, share, amounts, side)
        means = self._means or _zeros(self._model, self._params, frame)
        bright, self._means = _draw_frame(
            self._model, self._params, means, share, frame, amounts
        )
        return np.array(bright)  # which may be written to

    def _tiled(
        self,
        frame: UInt8[np.ndarray, "h w 3"],
        share: float,
        amounts: Amounts,
        side: int,
    ) -> UInt8[np.ndarray, "h w 3"]:
        def mix(fab: str, mean: Array) -> Array:
            before = self._means.get(fab, mean)
            return before + share * (mean - before)

        bright, statistics = tiling.enhance(
            self._model, self._params, frame, side, amounts, mix
        )
        self._means = {fab: values["mean"] for fab, values in statistics.items()}
        return bright


@partial(jax.jit, static_argnums=0)
def _draw_frame(
    model: GradientGuided,
    params: Params,
    means: Means,
    share: Float[Array, ""],
    frame: Array,
    amounts: Amounts,
) -> tuple[Array, Means]:
    """The enhanced frame, and the means with a `share` of its own."""
    statistics: dict[str, Any] = {
        fab: {"mean": mean, "share": share} for fab, mean in means.items()
    }
    images = to_float(frame[None])
    outputs, attended = apply_with(model, params, statistics, images)
    bright = adjust(images, outputs.enhanced, amounts)
    after = {
        fab: mean + share * (attended[fab].mean((1, 2), keepdims=True) - mean)
        for fab, mean in means.items()
    }
    return encode(bright, frame.dtype)[0], after


def _zeros(model: GradientGuided, params: Params, frame: np.ndarray) -> Means:
    """Means to begin with, of which a share of 1 leaves nothing."""
    shapes = jax.eval_shape(
        lambda params, image: apply_with(model, params, {}, image)[1],
        params,
        jax.ShapeDtypeStruct((1, *frame.shape), jnp.float32),
    )
    return {fab: jnp.zeros((1, 1, 1, x.shape[-1])) for fab, x in shapes.items()}
