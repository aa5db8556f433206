"""Losses without a reference image: Zero-DCE's (Guo et al., CVPR 2020, section 3.3).

They say what a well-lit picture is like, so that a network learns from dark pictures
alone.  One value per image.  Where the authors' code differs from their text we follow
the code, since their published weights came of it; `WEIGHTS` are the code's as well.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from lled_jax.arrays import Features, Images, PerImage
from lled_jax.errors import InputError

WELL_EXPOSED = 0.6
"""The brightness that a patch should have (the paper's E)."""
EXPOSURE_PATCH = 16
SPATIAL_PATCH = 4

# The text has 1, 1, 0.5 and 20 (section 3.3); the code's last three are ten times that.
WEIGHTS = {"spatial": 1.0, "exposure": 10.0, "colour": 5.0, "smoothness": 200.0}

# Under the square root, whose derivative has no value at grey; a shift below 1e-6.
_EPS = 1e-12


def zero_reference_terms(
    enhanced: Images, low: Images, curves: Float[Array, "b h w 24"]
) -> dict[str, PerImage]:
    """The four terms, before their `WEIGHTS`; images of 16x16 or more."""
    return {
        "spatial": spatial_consistency(enhanced, low),
        "exposure": exposure_control(enhanced),
        "colour": colour_constancy(enhanced),
        "smoothness": illumination_smoothness(curves),
    }


def zero_reference_loss(terms: Mapping[str, PerImage]) -> PerImage:
    """The sum of the terms, each times its weight."""
    return sum(
        (weight * terms[name] for name, weight in WEIGHTS.items()),
        start=jnp.zeros_like(terms["spatial"]),
    )


def spatial_consistency(enhanced: Images, low: Images) -> PerImage:
    """How much the contrast between neighbouring 4x4 patches has changed (eq. 4).

    The mean over patches i of the sum over neighbours j of (d_ij - d'_ij)^2, where d_ij
    is the signed difference of the patches' mean grey (the code's; the text has its
    absolute value).  Patches at the border have fewer neighbours (in the code: zeros).
    """
    change = _patches(enhanced, SPATIAL_PATCH) - _patches(low, SPATIAL_PATCH)
    down = jnp.square(change[:, 1:] - change[:, :-1]).sum((1, 2))
    across = jnp.square(change[:, :, 1:] - change[:, :, :-1]).sum((1, 2))
    # Each pair of neighbours counts for both of them.
    return 2 * (down + across) / (change.shape[1] * change.shape[2])


def exposure_control(enhanced: Images) -> PerImage:
    """Mean over 16x16 patches of (mean grey - 0.6)^2 (eq. 5; squared in the code)."""
    patches = _patches(enhanced, EXPOSURE_PATCH)
    return jnp.square(patches - WELL_EXPOSED).mean((1, 2))


def colour_constancy(enhanced: Images) -> PerImage:
    """How far the channels' means are apart: the grey-world assumption (eq. 6).

    sqrt(d_rg^4 + d_rb^4 + d_gb^4) of the differences d, as in the code; the text sums
    their squares.
    """
    r, g, b = jnp.moveaxis(enhanced.mean((1, 2)), -1, 0)
    return jnp.sqrt((r - g) ** 4 + (r - b) ** 4 + (g - b) ** 4 + _EPS)


def illumination_smoothness(curves: Features) -> PerImage:
    """How much the curves change from pixel to pixel: total variation (eq. 7).

    Twice the sum over channels of the mean squared differences, down and across, as in
    the code; the text squares the sum of both directions' absolute differences.
    """
    down = jnp.square(curves[:, 1:] - curves[:, :-1]).mean((1, 2)).sum(-1)
    across = jnp.square(curves[:, :, 1:] - curves[:, :, :-1]).mean((1, 2)).sum(-1)
    return 2 * (down + across)


def _patches(images: Images, size: int) -> Float[Array, "b rows columns"]:
    """Mean grey of the whole patches, [b h/size w/size]; what is left over is cut."""
    _, height, width, _ = images.shape
    if min(height, width) < size:
        raise InputError(
            f"zero-reference losses need crops of at least {size}x{size} pixels, got "
            f"{width}x{height}: raise data.crop"
        )
    grey = images.mean(-1)
    sums = lax.reduce_window(
        grey, 0.0, lax.add, (1, size, size), (1, size, size), "VALID"
    )
    return sums / size**2
