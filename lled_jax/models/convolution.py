"""The network's convolutions; the gradient of 3x3 kernels is fast on a CPU, too.

XLA takes the gradient of a kernel as a convolution in which the images of the batch are
the channels that are summed over.  On a CPU it is slow when they are few: one channel
at 70 GFLOP/s and four at 110 to 190, where the forward pass has 320.  Horizontal strips
of an image, each with a row of its neighbours above and below, serve as channels just
as well: the sum over the image is the sum over its strips.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax import Array, lax
from jax.typing import DTypeLike
from jaxtyping import Float

from lled_jax.arrays import Features

# PyTorch's default for convolutions, U(+-1/sqrt(fan_in)): the paper's code base starts
# from it, and its third of LeCun's variance keeps six residual blocks in range.
kernel_init = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")

Kernel = Float[Array, "3 3 c d"]


def spread(values: Array, like: Array) -> Array:
    """`values` broadcast to the shape and type of `like`; the gradient sums in float32.

    In bfloat16, which is how XLA adds up the places of a broadcast on a CPU, a sum of
    10^4 values stands still long before its end.
    """
    wide = jnp.broadcast_to(values.astype(jnp.float32), like.shape)
    return wide.astype(like.dtype)


class Conv(nn.Module):
    """A convolution with bias, of odd `size`; zeros beyond the border on both sides.

    As Flax' with `dtype`, but for the gradient of the bias (`spread`) and `conv3x3`.
    """

    features: int
    size: int
    strides: int = 1
    dtype: DTypeLike | None = None
    kernel_init: nn.initializers.Initializer = kernel_init

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        x, kernel = promote_dtype(x, kernel, dtype=self.dtype)
        fast = (self.size, self.strides) == (3, 1)
        y = conv3x3(x, kernel) if fast else _conv(x, kernel, self.strides)
        return y + spread(bias, y)


# From 8 channels on (half an AVX-512 register) more strips did not help, and two
# strips of eight images were slower than none (docs/performance.md).
_CHANNELS = 8


@jax.custom_vjp
def conv3x3(x: Features, kernel: Kernel) -> Float[Array, "b h w d"]:
    """[b h w c] * [3 3 c d] -> [b h w d], stride 1, zeros beyond the border."""
    return _conv(x, kernel)


def _conv(x: Array, kernel: Array, strides: int = 1) -> Array:
    padding = kernel.shape[0] // 2
    return lax.conv_general_dilated(
        x,
        kernel,
        (strides, strides),
        ((padding, padding), (padding, padding)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return _conv(x, kernel), (x, kernel)


def _backward(saved: tuple[Array, Array], grad: Array) -> tuple[Array, Array]:
    x, kernel = saved
    (grad_x,) = jax.vjp(lambda x: _conv(x, kernel), x)[1](grad)

    def usual(x: Array, grad: Array) -> Array:
        return jax.vjp(lambda kernel: _conv(x, kernel), kernel)[1](grad)[0]

    batch, height = x.shape[:2]
    strips = _strips(batch, height)
    if strips == 1:
        return grad_x, usual(x, grad)

    def by_strips(x: Array, grad: Array) -> Array:
        return kernel_gradient(x, grad, strips).astype(kernel.dtype)

    return grad_x, lax.platform_dependent(x, grad, cpu=by_strips, default=usual)


conv3x3.defvjp(_forward, _backward)


def _strips(batch: int, height: int) -> int:
    """Into how many strips of equal height to cut each image; 1 for not at all."""
    most = max(1, _CHANNELS // batch)
    return next(n for n in range(most, 0, -1) if height % n == 0)


def kernel_gradient(
    x: Features, grad: Float[Array, "b h w d"], strips: int
) -> Float[Array, "3 3 c d"]:
    """The gradient of `conv3x3`'s kernel: input x, gradient of the output `grad`.

    `strips` divides h.
    """
    b, h, w, c = x.shape
    rows = h // strips
    x = x.reshape(b, strips, rows, w, c)
    beyond = jnp.zeros((b, 1, 1, w, c), x.dtype)
    above = jnp.concatenate([beyond, x[:, :-1, -1:]], axis=1)
    below = jnp.concatenate([x[:, 1:, :1], beyond], axis=1)
    x = jnp.concatenate([above, x, below], axis=2)
    return lax.conv_general_dilated(
        x.reshape(b * strips, rows + 2, w, c),
        grad.reshape(b * strips, rows, w, grad.shape[-1]),
        (1, 1),
        ((0, 0), (1, 1)),
        dimension_numbers=("CHWN", "IHWO", "HWNC"),
    )
