"""Pictures, profiles and metadata that the tests of lled_jax.photos share."""

import struct
from io import BytesIO

import imagecodecs
import numpy as np
import tifffile
from PIL import ExifTags, Image, TiffImagePlugin

from lled_jax.photos import Metadata, Photo

# The endings of one file of each format.
KINDS = ("png", "jpg", "webp", "avif", "bmp", "tif", "heic", "gif")
# Display P3: wider than sRGB in red and green.
P3 = bytes(
    imagecodecs.cms_profile(
        "rgb",
        whitepoint=[0.3127, 0.3290, 1.0],
        primaries=[0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0],
        gamma=2.2,
    )
)
ADOBE = bytes(imagecodecs.cms_profile("adobergb"))
GREY_18 = bytes(imagecodecs.cms_profile("gray", gamma=1.8))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" tiff:Orientation="%d" '
    b'xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)


def picture(dtype=np.uint8, channels=3, height=13, width=21) -> np.ndarray:
    """Noise of all values."""
    rng = np.random.default_rng(height + channels)
    shape = (height, width, channels) if channels else (height, width)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def smooth(dtype=np.uint8, height=32, width=48) -> np.ndarray:
    """Gentle colours, inside sRGB also as P3's, which lossy formats keep well."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    planes = [0.4 + 0.2 * x / width, 0.3 + 0.3 * y / height, 0.6 - 0.2 * x / width]
    return np.rint(np.stack(planes, -1) * np.iinfo(dtype).max).astype(dtype)


def plain(pixels, alpha=None, grey=False, format="PNG", **metadata) -> Photo:
    return Photo(pixels, alpha, grey, format, Metadata(**metadata))


def exif_bytes(orientation=1, order=">", thumbnail=True, note=64) -> bytes:
    """A camera's EXIF with exposure, GPS, a maker note and a thumbnail."""
    exif = Image.Exif()
    exif.endian = order
    base = ExifTags.Base
    exif[base.Make], exif[base.Model] = "Lamp & Co", "Night 5"
    exif[base.Orientation] = orientation
    exif[base.DateTime] = "2024:12:24 23:59:58"
    rational = TiffImagePlugin.IFDRational
    exif[ExifTags.IFD.Exif] = {
        base.ExposureTime: rational(1, 15),
        base.FNumber: rational(18, 10),
        base.ISOSpeedRatings: 12800,
        base.DateTimeOriginal: "2024:12:24 23:59:58",
        base.LensModel: "Lamp 35mm F1.8",
        base.MakerNote: bytes(range(256)) * (note // 256) + bytes(range(note % 256)),
    }
    gps = ExifTags.GPS
    exif[ExifTags.IFD.GPSInfo] = {
        gps.GPSLatitudeRef: "N",
        gps.GPSLatitude: (rational(48, 1), rational(51, 1), rational(30, 1)),
    }
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    return with_thumbnail(data, order) if thumbnail else data


def with_thumbnail(data: bytes, order: str) -> bytes:
    small = BytesIO()
    Image.new("RGB", (16, 12), "purple").save(small, "JPEG")
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    link, at = first + 2 + 12 * count, len(data)
    after = at + 2 + 3 * 12 + 4
    directory = struct.pack(order + "H", 3)
    directory += struct.pack(order + "HHIHH", 0x0103, 3, 1, 6, 0)
    directory += struct.pack(order + "HHII", 0x0201, 4, 1, after)
    directory += struct.pack(order + "HHII", 0x0202, 4, 1, len(small.getvalue()))
    directory += bytes(4)
    linked = data[:link] + struct.pack(order + "I", at) + data[link + 4 :]
    return linked + directory + small.getvalue()


def cmyk_profile() -> bytes:
    """A minimal printer's profile: Lab looked up from 2^4 corners of CMYK."""
    corners = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    lightness = 100 * (1 - corners[:, 3]) * (1 - corners[:, :3].sum(1) / 4)
    a = 40 * (corners[:, 1] - corners[:, 0]) * (1 - corners[:, 3])
    b = 40 * (corners[:, 2] - corners[:, 1]) * (1 - corners[:, 3])
    lab = np.stack([lightness * 652.8, (a + 128) * 256, (b + 128) * 256], axis=1)
    table = np.clip(np.rint(lab), 0, 65535).astype(">u2").tobytes()
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = struct.pack(">2H", 0, 65535)
    lut = b"mft2\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + struct.pack(">2H", 2, 2)
    lut += ramp * 4 + table + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags, offset, body = b"", 128 + 4 + 2 * 12, b""
    for name, data in ((b"A2B0", lut), (b"wtpt", white)):
        data += bytes(-len(data) % 4)
        tags += name + struct.pack(">2I", offset + len(body), len(data))
        body += data
    header = struct.pack(">I4sI", offset + len(body), b"lcms", 0x02400000)
    header += b"prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", 2) + tags + body


def encoded(ending: str, image: np.ndarray, **options) -> bytes:
    """A file by Pillow, tifffile or imagecodecs, not by our own writer."""
    if "exif" in options and ending == "jpg":
        options["exif"] = b"Exif\0\0" + options["exif"]
    buffer = BytesIO()
    if ending == "png" and image.dtype == np.uint16:
        return imagecodecs.png_encode(image)
    if ending == "tif":
        kind = "rgb" if image.ndim == 3 and image.shape[2] >= 3 else "minisblack"
        tifffile.imwrite(buffer, image, **{"photometric": kind, **options})
    elif ending == "heic":
        import pillow_heif

        pillow_heif.from_pillow(Image.fromarray(image)).save(buffer, **options)
    else:
        kind = {"jpg": "JPEG"}.get(ending, ending.upper())
        Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def saved(tmp_path, ending, image, **options):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(encoded(ending, image, **options))
    return path
