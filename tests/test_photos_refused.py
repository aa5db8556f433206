"""What is said of files that are no single whole picture we read."""

import builtins
import errno
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from photos_for_tests import KINDS, encoded, picture, saved, smooth
from PIL import Image

from lled_jax import photos
from lled_jax.errors import InputError

pytest.importorskip("pillow_heif")


@pytest.mark.parametrize("frames", [2, 3])
@pytest.mark.parametrize("ending", ["gif", "png", "webp", "avif"])
def test_animated(tmp_path, ending, frames):
    path = tmp_path / f"moving.{ending}"
    images = [Image.fromarray(picture(height=16 + i, width=32)) for i in range(frames)]
    images = [image.resize((32, 32)) for image in images]
    images[0].save(path, save_all=True, append_images=images[1:])
    for read in (photos.read, photos.size_of):
        with pytest.raises(InputError, match=rf"moving\.{ending}: .*animated.*split"):
            read(path)


def test_pages(tmp_path):
    path, image = tmp_path / "book.tif", picture()
    with tifffile.TiffWriter(path) as tiff:
        for _ in range(2):
            tiff.write(image, photometric="rgb", metadata=None)
    with pytest.raises(InputError, match=r"book\.tif: holds 2 pages; split it"):
        photos.read(path)
    with tifffile.TiffWriter(path) as tiff:  # a thumbnail is no page
        tiff.write(image, photometric="rgb", metadata=None)
        tiff.write(image[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        mask = image[..., 0] > 99  # nor is a mask
        tiff.write(mask, photometric="miniswhite", subfiletype=4, metadata=None)
    np.testing.assert_array_equal(photos.read(path).pixels, image)


@pytest.mark.parametrize("kept", [0.001, 0.02, 0.3, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("ending", [*KINDS, "png16", "tif16"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_truncated(tmp_path, ending, kept):
    dtype = np.uint16 if "16" in ending else np.uint8
    ending = ending.removesuffix("16")
    options = {"compression": "zlib", "rowsperstrip": 8} if ending == "tif" else {}
    data = encoded(ending, picture(dtype, height=64, width=64), **options)
    path = tmp_path / f"cut.{ending}"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=rf"cut\.{ending}: ") as error:
        photos.read(path)
    assert "\n" not in str(error.value)
    assert "good copy" in str(error.value)


def test_truncated_uncompressed_tiff(tmp_path):
    data = encoded("tif", picture(height=64, width=64))
    path = tmp_path / "cut.tif"
    path.write_bytes(data[:-100])
    with pytest.raises(InputError, match="it ends too early"):
        photos.read(path)


def pages_in_a_circle(count, back_to):
    """A TIFF whose last page says that another follows it, an earlier one."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as tiff:
        for _ in range(count):
            tiff.write(picture(), photometric="rgb", metadata=None)
    data = bytearray(file.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        offsets = [page.offset for page in tiff.pages]
    (tags,) = struct.unpack_from("<H", data, offsets[-1])
    link = offsets[-1] + 2 + 12 * tags
    struct.pack_into("<I", data, link, offsets[back_to])
    return bytes(data)


@pytest.mark.parametrize(("count", "back_to"), [(1, 0), (3, 1)])
def test_pages_in_a_circle(count, back_to):
    data = pages_in_a_circle(count, back_to)
    for read in (photos.read_bytes, photos.size_of_bytes):
        with pytest.raises(InputError, match=r"c\.tif: damaged .*lead back to an earl"):
            read(data, "c.tif")


def test_a_tiff_of_no_rows_a_strip():
    data = bytearray(encoded("tif", picture(), compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        at = tiff.pages.first.tags["RowsPerStrip"].valueoffset
    data[at : at + 2] = bytes(2)
    with pytest.raises(InputError, match=r"r\.tif: damaged or truncated"):
        photos.read_bytes(bytes(data), "r.tif")


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        *(("jpg", "png"), ("heic", "jpg"), ("png", "webp"), ("tif", "gif")),
        *(("avif", "heic"), ("nef", "jpg"), ("gif", "avif"), ("webp", "tif")),
    ],
)
def test_mislabelled(tmp_path, ending, content):
    path = tmp_path / f"photo.{ending}"
    path.write_bytes(encoded(content, smooth()))
    for read in (photos.read, photos.size_of):
        with pytest.raises(
            InputError,
            match=rf"photo\.{ending}: holds .* behind the ending \.{ending}; "
            rf"rename it to photo\.\w+$",
        ) as error:
            read(path)
    name = str(error.value).rsplit(" ", 1)[1]
    path.rename(tmp_path / name)  # the cure that is named works
    assert photos.read(tmp_path / name).pixels.shape == (32, 48, 3)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "heic", "nef"])
@pytest.mark.parametrize("good", [0, 64])
def test_a_disk_that_cannot_be_read(tmp_path, monkeypatch, ending, good):
    """From the first byte, or after those that say which format it is."""

    class Failing(io.BytesIO):
        def read(self, size=-1):
            if not 0 <= size <= good - self.tell():
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

        def readinto(self, buffer):
            buffer[:] = self.read(len(buffer))

    path = tmp_path / f"a.{ending}"
    data = encoded("tif" if ending == "nef" else ending, picture())
    monkeypatch.setattr(Path, "open", lambda path, mode: Failing(data))
    for read in (photos.read, photos.size_of):
        with pytest.raises(
            InputError, match=rf"a\.{ending}: Input/output error; check"
        ):
            read(path)


def test_canons_newest_raw_by_its_brand():
    start = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"
    with pytest.raises(InputError, match=r"a\.jpg: holds RAW data .*its camera's end"):
        photos.read_bytes(start.ljust(99, b"\0"), "a.jpg")


def test_no_pictures(tmp_path):
    path = tmp_path / "empty.jpg"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.jpg: is empty"):
        photos.read(path)
    path.write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"empty\.jpg: is not a JPEG file"):
        photos.read(path)
    with pytest.raises(InputError, match=r"a\.txt: no picture of a known format"):
        photos.read_bytes(b"hello", "a.txt")
    with pytest.raises(InputError, match="is a folder"):
        photos.read(tmp_path)
    for read in (photos.read, photos.size_of):
        with pytest.raises(InputError, match=r"none\.jpg: no such file"):
            read(tmp_path / "none.jpg")


def test_samples_we_do_not_read(tmp_path):
    path = tmp_path / "f.tif"
    for dtype, bits in ((np.float32, 32), (np.float16, 16), (np.uint32, 32)):
        tifffile.imwrite(path, picture().astype(dtype), photometric="rgb")
        with pytest.raises(InputError, match=rf"f\.tif: holds {bits}-bit .*8- or 16"):
            photos.read(path)
    tifffile.imwrite(path, picture().astype(np.int16), photometric="rgb")
    with pytest.raises(InputError, match="holds 16-bit int16"):
        photos.read(path)
    tifffile.imwrite(path, picture(), photometric="cielab")
    with pytest.raises(InputError, match=r"f\.tif: CIELAB colours; convert"):
        photos.read(path)
    tifffile.imwrite(
        path, picture(channels=6), photometric="rgb", planarconfig="contig"
    )
    with pytest.raises(InputError, match=r"f\.tif: has 6 channels"):
        photos.read(path)


def test_heic_without_its_package(tmp_path, monkeypatch):
    path = saved(tmp_path, "heic", smooth())
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=r"pip install 'lled-jax\[heic\]'"):
        photos.read(path)


def with_size(png: bytes, width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_absurd_sizes(tmp_path, dtype):
    path = tmp_path / "bomb.png"
    path.write_bytes(with_size(encoded("png", picture(dtype)), 60000, 60000))
    for read in (photos.read, photos.size_of):
        with pytest.raises(InputError, match=r"bomb\.png: 60000x60000 pixels are more"):
            read(path)


def test_a_photo_of_200_megapixels_is_welcome(tmp_path):
    path, limit = tmp_path / "big.png", Image.MAX_IMAGE_PIXELS
    path.write_bytes(with_size(encoded("png", picture()), 20000, 10000))
    assert photos.size_of(path) == (10000, 20000)
    assert limit == Image.MAX_IMAGE_PIXELS  # ours and not everybody's
