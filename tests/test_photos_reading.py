"""What is read of picture files."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from photos_for_tests import KINDS, encoded, picture, saved, smooth
from PIL import Image

from lled_jax import photos
from lled_jax.errors import InputError

pytest.importorskip("pillow_heif")


def check(path, pixels, alpha=None, grey=False):
    """Exactly these pixels, the same from memory, and the size by the header."""
    read = [photos.read(path), photos.read_bytes(path.read_bytes(), path.name)]
    for photo in read:
        assert photo.pixels.dtype == pixels.dtype
        np.testing.assert_array_equal(photo.pixels, pixels)
        assert (photo.alpha is None) == (alpha is None)
        if alpha is not None:
            assert photo.alpha.dtype == pixels.dtype
            np.testing.assert_array_equal(photo.alpha, alpha)
        assert photo.grey == grey
        assert photo.pixels.flags.writeable
        assert photo.pixels.flags.c_contiguous
        assert photo.pixels.dtype.isnative
    assert photos.size_of(path) == pixels.shape[:2]
    return read[0]


@pytest.mark.parametrize("ending", KINDS)
def test_every_format(tmp_path, ending):
    image = smooth()
    photo = photos.read(saved(tmp_path, ending, image))
    assert photo.format == {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}.get(
        ending, ending.upper()
    )
    assert np.abs(photo.pixels.astype(int) - image).mean() < 3
    assert photos.size_of(tmp_path / f"a.{ending}") == image.shape[:2]
    assert f".{ending}" in photos.SUFFIXES


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
def test_depth_and_channels_are_kept(tmp_path, ending, dtype, channels):
    image = picture(dtype, channels)
    options = {}
    if ending == "tif" and channels in (2, 4):
        options = {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
    path = saved(tmp_path, ending, image, **options)
    colours = np.atleast_3d(image)[..., : 3 if channels >= 3 else 1]
    alpha = image[..., -1] if channels in (2, 4) else None
    check(path, np.broadcast_to(colours, (13, 21, 3)), alpha, channels < 3)


def test_bilevel_is_grey(tmp_path):
    image = picture(channels=0) > 100
    expected = np.repeat(image[..., None], 3, 2) * np.uint8(255)
    for ending in ("png", "tif", "bmp"):
        path = tmp_path / f"a.{ending}"
        Image.fromarray(image).save(path)
        check(path, expected, grey=True)


@pytest.mark.parametrize("ending", ["png", "tif", "bmp", "gif"])
def test_palette_becomes_rgb(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    indexed = Image.fromarray(picture()).quantize(16)
    indexed.save(path)
    check(path, np.asarray(indexed.convert("RGB")))


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_palette_with_transparency(tmp_path, ending):
    path, indexed = tmp_path / f"a.{ending}", Image.fromarray(picture()).quantize(16)
    clear = bytes(range(16)) if ending == "png" else 3
    indexed.save(path, transparency=clear)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGBA"))
    assert expected[..., 3].min() < 255
    check(path, expected[..., :3], expected[..., 3])


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_one_colour_that_is_transparent(tmp_path, mode):
    path, image = tmp_path / "a.png", Image.fromarray(picture()).convert(mode)
    clear = image.getpixel((2, 1))
    image.save(path, transparency=clear)
    photo = photos.read(path)
    assert photo.alpha[1, 2] == 0
    assert photo.alpha[0, 0] == 255
    assert photo.grey == (mode == "L")


def test_tiff_layouts(tmp_path):
    path, image = tmp_path / "a.tif", picture(np.uint16)
    tifffile.imwrite(
        path, np.moveaxis(image, -1, 0), photometric="rgb", planarconfig="separate"
    )
    check(path, image)
    for order, compression in (("<", "lzw"), (">", "zlib")):
        options = {"byteorder": order, "compression": compression, "predictor": True}
        tifffile.imwrite(path, image, photometric="rgb", **options)
        check(path, image)
    grey = picture(channels=0)
    tifffile.imwrite(path, grey, photometric="miniswhite")
    check(path, np.stack([255 - grey] * 3, axis=-1), grey=True)
    tifffile.imwrite(path, image, photometric="rgb", tile=(16, 16))
    check(path, image)


def test_premultiplied_tiff_is_divided(tmp_path):
    path = tmp_path / "a.tif"
    stored = np.array([[[100, 50, 0, 200], [0, 0, 0, 0], [255, 1, 128, 255]]], np.uint8)
    tifffile.imwrite(path, stored, photometric="rgb", extrasamples=["assocalpha"])
    expected = np.array([[[128, 64, 0], [0, 0, 0], [255, 1, 128]]], np.uint8)
    check(path, expected, stored[..., 3])


def test_premultiplied_heic_is_divided():
    pillow_heif = pytest.importorskip("pillow_heif")
    stored = np.empty((64, 64, 4), np.uint8)
    stored[...] = (100, 50, 25, 128)
    image = pillow_heif.from_bytes("RGBa", (64, 64), stored.tobytes())
    file = BytesIO()
    image.save(file, quality=100, chroma=444)
    photo = photos.read_bytes(file.getvalue(), "a.heic")
    assert np.abs(photo.pixels.astype(int) - (199, 100, 50)).max() <= 3
    assert (photo.alpha == 128).all()


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_ycbcr_tiff_is_read_right_or_refused(tmp_path, compression):
    path = tmp_path / "a.tif"
    options = {"quality": 100} if compression == "jpeg" else {}
    mixed = Image.fromarray(smooth()).convert("YCbCr")
    mixed.save(path, compression=compression, **options)
    if compression == "jpeg":
        assert np.abs(photos.read(path).pixels.astype(int) - smooth()).max() <= 4
    else:
        with pytest.raises(InputError, match=r"a\.tif: YCBCR colours; convert"):
            photos.read(path)


def test_cmyk_like_pillow(tmp_path):
    inks = picture(channels=4)
    image = Image.frombytes("CMYK", (21, 13), inks.tobytes())
    path = tmp_path / "a.tif"
    image.save(path)
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(photos.read(path).pixels - expected).max() <= 1
    path = tmp_path / "a.jpg"
    image.save(path, quality=100)
    with Image.open(path) as again:
        expected = np.asarray(again.convert("RGB")).astype(int)
    photo = photos.read(path)
    assert np.abs(photo.pixels - expected).max() <= 1
    assert not photo.grey
    assert photo.alpha is None


def test_mpo_is_a_jpeg(tmp_path):
    path = tmp_path / "phone.jpg"
    first, second = Image.fromarray(smooth()), Image.new("RGB", (48, 32))
    first.save(path, "MPO", save_all=True, append_images=[second])
    photo = photos.read(path)
    assert photo.format == "JPEG"
    assert np.abs(photo.pixels.astype(int) - smooth()).max() < 12


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_greys_with_a_transparent_one(tmp_path, bits):
    grey, most = np.array([[0, 1], [2, 3]], np.uint8) % 2**bits, 2**bits - 1
    path = tmp_path / "a.png"
    options = {"bits": bits} if bits > 1 else {}
    stored = Image.fromarray(grey if bits > 1 else grey == 1)
    stored.save(path, transparency=1, **options)
    check(path, np.stack([grey * (255 // most)] * 3, -1), 255 * (grey != 1), grey=True)


def test_16_bit_png_with_a_transparent_colour(tmp_path):
    image = picture(np.uint16)
    data = bytearray(imagecodecs.png_encode(image))
    chunk = b"tRNS" + struct.pack(">3H", *map(int, image[2, 5]))
    packed = struct.pack(">I", 6) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path = tmp_path / "a.png"
    path.write_bytes(data[:33] + packed + data[33:])
    photo = photos.read(path)
    np.testing.assert_array_equal(photo.pixels, image)
    assert photo.alpha[2, 5] == 0
    assert (photo.alpha == 0).sum() == 1


def test_content_decides_without_a_known_ending(tmp_path):
    for ending in KINDS:
        photo = photos.read_bytes(encoded(ending, smooth()), "standard input")
        assert photo.pixels.shape == (32, 48, 3)
    path = tmp_path / "photo.jpg_large"
    path.write_bytes(encoded("jpg", smooth()))
    assert photos.read(path).format == "JPEG"


MEMORY = """
import sys
import numpy as np
from PIL import Image
from lled_jax import photos

def peak(of):
    with open("/proc/self/status") as file:
        return next(int(l.split()[1]) * 1024 for l in file if l.startswith(of))

path = sys.argv[1] + "/a.jpg"
ramp = np.add.outer(np.arange(4000) // 16, np.arange(5000) // 20).astype(np.uint8)
Image.fromarray(ramp).convert("RGB").save(path)
photos.write(photos.read(path), photos.read(path).pixels, __import__("io").BytesIO())
del ramp
Image.core.clear_cache()
open("/proc/self/clear_refs", "w").write("5")
before = peak("VmRSS")
photo = photos.read(path)
photos.write(photo, photo.pixels, __import__("pathlib").Path(path))
print((peak("VmHWM") - before) / 20e6)
"""


def test_memory_per_pixel(tmp_path):
    """A hundred megapixels fit in one gibibyte: less than 10.7 bytes for each."""
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
            file.write("5")
    except OSError:
        pytest.skip("needs Linux' /proc to measure memory")
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 3 < float(out.stdout) < 9


@pytest.mark.parametrize("bits", [2, 4])
def test_tiff_of_few_greys(tmp_path, bits):
    grey = picture(channels=0) % 2**bits
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey, photometric="minisblack", bitspersample=bits)
    check(path, np.stack([grey * (255 // (2**bits - 1))] * 3, -1), grey=True)


def test_an_avif_among_other_brands():
    """A picture by its major brand, an AVIF by what it is compatible with."""
    data = encoded("avif", smooth())
    assert data[4:12] == b"ftypavif"
    assert data[16:32].count(b"avif")
    photo = photos.read_bytes(data[:8] + b"mif1" + data[12:], "a.avif")
    assert photo.format == "AVIF"
