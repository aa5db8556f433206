"""The gradient-guided dual-branch network (section 3.3, figure 2).

An enhancement branch works on the image and a gradient branch on its Sobel gradient
magnitude, at half resolution and with the same depth and width.  After the head and
after each FAB the gradient feature is added to the enhancement feature.  The paper
leaves the heads and the tail open; ours are 3x3 stride-2 convolutions, and a 3x3
stride-2 transposed convolution followed by a 3x3 convolution to RGB, with no
activation: that reading comes within 1.5 % of the published parameter counts.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Float

from lled_jax.arrays import Features, Images, Params
from lled_jax.models.area import Area, within
from lled_jax.models.blocks import FAB
from lled_jax.models.convolution import Conv
from lled_jax.models.guides import GUIDES
from lled_jax.models.tail import Tail


class Outputs(NamedTuple):
    """What one forward pass gives; what nobody reads is never computed under jit."""

    enhanced: Images
    """[b h w 3], not clipped."""
    enhancement: tuple[Features, ...]
    """The enhancement branch after fusion, [b h/2 w/2 c]: the head, then each FAB."""
    gradient: tuple[Features, ...]
    """The gradient branch at the same stages; none if there is no such branch."""


class GradientGuided(nn.Module):
    """The network for any image size, even or odd: [b h w 3] in [0, 1] -> `Outputs`.

    `dtype` is the type of the computation (parameters stay float32 and so does the
    returned image); `guide` names what the gradient branch sees (`GUIDES`; "": there is
    no such branch); `folded` picks the tail's fast and equal form; `remat` computes the
    FABs again in the backward pass instead of keeping what is inside them.

    Where only an `area` of `low` is the image and the rest repeats its last row and
    column, the answer inside is that of the image alone; outside it means nothing.  Not
    with the guide "canny", whose edges depend on all of `low`.
    """

    fabs: int
    channels: int
    guide: str = "sobel"
    folded: bool = True
    dtype: DTypeLike | None = None
    remat: bool = False

    @nn.compact
    def __call__(self, low: Images, area: Area | None = None) -> Outputs:
        height, width = low.shape[1:3]
        half = area and area.halved()
        e = within(self._head("enhance_head")(within(low, area)), half)
        gradient = []
        if self.guide:
            guide = within(GUIDES[self.guide](low), area)
            gradient = [within(self._head("gradient_head")(guide), half)]
            e = e + gradient[0]
        enhancement = [e]
        fab = nn.remat(FAB) if self.remat else FAB
        for n in range(self.fabs):
            e = fab(self.dtype, name=f"enhance_fab{n}")(e, half)
            if self.guide:
                gradient.append(
                    fab(self.dtype, name=f"gradient_fab{n}")(gradient[n], half)
                )
                e = e + gradient[-1]
            enhancement.append(e)
        image = Tail(self.folded, self.dtype, name="tail")(e, half)
        # An odd size is one pixel short of twice the half resolution.
        image = image[:, :height, :width].astype(jnp.float32)
        return Outputs(image, tuple(enhancement), tuple(gradient))

    def _head(self, name: str) -> Conv:
        # Padding 1 on both sides, so ceil(size / 2) and no copy of the image.
        return Conv(self.channels, 3, strides=2, dtype=self.dtype, name=name)


def apply_with(
    model: GradientGuided, params: Params, statistics: Mapping[str, Any], low: Images
) -> tuple[Outputs, dict[str, Float[Array, "b half_h half_w c"]]]:
    """One forward pass with other means in its channel attentions; pure.

    `statistics` holds, by the name of a FAB, the variables that `ChannelAttention`
    reads; FABs that are not in it use their own means.  Also returns what each FAB's
    attention takes its mean of, by its name.
    """
    variables = {
        "params": params,
        "statistics": {
            fab: {"channel_attention": values} for fab, values in statistics.items()
        },
    }
    outputs, state = model.apply(variables, low, mutable=["attended"])
    assert isinstance(outputs, Outputs)
    attended = {
        fab: values["channel_attention"]["x"]
        for fab, values in state["attended"].items()
    }
    return outputs, attended


def fabs_of(model: GradientGuided, stage: int) -> tuple[str, ...]:
    """The names of the FABs of one stage, 0 for the first: one of each branch."""
    return tuple(
        f"{branch}_fab{stage}"
        for branch in ("enhance", "gradient")
        if branch == "enhance" or model.guide
    )


def reach(model: GradientGuided) -> int:
    """How far a pixel of the answer sees, channel attention aside, rounded up.

    At full resolution: 1 for the gradient, 1 for the head; at half: 2 for each FAB, and
    2 for the tail.
    """
    return 2 * (2 * model.fabs + 2) + 2
