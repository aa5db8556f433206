"""Camera RAW to pixels for data sets, by LibRaw with every setting stated.

`lled_jax.photos` develops photos for people and decides for itself; here the settings
are part of a data set and are written down beside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from jaxtyping import UInt16

from lled_jax.errors import InputError
from lled_jax.photos.raw import opened

BT709 = (2.222, 4.5)
SRGB = (2.4, 12.92)
"""Tone curves as LibRaw has them: the exponent's inverse and the slope near black."""

Settings = dict[str, Any]
"""All parameters of `rawpy.Params`, enumerations by name: fit for JSON."""

_ENUMERATIONS = {
    "demosaic_algorithm": "DemosaicAlgorithm",
    "fbdd_noise_reduction": "FBDDNoiseReductionMode",
    "output_color": "ColorSpace",
    "highlight_mode": "HighlightMode",
}
_PAIRS = ("gamma", "chromatic_aberration")
# By LibRaw's code of the orientation: quarter turns counterclockwise.
_TURNS = {0: 0, 3: 2, 5: 1, 6: 3}


def settings(
    *,
    gamma: tuple[float, float],
    half_size: bool = False,
    user_flip: int | None = None,
) -> Settings:
    """The camera's white balance, AHD, sRGB primaries, clipped, not brightened, 16 bit.

    Args:
        gamma: `BT709`, rawpy's default, or `SRGB`.
        half_size: 2x2 sensor pixels make one, without demosaicking.
        user_flip: None turns the picture upright, 0 leaves it as the sensor lay.
    """
    return {
        "demosaic_algorithm": "AHD",
        "half_size": half_size,
        "four_color_rgb": False,
        "dcb_iterations": 0,
        "dcb_enhance": False,
        "fbdd_noise_reduction": "Off",
        "noise_thr": None,
        "median_filter_passes": 0,
        "use_camera_wb": True,
        "use_auto_wb": False,
        "user_wb": None,
        "output_color": "sRGB",
        "output_bps": 16,
        "user_flip": user_flip,
        "user_black": None,
        "user_cblack": None,
        "user_sat": None,
        "no_auto_bright": True,
        "auto_bright_thr": None,
        # The white level is the brightest pixel, if that is above this share of it.
        "adjust_maximum_thr": 0.75,
        "bright": 1.0,
        "highlight_mode": "Clip",
        "exp_shift": None,
        "exp_preserve_highlights": 0.0,
        "no_auto_scale": False,
        "gamma": list(gamma),
        "chromatic_aberration": [1.0, 1.0],
        "bad_pixels_path": None,
    }


def develop(
    data: bytes, name: str, settings: Settings, ratio: float = 1.0
) -> UInt16[np.ndarray, "h w 3"]:
    """Develop a RAW file; with a `ratio` its light is multiplied by that first.

    The multiplication happens on the sensor's values above black, before white
    balance, demosaicking and the tone curve, clipped at the sensor's white, as a
    longer exposure would be (the authors' code of See in the Dark does the same).

    Raises:
        InputError: it is damaged, of an unknown camera, or has no colour mosaic.
    """
    with _unpacked(data, name) as raw:
        if ratio != 1:
            _amplify(raw, ratio, name)
        return _developed(raw, name, settings)


def develop_cropped(
    data: bytes, name: str, settings: Settings
) -> UInt16[np.ndarray, "h w 3"]:
    """Develop a DNG to the frame it asks for (DefaultCrop), upright.

    LibRaw shows some pixels more than Adobe's programs, and those lie at the border.
    `settings` must have a `user_flip` of 0.

    Raises:
        InputError: it is damaged, of an unknown camera, or has no colours.
    """
    assert settings["user_flip"] == 0
    with _unpacked(data, name) as raw:
        sizes = raw.sizes  # before LibRaw forgets how the camera was held
        pixels = _default_crop(sizes, _developed(raw, name, settings))
        turns = _TURNS.get(sizes.flip, 0)
    return np.ascontiguousarray(np.rot90(pixels, turns))


def pack(data: bytes, name: str) -> UInt16[np.ndarray, "h w 4"]:
    """The Bayer mosaic as four half-size planes R, G, B, G: linear, not balanced.

    0 is the black level (darker noise is clipped), 65535 the white level; the planes
    are in the order of See in the Dark's code (red's row's green before blue's).

    Raises:
        InputError: it is damaged, of an unknown camera, or has no Bayer mosaic.
    """
    with _unpacked(data, name) as raw:
        mosaic = _mosaic(raw, name)
        black, white = _levels(raw, raw.raw_colors_visible)
        light = (raw.raw_image_visible - black) / (white - black)
        # Colour numbers of a 2x2 cell; LibRaw calls blue's row's green 3.
        cell = mosaic[:2, :2]
        height, width = (2 * (side // 2) for side in light.shape)
        planes = []
        for colour in (0, 1, 2, 3):
            ((y, x),) = np.argwhere(cell == colour)
            planes.append(light[y:height:2, x:width:2])
    return np.rint(np.clip(np.stack(planes, -1), 0, 1) * 65535).astype(np.uint16)


def libraw_version() -> str:
    """Of the library that develops; another one may give other pixels."""
    import rawpy

    return ".".join(map(str, rawpy.libraw_version))


@contextmanager
def _unpacked(data: bytes, name: str) -> Iterator[Any]:
    """The unpacked file, as `photos.raw` opens it."""
    with opened(BytesIO(data), name, "download it again") as raw:
        raw.unpack()
        yield raw


def _developed(raw: Any, name: str, settings: Settings) -> np.ndarray:
    import rawpy

    named = {
        key: getattr(rawpy, kind)[settings[key]] for key, kind in _ENUMERATIONS.items()
    }
    pairs = {key: tuple(settings[key]) for key in _PAIRS}
    pixels = raw.postprocess(**settings | named | pairs)
    if pixels.shape[2] != 3:
        raise InputError(f"{name}: has no colours; it is not of this set")
    return pixels


def _mosaic(raw: Any, name: str) -> np.ndarray:
    """The visible pixels' colour numbers; `InputError` unless they are a Bayer's."""
    if raw.raw_image is None or raw.raw_pattern is None or raw.num_colors != 3:
        raise InputError(f"{name}: holds no colour mosaic; it is not of this set")
    if raw.raw_pattern.shape != (2, 2) or len(np.unique(raw.raw_pattern)) != 4:
        raise InputError(f"{name}: holds no Bayer mosaic; it is not of this set")
    return raw.raw_colors_visible


def _levels(raw: Any, colours: np.ndarray) -> tuple[np.ndarray, float]:
    """The black level of each pixel, and the white level."""
    black = np.asarray(raw.black_level_per_channel, np.float32)[colours]
    return black, float(raw.white_level)


def _amplify(raw: Any, ratio: float, name: str) -> None:
    _mosaic(raw, name)
    black, white = _levels(raw, raw.raw_colors)
    light = (raw.raw_image - black) * np.float32(ratio)
    raw.raw_image[:] = np.clip(np.rint(black + light), 0, white)


def _default_crop(sizes: Any, pixels: np.ndarray) -> np.ndarray:
    """Cut to the inner frame of the file, which LibRaw states but leaves uncut."""
    top = sizes.crop_top_margin - sizes.top_margin
    left = sizes.crop_left_margin - sizes.left_margin
    height, width = sizes.crop_height, sizes.crop_width
    inside = top + height <= sizes.height and left + width <= sizes.width
    if not (height and width and top >= 0 and left >= 0 and inside):
        return pixels
    # Where pixels are not square LibRaw has stretched one side.
    down, across = pixels.shape[0] / sizes.height, pixels.shape[1] / sizes.width
    y, x = round(top * down), round(left * across)
    return pixels[y : y + round(height * down), x : x + round(width * across)]
