"""Colours that a picture gives by numbers (CICP) instead of by a profile."""

import struct
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from photos_for_tests import encoded, smooth
from PIL import Image

from lled_jax import photos
from lled_jax.errors import InputError
from lled_jax.images import srgb_decode, srgb_encode
from lled_jax.photos import png

pytest.importorskip("pillow_heif")

ENDINGS = ("png", "avif", "heic")
BT709, BT2020, DISPLAY_P3 = 1, 9, 12
SRGB, PQ, HLG, LINEAR = 13, 16, 18, 8
# To XYZ of D65, from the definitions of the colour spaces (SMPTE RP 177).
TO_XYZ = {
    BT709: [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ],
    BT2020: [
        [0.6369580, 0.1446169, 0.1688810],
        [0.2627002, 0.6779981, 0.0593017],
        [0.0000000, 0.0280727, 1.0609851],
    ],
    DISPLAY_P3: [
        [0.4865709, 0.2656677, 0.1982173],
        [0.2289746, 0.6917385, 0.0792869],
        [0.0000000, 0.0451134, 1.0439444],
    ],
}


def numbered(ending, image, primaries, transfer):
    """A file with these numbers and no profile, not by our writer."""
    if ending == "png":
        plain, at = encoded("png", image), len(png.PNG_SIGNATURE) + 25
        chunk = png._chunk(b"cICP", bytes([primaries, transfer, 0, 1]))
        return plain[:at] + chunk + plain[at:]
    if ending == "avif":
        return imagecodecs.avif_encode(
            image, level=100, primaries=primaries, transfer=transfer, matrix=1
        )
    return encoded(
        *("heic", image),
        quality=100,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=1,
        full_range_flag=1,
    )


def as_srgb(image, primaries):
    """By the matrices, in float."""
    light = srgb_decode(image / 255)
    light = light @ (np.linalg.inv(TO_XYZ[BT709]) @ TO_XYZ[primaries]).T
    return 255 * srgb_encode(np.clip(light, 0, 1))


@pytest.mark.parametrize("primaries", [BT2020, DISPLAY_P3])
@pytest.mark.parametrize("ending", ENDINGS)
def test_wide_colours_become_srgb_and_come_back(tmp_path, ending, primaries):
    image = smooth()
    path = tmp_path / f"a.{ending}"
    path.write_bytes(numbered(ending, image, primaries, SRGB))
    photo = photos.read(path)
    expected = as_srgb(image, primaries)
    change = np.abs(photo.pixels - expected)
    effect = np.abs(expected - image).mean()
    assert change.max() <= 1 if ending == "png" else change.mean() < effect / 3
    photos.write(photo, photo.pixels, tmp_path / f"b.{ending}", quality=100)
    again = photos.read(tmp_path / f"b.{ending}")
    change = np.abs(again.pixels.astype(int) - photo.pixels)
    assert change.max() <= 3 if ending == "png" else change.mean() <= 3
    assert again.metadata.icc == photo.metadata.icc is not None


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_near_srgb_stays_as_it_is(ending):
    image = smooth()
    for numbers in ((BT709, SRGB), (BT709, 1), (2, 2), (6, 6)):
        photo = photos.read_bytes(numbered(ending, image, *numbers), f"a.{ending}")
        assert photo.metadata.icc is None
        assert np.abs(photo.pixels.astype(int) - image).max() <= 6


@pytest.mark.parametrize(
    ("transfer", "said"),
    [
        (PQ, r"an HDR picture \(PQ\); convert it to SDR first"),
        (HLG, r"an HDR picture \(HLG\); convert it to SDR first"),
        (LINEAR, r"tone curve \(number 8 of .*convert the picture to sRGB first"),
    ],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_hdr_is_refused(ending, transfer, said):
    data = numbered(ending, smooth(), BT2020, transfer)
    for read in (photos.read_bytes, photos.size_of_bytes):
        with pytest.raises(InputError, match=rf"a\.{ending}: .*{said}"):
            read(data, f"a.{ending}")


def test_the_numbers_of_a_png_come_before_its_profile():
    wide = photos.read_bytes(numbered("png", smooth(), DISPLAY_P3, SRGB), "a.png")
    tagged = BytesIO()
    Image.fromarray(smooth()).save(tagged, "PNG", icc_profile=wide.metadata.icc)
    at = len(png.PNG_SIGNATURE) + 25
    whole = tagged.getvalue()
    numbers = png._chunk(b"cICP", bytes([BT709, SRGB, 0, 1]))
    photo = photos.read_bytes(whole[:at] + numbers + whole[at:], "a.png")
    assert photo.metadata.icc is None
    np.testing.assert_array_equal(photo.pixels, smooth())


def test_a_damaged_box_is_told():
    data = bytearray(numbered("avif", smooth(), BT709, SRGB))
    at = data.index(b"iprp")
    data[at - 4 : at] = struct.pack(">I", 3)
    with pytest.raises(InputError, match=r"a\.avif: damaged or truncated"):
        photos.read_bytes(bytes(data), "a.avif")
