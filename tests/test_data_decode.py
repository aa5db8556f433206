"""Every format in 8 and 16 bit, orientations, and what is said of broken files."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from lled_jax.data.decode import SUFFIXES, read_image, read_size
from lled_jax.errors import InputError


def picture(dtype=np.uint8, channels=3, height=13, width=21):
    rng = np.random.default_rng(height + channels)
    shape = (height, width, channels) if channels else (height, width)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def check(path: Path, expected: np.ndarray) -> None:
    """Equal pixels, and a header that promises what is then delivered."""
    image = read_image(path)
    assert image.dtype == expected.dtype
    np.testing.assert_array_equal(image, expected)
    assert read_size(path) == (*expected.shape[:2], expected.dtype)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "TIFF", "webp", "PNG"])
def test_lossless_8_bit_is_exact(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    options = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(picture()).save(path, **options)
    check(path, picture())


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "JPG", "webp"])
def test_lossy_8_bit_is_close(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    smooth = np.stack([np.tile(ramp, (16, 1))] * 3, axis=-1)
    Image.fromarray(smooth).save(path, quality=95)
    assert np.abs(read_image(path).astype(int) - smooth).max() < 12
    assert read_size(path) == (16, 32, np.uint8)


@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
def test_png_16_bit_is_exact(tmp_path, channels):
    path, image = tmp_path / "a.png", picture(np.uint16, channels)
    path.write_bytes(imagecodecs.png_encode(image))
    grey = np.atleast_3d(image)[..., :1].repeat(3, axis=2)
    check(path, image[..., :3] if channels >= 3 else grey)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_is_exact(tmp_path, dtype, compression, byteorder):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        picture(dtype),
        photometric="rgb",
        compression=compression,
        byteorder=byteorder,
    )
    check(path, picture(dtype))


def test_tiff_layouts(tmp_path):
    path, image, grey = tmp_path / "a.tif", picture(np.uint16), picture(channels=0)
    planes = np.moveaxis(image, -1, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate")
    check(path, image)
    tifffile.imwrite(path, grey, photometric="minisblack")
    check(path, np.stack([grey] * 3, axis=-1))
    tifffile.imwrite(path, grey, photometric="miniswhite")
    check(path, np.stack([255 - grey] * 3, axis=-1))
    rgba = picture(np.uint16, 4)
    tifffile.imwrite(path, rgba, photometric="rgb", extrasamples=["unassalpha"])
    check(path, rgba[..., :3])
    tifffile.imwrite(path, np.stack([image, image[::-1]]), photometric="rgb")
    check(path, image)  # the first page


@pytest.mark.parametrize("ending", ["png", "tif", "bmp"])
def test_palette_becomes_rgb(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    indexed = Image.fromarray(picture()).quantize(16)
    indexed.save(path)
    check(path, np.asarray(indexed.convert("RGB")))


def test_palette_with_transparency(tmp_path):
    path, indexed = tmp_path / "a.png", Image.fromarray(picture()).quantize(16)
    indexed.save(path, transparency=bytes(range(16)))
    check(path, np.asarray(indexed.convert("RGB")))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "1"])
def test_grey_is_repeated_and_alpha_dropped(tmp_path, mode):
    path, image = tmp_path / "a.png", Image.fromarray(picture(channels=4))
    image.convert(mode).save(path)
    stored = np.asarray(image.convert(mode).convert("RGBA"))[..., :3]
    check(path, stored)
    if mode == "RGBA":  # the values under the alpha, not a blend with black
        np.testing.assert_array_equal(read_image(path), picture(channels=4)[..., :3])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_exif_orientation_like_pillow(tmp_path, ending, orientation):
    path, exif = tmp_path / f"a.{ending}", Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture()).save(path, exif=exif, lossless=True)
    with Image.open(path) as image:
        check(path, np.asarray(ImageOps.exif_transpose(image).convert("RGB")))


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_tiff_and_late_png_orientation(tmp_path, orientation):
    image = picture(np.uint16)
    turned = np.rot90(image, {1: 0, 3: 2, 6: -1}[orientation])
    path = tmp_path / "a.tif"
    tag = (0x0112, "H", 1, orientation, True)
    tifffile.imwrite(path, image, photometric="rgb", extratags=[tag])
    check(path, turned)

    path, exif = tmp_path / "a.png", Image.Exif()
    exif[0x0112] = orientation
    body = imagecodecs.png_encode(image)
    chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    late = (len(chunk) - 4).to_bytes(4, "big") + chunk
    late += imagecodecs.zlib_crc32(chunk).to_bytes(4, "big")
    path.write_bytes(body[:-12] + late + body[-12:])  # before IEND, behind the pixels
    check(path, turned)


def encoded(ending: str, tmp_path: Path, dtype=np.uint8) -> bytes:
    path = tmp_path / f"whole.{ending}"
    image = picture(dtype, height=64, width=64)
    if dtype == np.uint16 and ending == "png":
        return imagecodecs.png_encode(image)
    if ending == "tif":
        tifffile.imwrite(path, image, photometric="rgb", compression="zlib")
    else:
        Image.fromarray(image).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
@pytest.mark.parametrize(
    ("ending", "dtype"),
    [(e, np.uint8) for e in ("png", "jpg", "webp", "bmp", "tif")]
    + [("png", np.uint16), ("tif", np.uint16)],
)
def test_truncated(tmp_path, ending, dtype, kept):
    path, data = tmp_path / f"cut.{ending}", encoded(ending, tmp_path, dtype)
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=rf"cut\.{ending}: .*(damaged|is not a)") as e:
        read_image(path)
    assert "\n" not in str(e.value)
    assert "replace it" in str(e.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_damaged_png(tmp_path, dtype):
    path, data = tmp_path / "bad.png", bytearray(encoded("png", tmp_path, dtype))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"bad\.png: damaged"):
        read_image(path)


def test_mislabelled(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded("jpg", tmp_path))
    for read in (read_image, read_size):
        with pytest.raises(InputError, match=r"photo\.png: holds JPEG .*rename it"):
            read(path)
    path.write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"photo\.png: is not a PNG file"):
        read_size(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"photo\.png: is empty \(0 bytes\)"):
        read_image(path)


def test_missing_unknown_and_float(tmp_path):
    with pytest.raises(InputError, match=r"none\.png: no such file"):
        read_image(tmp_path / "none.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=r"folder\.png: is a folder"):
        read_size(tmp_path / "folder.png")
    with pytest.raises(InputError, match=r"x\.gif: cannot read '\.gif'.*\.webp"):
        read_image(tmp_path / "x.gif")
    path = tmp_path / "f.tif"
    tifffile.imwrite(path, picture().astype(np.float32), photometric="rgb")
    for read in (read_image, read_size):
        with pytest.raises(InputError, match=r"f\.tif: holds 32-bit float32"):
            read(path)


def test_all_formats_are_covered():
    assert set(SUFFIXES) == {
        *(".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
    }
