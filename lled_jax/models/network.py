"""What all networks have in common, for training and for using them."""

from typing import Protocol, runtime_checkable

from lled_jax.arrays import Images, Params
from lled_jax.models.area import Area
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.models.hdrnet import HDRNet
from lled_jax.models.zero_dce import ZeroDCE

Network = GradientGuided | HDRNet | ZeroDCE
"""A Flax module [b h w 3] in [0, 1] -> `Answer`."""


@runtime_checkable
class Answer(Protocol):
    """What every forward pass gives, beside what is the network's own."""

    @property
    def enhanced(self) -> Images:
        """[b h w 3], not clipped."""


def answer(
    model: Network, params: Params, low: Images, area: Area | None = None
) -> Answer:
    """One forward pass; pure.

    Of a padded image `area` is the part that counts (`GradientGuided` alone has it).
    """
    more = () if area is None else (area,)
    outputs = model.apply({"params": params}, low, *more)
    assert isinstance(outputs, Answer)
    return outputs
