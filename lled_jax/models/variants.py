"""The named networks, with their size and cost beside the paper's."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.models import hdrnet, zero_dce
from lled_jax.models.gradient_guided import GradientGuided
from lled_jax.models.hdrnet import HDRNet
from lled_jax.models.network import Network
from lled_jax.models.zero_dce import ZeroDCE

# LLVM takes seconds to optimise, for a CPU, what draws the parameters once.
QUICKLY = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


PAPER_SIZE = (1200, 900)
"""Width and height where the paper states operations (table 4)."""


class Variant(NamedTuple):
    """A network and what table 4 states of it, MACs at `PAPER_SIZE`."""

    network: Network
    paper_parameters: float | None = None
    paper_macs: float | None = None


# Ours:      parameters    MACs at 1200x900 (tail as written)
#  teacher   2 127 039     567.8 G
#  student     279 765      75.4 G    and with other guides, for table 5
#  student_base 150 924     41.2 G    without a gradient branch
#  hdrnet_student 148 521   0.078 G    grid 8x8x4
#  hdrnet_teacher 1 913 425 0.224 G    grid 16x16x8, twice the channels
#  zero_dce     79 416      85.5 G
VARIANTS = {
    "teacher": Variant(GradientGuided(6, 96), 2.151e6, 605.8e9),
    "student": Variant(GradientGuided(3, 48), 0.283e6, 83.95e9),
    "student_base": Variant(GradientGuided(3, 48, guide="")),
    "student_canny": Variant(GradientGuided(3, 48, guide="canny")),
    "student_origin": Variant(GradientGuided(3, 48, guide="origin")),
    "hdrnet_student": Variant(HDRNet(8, 4)),
    "hdrnet_teacher": Variant(HDRNet(16, 8, 2)),
    "zero_dce": Variant(ZeroDCE()),
}


def build(
    name: str,
    *,
    folded: bool = True,
    dtype: DTypeLike | None = None,
    remat: bool = False,
) -> Network:
    """The network called `name`.

    Raises `InputError` for an unknown name, and for a `dtype` or `remat` where the
    network has no such option.
    """
    if name not in VARIANTS:
        raise InputError(f"unknown model {name!r}; known models: {', '.join(VARIANTS)}")
    network = VARIANTS[name].network
    if isinstance(network, GradientGuided):
        return network.clone(folded=folded, dtype=dtype, remat=remat)
    if dtype is not None or remat:
        raise InputError(f"{name} computes in float32 and without remat")
    return network


def build_guided(name: str, purpose: str) -> GradientGuided:
    """The network called `name` where only those of section 3.3 will do.

    Raises `InputError`, which says that `purpose` needs one, for any other.
    """
    model = build(name)
    if not isinstance(model, GradientGuided):
        guided = [
            n for n, v in VARIANTS.items() if isinstance(v.network, GradientGuided)
        ]
        raise InputError(f"{purpose} takes {', '.join(guided)}; {name!r} is none")
    return model


def init(model: Network, seed: int) -> Params:
    """Fresh float32 parameters, a function of the seed alone, which is below 2**32.

    A program of its own: inside of another, JAX refuses its options.
    """
    options = QUICKLY if jax.default_backend() == "cpu" else None
    compiled = jax.jit(_init, static_argnums=0, compiler_options=options)
    return compiled(model, jax.random.key(seed))


def shapes(model: Network) -> Params:
    """What `init` gives, but shapes and dtypes alone: nothing is compiled for it."""
    traced = jax.jit(_init, static_argnums=0)  # which JAX does once for a network
    return traced.eval_shape(model, jax.random.key(0))


def _init(model: Network, key: Array) -> Params:
    # The parameters do not depend on the image size; a small one traces fast.
    return model.init(key, jnp.zeros((1, 16, 16, 3)))["params"]


def count_parameters(params: Params) -> int:
    """How many numbers the parameters hold."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def count_macs(name: str, height: int, width: int) -> int:
    """Multiply-adds of the convolutions for one image, the tail as the paper has it.

    One multiply-add counts one.  The guide, the attentions' products and additions
    are left out, as in the paper's kind of count.  The folded tail runs fewer.
    """
    network = VARIANTS[name].network
    if isinstance(network, HDRNet):
        return hdrnet.count_macs(network, height, width)
    if isinstance(network, ZeroDCE):
        return zero_dce.count_macs(height, width)
    c, squeezed = network.channels, network.channels // 8
    pixels = -(-height // 2) * -(-width // 2)
    fab = pixels * (2 * 9 * c * c + c * squeezed + squeezed) + 2 * c * squeezed
    head = pixels * 9 * 3 * c
    tail = pixels * 9 * c * c + 4 * pixels * 9 * c * 3
    branches = 2 if network.guide else 1
    return branches * (head + network.fabs * fab) + tail
