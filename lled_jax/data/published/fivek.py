"""MIT-Adobe FiveK: dark DNGs and expert C's retouched TIFFs, or a prepared copy.

The photos are split by their number as in the paper (section 4.1): the first 4500 for
training, the last 500 for testing.
"""

import re
from functools import partial
from pathlib import PurePosixPath

import numpy as np
from jaxtyping import UInt16

from lled_jax import photos
from lled_jax.arrays import EncodedImage
from lled_jax.data.decode import SUFFIXES
from lled_jax.data.published import developing
from lled_jax.data.published.download import Download
from lled_jax.data.published.facts import PUBLISHED
from lled_jax.data.published.resizing import resize
from lled_jax.data.published.survey import Original, Picture, Survey, nothing_of
from lled_jax.errors import InputError
from lled_jax.images import srgb_encode

SIZES = ("512", "480p", "full")
"""512 pixels on the long side, 480 on the short side, or as they are; never enlarged.

512 is how enhancement papers compare on this set, 480p how look-up table papers do.
"""

PHOTOS = 5000
TRAINING = 4500
# Sides of the developed DNG over those of the expert's TIFF: Adobe's programs and
# LibRaw differ by some pixels at the border.
TOLERANCE = 0.02
# Settings of the DNGs' development: dark stays dark; the curve is sRGB's.
DEVELOPING = developing.settings(gamma=developing.SRGB, user_flip=0)

_NUMBER = re.compile(r"^a?0*(\d{1,4})(?!\d)", re.IGNORECASE)
_EXPERT = ("tiff16_c", "expertc", "expert_c", "c")
_INPUT = ("input", "dng", "raw")
_TIFF = (".tif", ".tiff")

# ProPhoto RGB (ROMM, ISO 22028-2) at D50 to linear sRGB at D65, Bradford-adapted.
_PROPHOTO_TO_SRGB = np.array(
    [
        [2.034229, -0.727538, -0.306690],
        [-0.228797, 1.231719, -0.002923],
        [-0.008556, -0.153286, 1.161842],
    ]
)
_PROPHOTO_GAMMA, _PROPHOTO_KNEE = 1.8, 16 * 2.0**-9


def survey(download: Download, size: str = "512") -> Survey:
    """The pairs of a download of DNGs and TIFFs, or of `input/` and `expertC/`.

    Raises:
        InputError: an unknown size, neither form is there, or a number comes twice.
    """
    if size not in SIZES:
        raise InputError(f"unknown size '{size}'; choose one of {', '.join(SIZES)}")
    facts = PUBLISHED["fivek"]
    raw = [file for file in download.files if file.suffix.lower() == ".dng"]
    low, high = _by_number(download, raw), _by_number(download, _experts(download))
    if not raw:
        low = _by_number(download, _pictures(download, "input"))
    if not low and not high:
        wanted = "DNGs and tiff16_c/*.tif, or input/ and expertC/"
        raise nothing_of(download, facts, wanted)
    originals = []
    for number in sorted(low.keys() & high.keys()):
        dark, expert = low[number], high[number]
        source = partial(_developed if raw else _in_srgb, download, dark)
        target = partial(_in_srgb, download, expert, unmarked_prophoto=bool(raw))
        originals.append(
            Original(
                "train" if number <= TRAINING else "test",
                expert.stem,
                Picture(dark, partial(_low, download, source, dark, expert, size)),
                Picture(expert, partial(_expert, target, size)),
            )
        )
    missing = [
        f"a{number:04}: no {what}"
        for number in range(1, PHOTOS + 1)
        for what, found in (("input", low), ("TIFF of expert C", high))
        if number not in found
    ]
    form = {"input": "DNG", "rawpy": DEVELOPING} if raw else {"input": "prepared"}
    chosen = {**form, "target": "expert C, to sRGB", "size": size, "filter": "Lanczos"}
    root, expected = str(download.root), facts.counts
    return Survey(
        "fivek", facts, root, tuple(originals), expected, tuple(missing), chosen
    )


def fitted(height: int, width: int, size: str) -> tuple[int, int]:
    """(height, width) of a picture at one of `SIZES`, its shape kept."""
    side = {"512": (512, max), "480p": (480, min)}.get(size)
    if side is None:
        return height, width
    wanted, which = side
    scale = min(1.0, wanted / which(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def prophoto_to_srgb(pixels: EncodedImage) -> EncodedImage:
    """ProPhoto RGB [h w 3] to sRGB of the same dtype; other colours are clipped.

    For TIFFs without a profile, since the set's page says they are in this space.
    """
    most = np.iinfo(pixels.dtype).max
    # A table of all values; the powers of an array of pixels would take a second.
    encoded = np.arange(most + 1) / most
    light = np.where(
        encoded < _PROPHOTO_KNEE, encoded / 16, encoded**_PROPHOTO_GAMMA
    ).astype(np.float32)
    linear = light[pixels] @ _PROPHOTO_TO_SRGB.T.astype(np.float32)
    return np.rint(srgb_encode(np.clip(linear, 0, 1)) * most).astype(pixels.dtype)


def _by_number(
    download: Download, files: list[PurePosixPath]
) -> dict[int, PurePosixPath]:
    numbered: dict[int, PurePosixPath] = {}
    for file in files:
        match = _NUMBER.match(file.name)
        number = int(match[1]) if match else 0
        if not 1 <= number <= PHOTOS:
            raise InputError(
                f"{download.label(file)}: its name has no number from a0001 to a5000; "
                "remove it"
            )
        other = numbered.setdefault(number, file)
        if other != file:
            raise InputError(
                f"{download.label(file)}: {other} has the same number; remove one"
            )
    return numbered


def _pictures(download: Download, folder: str) -> list[PurePosixPath]:
    return [
        file
        for file in download.files
        if file.suffix.lower() in SUFFIXES and file.parent.name.lower() == folder
    ]


def _experts(download: Download) -> list[PurePosixPath]:
    """The files of expert C's folder; the only folder of TIFFs if none is named so."""
    pictures = [f for f in download.files if f.suffix.lower() in SUFFIXES]
    for name in _EXPERT:
        found = [f for f in pictures if f.parent.name.lower() == name]
        if found:
            return found
    tiffs = [f for f in pictures if f.suffix.lower() in _TIFF]
    tiffs = [f for f in tiffs if f.parent.name.lower() not in _INPUT]
    return tiffs if len({f.parent for f in tiffs}) == 1 else []


def _in_srgb(
    download: Download, file: PurePosixPath, unmarked_prophoto: bool = False
) -> EncodedImage:
    """A picture by its profile; without one a 16-bit TIFF may be ProPhoto RGB."""
    photo = photos.read_bytes(download.read(file), download.label(file))
    wide = photo.format == "TIFF" and photo.pixels.dtype == np.uint16
    if unmarked_prophoto and wide and photo.metadata.icc is None:
        return prophoto_to_srgb(photo.pixels)
    return photo.pixels


def _developed(download: Download, file: PurePosixPath) -> UInt16[np.ndarray, "h w 3"]:
    data, label = download.read(file), download.label(file)
    return developing.develop_cropped(data, label, DEVELOPING)


def _expert(target: partial[EncodedImage], size: str) -> EncodedImage:
    pixels = target()
    height, width = pixels.shape[:2]
    return resize(pixels, *fitted(height, width, size))


def _low(
    download: Download,
    source: partial[EncodedImage],
    file: PurePosixPath,
    expert: PurePosixPath,
    size: str,
) -> EncodedImage:
    """The input at its target's size; `InputError` if their shapes differ."""
    pixels = source()
    height, width = photos.size_of_bytes(download.read(expert), download.label(expert))
    ratios = (pixels.shape[0] / height, pixels.shape[1] / width)
    if max(ratios) > (1 + TOLERANCE) * min(ratios):
        raise InputError(
            f"{download.label(file)}: is {pixels.shape[1]}x{pixels.shape[0]} but its "
            f"target {width}x{height}, another shape; remove the pair"
        )
    return resize(pixels, *fitted(height, width, size))
