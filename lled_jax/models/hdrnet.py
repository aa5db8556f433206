"""HDRNet, the paper's second network for distillation (table 6).

Gharbi et al., Deep bilateral learning for real-time image enhancement, SIGGRAPH 2017.
A small copy of the image goes through convolutions, a local and a global branch, to a
bilateral grid of affine colour transforms; each pixel of the image takes its own by
position and by a guide, a point-wise network of its colour.

From the paper: the student's grid is 8x8 cells and 4 layers, the teacher's 16x16 and 8,
with twice the channels.  The rest is the original's, without batch normalisation; our
own is that the grid starts at the identity, so that training starts at the image.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from lled_jax.arrays import Features, Images
from lled_jax.models.bilateral_grid import apply_grid

SMALL = 256
"""Side of the copy that the grid is made from."""
# Channels of the local and the global branch for each layer of the grid (original).
WIDTH = 8
GUIDE_FEATURES = 16


class GridOutputs(NamedTuple):
    """What one forward pass gives."""

    enhanced: Images
    """[b h w 3], not clipped."""
    grid: Float[Array, "b gh gw d 3 4"]
    """The affine transforms."""


class HDRNet(nn.Module):
    """The network for any image size: [b h w 3] in [0, 1] -> `GridOutputs`.

    `cells` is the grid's side (a power of 2, at least 4), `layers` its depth;
    `multiplier` times the channels.
    """

    cells: int
    layers: int
    multiplier: int = 1

    @nn.compact
    def __call__(self, low: Images) -> GridOutputs:
        grid = self._grid(_small(low))
        features = self._pointwise(3, GUIDE_FEATURES, "guide1")
        depth = self._pointwise(GUIDE_FEATURES, 1, "guide2")

        def guide(colours: Array) -> Array:
            return nn.sigmoid(depth(nn.relu(features(colours))))[..., 0]

        return GridOutputs(apply_grid(grid, guide, low), grid)

    def _grid(
        self, small: Float[Array, "b small small 3"]
    ) -> Float[Array, "b gh gw d 3 4"]:
        base = self.multiplier * self.layers
        x = small
        for n in range(int(math.log2(SMALL // self.cells))):
            x = nn.relu(self._conv(base * 2**n, f"splat{n}", strides=2)(x))
        width = WIDTH * base
        local = nn.relu(self._conv(width, "local0")(x))
        # The global branch is added to it and has the bias.
        local = self._conv(width, "local1", bias=False)(local)
        fused = nn.relu(local + self._global(x, width))
        cells = nn.Dense(self.layers * 12, kernel_init=_small_kernel, name="grid")(
            fused
        )
        cells = cells.reshape(*cells.shape[:3], self.layers, 3, 4)
        return cells + jnp.broadcast_to(jnp.eye(3, 4), cells.shape)

    def _global(self, x: Features, width: int) -> Float[Array, "b 1 1 width"]:
        """What the whole image says, for every cell alike."""
        for n in range(int(math.log2(self.cells // 4))):
            x = nn.relu(self._conv(width, f"global{n}", strides=2)(x))
        x = x.reshape(x.shape[0], 1, 1, -1)
        x = nn.relu(nn.Dense(4 * width, name="dense0")(x))
        x = nn.relu(nn.Dense(2 * width, name="dense1")(x))
        return nn.Dense(width, name="dense2")(x)

    def _pointwise(self, inputs: int, features: int, name: str) -> Callable[..., Array]:
        """A dense layer as a plain function, for use within a loop over rows."""
        kernel = self.param(
            f"{name}_kernel", nn.initializers.lecun_normal(), (inputs, features)
        )
        bias = self.param(f"{name}_bias", nn.initializers.zeros, (features,))
        return lambda x: x @ kernel + bias.reshape((1,) * (x.ndim - 1) + (-1,))

    def _conv(
        self, features: int, name: str, strides: int = 1, bias: bool = True
    ) -> nn.Conv:
        return nn.Conv(features, (3, 3), strides, padding=1, use_bias=bias, name=name)


_small_kernel = nn.initializers.variance_scaling(1e-4, "fan_in", "normal")


def count_macs(model: HDRNet, height: int, width: int) -> int:
    """Multiply-adds of the layers for one image, one multiply-add being one.

    Left out, as with the paper's other networks: what is no layer, here the small copy,
    the interpolation of the grid and the affine transforms.
    """
    base, wide = (
        model.multiplier * model.layers,
        WIDTH * model.multiplier * model.layers,
    )
    side, channels, macs = SMALL, 3, 4 * GUIDE_FEATURES * height * width
    for n in range(int(math.log2(SMALL // model.cells))):
        side, features = side // 2, base * 2**n
        macs, channels = macs + side**2 * 9 * channels * features, features
    macs += side**2 * wide * (9 * channels + 9 * wide + 12 * model.layers)
    while side > 4:
        side //= 2
        macs, channels = macs + side**2 * 9 * channels * wide, wide
    return macs + wide**2 * (8 + 2) + side**2 * channels * 4 * wide


def grid_distance(
    student: Float[Array, "b gh gw d 3 4"], teacher: Float[Array, "b th tw td 3 4"]
) -> Float[Array, " b"]:
    """Mean squared difference of the coefficients, one value per image.

    The teacher's grid is finer by whole factors: what stands for a cell of the student
    is the mean of the teacher's cells in its place.  No gradient flows to the teacher.
    """
    b, gh, gw, d = student.shape[:4]
    fine = teacher.shape[1:4]
    assert all(t % s == 0 for t, s in zip(fine, (gh, gw, d), strict=True)), (
        f"the teacher's grid {fine} is no multiple of the student's {(gh, gw, d)}"
    )
    blocks = (b, gh, fine[0] // gh, gw, fine[1] // gw, d, fine[2] // d, 3, 4)
    coarse = jax.lax.stop_gradient(teacher).reshape(blocks).mean((2, 4, 6))
    return jnp.mean((student - coarse) ** 2, axis=(1, 2, 3, 4, 5))


def _small(low: Images) -> Float[Array, "b small small 3"]:
    """The whole image at SMALL x SMALL, whatever its shape."""
    shape = (low.shape[0], SMALL, SMALL, 3)
    return jax.image.resize(low, shape, "linear", antialias=True)
