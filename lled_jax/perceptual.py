"""The perceptual loss: L1 between VGG activations (paper eq. 3-7, section 4.1).

The paper says VGG19 and L1 and leaves layers and scale open.  Our reading:

* **Layer**: the last ReLU of block 3 (``relu3_4`` of VGG19, ``relu3_3`` of VGG16).
* **Reduction**: mean over height, width and channels of a layer, then mean over the
  layers, so that the weight does not depend on how many there are.
* **Scale**: see `FEATURE_SCALE`.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from lled_jax.arrays import Images, PerImage
from lled_jax.models.vgg import DEPTHS, Vgg, features

FEATURE_SCALE = {"caffe": 1 / 400, "torch": 1.0}
"""What activations are multiplied by, for each kind of weights.

Caffe's VGG19 has activations in the hundreds, torchvision's VGG16 about one, and a
weight of 0.1 cannot mean something for both.  Mean activation on 48 random 256 x 256
crops of LOL's training targets: Caffe relu3_4 351, torchvision relu3_3 0.873, ratio
402.  (The larger input explains 255 * 0.226 = 58 of it; the rest is the weights.)
The unscaled losses have ratios of 260 (noise) to 500 (dimming) on six LOL test pairs.
Scaled, a noise of 0.05, the brightened input and the dark input cost 0.5, 0.7, 0.8
(VGG19) and 0.8, 0.9, 0.9 (VGG16): 0.05 to 0.09 at the paper's weight of 0.1, where L1
is 0.04, 0.11 and 0.33.
"""


def default_layers(vgg: Vgg) -> tuple[str, ...]:
    """The last ReLU of block 3: ``relu3_4`` for VGG19, ``relu3_3`` for VGG16."""
    return (f"relu3_{DEPTHS[vgg.architecture][2]}",)


def perceptual_loss(
    vgg: Vgg, enhanced: Images, target: Images, layers: Sequence[str] | None = None
) -> PerImage:
    """Mean absolute difference of VGG activations, scaled by `FEATURE_SCALE`.

    `enhanced` and `target` are RGB in [0, 1]; `layers` are names such as
    ``relu3_4``, by default `default_layers`.  No gradient flows to `target` or to
    the weights.  Raises `InputError` for layers that the weights do not have.
    """
    layers = default_layers(vgg) if layers is None else layers
    vgg = jax.lax.stop_gradient(vgg)
    ours = features(vgg, enhanced, layers)
    # Apart from `enhanced`, so that nothing of it is kept for the backward pass.
    theirs = features(vgg, jax.lax.stop_gradient(target), layers)
    distances = [
        jnp.mean(jnp.abs(ours[name] - theirs[name]), axis=(1, 2, 3)) for name in ours
    ]
    return jnp.mean(jnp.stack(distances), axis=0) * FEATURE_SCALE[vgg.preprocessing]
