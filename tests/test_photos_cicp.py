"""Colours given by numbers (CICP, or gAMA and cHRM of a PNG), not by a profile."""

import struct
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from photos_for_tests import P3, encoded, picture, smooth
from PIL import Image

from lled_jax import photos
from lled_jax.errors import InputError
from lled_jax.images import srgb_decode, srgb_encode
from lled_jax.photos import png

pytest.importorskip("pillow_heif")

ENDINGS = ("png", "avif", "heic")
BT709, BT2020, DISPLAY_P3 = 1, 9, 12
D65 = (0.3127, 0.3290)
POINTS_709 = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
POINTS_P3 = (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
PROPHOTO = (0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)
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
        numbers = {b"cICP": bytes([primaries, transfer, 0, 1])}
        return with_chunks(encoded("png", image), numbers)
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


def with_chunks(data, chunks):
    """The PNG with these put in behind its header."""
    at = len(png.PNG_SIGNATURE) + 25
    pieces = [png._chunk(*chunk) for chunk in chunks.items()]
    return b"".join([data[:at], *pieces, data[at:]])


def gamma(value):
    return {b"gAMA": struct.pack(">I", value)}


def points(*xy):
    """White, red, green and blue."""
    return {b"cHRM": struct.pack(">8I", *(round(1e5 * value) for value in xy))}


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
    numbers = {b"cICP": bytes([BT709, SRGB, 0, 1])}
    photo = photos.read_bytes(with_chunks(tagged.getvalue(), numbers), "a.png")
    assert photo.metadata.icc is None
    np.testing.assert_array_equal(photo.pixels, smooth())


def test_a_damaged_box_is_told():
    data = bytearray(numbered("avif", smooth(), BT709, SRGB))
    at = data.index(b"iprp")
    data[at - 4 : at] = struct.pack(">I", 3)
    with pytest.raises(InputError, match=r"a\.avif: damaged or truncated"):
        photos.read_bytes(bytes(data), "a.avif")


@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_linear_png_becomes_srgb_and_comes_back(tmp_path, dtype, channels):
    most = np.iinfo(dtype).max
    stored = picture(dtype, channels, 64, 64)
    colours = stored[..., : channels - 1] if channels in (2, 4) else stored
    dark = colours[:8]
    dark[:] = np.arange(dark.size).reshape(dark.shape) % (most // 8)
    path = tmp_path / "a.png"
    path.write_bytes(with_chunks(imagecodecs.png_encode(stored), gamma(100000)))
    photo = photos.read(path)
    expected = most * srgb_encode(np.atleast_3d(colours) / most)
    assert np.abs(photo.pixels - expected).max() <= 1
    if channels in (2, 4):
        np.testing.assert_array_equal(photo.alpha, stored[..., -1])
    photos.write(photo, photo.pixels, path)
    again = imagecodecs.png_decode(path.read_bytes())
    assert again.shape == stored.shape
    assert np.abs(again.astype(int) - stored).max() <= 2
    # A file without colours must have a profile without, or others pass over it.
    space = "GRAY" if channels < 3 else "RGB "
    assert photos.read(path).metadata.icc[16:20].decode() == space


def test_the_gamma_of_a_palette():
    indexed = Image.fromarray(smooth()).quantize(64)
    stored, file = np.asarray(indexed.convert("RGB")), BytesIO()
    indexed.save(file, "PNG")
    data = with_chunks(file.getvalue(), gamma(55556))  # 1/1.8
    expected = 255 * srgb_encode((stored / 255) ** 1.8)
    photo = photos.read_bytes(data, "a.png")
    assert np.abs(photo.pixels - expected).max() <= 1


@pytest.mark.parametrize("chunks", [points(*POINTS_P3), gamma(45455)])
def test_the_primaries_of_a_png(chunks):
    """Without a gamma, or with the one that stands for sRGB's curve, it is that."""
    image = smooth()
    data = with_chunks(encoded("png", image), chunks | points(*POINTS_P3))
    photo = photos.read_bytes(data, "a.png")
    assert np.abs(photo.pixels - as_srgb(image, DISPLAY_P3)).max() <= 1
    linear = with_chunks(encoded("png", image), gamma(100000) | points(*POINTS_P3))
    expected = as_srgb(255 * srgb_encode(image / 255), DISPLAY_P3)
    photo = photos.read_bytes(linear, "a.png")
    assert np.abs(photo.pixels - expected).max() <= 1


def test_primaries_at_the_edge_of_what_there_is():
    data = with_chunks(encoded("png", smooth()), gamma(55556) | points(*PROPHOTO))
    photo = photos.read_bytes(data, "a.png")
    assert np.abs(photo.pixels.astype(int) - smooth()).max() > 10
    file = BytesIO()
    photos.write(photo, photo.pixels, file)
    with Image.open(file) as image:
        assert np.abs(np.asarray(image).astype(int) - smooth()).max() <= 3


@pytest.mark.parametrize("image", [smooth(), smooth(np.uint16), picture(channels=0)])
@pytest.mark.parametrize(
    "chunks",
    [
        gamma(45455) | points(*POINTS_709),
        gamma(45000),
        {b"sRGB": b"\0"} | gamma(100000) | points(*POINTS_P3),
        *(gamma(0), gamma(1), gamma(2**32 - 1)),
        points(*[0] * 8),
        points(*D65, *POINTS_P3[2:4] * 3),  # no triangle
        points(0.7, 0.29, *POINTS_P3[2:]),  # white outside of it
        points(*D65, 1.5, 0.33, *POINTS_P3[4:]),
        points(0.3, 0, *POINTS_P3[2:]),
    ],
)
def test_what_says_srgb_or_nonsense_changes_nothing(image, chunks):
    data = with_chunks(imagecodecs.png_encode(image), chunks)
    photo = photos.read_bytes(data, "a.png")
    assert photo.metadata.icc is None
    stored = np.broadcast_to(np.atleast_3d(image), photo.pixels.shape)
    np.testing.assert_array_equal(photo.pixels, stored)


def test_a_profile_comes_before_the_gamma():
    data = encoded("png", smooth(), icc_profile=P3)
    photo = photos.read_bytes(with_chunks(data, gamma(100000)), "a.png")
    assert photo.metadata.icc == P3
