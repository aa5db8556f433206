"""Camera RAW: developed as documented, and what is said of damaged files."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest
import rawpy
from photos_for_tests import encoded, exif_bytes, smooth
from raws_for_tests import dng, mosaic, scene

from lled_jax import photos
from lled_jax.errors import InputError
from lled_jax.images import srgb_encode
from lled_jax.photos import exif, ifd, raw

FILES = {"colorchart.dng": (1156, 1734), "RAW_KODAK_DC50.KDC": (512, 768)}


@pytest.fixture(params=FILES)
def path(request, shared):
    return shared / "data" / "raw" / request.param


def test_developed(path):
    photo = photos.read(path)
    assert photo.format == "RAW"
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels.shape == (*FILES[path.name], 3)
    assert photos.size_of(path) == FILES[path.name]
    assert not photo.grey
    # Neither green nor pink: the channels' means are close.
    means = photo.pixels.mean((0, 1))
    assert means.max() / means.min() < 1.3
    again = photos.read_bytes(path.read_bytes(), path.name)
    np.testing.assert_array_equal(again.pixels, photo.pixels)


def test_colours_of_the_chart(shared):
    """The patches of the lower half by name: red is red, and the greys are grey."""
    pixels = photos.read(shared / "data" / "raw" / "colorchart.dng").pixels / 65535
    patch = {
        **{"blue": (825, 705), "green": (825, 815), "red": (825, 925)},
        **{"yellow": (825, 1037), "magenta": (825, 1148), "white": (930, 703)},
        "black": (930, 1250),
    }
    red, green, blue = np.moveaxis(pixels, -1, 0)
    value = {
        name: pixels[y - 8 : y + 8, x - 8 : x + 8].mean((0, 1))
        for name, (y, x) in patch.items()
    }
    assert value["blue"].argmax() == 2
    assert value["green"].argmax() == 1
    assert value["red"].argmax() == 0
    assert value["yellow"].argmin() == 2
    assert value["magenta"].argmin() == 1
    assert np.ptp(value["white"]) < 0.3  # lit by the evening
    assert value["white"].mean() > 5 * value["black"].mean()
    # As dark as it was taken: no automatic brightening.
    assert np.median(red + green + blue) / 3 < 0.35


def test_no_brightening(path):
    """rawpy's own answer with its automatic brightening is another one."""
    photo = photos.read(path)
    with rawpy.imread(str(path)) as file:
        automatic = file.postprocess(use_camera_wb=True, output_bps=16)
    assert np.abs(automatic.mean() - photo.pixels.mean()) > 100


def test_written_as_16_bit_tiff(path, tmp_path):
    photo = photos.read(path)
    assert photos.suffix_for(photo.format) == ".tif"
    out = tmp_path / "out.tif"
    photos.write(photo, photo.pixels, out)
    again = photos.read(out)
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert again.metadata.exif == photo.metadata.exif


def test_exif_of_the_camera(shared):
    """Kodak keeps exposure in the first directory, as TIFF/EP does; we move it."""
    photo = photos.read(shared / "data" / "raw" / "RAW_KODAK_DC50.KDC")
    from PIL import ExifTags, Image

    seen = Image.Exif()
    seen.load(photo.metadata.exif)
    assert seen[ExifTags.Base.Make] == "Eastman Kodak Company"
    assert seen[ExifTags.Base.DateTime] == "1997:04:23 08:00:47"
    below = seen.get_ifd(ExifTags.IFD.Exif)
    assert below[ExifTags.Base.ExposureTime] == pytest.approx(0.00435)
    assert below[ExifTags.Base.FocalLength] == 37
    assert ExifTags.Base.Orientation not in seen


@pytest.mark.parametrize("kept", [0.001, 0.02, 0.5, 0.9, 0.99])
def test_truncated(path, tmp_path, kept):
    data = path.read_bytes()
    cut = tmp_path / f"cut{path.suffix}"
    cut.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=r"cut\.\w+: damaged, truncated") as error:
        photos.read(cut)
    assert "\n" not in str(error.value)


def test_mislabelled_raw(path, tmp_path):
    wrong = tmp_path / "photo.tif"
    wrong.write_bytes(path.read_bytes())
    for read in (photos.read, photos.size_of):
        with pytest.raises(InputError, match=r"photo\.tif: holds RAW data.*ending"):
            read(wrong)
    named = photos.read_bytes(path.read_bytes(), "standard input")
    assert named.format == "RAW"


def test_a_tiff_is_no_raw(tmp_path):
    wrong = tmp_path / "photo.dng"
    wrong.write_bytes(encoded("tif", smooth()))
    with pytest.raises(InputError, match=r"photo\.dng: damaged, truncated or of a cam"):
        photos.read(wrong)
    with pytest.raises(InputError, match=r"photo\.dng: damaged, truncated or of a cam"):
        photos.size_of(wrong)


@pytest.mark.parametrize(
    ("aspect", "flip", "expected"),
    [(1.0, 0, (10, 20)), (1.0, 6, (20, 10)), (0.5, 0, (20, 20)), (2.0, 5, (40, 10))],
)
def test_size_of_turned_and_oblong_pixels(aspect, flip, expected):
    sizes = SimpleNamespace(iheight=10, iwidth=20, pixel_aspect=aspect, flip=flip)
    assert raw._size(SimpleNamespace(sizes=sizes), "a.nef") == expected


def test_exif_of_the_preview():
    """For files that are no TIFF structure, such as Fujifilm's and Canon's CR3."""
    data = encoded("jpg", smooth(), exif=exif_bytes(6))
    preview = SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=data)
    found = raw._preview_exif(SimpleNamespace(extract_thumb=lambda: preview))
    assert found == exif.upright(exif_bytes(6))[1]

    def none():
        raise rawpy.LibRawNoThumbnailError(b"none")

    assert raw._preview_exif(SimpleNamespace(extract_thumb=none)) is None


def test_exif_of_the_preview_where_the_file_has_none(monkeypatch):
    monkeypatch.setattr(exif, "from_tiff", lambda stream: None)
    monkeypatch.setattr(raw, "_preview_exif", lambda raw: b"of the preview")
    photo = photos.read_bytes(dng(mosaic(scene())), "a.dng")
    assert photo.metadata.exif == b"of the preview"


@pytest.mark.parametrize("canon", [b"CR\2\0", bytes(4)])
def test_canons_raw_shows_only_by_its_letters(canon):
    """Its first picture is a usual one."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 8, 279: 64}
    entries = [
        ifd.Entry(tag, 3, 1, struct.pack("<H", value)) for tag, value in values.items()
    ]
    start = b"II*\0" + struct.pack("<I", 16) + canon + bytes(4)
    data = (start + ifd.packed(entries, "<", 16)).ljust(200, b"\0") + bytes(range(64))
    if canon.strip(b"\0"):
        with pytest.raises(InputError, match=r"a\.tif: holds RAW data"):
            photos.read_bytes(data, "a.tif")
    else:
        assert photos.read_bytes(data, "a.tif").pixels.shape == (8, 8, 3)


def test_light_becomes_srgb():
    """The camera's white balance and sRGB's own curve, and nothing brighter."""
    light, neutral = scene(), (0.5, 1.0, 0.7)
    data = dng(mosaic(light * neutral), neutral=neutral)
    pixels = photos.read_bytes(data, "a.dng").pixels / 65535
    assert np.abs(pixels - srgb_encode(light))[4:-4, 4:-4].max() < 0.01


def test_raw_is_turned_upright():
    values = mosaic(scene())
    stored = photos.read_bytes(dng(values), "a.dng").pixels
    for orientation, turns in ((3, 2), (6, 3), (8, 1)):
        data = dng(values, orientation)
        turned = photos.read_bytes(data, "a.dng").pixels
        np.testing.assert_array_equal(turned, np.rot90(stored, turns))
        assert photos.size_of_bytes(data, "a.dng") == turned.shape[:2]
