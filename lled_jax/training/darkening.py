"""Well-lit pictures made dark, as by a short exposure, or in a part by shade."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lled_jax.images import srgb_decode, srgb_encode, to_float, to_u8
from lled_jax.training.camera import mosaicked

# From what tells a dark photo from a photo of something dark, to what LOL's inputs are
# below its targets; electrons at white, from a small sensor at high sensitivity to a
# large one, and the amplifier's.
STOPS = (2.0, 6.0)
FULL_WELL = (2e3, 1e5)
READ_NOISE = (2.0, 6.0)

# Of `shade`, drawn between these.
ANGLE = (0.0, 2 * np.pi)
WEIGHT = (0.0, 1.0)
BORDER = (0.2, 0.8)
WIDTH = (0.2, 0.7)


def show_darkened(
    batch: dict[str, Array],
    key: Array,
    share: float,
    below: float,
    further: float = 0.0,
    unevenly: float = 0.0,
    mosaic: float = 0.0,
) -> dict[str, Array]:
    """Put the target, made darker, in place of the dark image in a `share` of pairs.

    Shadows lose two to six stops, or up to `further` more, and white a part of that: a
    quarter of the time all of it (the photo was exposed too short), a quarter nothing
    (something in it shines, and the exposure was right for that).  A share `unevenly`
    of the pictures loses them only in its `shade`.  The light gets a sensor's noise and
    becomes an 8-bit sRGB picture again: with x of a full well of N electrons and read
    noise of r electrons the variance is x / N + (r / N)^2, as in
    `data.synthetic.darken`.  The noise of a share `mosaic` has been interpolated
    (`camera.mosaicked`).  Where the picture's mean is not below `below`, the dark image
    stays.  A pair of equal images has no dark one, as of `data.well_lit`; it has a
    share of 1.  `low` becomes float32 in [0, 1].
    """
    low, high = to_float(batch["low"]), to_float(batch["high"])
    light = srgb_decode(high)
    keys = jax.random.split(key, 8)

    def drawn(key: Array, least: float, most: float) -> Array:
        return jax.random.uniform(key, (len(low), 1, 1, 1), minval=least, maxval=most)

    def some(key: Array, share: float) -> Array:
        return jax.random.bernoulli(key, share, (len(low), 1, 1, 1))

    stops = drawn(keys[0], STOPS[0], STOPS[1] + further)
    if unevenly:
        how = zip(
            jax.random.split(keys[7], 4), (ANGLE, WEIGHT, BORDER, WIDTH), strict=True
        )
        shaded = shade(high, *(drawn(key, *bounds) for key, bounds in how))
        stops = stops * jnp.where(some(keys[6], unevenly), shaded, 1.0)
    light = darker(light, stops, stops * jnp.clip(drawn(keys[5], -0.5, 1.5), 0.0, 1.0))
    full_well = jnp.exp(drawn(keys[1], *np.log(FULL_WELL)))
    read_noise = drawn(keys[2], *READ_NOISE) / full_well
    deviation = jnp.sqrt(light / full_well + read_noise * read_noise)
    noise = deviation * jax.random.normal(keys[3], low.shape)
    if mosaic:
        which, row, column = jax.random.split(jax.random.fold_in(key, 8), 3)
        interpolated = mosaicked(noise, some(row, 0.5), some(column, 0.5))
        noise = jnp.where(some(which, mosaic), interpolated, noise)
    picture = to_float(to_u8(srgb_encode(jnp.maximum(light + noise, 0.0))))
    chosen = some(keys[4], share) | (low == high).all((1, 2, 3), keepdims=True)
    chosen &= picture.mean((1, 2, 3), keepdims=True) < below
    return batch | {"low": jnp.where(chosen, picture, low)}


def darker(light: Array, shadows: Array | float, white: Array | float) -> Array:
    """Linear light [... 3] with shadows `shadows` stops darker and white `white`.

    Of the greatest channel a hyperbola through 0 of slope 2^-shadows there and of value
    2^-white at 1, a straight line where both are the same; the others keep their
    proportion to it, so that no colour changes.
    """
    dark, kept = jnp.exp2(shadows), jnp.exp2(white)
    return light / (dark + (kept - dark) * light.max(-1, keepdims=True))


def shade(
    images: Array,
    angle: Array | float,
    weight: Array | float,
    border: Array | float,
    width: Array | float,
) -> Array:
    """How far pixels of sRGB pictures [b h w 3] are in the shade, 0 to 1, [b h w 1].

    In the light is what is on the side of the picture that `angle` points to, in
    radians, 0 to the right and pi / 2 downwards (a lamp or a window is there), or what
    is bright itself (the sky is, and who stands before it is not): both from 0 to 1,
    `weight` is that of the former in their mean.  Where that reaches `border` the shade
    is half, and smooth over `width`.  All four are numbers or of shape [b 1 1 1].
    """
    rows = jnp.linspace(-0.5, 0.5, images.shape[1]).reshape(1, -1, 1, 1)
    columns = jnp.linspace(-0.5, 0.5, images.shape[2]).reshape(1, 1, -1, 1)
    right, down = jnp.cos(angle), jnp.sin(angle)
    side = 0.5 + (right * columns + down * rows) / (jnp.abs(right) + jnp.abs(down))
    lit = weight * side + (1 - weight) * images.max(-1, keepdims=True)
    t = jnp.clip(0.5 + (lit - border) / width, 0.0, 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t)
