"""What is written of a picture, and what a format is refused."""

import io
import re
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from photos_for_tests import encoded, picture, plain, saved, smooth
from PIL import Image, JpegImagePlugin

from lled_jax import photos
from lled_jax.errors import InputError
from lled_jax.photos import source

pytest.importorskip("pillow_heif")
SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "AVIF": ".avif"}
SUFFIX |= {"BMP": ".bmp", "TIFF": ".tif", "HEIF": ".heic"}


@st.composite
def pictures(draw):
    """A photo of any small size, depth and channels."""
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    grey = draw(st.booleans())
    pixels = draw(arrays.arrays(dtype, (*size, 1 if grey else 3)))
    pixels = np.ascontiguousarray(np.broadcast_to(pixels, (*size, 3)))
    alpha = draw(st.none() | arrays.arrays(dtype, size))
    return plain(pixels, alpha, grey)


@settings(max_examples=150, deadline=None)
@given(pictures(), st.sampled_from(["PNG", "TIFF"]))
def test_lossless_comes_back_exactly(photo, format):
    file = io.BytesIO()
    photos.write(photo, photo.pixels, file, format)
    again = photos.read_bytes(file.getvalue(), f"a{SUFFIX[format]}")
    assert again.pixels.dtype == photo.pixels.dtype
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert again.grey == photo.grey
    assert (again.alpha is None) == (photo.alpha is None)
    if photo.alpha is not None:
        np.testing.assert_array_equal(again.alpha, photo.alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
def test_others_read_what_we_write(tmp_path, dtype, channels):
    """16-bit PNG by imagecodecs, 8-bit by Pillow, TIFF by tifffile and Pillow."""
    image = picture(dtype, channels)
    colours = np.atleast_3d(image)[..., : 3 if channels >= 3 else 1]
    pixels = np.ascontiguousarray(np.broadcast_to(colours, (13, 21, 3)))
    alpha = image[..., -1] if channels in (2, 4) else None
    photo = plain(pixels, alpha, channels < 3)
    for name in ("a.png", "a.tif"):
        photos.write(photo, pixels, tmp_path / name, Path(name).suffix[1:])
    png = (tmp_path / "a.png").read_bytes()
    np.testing.assert_array_equal(imagecodecs.png_decode(png), image)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), image)
    if dtype == np.uint8:
        for name in ("a.png", "a.tif"):
            with Image.open(tmp_path / name) as seen:
                np.testing.assert_array_equal(np.asarray(seen), image)


@pytest.mark.parametrize("format", SUFFIX)
def test_every_format_keeps_the_look(tmp_path, format):
    photo = plain(smooth())
    path = tmp_path / f"a{photos.suffix_for(photo.format, format)}"
    assert path.suffix == SUFFIX[format]
    photos.write(photo, photo.pixels, path, format)
    again = photos.read(path)
    assert again.format == format
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing left over


@pytest.mark.parametrize("format", ["JPEG", "BMP", "AVIF", "HEIF", "TIFF", "PNG"])
def test_grey_stays_grey(tmp_path, format):
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))
    pixels = np.stack([ramp] * 3, -1)
    path = tmp_path / "a.out"
    photos.write(plain(pixels, grey=True), pixels, path, format)
    again = photos.read(path)
    if format != "HEIF":
        assert again.grey
    assert np.abs(again.pixels.astype(int) - pixels).max() <= 8
    assert np.ptp(again.pixels, axis=2).max() == 0


def test_a_little_colour_in_grey_becomes_luma(tmp_path):
    photo = plain(picture(), grey=True)
    photos.write(photo, photo.pixels, tmp_path / "a.png")
    expected = np.asarray(Image.fromarray(photo.pixels).convert("L"))
    np.testing.assert_array_equal(
        photos.read(tmp_path / "a.png").pixels[..., 0], expected
    )


@pytest.mark.parametrize("format", ["BMP", "WEBP"])
def test_16_bit_is_rounded_to_8(tmp_path, format):
    values = np.arange(0, 65536, 13, dtype=np.uint16)
    pixels = np.stack([values[:5040].reshape(63, 80)] * 3, -1)
    photo = photos.Photo(pixels, None, False, format, photos.Metadata(), lossless=True)
    photos.write(photo, pixels, tmp_path / "a.out")
    expected = np.rint(pixels / 257).astype(np.uint8)
    np.testing.assert_array_equal(photos.read(tmp_path / "a.out").pixels, expected)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
def test_alpha_and_the_colours_below_it(tmp_path, format):
    alpha = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (32, 1))
    photo = photos.Photo(smooth(), alpha, False, format, lossless=True)
    photos.write(photo, photo.pixels, tmp_path / "a.out", quality=100)
    again = photos.read(tmp_path / "a.out")
    assert np.abs(again.alpha.astype(int) - alpha).max() <= 1
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 2


@pytest.mark.parametrize("format", ["JPEG", "BMP"])
def test_alpha_where_there_is_none(tmp_path, format):
    alpha = np.full((13, 21), 65535, np.uint16)
    photo = plain(picture(np.uint16), alpha)
    path = tmp_path / f"a{SUFFIX[format]}"
    photos.write(photo, photo.pixels, path, format)  # opaque: nothing is lost
    assert photos.read(path).alpha is None
    path.unlink()
    alpha[3, 4] -= 1
    with pytest.raises(InputError, match=rf"{path.name}: {format} .*transparency.*PNG"):
        photos.write(photo, photo.pixels, path, format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_jpeg_keeps_its_subsampling(tmp_path, sampling):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("jpg", smooth(), subsampling=sampling))
    photo = photos.read(path)
    photos.write(photo, photo.pixels, path)
    with Image.open(path) as image:
        assert JpegImagePlugin.get_sampling(image) == sampling
    photos.write(plain(smooth()), smooth(), path, "jpg")  # was no JPEG
    with Image.open(path) as image:
        assert JpegImagePlugin.get_sampling(image) == 0


def test_quality(tmp_path):
    sizes = []
    for quality in (1, 50, 92, 100):
        file = io.BytesIO()
        photos.write(plain(picture()), picture(), file, "JPEG", quality)
        sizes.append(len(file.getvalue()))
    assert sizes == sorted(set(sizes))
    default = io.BytesIO()
    photos.write(plain(picture()), picture(), default, "JPEG")
    assert len(default.getvalue()) == sizes[2]
    for quality in (0, 101):
        with pytest.raises(InputError, match=f"quality {quality} is not in 1 to 100"):
            photos.write(plain(picture()), picture(), default, "JPEG", quality)


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_stays_lossless(tmp_path, lossless):
    path = tmp_path / "a.webp"
    path.write_bytes(encoded("webp", picture(), lossless=lossless, icc_profile=b"odd"))
    photo = photos.read(path)
    assert photo.lossless == lossless
    photos.write(photo, photo.pixels, path)
    again = photos.read(path)
    assert again.lossless == lossless
    assert np.array_equal(again.pixels, photo.pixels) == lossless


def test_the_guides_example(tmp_path, monkeypatch):
    guide = (Path(__file__).parent.parent / "docs/photos.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.S)
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, "jpg", smooth() // 4).rename("dark.jpg")
    exec(code, {})
    bright = photos.read("bright.jpg")
    assert bright.pixels.mean() > 1.5 * photos.read("dark.jpg").pixels.mean()


def test_formats_by_default_and_by_name(tmp_path):
    image = smooth()
    for own, written in (("RAW", "TIFF"), ("GIF", "PNG"), ("WEBP", "WEBP")):
        photo = plain(image, format=own)
        assert photos.format_for(photo.format) == written
        photos.write(photo, image, tmp_path / "a")
        assert photos.read(tmp_path / "a").format == written
        assert photos.suffix_for(photo.format) == SUFFIX[written]
    for name, suffix in (("jpg", ".jpg"), ("tif", ".tif"), ("heic", ".heic")):
        assert photos.suffix_for(photo.format, name) == suffix
    for name in ("gif", "xyz", "raw"):
        with pytest.raises(InputError, match=rf"cannot write '{name}'; choose .*JPEG"):
            photos.write(photo, image, tmp_path / "b", name)


@pytest.mark.parametrize("own", ["PNG", "RAW"])
def test_the_ending_says_the_format(tmp_path, own):
    photo = plain(smooth(), format=own)
    for format, suffix in [*SUFFIX.items(), ("JPEG", ".JPEG"), ("TIFF", ".tiff")]:
        for path in (tmp_path / f"a{suffix}", str(tmp_path / f"b{suffix}")):
            photos.write(photo, photo.pixels, path)
            assert photos.read(path).format == format
    photos.write(photo, photo.pixels, tmp_path / "bright.out")
    assert photos.read(tmp_path / "bright.out").format == photos.format_for(own)
    photos.write(photo, photo.pixels, tmp_path / "c.png", "BMP")  # asked for
    assert (tmp_path / "c.png").read_bytes().startswith(b"BM")
    before = len(list(tmp_path.iterdir()))
    for name in ("a.gif", "a.DNG", "a.nef"):
        with pytest.raises(InputError, match=rf"{name}: cannot write .*\.jpg.*\.tif"):
            photos.write(photo, photo.pixels, tmp_path / name)
    assert len(list(tmp_path.iterdir())) == before


def test_sides_a_format_cannot_have(tmp_path):
    wide = np.zeros((1, 16384, 3), np.uint8)
    with pytest.raises(InputError, match=r"x\.avif: AVIF holds at most 32768 .*PNG"):
        photos.write(
            *(plain(np.zeros((1, 32769, 3), np.uint8)), np.zeros((1, 32769, 3), "u1")),
            *(tmp_path / "x.avif", "AVIF"),
        )
    long = np.zeros((65501, 1, 3), np.uint8)
    with pytest.raises(InputError, match=r"x\.jpg: JPEG holds at most 65500 .*PNG"):
        photos.write(plain(long), long, tmp_path / "x.jpg", "JPEG")
    with pytest.raises(InputError, match=r"x\.webp: WEBP holds at most 16383 .*PNG"):
        photos.write(plain(wide), wide, tmp_path / "x.webp", "WEBP")
    for format in ("JPEG", "PNG", "TIFF", "BMP"):
        photos.write(plain(wide), wide, tmp_path / "x", format)
        assert photos.size_of(tmp_path / "x") == (1, 16384)


def test_other_pixels_than_the_photo_has():
    with pytest.raises(ValueError, match="pixels are uint8"):
        photos.write(plain(picture(np.uint16)), picture(), io.BytesIO())
    with pytest.raises(ValueError, match="pixels are uint8"):
        photos.write(plain(picture()), picture(height=5), io.BytesIO())


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def broken(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(imagecodecs, "png_encode", broken)
    with pytest.raises(KeyboardInterrupt):
        photos.write(plain(picture()), picture(), path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(InputError, match="it is a folder"):
        photos.write(plain(picture()), picture(), tmp_path)


@pytest.mark.parametrize(
    ("format", "dtype"),
    [("PNG", np.uint8), ("PNG", np.uint16), ("TIFF", np.uint16), ("WEBP", np.uint8)],
)
def test_a_large_photo_is_worked_on_in_strips(monkeypatch, format, dtype):
    """Here of five rows, the last of three: each row and its alpha at their place."""
    monkeypatch.setattr(source, "STRIP", 5 * 21)
    image = picture(dtype, 4)
    image[0, :, 3] = 0  # the colours below it stay, too
    photo = photos.Photo(image[..., :3], image[..., 3], False, format, lossless=True)
    file = io.BytesIO()
    photos.write(photo, photo.pixels, file)
    monkeypatch.undo()
    for step in (source.STRIP, 5 * 21):
        monkeypatch.setattr(source, "STRIP", step)
        again = photos.read_bytes(file.getvalue(), f"a{SUFFIX[format]}")
        np.testing.assert_array_equal(again.pixels, photo.pixels)
        np.testing.assert_array_equal(again.alpha, photo.alpha)


@pytest.mark.parametrize("format", SUFFIX)
def test_to_a_pipe(format):
    """What can neither seek nor be read gets the same bytes."""

    class Pipe(io.BytesIO):
        def seek(self, *place):
            raise io.UnsupportedOperation

        read = tell = seek

    pipe, file = Pipe(), io.BytesIO()
    for target in (pipe, file):
        photos.write(plain(smooth()), smooth(), target, format)
    assert pipe.getvalue() == file.getvalue()
