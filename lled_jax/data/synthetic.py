"""The demo set: a few photographs that come inside scikit-image, darkened by physics.

No download.  It is for trying the code, for tests and continuous integration; the
numbers it gives mean nothing beside a real set's.  Only natural, well-lit colour
pictures of the wheel are used (its night shots would be dark targets).
"""

import importlib.util
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from lled_jax.data.decode import read_image
from lled_jax.data.pairs import ArrayPairs
from lled_jax.errors import InputError
from lled_jax.images import srgb_decode, srgb_encode

# No scene in both; the two motorcycles are one scene, a stereo pair.
PHOTOS = {
    "train": ("astronaut.png", "motorcycle_left.png", "motorcycle_right.png"),
    "test": ("chelsea.png", "coffee.png"),
}
TILE = 256  # the paper's crop (section 4.1)
DARKENINGS = {"train": 3, "test": 2}
# Three photographs show few colours, and a network trained on them tints everything
# like them.  Each darkening of a training tile has its channels in another order.
CHANNEL_ORDERS = ((0, 1, 2), (2, 0, 1), (1, 2, 0))

# Chosen so that the set's means resemble LOL's: the low image 0.06 of the range, and
# PSNR of input against target 7.8 dB (LOL's training and test part: 0.06 and 7.8).
STOPS = (3.5, 6.5)
FULL_WELL = (2000.0, 8000.0)  # electrons at the sensor's white, before the exposure
READ_NOISE = (2.0, 6.0)  # electrons
BALANCE_DEVIATION = 0.08  # of the log of the red and the blue gain
GAMMA_DEVIATION = 0.04  # of the log of the tone curve's exponent


def demo(split: str) -> ArrayPairs:
    """The demo pairs of "train" or "test", 8 bit, the same on every call.

    Train: 256x256 tiles of three photographs, several darkenings each, every one in
    other colours.  Test: two whole photographs (300x451 and 400x600) of other scenes.

    Raises:
        InputError: no such split, or scikit-image is not installed.
    """
    if split not in PHOTOS:
        raise InputError(f"demo split '{split}': choose 'train' or 'test'")
    folder = _photo_folder()
    names, low, high = [], [], []
    for number, photo in enumerate(PHOTOS[split]):
        image = read_image(folder / photo)
        views = _tiles(image) if split == "train" else [image]
        for view, target in enumerate(views):
            for shot in range(DARKENINGS[split]):
                rng = np.random.default_rng([split == "test", number, view, shot])
                names.append(f"{Path(photo).stem}-{view}-{shot}")
                recoloured = target
                if split == "train":
                    recoloured = target[..., CHANNEL_ORDERS[shot]]
                low.append(darken(recoloured.astype(np.float32) / 255, rng))
                high.append(recoloured)
    return ArrayPairs(names, low, high)


def darken(
    image: Float[np.ndarray, "h w 3"],
    rng: np.random.Generator,
    stops: float | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """A low-light photograph of what `image` (sRGB in [0, 1]) shows, 8 bit.

    1. Light: sRGB is decoded; red and blue get a gain each, as under other lamps.
    2. Exposure: the light is reduced by `stops` powers of two (drawn if None).
    3. Sensor: with x of the full well of N electrons and read noise of r electrons
       the variance is x / N + (r / N)^2: the Gaussian approximation of photon noise,
       and the amplifier's.  Colour channels are independent (no demosaicing).
    4. Picture: clipped, raised to an exponent near 1 (cameras differ), sRGB-encoded,
       rounded.

    The same generator state gives the same picture, and fewer stops never a darker
    one on average.
    """
    drawn = rng.uniform(*STOPS)
    exposure = 2.0 ** -(drawn if stops is None else stops)
    gains = np.exp(rng.normal(0, BALANCE_DEVIATION, 3) * (1, 0, 1))
    full_well, read_noise = rng.uniform(*FULL_WELL), rng.uniform(*READ_NOISE)
    light = srgb_decode(image) * gains * exposure
    deviation = np.sqrt(light / full_well + (read_noise / full_well) ** 2)
    light = light + deviation * rng.standard_normal(image.shape)
    exponent = np.exp(rng.normal(0, GAMMA_DEVIATION))
    picture = srgb_encode(np.clip(light, 0, 1) ** exponent)
    return np.round(picture * 255).astype(np.uint8)


def _tiles(image: np.ndarray) -> list[np.ndarray]:
    """TILE x TILE tiles that cover the image, overlapping as little as they can."""
    rows, columns = (
        np.linspace(0, size - TILE, -(-size // TILE)).astype(int)
        for size in image.shape[:2]
    )
    return [image[y : y + TILE, x : x + TILE] for y in rows for x in columns]


def _photo_folder() -> Path:
    """scikit-image's pictures; found without importing it, which would take a second.

    Only the wheel's own: those its functions download may not be there.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise InputError(
            "the demo set needs scikit-image's photographs: pip install scikit-image"
        )
    return Path(spec.origin).parent / "data"
