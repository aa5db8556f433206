"""EXIF, XMP, dots per inch: kept, upright once, seen by other programs."""

import json
import re
import shutil
import struct
import subprocess
from io import BytesIO

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from photos_for_tests import (
    P3,
    XMP,
    encoded,
    exif_bytes,
    picture,
    plain,
    smooth,
)
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from lled_jax import photos
from lled_jax.photos import exif, ifd, png
from lled_jax.photos.layout import ORIENTATION

pytest.importorskip("pillow_heif")
WITH_EXIF = ["jpg", "png", "webp", "avif", "heic"]


def exiftool(path, *options):
    """What exiftool says of a file, and that it finds nothing wrong with it."""
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("exiftool is not installed")
    command = [
        program,
        "-j",
        "-n",
        "-a",
        "-G1",
        "-validate",
        *(options or ["-all"]),
        str(path),
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(out.stdout)[0]


def values(said):
    """The tags by their names, without the group."""
    return {key.rpartition(":")[2]: value for key, value in said.items()}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "ending", ["jpg", "png", "webp", "tif", "avif", "png16", "tif16"]
)
def test_every_orientation_is_applied_once(tmp_path, ending, orientation):
    """Pixels and alpha, as Pillow does it; the file that is written stays so."""
    deep = ending.endswith("16")
    ending = ending.removesuffix("16")
    path = tmp_path / f"a.{ending}"
    image = picture(np.uint16 if deep else np.uint8, 3 if ending == "jpg" else 4)
    tag = exif_bytes(orientation, thumbnail=False)
    if deep and ending == "png":
        pieces = png.with_chunks(
            encoded("png", image), icc=None, exif=tag, xmp=None, dpi=None
        )
        path.write_bytes(b"".join(pieces))
    elif ending == "tif":
        extra = [(0x0112, 3, 1, orientation, True)]
        options = {"extrasamples": ["unassalpha"], "extratags": extra}
        path.write_bytes(encoded("tif", image, **options))
    else:
        lossless = {"avif": {"quality": 100, "subsampling": "4:4:4"}}.get(ending, {})
        options = {"lossless": True, "exact": True} if ending == "webp" else lossless
        path.write_bytes(encoded(ending, image, exif=tag, **options))
    # Turn each channel as an 8-bit picture of its own, or two of a 16-bit one.
    with Image.open(path) as stored:
        seen = np.asarray(stored) if ending in ("jpg", "avif") else image
    expected = turned(seen, orientation)
    photo = photos.read(path)
    np.testing.assert_array_equal(photo.pixels, expected[..., :3])
    if expected.shape[2] == 4:
        np.testing.assert_array_equal(photo.alpha, expected[..., 3])
    assert photos.size_of(path) == expected.shape[:2]
    photos.write(photo, photo.pixels, path, quality=100)
    again = photos.read(path)
    assert again.pixels.shape == photo.pixels.shape
    if ending not in ("jpg", "avif"):
        np.testing.assert_array_equal(again.pixels, photo.pixels)
        with Image.open(path) as image:
            assert ImageOps.exif_transpose(image).size == image.size
    assert exif.upright(again.metadata.exif)[0] in (1, None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(tmp_path, orientation):
    """libheif turns it by the file's own tag; EXIF's says the same and must not."""
    image = smooth()
    image[:8, :16] = 0  # a dark corner
    tag = b"Exif\0\0" + exif_bytes(orientation)
    photo = photos.read_bytes(encoded("heic", image, exif=tag, quality=95), "a.heic")
    expected = turned(image, orientation).astype(int)
    assert photo.pixels.shape == expected.shape
    assert np.abs(photo.pixels - expected).mean() < 3
    photos.write(photo, photo.pixels, tmp_path / "b.heic")
    assert photos.size_of(tmp_path / "b.heic") == expected.shape[:2]


def turned(image, orientation):
    """Pillow's answer, for 8 bit and for the two bytes of 16 bit."""
    halves = []
    for half in (image & 255, image >> 8) if image.dtype == np.uint16 else (image,):
        part = Image.fromarray(half.astype(np.uint8))
        part.getexif()[0x0112] = orientation
        halves.append(np.asarray(ImageOps.exif_transpose(part)).astype(image.dtype))
    return halves[0] if len(halves) == 1 else halves[0] + (halves[1] << 8)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", WITH_EXIF)
def test_exif_is_kept_byte_for_byte(tmp_path, ending, order):
    before = exif_bytes(6, order)
    photo = photos.read_bytes(encoded("jpg", smooth(), exif=before), "a.jpg")
    kept = photo.metadata.exif
    changed = [i for i in range(len(before)) if before[i] != kept[i]]
    assert len(kept) == len(before)
    assert len(changed) <= 1 + 4  # the orientation and the link to the thumbnail
    path = tmp_path / f"b.{ending}"
    photos.write(photo, photo.pixels, path, photos.format_for(photo.format, ending))
    again = photos.read(path)
    with Image.open(path) if ending != "heic" else Image.new("1", (1, 1)) as image:
        stored = image.info.get("exif", b"").removeprefix(b"Exif\0\0")
        seen = image.getexif()
        if ending != "heic":
            base = ExifTags.Base
            assert seen[base.Model] == "Night 5"
            assert seen.get(base.Orientation, 1) == 1
            below = seen.get_ifd(ExifTags.IFD.Exif)
            assert below[base.LensModel] == "Lamp 35mm F1.8"
            assert below[base.ExposureTime] == pytest.approx(1 / 15)
            assert len(below[base.MakerNote]) == 64
            assert seen.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
            assert not seen.get_ifd(ExifTags.IFD.IFD1)  # the dark thumbnail
    if ending == "avif":
        kept = exif.without_orientation(kept)
    assert again.metadata.exif == kept
    if ending != "heic":
        assert stored == kept


@pytest.mark.parametrize("ending", [*WITH_EXIF, "tif", "png16", "tif16"])
def test_exiftool_sees_everything(tmp_path, ending):
    deep, ending = ending.endswith("16"), ending.removesuffix("16")
    pixels = smooth(np.uint16 if deep else np.uint8)
    kept = exif.upright(exif_bytes(8))[1]
    photo = plain(pixels, exif=kept, icc=P3, xmp=XMP % 1, dpi=(300.0, 300.0))
    path = tmp_path / f"b.{ending}"
    photos.write(photo, pixels, path, photos.format_for(photo.format, ending))
    said = values(exiftool(path))
    assert said["Make"] == "Lamp & Co"
    assert said["Model"] == "Night 5"
    assert said["ModifyDate"] == said["DateTimeOriginal"] == "2024:12:24 23:59:58"
    assert said["ISO"] == 12800
    assert said["ExposureTime"] == pytest.approx(1 / 15, rel=1e-6)
    assert said["FNumber"] == 1.8
    assert said["LensModel"] == "Lamp 35mm F1.8"
    assert said["GPSLatitude"] == pytest.approx(48 + 51.5 / 60)
    assert said["Rating"] == 4  # by XMP
    assert said["ProfileConnectionSpace"] == "XYZ "
    assert said.get("Orientation", 1) == 1
    assert "ThumbnailImage" not in said
    if ending in ("jpg", "tif"):
        assert said["XResolution"] == said["YResolution"] == 300
    if ending == "png":
        assert said["PixelsPerUnitX"] == round(300 / 0.0254)
    problems = said.get("Warning", "")
    assert not re.search(r"(?i)corrupt|bad|error|truncated|invalid", str(problems))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_exif_in_tiff_comes_back(tmp_path, dtype, order):
    pixels, kept = picture(dtype), exif.upright(exif_bytes(3, order))[1]
    path = tmp_path / "a.tif"
    photos.write(plain(pixels, exif=kept, xmp=XMP % 1), pixels, path, "TIFF")
    np.testing.assert_array_equal(tifffile.imread(path), pixels)
    again = photos.read(path)
    assert again.metadata.xmp == XMP % 1
    assert b"Lamp 35mm F1.8" in again.metadata.exif
    # From TIFF to TIFF nothing more is lost.
    photos.write(again, again.pixels, path)
    assert photos.read(path).metadata == again.metadata
    with Image.open(path) as image:
        seen = image.getexif()
        base = ExifTags.Base
        assert seen[base.Model] == "Night 5"
        below = seen.get_ifd(ExifTags.IFD.Exif)
        assert below[base.ISOSpeedRatings] == 12800
        assert base.MakerNote not in below
        assert seen.get_ifd(ExifTags.IFD.GPSInfo)[2] == (48, 51, 30)


@pytest.mark.parametrize("form", ["attribute", "element"])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_xmp_is_kept_and_upright(tmp_path, ending, form):
    packet = XMP % 6
    if form == "element":
        packet = packet.replace(
            b'tiff:Orientation="6" xmp:Rating="4"/>',
            b'xmp:Rating="4"><tiff:Orientation>6</tiff:Orientation></rdf:Description>',
        )
    photo = photos.read_bytes(encoded("jpg", smooth(), xmp=packet), "a.jpg")
    assert photo.pixels.shape == (48, 32, 3)  # nothing else speaks of orientation
    upright = packet.replace(b'n="6"', b'n="1"').replace(b"n>6<", b"n>1<")
    assert photo.metadata.xmp == upright
    path = tmp_path / f"b.{ending}"
    photos.write(photo, photo.pixels, path, photos.format_for(photo.format, ending))
    again = photos.read(path)
    assert again.metadata.xmp == upright
    assert again.pixels.shape == (48, 32, 3)


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "tif"])
def test_dots_per_inch(tmp_path, ending):
    photo = plain(smooth(), dpi=(300.0, 150.0))
    path = tmp_path / f"a.{ending}"
    photos.write(photo, photo.pixels, path, ending)
    assert photos.read(path).metadata.dpi == pytest.approx((300, 150), abs=0.02)
    with Image.open(path) as image:
        assert tuple(map(float, image.info["dpi"])) == pytest.approx(
            (300, 150), abs=0.1
        )
    photos.write(plain(smooth()), photo.pixels, path, ending)
    assert photos.read(path).metadata.dpi is None


def test_large_metadata_in_jpeg(tmp_path):
    large = exif.upright(exif_bytes(note=70000))[1]
    photo = plain(smooth(), exif=large, xmp=(XMP % 1) + b" " * 70000, icc=P3)
    photos.write(photo, photo.pixels, tmp_path / "a.png")
    assert photos.read(tmp_path / "a.png").metadata == photo.metadata
    photos.write(photo, photo.pixels, tmp_path / "a.jpg", "JPEG")
    again = photos.read(tmp_path / "a.jpg").metadata
    assert b"Lamp 35mm F1.8" in again.exif
    assert len(again.exif) < 1000
    assert again.xmp is None
    assert again.icc == P3


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_damaged_exif_never_stops_us(tail, at, value):
    """Whatever the bytes are: no exception, nothing longer or shorter."""
    whole = bytearray(exif_bytes(6))
    whole[at] = value
    for data in (bytes(whole), bytes(whole[:at]), tail, b"II*\0" + tail):
        if data:
            orientation, kept = exif.upright(data)
            assert orientation in (None, *range(1, 9))
            assert len(kept) == len(data.removeprefix(b"Exif\0\0"))
            exif.shortened(kept)


def test_damaged_exif_in_a_file(tmp_path):
    damaged = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    path = tmp_path / "a.webp"
    path.write_bytes(encoded("webp", smooth(), exif=damaged))
    photo = photos.read(path)
    for ending in ("png", "tif", "jpg", "avif"):
        out = tmp_path / f"b.{ending}"
        photos.write(photo, photo.pixels, out, ending)
        assert out.stat().st_size > 0


def test_a_value_of_another_type_stays_in_avif(tmp_path):
    """With an orientation beside it Pillow would write it anew, and fail."""
    odd = ifd.Entry(0, 2, 8, b"2.2.0.0\0")  # GPSVersionID as text
    entries = [
        ifd.Entry(ORIENTATION, 3, 1, struct.pack(">H", 6)),
        ifd.Entry(ifd.GPS, 4, 1, [odd]),
    ]
    data = encoded("jpg", smooth(), exif=ifd.structure(entries, ">"))
    photo = photos.read_bytes(data, "a.jpg")
    photos.write(photo, photo.pixels, tmp_path / "a.avif", "AVIF")
    order, kept = exif.entries_of(photos.read(tmp_path / "a.avif").metadata.exif)
    assert (order, kept) == (">", [ifd.Entry(ifd.GPS, 4, 1, [odd])])


def test_real_photos(tmp_path, shared):
    """What exiftool says of the cameras' own EXIF is the same afterwards."""
    found = 0
    for path in sorted((shared / "data" / "unpaired").glob("*.jpg")):
        photo = photos.read(path)
        out = tmp_path / path.name
        photos.write(photo, photo.pixels, out)
        options = ("-ExifIFD:all", "-MakerNotes:all", "-GPS:all", "-ICC_Profile:all")
        before, after = (exiftool(p, *options) for p in (path, out))
        for said in (before, after):
            said.pop("SourceFile")
            for key in [k for k in said if "Validate" in k or "Warning" in k]:
                said.pop(key)
        assert after == before
        found += len(before)
        again = photos.read(out)
        assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 2.5
    assert found > 100


def test_exif_that_points_to_itself_a_thousand_times():
    """Each kind of directory is entered once, two deep."""
    many = 1000
    entry = struct.pack("<HHII", ifd.EXIF, 4, 1, 8)
    loop = b"II*\0" + struct.pack("<IH", 8, many) + entry * many + bytes(4)
    (first,) = exif.entries_of(loop)[1]
    (second,) = first.value
    assert second.value == []


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_deep_tiff_without_alpha_is_turned(orientation):
    """Its decoded array is taken as it is only where nothing is turned."""
    image = picture(np.uint16)
    extra = [(ORIENTATION, 3, 1, orientation, True)]
    photo = photos.read_bytes(encoded("tif", image, extratags=extra), "a.tif")
    np.testing.assert_array_equal(photo.pixels, turned(image, orientation))


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_orientation_of_four_bytes(order):
    entry = ifd.Entry(ORIENTATION, 4, 1, struct.pack(order + "I", 6))
    orientation, kept = exif.upright(ifd.structure([entry], order))
    upright = ifd.Entry(ORIENTATION, 4, 1, struct.pack(order + "I", 1))
    assert (orientation, kept) == (6, ifd.structure([upright], order))


def test_exif_is_believed_before_xmp():
    options = {"exif": exif_bytes(6), "xmp": XMP % 3}
    photo = photos.read_bytes(encoded("jpg", smooth(), **options), "a.jpg")
    assert photo.pixels.shape == (48, 32, 3)
    pieces = png.with_chunks(encoded("png", smooth()), icc=None, dpi=None, **options)
    photo = photos.read_bytes(b"".join(pieces), "a.png")
    np.testing.assert_array_equal(photo.pixels, turned(smooth(), 6))


def test_xmp_in_single_quotes():
    packet = b"<rdf:Description tiff:Orientation='8' tiff:Make='8'/>"
    upright = packet.replace(b"n='8'", b"n='1'")
    assert exif.xmp_upright(packet) == (8, upright)


def test_a_motion_photo_is_one_no_more(tmp_path):
    """The film behind the picture is left out, so XMP must not promise it."""
    film = (
        b'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" '
        b"GCamera:MotionPhotoPresentationTimestampUs='1500' GCamera:MicroVideo = '1' "
        b'GCamera:MicroVideoOffset="1" xmp:Rating='
    )
    element = b"<Camera:MotionPhoto>1</Camera:MotionPhoto></x:xmpmeta>"
    packet = (XMP % 1).replace(b"xmp:Rating=", film).replace(b"</x:xmpmeta>", element)
    still = packet.replace(b'MotionPhoto="1"', b'MotionPhoto="0"')
    still = still.replace(b"MicroVideo = '1'", b"MicroVideo = '0'")
    still = still.replace(b"MotionPhoto>1<", b"MotionPhoto>0<")
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("jpg", smooth(), xmp=packet) + b"\0\0\0\x18ftypmp42")
    photo = photos.read(path)
    assert photo.metadata.xmp == still
    photos.write(photo, photo.pixels, path)
    assert photos.read(path).metadata.xmp == still
    assert b"ftypmp42" not in path.read_bytes()


@pytest.mark.parametrize("packed", [False, True])
def test_xmp_of_a_png_with_other_texts(packed):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("Title", "Dusk", zip=packed)
    texts.add_itxt("XML:com.adobe.xmp", (XMP % 1).decode(), zip=packed)
    texts.add_itxt("Comment", "Dawn", zip=packed)
    photo = photos.read_bytes(encoded("png", smooth(), pnginfo=texts), "a.png")
    assert photo.metadata.xmp == XMP % 1


def test_other_units_than_the_inch(tmp_path):
    centimetres = {"resolution": (118.11, 59.055), "resolutionunit": "CENTIMETER"}
    photo = photos.read_bytes(encoded("tif", smooth(), **centimetres), "a.tif")
    assert photo.metadata.dpi == pytest.approx((300, 150), abs=0.02)
    # No unit: only the shape of a pixel.
    shape = {"resolution": (2, 1), "resolutionunit": "NONE"}
    photo = photos.read_bytes(encoded("tif", smooth(), **shape), "a.tif")
    assert photo.metadata.dpi is None
    data, at = encoded("png", smooth()), len(png.PNG_SIGNATURE) + 25
    chunk = png._chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
    photo = photos.read_bytes(data[:at] + chunk + data[at:], "a.png")
    assert photo.metadata.dpi is None


@pytest.mark.parametrize("over", [0, 1])
def test_the_most_that_a_jpeg_holds(over):
    kept = exif.upright(exif_bytes())[1].ljust(65533 - len(b"Exif\0\0") + over, b"\0")
    packet = (XMP % 1).ljust(65533 - 29 + over)
    file = BytesIO()
    photos.write(plain(smooth(), exif=kept, xmp=packet), smooth(), file, "JPEG")
    again = photos.read_bytes(file.getvalue(), "a.jpg").metadata
    assert again.xmp == (None if over else packet)
    assert (again.exif == kept) == (not over)
    assert b"Lamp 35mm F1.8" in again.exif


def test_texts_stay_in_tiff(tmp_path):
    base, written = ExifTags.Base, Image.Exif()
    names = ("ImageDescription", "Make", "Model", "Software", "Artist", "Copyright")
    texts = {base[name]: f"{name} of it" for name in names}
    written.update(texts)
    photo = plain(smooth(), exif=written.tobytes().removeprefix(b"Exif\0\0"))
    photos.write(photo, photo.pixels, tmp_path / "a.tif", "TIFF")
    with Image.open(tmp_path / "a.tif") as image:
        assert texts.items() <= dict(image.getexif()).items()


@pytest.mark.parametrize(
    ("start", "order"),
    # Panasonic's and Olympus' RAW files, too.
    [
        *((b"II*\0", "<"), (b"MM\0*", ">"), (b"IIU\0", "<")),
        *((b"IIRO", "<"), (b"IIRS", "<"), (b"MMOR", ">")),
    ],
)
def test_exif_of_a_tiff_based_raw(start, order):
    """The exposure from both directories (TIFF/EP), in order; no private data."""

    def entry(tag, text):
        return ifd.Entry(tag, 2, len(text), text)

    def iso(value):
        return ifd.Entry(0x8827, 3, 1, struct.pack(order + "H", value))

    time = ifd.Entry(0x829A, 5, 1, struct.pack(order + "II", 1, 15))
    comment, lens = entry(0x9286, b"dark " * 500), entry(0xA434, b"35mm F1.8\0")
    interop = ifd.Entry(ifd.INTEROP, 4, 1, [entry(1, b"R98\0")])
    make, gps = entry(0x010F, b"Lamp\0"), ifd.Entry(ifd.GPS, 4, 1, [entry(1, b"N")])
    private, preview = entry(0x927C, b"note"), entry(0xA500, bytes(2**18 + 1))
    below = [iso(200), comment, interop, lens, private, preview]
    width = ifd.Entry(0x0100, 3, 1, bytes(2))
    stored = [width, make, time, iso(100), gps, ifd.Entry(ifd.EXIF, 4, 1, below)]
    data = ifd.structure(stored, order)
    found = exif.from_tiff(BytesIO(start + data[4:]))
    below = [time, iso(200), comment, interop, lens]
    kept = [make, ifd.Entry(ifd.EXIF, 4, 1, below), gps]
    assert exif.entries_of(found) == (order, kept)
