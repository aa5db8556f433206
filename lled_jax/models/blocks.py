"""Building blocks of the gradient-guided network: the FAB and its attentions."""

import flax.linen as nn
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Float

from lled_jax.arrays import Features
from lled_jax.models.area import Area, mean, within
from lled_jax.models.convolution import Conv, spread


class ChannelAttention(nn.Module):
    """Scale each channel by a gate of the image's mean features (FFA-Net, eq. 2-3).

    The mean runs over the whole image, so this is the only place where the network
    sees how dark the picture is as a whole.  A part of an image needs the mean of the
    whole: of the collection "statistics", `mean` [1 1 1 c] is used in place of the mean
    of x, or mixed with a `share` of it.  What the mean is taken of is in "attended" for
    who asks for that collection.
    """

    dtype: DTypeLike | None = None

    @nn.compact
    def __call__(self, x: Features, area: Area | None = None) -> Features:
        channels = x.shape[-1]
        pooled = self._pooled(x, area)
        self.sow("attended", "x", x, reduce_fn=lambda _, new: new)
        hidden = nn.relu(
            Conv(channels // 8, 1, dtype=self.dtype, name="squeeze")(pooled)
        )
        gate = nn.sigmoid(Conv(channels, 1, dtype=self.dtype, name="excite")(hidden))
        return x * spread(gate, x)

    def _pooled(self, x: Features, area: Area | None) -> Float[Array, "_ 1 1 c"]:
        if not self.has_variable("statistics", "mean"):
            return mean(x, area)
        given: Array = self.get_variable("statistics", "mean")
        if not self.has_variable("statistics", "share"):
            return given
        share: Array = self.get_variable("statistics", "share")
        return given + share * (mean(x, area) - given)


class PixelAttention(nn.Module):
    """Scale each pixel by one gate for all of its channels (FFA-Net, eq. 5)."""

    dtype: DTypeLike | None = None

    @nn.compact
    def __call__(self, x: Features) -> Features:
        hidden = nn.relu(Conv(x.shape[-1] // 8, 1, dtype=self.dtype, name="squeeze")(x))
        gate = nn.sigmoid(Conv(1, 1, dtype=self.dtype, name="excite")(hidden))
        return x * spread(gate, x)


class FAB(nn.Module):
    """Feature attention block (FFA-Net, AAAI 2020; section 3.3 of the paper).

    conv3x3, ReLU, +x, conv3x3, channel attention, pixel attention, +x.
    [b h w c] -> [b h w c]; with an `area`, x is 0 outside of it and so is the result.
    """

    dtype: DTypeLike | None = None

    @nn.compact
    def __call__(self, x: Features, area: Area | None = None) -> Features:
        channels = x.shape[-1]
        y = nn.relu(Conv(channels, 3, dtype=self.dtype, name="conv1")(x)) + x
        y = Conv(channels, 3, dtype=self.dtype, name="conv2")(within(y, area))
        y = ChannelAttention(self.dtype, name="channel_attention")(y, area)
        y = PixelAttention(self.dtype, name="pixel_attention")(y)
        return within(y, area) + x
