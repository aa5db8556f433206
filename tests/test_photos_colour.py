"""Colour profiles: what is converted, what comes back, what is left alone."""

from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from photos_for_tests import ADOBE, GREY_18, P3, cmyk_profile, picture, smooth
from PIL import Image, ImageCms

from lled_jax import photos
from lled_jax.images import srgb_encode
from lled_jax.photos import colour

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
BROKEN = {
    "junk": b"junk",
    "cut": ADOBE[:300],
    "zeros": SRGB[:128] + bytes(len(SRGB) - 128),
    "Lab": LAB,
}


def tagged(tmp_path, stored, icc, ending="png"):
    """A file of these stored values with a profile, not by our writer."""
    path = tmp_path / f"a.{ending}"
    if stored.dtype == np.uint16:
        kind = "minisblack" if stored.ndim == 2 else "rgb"
        tifffile.imwrite(path, stored, photometric=kind, iccprofile=icc)
    else:
        options = {"subsampling": 0} if ending == "jpg" else {"lossless": True}
        Image.fromarray(stored).save(path, icc_profile=icc, quality=95, **options)
    return path


def stored_values(path):
    """What the file holds, without any profile."""
    if path.suffix == ".tif":
        return tifffile.imread(path)
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("icc", [P3, ADOBE], ids=["P3", "Adobe"])
def test_like_pillows_little_cms(tmp_path, icc):
    image = smooth()
    photo = photos.read(tagged(tmp_path, image, icc))
    expected = ImageCms.profileToProfile(
        Image.fromarray(image),
        ImageCms.ImageCmsProfile(BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert np.abs(photo.pixels.astype(int) - np.asarray(expected)).max() <= 1
    assert np.abs(photo.pixels.astype(int) - image).max() > 10  # it does something
    assert photo.metadata.icc == icc


@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
@pytest.mark.parametrize("icc", [P3, ADOBE], ids=["P3", "Adobe"])
def test_comes_back_in_8_bit(tmp_path, icc, ending):
    path = tagged(tmp_path, smooth(), icc, ending)
    before = stored_values(path).astype(int)
    photo = photos.read(path)
    photos.write(photo, photo.pixels, path)
    difference = np.abs(stored_values(path) - before)
    assert difference.max() <= (8 if ending == "jpg" else 2)
    assert difference.mean() < 1
    assert photos.read(path).metadata.icc == icc


@pytest.mark.parametrize("icc", [P3, ADOBE], ids=["P3", "Adobe"])
def test_comes_back_in_16_bit(tmp_path, icc):
    image = smooth(np.uint16)
    path = tagged(tmp_path, image, icc, "tif")
    photo = photos.read(path)
    assert photo.pixels.dtype == np.uint16
    photos.write(photo, photo.pixels, path)
    assert np.abs(stored_values(path).astype(int) - image).max() <= 40  # of 65535


def test_the_same_colours_in_every_format(tmp_path):
    """A photo in P3 becomes another file of the same look, in P3 too."""
    photo = photos.read(tagged(tmp_path, smooth(), P3))
    for format in ("PNG", "TIFF", "JPEG", "WEBP", "AVIF", "HEIF", "BMP"):
        photos.write(photo, photo.pixels, tmp_path / "b", format, quality=100)
        again = photos.read(tmp_path / "b")
        assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 1.5, format
        # Without a profile (BMP) the file is in sRGB.
        assert again.metadata.icc == (None if format == "BMP" else P3)


def test_srgb_is_left_alone(tmp_path):
    image = picture()
    path = tagged(tmp_path, image, SRGB)
    photo = photos.read(path)
    np.testing.assert_array_equal(photo.pixels, image)
    photos.write(photo, photo.pixels, path)
    np.testing.assert_array_equal(stored_values(path), image)
    assert photos.read(path).metadata.icc == SRGB


def test_what_is_not_quite_srgb_is_converted(tmp_path):
    """Its primaries with a gamma of 2.2 differ by a few levels, in the dark."""
    primaries = [0.64, 0.33, 1.0, 0.30, 0.60, 1.0, 0.15, 0.06, 1.0]
    icc = imagecodecs.cms_profile(
        "rgb", whitepoint=[0.3127, 0.3290, 1.0], primaries=primaries, gamma=2.2
    )
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, None], (4, 1, 3))
    light = (ramp / 255) ** 2.2
    expected = 255 * srgb_encode(light)
    photo = photos.read(tagged(tmp_path, ramp, bytes(icc)))
    assert np.abs(photo.pixels - expected).max() <= 1


@pytest.mark.parametrize("icc", [*BROKEN.values(), GREY_18], ids=[*BROKEN, "grey"])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_what_cannot_be_used_is_kept(tmp_path, icc, ending):
    image = picture()
    path = tagged(tmp_path, image, icc, ending)
    before = stored_values(path)
    photo = photos.read(path)
    np.testing.assert_array_equal(photo.pixels, before)
    assert photo.metadata.icc == icc
    photos.write(photo, photo.pixels, path)
    assert photos.read(path).metadata.icc == icc


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_profile(tmp_path, dtype):
    most = np.iinfo(dtype).max
    ramp = np.tile(np.linspace(0, most, 64).astype(dtype), (8, 1))
    path = tagged(tmp_path, ramp, GREY_18, "tif")
    photo = photos.read(path)
    assert photo.grey
    assert np.ptp(photo.pixels.astype(int), axis=2).max() == 0
    # Gamma 1.8 to sRGB: darker than stored.
    light = (ramp[0, 32] / most) ** 1.8
    expected = 1.055 * light ** (1 / 2.4) - 0.055
    assert photo.pixels[0, 32, 0] / most == pytest.approx(expected, abs=0.006)
    photos.write(photo, photo.pixels, path)
    again = stored_values(path)
    assert again.ndim == 2
    # Near black an 8-bit step of sRGB is several of gamma 1.8.
    difference = np.abs(again.astype(int) - ramp)
    assert difference.max() <= (3 if dtype == np.uint8 else 257)
    assert photos.read(path).metadata.icc == GREY_18


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_linear_grey_profile_is_exact_in_the_dark(tmp_path, dtype):
    linear = bytes(imagecodecs.cms_profile("gray", gamma=1.0))
    most = np.iinfo(dtype).max
    ramp = np.tile(np.arange(most // 8 + 1, dtype=dtype), (8, 1))
    path = tagged(tmp_path, ramp, linear, "tif")
    photo = photos.read(path)
    expected = most * srgb_encode(ramp / most)
    assert np.abs(photo.pixels[..., 0] - expected).max() <= 1
    photos.write(photo, photo.pixels, path)
    assert np.abs(stored_values(path).astype(int) - ramp).max() <= 1


@pytest.mark.parametrize("ending", ["webp", "avif", "heic", "png", "jpg"])
def test_a_grey_profile_looks_the_same_in_every_format(tmp_path, ending):
    ramp = np.tile(np.arange(32, 256, 4, dtype=np.uint8), (32, 1))
    photo = photos.read(tagged(tmp_path, ramp, GREY_18))
    path = tmp_path / f"b.{ending}"
    photos.write(photo, photo.pixels, path, ending, quality=100)
    again = photos.read(path)
    assert np.abs(again.pixels.astype(int) - photo.pixels).max() <= 4
    assert again.metadata.icc == (None if ending == "webp" else GREY_18)


def test_grey_pixels_with_an_rgb_profile(tmp_path):
    ramp = np.tile(np.arange(16, 240, dtype=np.uint8), (8, 1))
    path = tagged(tmp_path, ramp, P3)
    photo = photos.read(path)
    assert photo.grey
    colours = photos.read(tagged(tmp_path, np.stack([ramp] * 3, -1), P3, "tif"))
    assert np.abs(photo.pixels.astype(int) - colours.pixels).max() <= 1
    assert np.abs(photo.pixels[0, :, 0].astype(int) - ramp[0]).max() > 2
    photos.write(photo, photo.pixels, path)
    again = stored_values(path)
    assert again.shape == ramp.shape
    assert np.abs(again.astype(int) - ramp).max() <= 2


def test_alpha_is_not_converted(tmp_path):
    image = picture(channels=4)
    path = tagged(tmp_path, image, ADOBE)
    photo = photos.read(path)
    np.testing.assert_array_equal(photo.alpha, image[..., 3])
    photos.write(photo, photo.pixels, path)
    np.testing.assert_array_equal(stored_values(path)[..., 3], image[..., 3])


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_with_its_profile_becomes_srgb(tmp_path, ending):
    """The profile counts (not the ideal inks), no ink is white, and it is dropped."""
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, 8:16, 3] = 255  # black
    inks[:, 16:24, 1] = inks[:, 16:24, 2] = 255  # magenta and yellow: red
    inks[:, 24:, 0] = 255  # cyan
    path = tmp_path / f"a.{ending}"
    image = Image.frombytes("CMYK", (32, 16), inks.tobytes())
    image.save(path, icc_profile=cmyk_profile(), quality=100)
    photo = photos.read(path)
    white, black, red, cyan = (photo.pixels[8, x].astype(int) for x in (4, 12, 20, 28))
    assert white.min() > 250
    assert black.max() < 5
    assert red[0] > red[1] + 30
    assert cyan[2] > cyan[0] + 30
    ideal = np.asarray(image.convert("RGB"))[8, 28].astype(int)
    assert np.abs(cyan - ideal).max() > 30
    assert photo.metadata.icc is None
    photos.write(photo, photo.pixels, path)
    again = photos.read(path)
    assert again.metadata.icc is None
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 3


def test_cmyk_with_a_broken_profile(tmp_path):
    inks = picture(channels=4)
    image = Image.frombytes("CMYK", (21, 13), inks.tobytes())
    path = tmp_path / "a.tif"
    image.save(path, icc_profile=b"junk")
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(photos.read(path).pixels - expected).max() <= 1


def test_luma_and_rounding_are_exact():
    values = np.arange(65536, dtype=np.uint16)
    neutral = np.repeat(values[None, :, None], 3, axis=2)
    np.testing.assert_array_equal(colour.luma(neutral)[0], values)
    eight = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(colour.to_8_bit(values), eight)
    red = np.zeros((1, 1, 3), np.uint16)
    red[..., 0] = 65535
    assert colour.luma(red)[0, 0] == round(0.299 * 65535)
