"""The network's tail: two linear layers, run as one."""

from typing import NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import DTypeLike
from jaxtyping import Float

from lled_jax.arrays import Features
from lled_jax.models.area import Area, within
from lled_jax.models.convolution import conv3x3, kernel_init, spread

# The two layers: C to C channels, then C to 3.
Up = Float[Array, "3 3 c c"]
UpBias = Float[Array, " c"]
Out = Float[Array, "3 3 c 3"]
OutBias = Float[Array, " 3"]

_NHWC = ("NHWC", "HWIO", "NHWC")


class Tail(nn.Module):
    """Back to full resolution: stride-2 transposed conv3x3 C to C, conv3x3 C to 3.

    [b h w c] -> [b 2h 2w 3].  Nothing stands between the two, so they are one linear
    map and run as one (`tail_folded`); the parameters stay those of the two layers.
    """

    folded: bool = True
    dtype: DTypeLike | None = None

    @nn.compact
    def __call__(
        self, x: Features, area: Area | None = None
    ) -> Float[Array, "b 2*h 2*w 3"]:
        c = x.shape[-1]
        up = self.param("up_kernel", kernel_init, (3, 3, c, c))
        up_bias = self.param("up_bias", nn.initializers.zeros, (c,))
        out = self.param("out_kernel", kernel_init, (3, 3, c, 3))
        out_bias = self.param("out_bias", nn.initializers.zeros, (3,))
        up, up_bias, out, out_bias = (
            parameter.astype(x.dtype) for parameter in (up, up_bias, out, out_bias)
        )
        if self.folded:
            return tail_folded(x, up, up_bias, out, out_bias, area)
        assert area is None, "the plain tail knows no area"
        return tail_plain(x, up, up_bias, out, out_bias)


def tail_plain(
    x: Features, up: Up, up_bias: UpBias, out: Out, out_bias: OutBias
) -> Float[Array, "b 2*h 2*w 3"]:
    """The two layers of the tail as written.

    The transposed convolution equals PyTorch's with padding 1 and output padding 1
    (kernels flipped): row 2i takes x[i], row 2i+1 takes x[i] and x[i+1].
    """
    y = lax.conv_general_dilated(
        x, up, (1, 1), ((1, 2), (1, 2)), lhs_dilation=(2, 2), dimension_numbers=_NHWC
    )
    y = y + spread(up_bias, y)
    return _to_rgb(y, out, out_bias)


def _to_rgb(y: Features, out: Out, out_bias: OutBias) -> Float[Array, "b h w 3"]:
    """The tail's second layer."""
    z = lax.conv_general_dilated(
        y, out, (1, 1), ((1, 1), (1, 1)), dimension_numbers=_NHWC
    )
    return z + spread(out_bias, z)


def tail_folded(
    x: Features,
    up: Up,
    up_bias: UpBias,
    out: Out,
    out_bias: OutBias,
    area: Area | None = None,
) -> Float[Array, "b 2*h 2*w 3"]:
    """The tail as one half-resolution conv3x3 C to 12 and a depth-to-space.

    Equal to `tail_plain` up to rounding, with 5 times fewer operations and without
    the dilated convolution that XLA runs slowly on a CPU.  Where the second layer
    looks beyond the border it must see zeros, not the first layer's values there:
    the outermost rows and columns are computed by both layers on thin strips.
    With an `area` the border is that of the area; outside the result means nothing.
    """
    kernel, bias = fold(up, up_bias, out, out_bias)
    z = conv3x3(x, kernel)
    z = depth_to_space(z + spread(bias, z))
    args = (up, up_bias, out, out_bias)
    for axis in (1, 2):
        length = x.shape[axis] if area is None else area[axis - 1]
        # The first line of the result needs two of x, the last needs one.
        first = x[:, :2] if axis == 1 else x[:, :, :2]
        last = lax.dynamic_slice_in_dim(x, length - 1, 1, axis=axis)
        for strip, line, at in ((first, 0, 0), (last, 1, 2 * length - 1)):
            y = tail_packed(strip, *args, area and _along(axis, area))
            y = lax.slice_in_dim(y, line, line + 1, axis=axis)
            z = lax.dynamic_update_slice_in_dim(z, y, at, axis=axis)
    return z


def _along(axis: int, area: Area) -> Area:
    """The area in a strip of one or two lines: cut in the other direction only."""
    return area._replace(**{("height", "width")[axis - 1]: jnp.int32(2)})


def tail_packed(
    x: Features,
    up: Up,
    up_bias: UpBias,
    out: Out,
    out_bias: OutBias,
    area: Area | None = None,
) -> Float[Array, "b 2*h 2*w 3"]:
    """The two layers of the tail, the first as a conv2x2 C to 4C and depth-to-space.

    Equal to `tail_plain` up to rounding; its gradient has no dilated convolutions.
    """
    y = lax.conv_general_dilated(
        x, _packed(up), (1, 1), ((0, 1), (0, 1)), dimension_numbers=_NHWC
    )
    y = depth_to_space(y)
    y = within(y + spread(up_bias, y), area and area.doubled())
    return _to_rgb(y, out, out_bias)


def _packed(up: Up) -> Float[Array, "2 2 c 4*c"]:
    """Kernel that gives the four parities of the transposed convolution as channels.

    Row 2i is tap 1 of x[i]; row 2i+1 is tap 0 of x[i] and tap 2 of x[i+1].
    """
    place = jnp.asarray([[[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 1]]], up.dtype)
    kernel = jnp.einsum("sat,SAT,tTck->sScaAk", place, place, up)
    return kernel.reshape(2, 2, up.shape[2], -1)


def fold(
    up: Up, up_bias: UpBias, out: Out, out_bias: OutBias
) -> tuple[Float[Array, "3 3 c 12"], Float[Array, " 12"]]:
    """Kernel and bias of the half-resolution convolution that equals the tail inside.

    Its 12 outputs are (row parity, column parity, colour), as `depth_to_space` reads.
    """
    place = jnp.asarray(_PLACE, up.dtype)
    taps = jnp.einsum("tTck,uUko->tTuUco", up, out)
    kernel = jnp.einsum("auts,AUTS,tTuUco->sScaAo", place, place, taps)
    bias = jnp.einsum("uUko,k->o", out, up_bias) + out_bias
    return kernel.reshape(3, 3, up.shape[2], 12), jnp.tile(bias, 4)


def _placements() -> np.ndarray:
    """One dimension of `fold`: which input a pair of taps reaches.

    Entry [a, u, t, s] is 1 where output row 2i+a, through tap u of the second layer
    (row m = 2i+a+u-1 of the first layer's output) and tap t of the first, reads input
    row i+s-1; the first layer's row m reads the input at (m+t-1)/2 where that is whole.
    """
    place = np.zeros((2, 3, 3, 3), np.float32)
    for a in range(2):
        for u in range(3):
            for t in range(3):
                doubled = a + u - 1 + t - 1
                if doubled % 2 == 0:
                    place[a, u, t, doubled // 2 + 1] = 1
    return place


_PLACE = _placements()


class Border(NamedTuple):
    """What `fold`'s convolution adds for real beyond the border, as kernels for graphs.

    There the second layer must see zeros.  The folded kernel sees what the first layer
    would answer: its bias all around, and above and left of the picture also what it
    makes of the first row and column.
    """

    above: Float[Array, "1 3 c 12"]
    """From the first row to what the line above adds to it, the corners included."""
    left: Float[Array, "2 1 c 2*c"]
    """From the first column to the first layer's left of it, both parities of rows."""
    beside: Float[Array, "3 1 2*c 12"]
    """From there to what that column adds to the first."""
    bias: Float[Array, "3 3 12"]
    """What the first layer's bias adds, by the neighbour that it comes from."""


def border(up: Up, up_bias: UpBias, out: Out) -> Border:
    """What is to be taken away from the folded convolution at the border."""
    c = len(up_bias)
    # Above: only this pair of taps meets there, and only in the even rows.
    far, near = (jnp.zeros_like(k).at[n].set(k[n]) for k, n in ((up, 2), (out, 0)))
    above, _ = fold(far, up_bias, near, jnp.zeros(3, up.dtype))
    left = _packed(up).reshape(2, 2, c, 2, 2, c)[:, 1:, :, :, 1]
    second = _second(out)
    bias = jnp.einsum("sSpPkaAo,k->sSaAo", second, up_bias)
    return Border(
        above[1:2],
        left.reshape(2, 1, c, 2 * c),
        second[:, :1, :, 1].reshape(3, 1, 2 * c, 12),
        bias.reshape(3, 3, 12),
    )


def _second(out: Out) -> Float[Array, "3 3 2 2 c 2 2 3"]:
    """The tail's second layer at half resolution, from and to packed pixels.

    Of an output of one parity, tap 0, 1, 2 reads the line before, itself and the next:
    which half-resolution line that is in, and which parity there.
    """
    place = np.zeros((2, 3, 3, 2), np.float32)
    for parity in range(2):
        for tap in range(3):
            place[parity, tap, *divmod(parity + tap + 1, 2)] = 1
    return jnp.einsum("ausp,AUSP,uUko->sSpPkaAo", place, place, out)


def depth_to_space(x: Features) -> Float[Array, "b 2*h 2*w c//4"]:
    """[b h w (2 2 c)] -> [b 2h 2w c]."""
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(b, 2 * h, 2 * w, c // 4)
