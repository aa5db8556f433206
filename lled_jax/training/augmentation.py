"""Changes to a batch that need floats, made inside the step by address (seed, step)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lled_jax.errors import InputError
from lled_jax.images import to_float, to_u8
from lled_jax.training.camera import through_jpeg
from lled_jax.training.darkening import show_darkened

Batch = dict[str, Array]

# The fields that are shares of the pairs or of the images.
SHARES = ("darkened", "darkened_unevenly", "darkened_mosaic", "jpeg", "bright")
# Of JPEG, as libjpeg counts: from what is posted to what a camera writes.
QUALITY = (70.0, 98.0)


class Augmentation(NamedTuple):
    """What happens to a batch, in this order; 0, False and a zoom of 1 change nothing.

    Attributes:
        zoom: square crops are seen at 1 / k of their scale, k from 1 to this; whole
            images never are.
        darkened: this share of the pairs that `bright` leaves shows the target made
            darker as the input: of a data set of very dark photos nothing is learned
            about rather dark ones.  Pairs of equal images do so always.
        darkened_below: but only where its mean, in [0, 1], is below this: what is
            brighter is not dark, and is to stay as it is.
        darkened_further: by up to so many stops more than six.
        darkened_unevenly: this share of what is made darker is so in a part of the
            picture only, as what stands in the shade or before a bright sky is: the
            rest is to stay as it is.
        darkened_mosaic: the noise of this share of what is made darker is interpolated
            from a mosaic, as in a camera.
        jpeg: this share of the dark images has been written as JPEG: the photos that
            people have are, and noise looks different in those.
        bright: this share of the pairs shows the target as the input: a photo that is
            bright already is to stay so.
        turn: whether half of the pairs change rows for columns; with the two flips of
            a crop that makes all eight orientations.  Only square images are turned.
        exposure: dark images, and what `bright` shows, times or by up to 1 + this.
        noise: the same with Gaussian noise of a standard deviation up to this, in
            [0, 1].
        bright_as_is: what `bright` shows is spared by `exposure` and `noise`.
        mixup: pairs are mixed with their neighbours in the batch, by shares from
            Beta(mixup, mixup).
    """

    zoom: int = 1
    darkened: float = 0.0
    darkened_below: float = 0.3
    darkened_further: float = 0.0
    darkened_unevenly: float = 0.0
    darkened_mosaic: float = 0.0
    jpeg: float = 0.0
    bright: float = 0.0
    turn: bool = False
    exposure: float = 0.0
    noise: float = 0.0
    bright_as_is: bool = False
    mixup: float = 0.0

    def checked(self, crop: int = 0) -> "Augmentation":
        """The same, for crops of `crop` pixels square (0: whole images, without zoom).

        Raises `InputError` for negative values, shares above 1, a zoom below 1, and a
        crop that is not a multiple of it.
        """
        if self.zoom < 1:
            raise InputError(f"data.zoom is {self.zoom}; it must be 1 or more")
        _check_multiple(crop, self.zoom)
        for name, value in self._asdict().items():
            if value < 0:
                raise InputError(f"data.{name} is {value}; it must be 0 or more")
            if name in SHARES and value > 1:
                raise InputError(f"data.{name} is {value}; a share is 1 at most")
        # Here, where it is known: a whole image may be square, as a crop is.
        return self if crop else self._replace(zoom=1)

    def __call__(self, batch: Batch, seed: int, step: Array) -> Batch:
        """The batch changed: {"low", "high"} of [b h w 3]; pure."""
        key = jax.random.fold_in(jax.random.key(seed), step)
        if self.zoom > 1:
            batch = zoom(batch, jax.random.fold_in(key, 4), self.zoom)
        if self.darkened:
            batch = show_darkened(
                batch,
                jax.random.fold_in(key, 6),
                self.darkened,
                self.darkened_below,
                self.darkened_further,
                self.darkened_unevenly,
                self.darkened_mosaic,
            )
        if self.jpeg:
            batch = show_jpeg(batch, jax.random.fold_in(key, 7), self.jpeg)
        if self.bright and not self.bright_as_is:
            batch = show_bright(batch, jax.random.fold_in(key, 5), self.bright)
        if self.turn:
            batch = turn(batch, jax.random.fold_in(key, 1))
        if self.exposure:
            batch = expose(batch, key, self.exposure)
        if self.noise:
            batch = add_noise(batch, jax.random.fold_in(key, 2), self.noise)
        if self.bright and self.bright_as_is:
            batch = show_bright(batch, jax.random.fold_in(key, 5), self.bright)
        if self.mixup:
            batch = mix_up(batch, jax.random.fold_in(key, 3), self.mixup)
        return batch


def zoom(batch: Batch, key: Array, most: int) -> Batch:
    """Show each pair of square crops at 1 / k of its scale, k from 1 to `most`.

    Every pair becomes a square of 1 / `most` of the side: the mean over k x k pixels of
    a part of the crop k / `most` as wide, somewhere in it.  So the channel attention
    sees means over large areas at the price of small crops.  Both images become float32
    in [0, 1]; images that are not square stay as they are.

    Raises:
        InputError: the side is not a multiple of `most`.
    """
    count, height, width = batch["low"].shape[:3]
    if height != width:
        return batch
    _check_multiple(height, most)
    side = height // most
    which, where = jax.random.split(key)
    chosen = jax.random.randint(which, (count,), 0, most)
    places = jax.random.uniform(where, (count, 2))

    def seen(image: Array, k: int, place: Array) -> Array:
        corner = (place * (height - k * side + 1)).astype(jnp.int32)
        part = jax.lax.dynamic_slice(image, (*corner, 0), (k * side, k * side, 3))
        return part.reshape(side, k, side, k, 3).mean((1, 3))

    def zoomed(image: Array, choice: Array, place: Array) -> Array:
        scales = [seen(image, k, place) for k in range(1, most + 1)]
        return jnp.stack(scales)[choice]

    return {
        name: jax.vmap(zoomed)(to_float(images), chosen, places)
        for name, images in batch.items()
    }


def _check_multiple(side: int, most: int) -> None:
    if side % most:
        raise InputError(f"crop {side} is not a multiple of data.zoom {most}")


def show_jpeg(batch: Batch, key: Array, share: float) -> Batch:
    """Write a `share` of the dark images as JPEG and read them again.

    The quality is uniform in `QUALITY`, one for each image; the target stays as it is.
    `low` becomes float32 in [0, 1].
    """
    low = to_float(batch["low"])
    which, how = jax.random.split(key)
    least, most = QUALITY
    shape = (len(low), 1, 1, 1)
    quality = jax.random.uniform(how, shape, minval=least, maxval=most)
    read = to_float(to_u8(through_jpeg(low, quality)))
    chosen = jax.random.bernoulli(which, share, shape)
    return batch | {"low": jnp.where(chosen, read, low)}


def show_bright(batch: Batch, key: Array, share: float) -> Batch:
    """Put the target in place of the dark image in a `share` of the pairs.

    `low` becomes float32 in [0, 1].
    """
    low, high = to_float(batch["low"]), to_float(batch["high"])
    chosen = jax.random.bernoulli(key, share, (len(low), 1, 1, 1))
    return batch | {"low": jnp.where(chosen, high, low)}


def turn(batch: Batch, key: Array) -> Batch:
    """Change rows for columns in half of the pairs, if the images are square."""
    count, height, width = batch["low"].shape[:3]
    if height != width:
        return batch
    chosen = jax.random.bernoulli(key, shape=(count, 1, 1, 1))

    def turned(images: Array) -> Array:
        there = jnp.broadcast_to(chosen, images.shape)
        return jnp.where(there, images.swapaxes(1, 2), images)

    return {name: turned(images) for name, images in batch.items()}


def expose(batch: Batch, key: Array, strength: float) -> Batch:
    """Multiply each dark image by a gain of its own; the target stays as it is.

    The logarithm of the gain is uniform between plus and minus log(1 + `strength`),
    and the product is clipped to 1 as a sensor would.  How dark a photo is says little
    about how bright its target is, and a network that is to see many exposures cannot
    come to rely on it.  `low` becomes float32 in [0, 1].
    """
    low = to_float(batch["low"])
    span = jnp.log1p(strength)
    logs = jax.random.uniform(key, (len(low), 1, 1, 1), minval=-span, maxval=span)
    gain = jnp.broadcast_to(jnp.exp(logs), low.shape)
    return batch | {"low": jnp.minimum(low * gain, 1.0)}


def add_noise(batch: Batch, key: Array, strength: float) -> Batch:
    """Add Gaussian noise to each dark image; the target stays as it is.

    Its standard deviation is uniform between 0 and `strength`, one for each image.
    `low` becomes float32 in [0, 1].
    """
    low = to_float(batch["low"])
    how_much, where = jax.random.split(key)
    deviation = strength * jax.random.uniform(how_much, (len(low), 1, 1, 1))
    noise = jnp.broadcast_to(deviation, low.shape) * jax.random.normal(where, low.shape)
    return batch | {"low": jnp.clip(low + noise, 0.0, 1.0)}


def mix_up(batch: Batch, key: Array, alpha: float) -> Batch:
    """Mix each pair with the next of the batch (Zhang et al., ICLR 2018).

    The share of a pair is drawn from Beta(alpha, alpha), the same for the dark image
    and its target.  Both become float32 in [0, 1].
    """
    count = len(batch["low"])
    share = jax.random.beta(key, alpha, alpha, (count, 1, 1, 1))

    def mixed(images: Array) -> Array:
        images = to_float(images)
        own = jnp.broadcast_to(share, images.shape)
        return own * images + (1 - own) * jnp.roll(images, 1, axis=0)

    return {name: mixed(images) for name, images in batch.items()}
