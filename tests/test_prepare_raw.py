"""`lled prepare` on FiveK and See in the Dark: which pairs, and every pixel of them."""

import json
import shutil
from pathlib import PurePosixPath

import imagecodecs
import numpy as np
import pytest
import rawpy
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from photos_for_tests import P3
from PIL import Image
from published_for_tests import (
    few_photos,
    fivek_official,
    picture,
    save,
    sid,
    sid_counts,
    zipped,
)
from raws_for_tests import BLACK, WHITE, dng, mosaic, scene
from typer.testing import CliRunner

from lled_jax import photos
from lled_jax.cli.main import app
from lled_jax.data.decode import read_image
from lled_jax.data.published import developing, fivek
from lled_jax.data.published.resizing import resize
from lled_jax.data.published.sid_pairs import Exposure, parse, ratio
from lled_jax.data.sources import folder_pairs, paired_folder
from lled_jax.errors import InputError

LINEAR = developing.settings(gamma=(1.0, 1.0)) | {"adjust_maximum_thr": 0.0}


@pytest.fixture(autouse=True)
def small_sets(monkeypatch):
    few_photos(monkeypatch)
    sid_counts(monkeypatch)


def lled(*arguments):
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


def done(*arguments):
    result = lled(*arguments)
    assert result.exit_code == 0, result.output + result.stderr
    return result


def one_error(*arguments):
    result = lled(*arguments)
    assert result.exit_code == 1, result.output
    return result.stderr.strip().splitlines()[-1]


def about(dest):
    return json.loads((dest / "dataset.json").read_text())


# --- developing -----------------------------------------------------------------------


def test_developed_light_is_the_scene():
    """Black and white level, white balance and matrix undone, to 1e-3 of the range."""
    neutral = (0.5, 1.0, 0.8)
    light = scene()
    data = dng(mosaic(light * neutral), neutral=neutral)
    out = developing.develop(data, "a.dng", LINEAR) / 65535
    inner = (slice(4, -4), slice(4, -4))
    # The brightest channel's multiplier is one: as dark as it was taken.
    scale = out[inner].mean() / light[inner].mean()
    np.testing.assert_allclose(out[inner], light[inner] * scale, atol=2e-3)
    half = developing.develop(data, "a.dng", LINEAR | {"half_size": True})
    assert half.shape == (24, 32, 3)
    # Of a picture that fades, since its greens lie half a pixel beside the reds.
    np.testing.assert_allclose(half.mean((0, 1)) / 65535, out.mean((0, 1)), atol=6e-3)


def test_settings_are_those_of_the_authors_call(shared):
    """Stated one by one they give what rawpy's call with its defaults gives."""
    path = shared / "data" / "raw" / "colorchart.dng"
    with rawpy.imread(str(path)) as raw:
        expected = raw.postprocess(
            use_camera_wb=True, half_size=False, no_auto_bright=True, output_bps=16
        )
    settings = developing.settings(gamma=developing.BT709)
    made = developing.develop(path.read_bytes(), "a.dng", settings)
    np.testing.assert_array_equal(made, expected)


def test_fivek_develops_as_the_photo_reader(shared):
    path = shared / "data" / "raw" / "colorchart.dng"
    made = developing.develop_cropped(path.read_bytes(), "a.dng", fivek.DEVELOPING)
    np.testing.assert_array_equal(made, photos.read(path).pixels)


@settings(deadline=None)
@given(st.sampled_from([2.0, 30.0, 100.0, 300.0]), st.integers(0, 3))
def test_amplified_light_is_the_longer_exposure(times, seed):
    """Up to the rounding of the sensor's values, which is amplified too."""
    light = scene(32, 32, seed)
    short = dng(mosaic(light / times))
    amplified = developing.develop(short, "a", LINEAR, times).astype(float)
    long = developing.develop(dng(mosaic(light)), "a", LINEAR).astype(float)
    step = times / (WHITE - BLACK) * 65535
    assert np.abs(amplified - long)[4:-4, 4:-4].max() < 1.5 * step
    assert abs(amplified.mean() / long.mean() - 1) < 0.05


def test_amplified_light_is_clipped_at_the_sensors_white():
    bright = dng(mosaic(np.full((32, 32, 3), 0.5)))
    assert developing.develop(bright, "a", LINEAR, 3.0).min() >= 65534
    dark = dng(np.full((32, 32), BLACK - 20, np.uint16))
    assert developing.develop(dark, "a", LINEAR, 300.0).max() == 0


def test_packed_planes_are_the_mosaic():
    values = mosaic(scene())
    values[0, 0], values[0, 1] = BLACK - 9, WHITE + 0
    packed = developing.pack(dng(values), "a")
    assert packed.shape == (24, 32, 4)
    assert packed.dtype == np.uint16
    light = np.clip((values.astype(float) - BLACK) / (WHITE - BLACK), 0, 1) * 65535
    planes = [light[::2, ::2], light[::2, 1::2], light[1::2, 1::2], light[1::2, ::2]]
    assert np.abs(packed - np.stack(planes, -1)).max() <= 0.51
    assert packed[0, 0].tolist()[:2] == [0, 65535]


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_default_crop_and_orientation(orientation, turns):
    values = mosaic(scene())
    settings = LINEAR | {"user_flip": 0}
    whole = developing.develop_cropped(dng(values), "a", settings)
    cut = dng(values, orientation, crop=(2, 4, 40, 50))
    made = developing.develop_cropped(cut, "a", settings)
    np.testing.assert_array_equal(made, np.rot90(whole[2:42, 4:54], turns))


@pytest.mark.parametrize("kept", [0, 100, 2000])
def test_damaged_raw_is_named(kept):
    data = dng(mosaic(scene()))[:kept]
    for read in (
        lambda: developing.develop(data, "x/a.ARW", LINEAR),
        lambda: developing.pack(data, "x/a.ARW"),
    ):
        with pytest.raises(InputError, match=r"^x/a\.ARW: damaged") as error:
            read()
        assert "\n" not in str(error.value)


# --- FiveK ----------------------------------------------------------------------------


def test_fivek_official(tmp_path):
    source = fivek_official(tmp_path / "fivek")
    done("fivek", source, tmp_path / "out", "--size", "full")
    train = paired_folder(tmp_path / "out", "train")
    assert train.names == ("a0001-lamp_1", "a0002-lamp_2")
    assert paired_folder(tmp_path / "out", "test").names == ("a0003-lamp_3",)
    assert train.dtype == np.uint16
    low, high = train[0]
    raw = next(source.rglob("a0001*.dng"))
    settings = fivek.DEVELOPING
    expected = developing.develop_cropped(raw.read_bytes(), "a", settings)
    np.testing.assert_array_equal(low, expected)
    stored = tifffile.imread(source / "tiff16_c" / "a0001-lamp_1.tif")
    np.testing.assert_array_equal(high, fivek.prophoto_to_srgb(stored))
    chosen = about(tmp_path / "out")["settings"]
    assert chosen["rawpy"]["gamma"] == [2.4, 12.92]
    assert chosen["size"] == "full"


@pytest.mark.parametrize(
    ("size", "shape"), [("512", (384, 512)), ("480p", (480, 640)), ("full", (600, 800))]
)
def test_fivek_sizes(tmp_path, monkeypatch, size, shape):
    few_photos(monkeypatch, 1, 1)
    source = fivek_official(tmp_path / "fivek", 1, 600, 800)
    done("fivek", source, tmp_path / "out", "--size", size)
    low, high = paired_folder(tmp_path / "out", "train")[0]
    assert low.shape == high.shape == (*shape, 3)
    # The input follows its target, whose border a RAW's may differ from.
    raw = next(source.rglob("*.dng"))
    raw.write_bytes(dng(mosaic(scene(604, 804, seed=1) / 8)))
    done("fivek", source, tmp_path / "other", "--size", size)
    again, _ = paired_folder(tmp_path / "other", "train")[0]
    assert again.shape == low.shape
    assert np.abs(again.astype(int) - low).mean() < 400


@settings(deadline=None)
@given(st.integers(1, 6000), st.integers(1, 6000), st.sampled_from(fivek.SIZES))
def test_fitted_never_enlarges_and_keeps_the_shape(height, width, size):
    fit = fivek.fitted(height, width, size)
    assert fit[0] <= height
    assert fit[1] <= width
    if size == "512":
        assert max(fit) == min(512, max(height, width))
    if size == "480p":
        assert min(fit) == min(480, min(height, width))
    # Both sides are rounded, and the short one is never less than a pixel.
    scale = max(fit) / max(height, width)
    assert abs(min(fit) - scale * min(height, width)) <= 1
    assert (fit[0] <= fit[1]) if height <= width else (fit[0] >= fit[1])


@pytest.mark.parametrize(("height", "width"), [(64, 48), (48, 60)])
def test_another_shape_is_no_pair(tmp_path, height, width):
    source = fivek_official(tmp_path / "fivek")
    raw = next(source.rglob("a0002*.dng"))
    raw.write_bytes(dng(mosaic(scene(height, width))))
    result = lled("fivek", source, tmp_path / "out")
    assert result.exit_code == 1
    wrong = f"a0002-lamp_2.dng: is {width}x{height} but its target 64x48"
    assert wrong in result.stderr
    assert paired_folder(tmp_path / "out", "train").names == ("a0001-lamp_1",)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_fivek_prepared_copies(tmp_path, suffix):
    base = tmp_path / "FiveK"
    for number in (1, 2, 3):
        for folder in ("input", "expertC"):
            path = base / folder / f"a{number:04}-x.{suffix}"
            save(path, number + len(folder), height=30)
    done("fivek", base, tmp_path / "out")
    low, high = paired_folder(tmp_path / "out", "train")[1]
    assert low.dtype == np.uint8
    expected = read_image(base / "input" / f"a0002-x.{suffix}")
    np.testing.assert_array_equal(low, expected)
    np.testing.assert_array_equal(
        high, read_image(base / "expertC" / f"a0002-x.{suffix}")
    )


def test_the_real_prepared_pairs(shared, tmp_path, monkeypatch):
    source = shared / "data" / "fivek"
    assert "its name has no number" in one_error("fivek", source, tmp_path / "out")
    few_photos(monkeypatch, 5000, 4500)
    assert "train: 2 of 4500 pairs" in one_error("fivek", source, tmp_path / "out")
    done("fivek", source, tmp_path / "out", "--partial")
    made = paired_folder(tmp_path / "out", "train")
    assert [name[:5] for name in made.names] == ["a2803", "a4232"]
    assert made.sizes.max() == 512


def test_profiles_are_applied(tmp_path, monkeypatch):
    """Display P3 in a profile; ProPhoto where an official TIFF has none."""
    few_photos(monkeypatch, 1, 1)
    source = fivek_official(tmp_path / "fivek", 1)
    path = source / "tiff16_c" / "a0001-lamp_1.tif"
    pixels = np.full((48, 64, 3), (20000, 40000, 30000), np.uint16)
    tifffile.imwrite(path, pixels, photometric="rgb", iccprofile=P3)
    done("fivek", source, tmp_path / "out")
    _, high = paired_folder(tmp_path / "out", "train")[0]
    np.testing.assert_array_equal(high, photos.read(path).pixels)
    assert np.abs(high.astype(int) - pixels).max() > 500
    # Of 8 bit it is no official one.
    narrow = (pixels >> 8).astype(np.uint8)
    tifffile.imwrite(path, narrow, photometric="rgb")
    done("fivek", source, tmp_path / "narrow")
    _, high = paired_folder(tmp_path / "narrow", "train")[0]
    np.testing.assert_array_equal(high, narrow.astype(np.uint16) * 257)


def test_prophoto_against_littlecms():
    profile = imagecodecs.cms_profile(
        "rgb",
        whitepoint=[0.345704, 0.358540, 1.0],
        primaries=[
            *(0.734699, 0.265301, 1.0),
            *(0.159597, 0.840403, 1.0),
            *(0.036598, 0.000105, 1.0),
        ],
        gamma=1.8,
    )
    rng = np.random.default_rng(0)
    # Above the line near black that the profile does not have.
    pixels = rng.integers(20000, 36000, (64, 64, 3), dtype=np.uint16)
    expected = imagecodecs.cms_transform(
        (pixels / 65535).astype(np.float32),
        bytes(profile),
        bytes(imagecodecs.cms_profile("srgb")),
        colorspace="rgb",
        outcolorspace="rgb",
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
    )
    inside = (expected > 0).all(-1) & (expected < 1).all(-1)
    assert inside.mean() > 0.5
    made = fivek.prophoto_to_srgb(pixels) / 65535
    assert np.abs(made - expected)[inside].max() < 1e-3
    grey = np.repeat(np.arange(0, 65536, 257, dtype=np.uint16)[:, None, None], 3, 2)
    assert np.ptp(fivek.prophoto_to_srgb(grey), axis=-1).max() <= 1
    # The lines near black, of slopes 1/16 and 12.92, up to 1/32.
    dark = np.repeat(np.arange(0, 2048, 31, dtype=np.uint16)[:, None, None], 3, 2)
    expected = dark * (12.92 / 16)
    np.testing.assert_allclose(fivek.prophoto_to_srgb(dark), expected, atol=1)


def test_fivek_names_what_is_missing(tmp_path):
    source = fivek_official(tmp_path / "fivek")
    next(source.rglob("a0003*.dng")).unlink()
    (source / "tiff16_c" / "a0001-lamp_1.tif").unlink()
    listed = lled("fivek", source, "--check")
    assert listed.stdout.splitlines() == [
        "train: 1 of 2 pairs",
        "test: 0 of 1 pairs",
        "missing: a0001: no TIFF of expert C",
        "missing: a0003: no input",
    ]
    assert "get it from https://data.csail.mit.edu" in listed.stderr
    error = one_error("fivek", source, tmp_path / "out", "--size", "1024")
    assert error == "error: unknown size '1024'; choose one of 512, 480p, full"
    shutil.copy(next(source.rglob("a0002*.dng")), source / "a0002-again.dng")
    assert "has the same number; remove one" in one_error("fivek", source, tmp_path)


def test_resize_is_pillows_at_8_bit_and_exact_at_16():
    image = picture(0, 40, 60) // 2 + 64  # Pillow clips between its two passes
    expected = Image.fromarray(image).resize((31, 22), Image.Resampling.LANCZOS)
    made = resize(image, 22, 31)
    assert np.abs(made.astype(int) - np.asarray(expected)).max() <= 1
    wide = resize(image.astype(np.uint16) * 257, 22, 31)
    assert np.abs(wide / 257 - made).max() <= 0.51
    flat = np.full((40, 60, 3), 12345, np.uint16)
    assert (resize(flat, 7, 9) == 12345).all()


# --- See in the Dark ------------------------------------------------------------------


def test_sid_by_the_lists(tmp_path):
    source, dest = sid(tmp_path / "dataset"), tmp_path / "out"
    done("sid", source, dest)
    train = paired_folder(dest, "train")
    assert train.names == ("00001_00_0.1s", "00001_01_0.04s")
    assert paired_folder(dest, "test").names == ("10003_00_0.1s", "10003_01_0.1s")
    assert folder_pairs(dest / "val" / "low", dest / "val" / "high").names == (
        "20001_00_0.033s",
    )
    rows = (dest / "pairs.csv").read_text().splitlines()[1:]
    ratios = [row.split(",")[-1] for row in rows]
    assert ratios == ["100.0", "250.0", "300.0", "300.0", "300.0"]
    low, high = train[0]
    assert low.dtype == np.uint16
    long = (source / "Sony" / "long" / "00001_00_10s.ARW").read_bytes()
    settings = developing.settings(gamma=developing.BT709)
    np.testing.assert_array_equal(high, developing.develop(long, "a", settings))
    short = (source / "Sony" / "short" / "00001_00_0.1s.ARW").read_bytes()
    unmoved = settings | {"adjust_maximum_thr": 0.0}
    amplified = developing.develop(short, "a", unmoved, 100.0)
    np.testing.assert_array_equal(low, amplified)
    # One target on disk has two names.
    targets = [dest / "train" / "high" / f"{name}.png" for name in train.names]
    assert targets[0].samefile(targets[1])
    chosen = about(dest)["settings"]
    assert chosen["pairs"] == "official lists"
    assert chosen["rawpy_low"] == json.loads(json.dumps(unmoved))


def test_sid_by_the_names(tmp_path):
    done("sid", sid(tmp_path / "with"), tmp_path / "out")
    done("sid", sid(tmp_path / "without", lists=False), tmp_path / "other")
    for split in ("train", "val", "test"):
        names = {p.name for p in (tmp_path / "out" / split).rglob("*.png")}
        assert names == {p.name for p in (tmp_path / "other" / split).rglob("*.png")}
    assert about(tmp_path / "other")["settings"]["pairs"] == "by name"


def test_sid_by_the_names_takes_the_first_long_one_of_a_burst(tmp_path):
    source = sid(tmp_path / "dataset", lists=False)
    long = source / "Sony" / "long"
    shutil.copy(long / "20001_00_10s.ARW", long / "20001_01_30s.ARW")
    done("sid", source, tmp_path / "out", "--half")
    rows = (tmp_path / "out" / "pairs.csv").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith("val,")]
    assert row.split(",")[3].endswith("20001_00_10s.ARW")


@pytest.mark.parametrize("options", [(), ("--first",), ("--misaligned",)])
def test_sid_without_lists_is_known_to_be_a_part(tmp_path, options):
    source = sid(tmp_path / "dataset", lists=False)
    lost = next((source / "Sony" / "short").glob("10003_*.ARW"))
    lost.unlink()
    error = lled("sid", source, tmp_path / "out", *options)
    assert error.exit_code == 1
    assert "test: 2 of 3 short exposures" in error.output + error.stderr


def test_sid_from_the_zip_with_the_lists_beside_it(tmp_path):
    source = sid(tmp_path / "dataset")
    archive = zipped(source / "Sony", source / "Sony.zip")
    shutil.rmtree(source / "Sony")
    for given_ in (archive, source):
        dest = tmp_path / f"from_{given_.name}"
        done("sid", given_, dest, "--half")
        assert len(paired_folder(dest, "train")) == 2
        assert about(dest)["settings"]["pairs"] == "official lists"


def test_sid_selections(tmp_path):
    source = sid(tmp_path / "dataset")
    done("sid", source, tmp_path / "all", "--misaligned", "--half")
    assert "10034_00_0.1s" in paired_folder(tmp_path / "all", "test").names
    done("sid", source, tmp_path / "first", "--first", "--half")
    assert paired_folder(tmp_path / "first", "train").names == ("00001_00_0.1s",)
    assert paired_folder(tmp_path / "first", "test").names == ("10003_00_0.1s",)
    for path in source.glob("*.txt"):
        path.unlink()
    done("sid", source, tmp_path / "named", "--first", "--half")
    assert paired_folder(tmp_path / "named", "train").names == ("00001_00_0.1s",)


def test_sid_renditions(tmp_path):
    source = sid(tmp_path / "dataset")
    done("sid", source, tmp_path / "dark", "--rendition", "dark", "--curve", "srgb")
    dark, high = paired_folder(tmp_path / "dark", "train")[0]
    assert dark.mean() < 0.15 * high.mean()
    # What the camera would have shown: developed as its target.
    chosen = about(tmp_path / "dark")["settings"]
    assert chosen["rawpy_low"] == chosen["rawpy_high"]
    assert chosen["rawpy_low"]["adjust_maximum_thr"] == 0.75
    done("sid", source, tmp_path / "half", "--half")
    assert paired_folder(tmp_path / "half", "train").sizes.tolist() == [[24, 32]] * 2
    result = done("sid", source, tmp_path / "packed", "--rendition", "packed")
    assert "2 pairs of packed planes" not in result.stdout
    assert "5 pairs of packed planes, for export" in result.stdout
    packed = np.load(tmp_path / "packed" / "train" / "low" / "00001_00_0.1s.npy")
    short = (source / "Sony" / "short" / "00001_00_0.1s.ARW").read_bytes()
    np.testing.assert_array_equal(packed, developing.pack(short, "a"))
    with pytest.raises(InputError, match="no images here"):
        paired_folder(tmp_path / "packed", "train")
    path = tmp_path / "packed" / "val" / "high" / "20001_00_0.033s.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    done("sid", source, tmp_path / "packed", "--rendition", "packed")
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rendition", "raw"], "unknown rendition 'raw'; choose one of amplified,"),
        (["--curve", "log"], "unknown curve 'log'; choose one of bt709, srgb"),
        (["--rendition", "packed", "--half"], "leave out --half"),
        (["--rendition", "dark"], "another rendition (rendition: amplified -> dark)"),
    ],
)
def test_sid_options_that_do_not_do(tmp_path, options, message):
    source = sid(tmp_path / "dataset")
    done("sid", source, tmp_path / "out")
    assert message in one_error("sid", source, tmp_path / "out", *options)


def test_sid_names_what_is_missing(tmp_path):
    source = sid(tmp_path / "dataset")
    (source / "Sony" / "long" / "20001_00_10s.ARW").unlink()
    (source / "Sony" / "short" / "00001_01_0.04s.ARW").unlink()
    listed = lled("sid", source, "--check").stdout.splitlines()
    assert listed == [
        "train: 1 of 2 pairs",
        "val: 0 of 1 pairs",
        "test: 2 of 2 pairs",
        "missing: Sony/short/00001_01_0.04s.ARW",
        "missing: Sony/long/20001_00_10s.ARW",
    ]
    for path in source.glob("*.txt"):
        path.unlink()
    listed = lled("sid", source, "--check").stdout
    assert "missing: Sony/long/20001_00_*s.ARW" in listed
    assert "train: 1 of 2 pairs" in listed


def test_sid_lists_are_checked(tmp_path):
    source = sid(tmp_path / "dataset")
    path = source / "Sony_test_list.txt"
    text = path.read_text()
    path.write_text(text.splitlines()[0] + "\n")
    error = one_error("sid", source, tmp_path / "out")
    assert "Sony_test_list.txt: 1 of 3 lines" in error
    for line in (
        "./Sony/short/10003_00_0.1s.ARW",
        "./Sony/short/10003_00_0.1s.ARW ./Sony/long/10034_00_10s.ARW ISO200 F8",
        "./Sony/short/00001_00_0.1s.ARW ./Sony/long/00001_00_10s.ARW ISO200 F8",
        "./Sony/long/10003_00_0.1s.ARW ./Sony/short/10003_00_30s.ARW ISO200 F8",
    ):
        path.write_text(text + line + "\n")
        error = one_error("sid", source, tmp_path / "out")
        assert "Sony_test_list.txt, line 4: " in error
        assert "is no pair of the test list; download the list again" in error
    path.unlink()
    error = one_error("sid", source, tmp_path / "out")
    assert "Sony_test_list.txt missing; get the lists from https://github" in error


def test_ratio_is_the_authors():
    """test_Sony.py: min(gt_exposure / in_exposure, 300), from fn[9:-5]."""
    for short, long in (
        ("00001_00_0.04s", "00001_00_10s"),
        ("10074_03_0.1s", "10074_00_30s"),
    ):
        a, b = (parse(PurePosixPath(f"{name}.ARW")) for name in (short, long))
        expected = min(float(f"{long}.ARW"[9:-5]) / float(f"{short}.ARW"[9:-5]), 300)
        assert ratio(a, b) == expected
    assert ratio(Exposure("1", "0", 0.033), Exposure("1", "0", 10)) == 300
    for wrong in ("0001_00_0.1s.ARW", "30001_00_0.1s.ARW", "00001_00_0s.ARW", "a.ARW"):
        with pytest.raises(InputError, match="no name such as"):
            parse(wrong)
