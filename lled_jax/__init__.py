"""Low-light image enhancement with knowledge distillation, in JAX and Flax.

One line brightens a photo, given as a file or an array, into an array [h w 3]:

    bright = lled_jax.load().enhance("dark.jpg")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lled_jax.pretrained import Enhancer, load

__all__ = ["Enhancer", "load"]


def __getattr__(name: str) -> Any:
    # When asked for: whoever imports one module of ours need not wait for the rest.
    if name in __all__:
        from lled_jax import pretrained

        return getattr(pretrained, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
