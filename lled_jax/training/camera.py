"""What a camera does to a photo before it is a file: interpolation and JPEG."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from lled_jax.arrays import Images
from lled_jax.images import LUMA_WEIGHTS

# The tables of ITU-T T.81, annex K.1, which every encoder scales by its quality.
LUMA_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
CHROMA_STEPS = np.full((8, 8), 99)
CHROMA_STEPS[:4, :4] = [
    [17, 18, 24, 47],
    [18, 21, 26, 66],
    [24, 26, 56, 99],
    [47, 66, 99, 99],
]

# RGB to luma, blue and red differences (JFIF), without the offset of 128.
_R, _G, _B = LUMA_WEIGHTS
TO_YCC = np.array(
    [
        [_R, _G, _B],
        np.divide([-_R, -_G, 1 - _B], 2 * (1 - _B)),
        np.divide([1 - _R, -_G, -_B], 2 * (1 - _R)),
    ]
)


def mosaicked(
    noise: Images, odd_row: Bool[Array, "b 1 1 1"], odd_column: Bool[Array, "b 1 1 1"]
) -> Images:
    """The noise of a sensor that sees one colour per pixel, as a photo has it.

    Of the three channels one in each pixel is kept, red and blue a quarter each and
    green half (Bayer), and what lies between is interpolated from the nearest; linear,
    so noise may go through it apart from the light.  `odd_row` and `odd_column` say
    where the pattern begins.  Less noise remains, and in spots instead of points.
    """
    row = (jnp.arange(noise.shape[1]).reshape(1, -1, 1, 1) + odd_row) % 2
    column = (jnp.arange(noise.shape[2]).reshape(1, 1, -1, 1) + odd_column) % 2
    red, blue = (row == 0) & (column == 0), (row == 1) & (column == 1)
    seen = noise * jnp.concatenate([red, row != column, blue], axis=-1)
    beside = jnp.array([0.5, 0.25, 0.5]).reshape(1, 1, 1, 3)
    across = jnp.array([0.25, 0.0, 0.25]).reshape(1, 1, 1, 3)
    # Reflected without its border, a mosaic goes on as it was.
    wide = jnp.pad(seen, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    columns = wide[:, :, :-2] + wide[:, :, 2:]
    sides = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + columns[:, 1:-1]
    return seen + beside * sides + across * (columns[:, :-2] + columns[:, 2:])


def through_jpeg(pictures: Images, quality: Float[Array, "b 1 1 1"]) -> Images:
    """Pictures written as JPEG and read again.

    `quality` is libjpeg's, 1 to 100.  Colour has half the resolution (4:2:0), as in
    most cameras' files.  The result is not rounded to 8 bit.
    """
    height, width = pictures.shape[1:3]
    padding = (0, -height % 16), (0, -width % 16)
    whole = jnp.pad(255 * pictures, ((0, 0), *padding, (0, 0)), mode="edge")
    ycc = jnp.round(_exact("byxc,dc->byxd", whole, TO_YCC))
    scale = jnp.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    luma = _quantised(ycc[..., :1] - 128, LUMA_STEPS, scale) + 128
    count, rows, columns, _ = ycc.shape
    squares = ycc[..., 1:].reshape(count, rows // 2, 2, columns // 2, 2, 2)
    chroma = _quantised(jnp.round(squares.mean((2, 4))), CHROMA_STEPS, scale)
    chroma = jax.image.resize(chroma, (count, rows, columns, 2), "linear")
    ycc = jnp.concatenate([luma, chroma], axis=-1)
    back = _exact("byxc,dc->byxd", ycc, np.linalg.inv(TO_YCC))
    return jnp.clip(back[:, :height, :width] / 255, 0.0, 1.0)


def _quantised(
    planes: Float[Array, "b h w c"], steps: np.ndarray, scale: Float[Array, "b 1 1 1"]
) -> Float[Array, "b h w c"]:
    """Blocks of 8 x 8, the cosine transform rounded to `scale` % of `steps`."""
    count, height, width, channels = planes.shape
    full = jnp.asarray(steps, jnp.float32).reshape(1, 1, 8, 1, 8, 1)
    scaled = jnp.floor((full * scale[:, None, None] + 50) / 100)
    step = jnp.clip(scaled, 1.0, 255.0)
    frequency, place = np.arange(8)[:, None], np.arange(8)
    cosines = np.cos((2 * place + 1) * frequency * np.pi / 16) / 2
    cosines[0] /= np.sqrt(2)
    blocks = planes.reshape(count, height // 8, 8, width // 8, 8, channels)
    waves = _exact("byixjc,ui,vj->byuxvc", blocks, cosines, cosines)
    waves = jnp.round(waves / step) * step
    blocks = _exact("byuxvc,ui,vj->byixjc", waves, cosines, cosines)
    return jnp.clip(jnp.round(blocks.reshape(planes.shape)), -128.0, 127.0)


def _exact(sum_of: str, images: Array, *matrices: np.ndarray) -> Array:
    """`einsum` in float32, also where products of matrices are rounded by default."""
    constants = [jnp.asarray(matrix, jnp.float32) for matrix in matrices]
    return jnp.einsum(sum_of, images, *constants, precision="highest")
