"""From an uploaded file to previews and to the file that is downloaded."""

import hashlib
import io
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jax import Array
from jaxtyping import UInt8
from PIL import Image

from lled_jax import photos
from lled_jax.adjust import adjust, amounts_for
from lled_jax.arrays import EncodedImage
from lled_jax.errors import InputError
from lled_jax.images import to_float, to_u8
from lled_jax.look import Amounts, Look
from lled_jax.page.cache import Cache
from lled_jax.page.limits import Limits
from lled_jax.photos import Metadata, Photo
from lled_jax.photos.colour import to_8_bit


@runtime_checkable
class Enhances(Protocol):
    """What the page needs of `lled_jax.pretrained.Enhancer`."""

    def enhance(self, image: EncodedImage, look: Look = ...) -> EncodedImage:
        """An image [h w 3] to one of its shape and dtype."""


class Gone(Exception):
    """The photo is not in memory any more and has to be sent again."""


class Negative(NamedTuple):
    """What the methods of `Darkroom` work from.

    Attributes:
        key: by which the photo may be asked for again.
        photo: None if only its key is given.
    """

    key: str
    photo: Photo | None = None


class Darkroom:
    """Photos in memory, by the hash of their file.  For one thread at a time.

    Decoded photos, their previews and the network's answers to these are kept as long
    as they fit, so that moving a slider costs neither decoding nor the network.  A
    method raises `Gone` if it is given a key alone and what it needs had to make room.
    """

    def __init__(self, enhancer: Enhances, limits: Limits) -> None:
        self._enhancer, self._limits = enhancer, limits
        self._cache = Cache(limits.cache_bytes)

    def open(self, data: bytes, name: str) -> Negative:
        """Decode a file, or find it decoded; `InputError` if it is no photo."""
        hashed = hashlib.sha256(PurePosixPath(name).suffix.encode() + b"\0" + data)
        key = hashed.hexdigest()
        photo = self._cache.get(("photo", key))
        if photo is None:
            photo = self._read(data, name)
            self._keep(("photo", key), photo)
        return Negative(key, photo)

    def before(self, negative: Negative) -> tuple[bytes, str]:
        """The photo as it is, for the screen: a file, and its media type."""
        small = self._small(negative)
        return _for_screen(small, small.pixels)

    def after(self, negative: Negative, look: Look) -> tuple[bytes, str]:
        """The enhanced photo for the screen: a file, and its media type.

        The network sees the reduced photo, which is sooner done; the look is then put
        on its answer.
        """
        small = self._small(negative)
        bright = self._cache.get(("bright", negative.key))
        if bright is None:
            bright = self._enhancer.enhance(small.pixels, Look())
            self._cache.put(("bright", negative.key), bright, bright.nbytes)
        return _for_screen(small, adjusted(small.pixels, bright, look))

    def develop(self, negative: Negative, look: Look) -> tuple[bytes, Photo]:
        """The file that `lled enhance` would write, in full size, and its photo."""
        photo, file = self._photo(negative), io.BytesIO()
        photos.write(photo, self._enhancer.enhance(photo.pixels, look), file)
        return file.getvalue(), photo

    def _photo(self, negative: Negative) -> Photo:
        photo = negative.photo or self._cache.get(("photo", negative.key))
        if photo is None:
            raise Gone
        return photo

    def _small(self, negative: Negative) -> Photo:
        # Kept apart from the photo, which is larger and may have to go sooner.
        small = self._cache.get(("small", negative.key))
        if small is None:
            small = reduced(self._photo(negative), self._limits.preview)
            self._keep(("small", negative.key), small)
        return small

    def _read(self, data: bytes, name: str) -> Photo:
        most = self._limits.pixels
        # Before it is decoded: a small file may claim any size.
        height, width = photos.size_of_bytes(data, name)
        if height * width > most:
            raise InputError(
                f"{name}: {width} x {height} pixels; this page takes up to "
                f"{most / 1e6:g} megapixels, `lled enhance` takes more"
            )
        return photos.read_bytes(data, name)

    def _keep(self, key: tuple[str, str], photo: Photo) -> None:
        alpha = 0 if photo.alpha is None else photo.alpha.nbytes
        said = sum(len(part) for part in photo.metadata if isinstance(part, bytes))
        self._cache.put(key, photo, photo.pixels.nbytes + alpha + said)


def reduced(photo: Photo, longest: int) -> Photo:
    """The photo in 8 bit, its longer side at most `longest`, without metadata."""

    def small(channels: np.ndarray) -> np.ndarray:
        if channels.dtype == np.uint16:
            channels = to_8_bit(channels)
        image = Image.fromarray(channels)
        # Three times the size by averaging first: a tenth of the time, looks the same.
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.array(image)

    return replace(
        photo,
        pixels=small(photo.pixels),
        alpha=None if photo.alpha is None else small(photo.alpha),
        metadata=Metadata(),
    )


def adjusted(
    low: UInt8[np.ndarray, "h w 3"], bright: UInt8[np.ndarray, "h w 3"], look: Look
) -> UInt8[np.ndarray, "h w 3"]:
    """The network's answer `bright` to `low` in another look than the default.

    It differs from what the enhancer gives in that look by rounding, since `bright` is
    rounded to 8 bit.
    """
    amounts = amounts_for(low, look)
    if amounts == Amounts():
        return bright
    return np.asarray(_adjusted(low[None], bright[None], amounts))[0]


@jax.jit
def _adjusted(low: Array, bright: Array, amounts: Amounts) -> Array:
    return to_u8(adjust(to_float(low), to_float(bright), amounts))


def _for_screen(small: Photo, pixels: UInt8[np.ndarray, "h w 3"]) -> tuple[bytes, str]:
    kind = "JPEG" if small.alpha is None else "PNG"
    file = io.BytesIO()
    photos.write(small, pixels, file, format=kind)
    return file.getvalue(), f"image/{kind.lower()}"
