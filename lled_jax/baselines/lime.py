"""LIME: low-light image enhancement via illumination map estimation.

Guo, Li, Ling, IEEE TIP 26(2), 2017, the paper's classical peer.  A picture L is its
reflectance R times the light T that falls on it, the same for all channels (eq. 1):

    T^(x) = max over channels of L(x)                                        (eq. 3)
    T     = argmin ||T^ - T||^2 + alpha ||W o grad T||_1                     (eq. 8)
    R     = L / T^gamma

The first guess T^ is smoothed but for the edges that W spares.  We take the sped-up
solver (section III-D): the absolute values are replaced by squares over their size in
T^, which leaves one sparse linear system, T + sum_d D_d' w_d D_d T = T^, with
w_d = alpha W_d / (|D_d T^| + eps), D_d being the differences across and down.
W is by weight strategy III: W_d = 1 / (|G * D_d T^| + eps) with a Gaussian G.

No denoising afterwards: the authors' demo runs BM3D on the result, the equations do
not need it.
"""

import numpy as np
from jaxtyping import Float
from scipy import ndimage, sparse
from scipy.sparse import linalg

from lled_jax.baselines.values import Enhanced, Image, decoded, value

# The authors' settings: alpha and sigma of their demo, gamma of the paper.
ALPHA = 0.15
SIGMA = 2.0
GAMMA = 0.8
# "A very small constant"; about a quarter of a level of 8 bit.
EPS = 1e-3

Map = Float[np.ndarray, "h w"]


def lime(image: Image) -> Enhanced:
    """The image under even light.

    Takes seconds at 600x400, and time and memory grow a little faster than the number
    of pixels: a photo of 12 megapixels needs some 10 GB.
    """
    pixels = decoded(image)
    light = np.maximum(illumination(value(pixels)), EPS) ** GAMMA
    return np.clip(pixels / light[..., None], 0, 1)


def illumination(guess: Map) -> Map:
    """T from T^: smooth, but for the edges of objects."""
    across, down = (_edge_weights(guess, axis) for axis in (1, 0))
    system = _system(across, down)
    # Symmetric and diagonally dominant: no pivoting, and an ordering for such.
    factors = linalg.splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return factors.solve(guess.ravel()).reshape(guess.shape)


def _edge_weights(guess: Map, axis: int) -> Map:
    """w_d of each pixel and its next one along `axis`; 0 where there is none."""
    step = np.diff(guess, axis=axis, append=np.take(guess, [-1], axis))
    around = ndimage.gaussian_filter(step, SIGMA, mode="nearest")
    weights = ALPHA / ((np.abs(around) + EPS) * (np.abs(step) + EPS))
    np.moveaxis(weights, axis, 0)[-1] = 0
    return weights


def _system(across: Map, down: Map) -> sparse.csc_array:
    """1 + sum_d D_d' w_d D_d for the pixels in reading order: five diagonals."""
    width = across.shape[1]
    right, below = across.ravel(), down.ravel()
    diagonal = 1 + right + below
    diagonal[1:] += right[:-1]
    diagonal[width:] += below[:-width]
    return sparse.diags_array(
        [-below[:-width], -right[:-1], diagonal, -right[:-1], -below[:-width]],
        offsets=[-width, -1, 0, 1, width],
        format="csc",
    )
