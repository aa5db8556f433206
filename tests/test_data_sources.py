"""Folders of pairs: layouts, matching, and what is said when something is wrong."""

import re
import subprocess
import sys

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from lled_jax.data.pairs import ArrayPairs, PairSource, require_min_size
from lled_jax.data.sources import folder_pairs, load, paired_folder
from lled_jax.errors import InputError


def picture(seed, height=8, width=10, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype)


def write(folder, names, seed=0, size=(8, 10)):
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names):
        Image.fromarray(picture(seed + i, *size)).save(folder / name)


@pytest.mark.parametrize(
    ("layout", "split"),
    [
        ("our485/low our485/high", "train"),
        ("eval15/low eval15/high", "test"),
        ("train/low train/high", "train"),
        ("test/low test/high", "test"),
        ("val/input val/target", "test"),
        ("Train/Low Train/Normal", "train"),
        ("low high", "train"),
        ("low high", "test"),
        ("input expertC", "test"),
    ],
)
def test_layouts(tmp_path, layout, split):
    low, high = (tmp_path / part for part in layout.split())
    write(low, ["1.png", "10.png", "2.png"])
    write(high, ["1.png", "10.png", "2.png"], seed=10)
    (low / "Thumbs.db").write_bytes(b"x")
    (low / "._1.png").write_bytes(b"x")
    source = paired_folder(tmp_path, split)
    assert isinstance(source, PairSource)
    assert source.names == ("1", "2", "10")
    assert len(source) == 3
    assert source.sizes.tolist() == [[8, 10]] * 3
    np.testing.assert_array_equal(source[2][0], picture(1))
    np.testing.assert_array_equal(source[2][1], picture(11))


def test_splits_do_not_mix(tmp_path):
    for split, name in (("our485", "2.png"), ("eval15", "1.png")):
        for part in ("low", "high"):
            write(tmp_path / split / part, [name])
    assert paired_folder(tmp_path, "train").names == ("2",)
    assert paired_folder(tmp_path, "test").names == ("1",)


def test_lol_v2_prefixes(tmp_path):
    write(tmp_path / "Low", ["low00001.png", "low00002.png"])
    write(tmp_path / "Normal", ["normal00002.png", "normal00001.png"])
    source = paired_folder(tmp_path, "train")
    assert source.names == ("00001", "00002")
    assert source.low[1].name == "low00002.png"
    assert source.high[1].name == "normal00002.png"


def test_stems_match_across_formats_and_keep_their_prefix(tmp_path):
    write(tmp_path / "low", ["lowrider.png", "b.PNG"])
    write(tmp_path / "high", ["lowrider.bmp", "b.png"])
    assert paired_folder(tmp_path, "test").names == ("b", "lowrider")


def test_a_prefix_that_tells_two_images_apart_is_kept(tmp_path):
    write(tmp_path / "low", ["low1.png", "high1.png"])
    write(tmp_path / "high", ["1.png"])
    message = error_of(paired_folder, tmp_path, "test")
    assert "no partner for 2 of the 2 images" in message


def test_16_bit_anywhere_widens_all(tmp_path):
    write(tmp_path / "low", ["a.png", "b.png"])
    write(tmp_path / "high", ["a.png"])
    wide = picture(7, dtype=np.uint16)
    (tmp_path / "high" / "b.png").write_bytes(imagecodecs.png_encode(wide))
    source = paired_folder(tmp_path, "train")
    for pairs in (source, load(source), source.subset([1]), load(source).subset([0])):
        assert pairs.dtype == np.uint16
        assert all(image.dtype == np.uint16 for image in pairs[0])
    np.testing.assert_array_equal(source[1][1], wide)
    np.testing.assert_array_equal(source[0][0], picture(0).astype(np.uint16) * 257)
    # As well if the images come from memory.
    (low, high), deep = ArrayPairs("a", [picture(0)], [wide])[0], wide.dtype
    assert (low.dtype, high.dtype) == (deep, deep)
    np.testing.assert_array_equal(low, source[0][0])


def test_subset_and_load(tmp_path):
    for i in range(5):
        for part, seed in (("low", i), ("high", 5 + i)):
            write(tmp_path / part, [f"{i}.png"], seed, (8 + i, 10))
    source = paired_folder(tmp_path, "train")
    for part in (source.subset([3, 1]), load(source).subset(np.array([3, 1]))):
        assert part.names == ("3", "1")
        np.testing.assert_array_equal(part[1][1], picture(6, 9))
        assert part.sizes.tolist() == [[11, 10], [9, 10]]
    assert len(source.subset(np.zeros(0, int))) == 0
    everything = load(source)
    for i in range(5):
        np.testing.assert_array_equal(everything[i], source[i])


def error_of(function, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folders(tmp_path):
    write(tmp_path / "LOL" / "our485" / "low", ["1.png"])
    message = error_of(paired_folder, tmp_path / "LOOL" / "x", "train")
    assert str(tmp_path / "LOOL" / "x") in message
    assert f"{tmp_path} exists, and it holds LOL/" in message
    message = error_of(paired_folder, tmp_path, "train")
    assert "expected our485/low and our485/high" in message
    assert f"did you mean {tmp_path / 'LOL'}?" in message
    message = error_of(paired_folder, tmp_path, "validation")
    assert message == "split 'validation': choose 'train' or 'test'"


def test_unpaired_and_empty(tmp_path):
    low, high = tmp_path / "low", tmp_path / "high"
    write(low, [f"{i}.png" for i in range(1, 7)])
    write(high, ["1.png"])
    message = error_of(folder_pairs, low, high)
    assert "no partner for 5 of the 6 images" in message
    assert "(2.png, 3.png, 4.png, ...)" in message
    message = error_of(folder_pairs, high, low)
    assert re.search(r"no partner for 5 of the 6 images in .*low ", message)
    (high / "2.dng").touch()
    assert error_of(folder_pairs, low, high).endswith("; 2.dng is not read here")
    (tmp_path / "none").mkdir()
    assert "none: no images here; it is empty" in error_of(
        folder_pairs, tmp_path / "none", high
    )
    write(high, ["1.bmp"])
    assert "1.png: 1.bmp has the same stem" in error_of(folder_pairs, low, high)


def test_size_mismatch_and_unreadable(tmp_path):
    low, high = tmp_path / "low", tmp_path / "high"
    write(low, ["1.png", "2.png"])
    write(high, ["1.png"])
    write(high, ["2.png"], size=(10, 8))
    message = error_of(folder_pairs, low, high)
    assert "'2': the low image is 10x8 but its target 8x10" in message
    (high / "2.png").write_bytes((high / "1.png").read_bytes()[:60])
    assert f"{high / '2.png'}: damaged or truncated" in error_of(
        folder_pairs, low, high
    )


def test_pixels_that_break_after_the_check(tmp_path):
    """The header is whole, the data is not: the error comes with the pixels."""
    write(tmp_path / "low", ["a.bmp"])
    write(tmp_path / "high", ["a.bmp"])
    path = tmp_path / "low" / "a.bmp"
    path.write_bytes(path.read_bytes()[:100])
    source = paired_folder(tmp_path, "train")
    assert "a.bmp: damaged or truncated" in error_of(load, source)


def test_too_small_for_the_crop():
    images = [picture(0, 300, 300), picture(1, 300, 200), picture(2, 100, 300)]
    source = ArrayPairs("abc", images, images)
    require_min_size(source, 100)
    message = error_of(require_min_size, source, 256)
    assert message.startswith("'b' is 200x300, smaller than the crop of 256 (2 such")
    assert "at most 100" in message


def test_array_pairs_checks():
    one, other = picture(0), picture(0, 10, 8)
    assert "'a' names two pairs" in error_of(ArrayPairs, "aa", [one] * 2, [one] * 2)
    assert "'a': the low image" in error_of(ArrayPairs, "a", [one], [other])
    assert "2 names, 1 low" in error_of(ArrayPairs, "ab", [one], [one])
    stacked = ArrayPairs("ab", np.stack([one, one]), np.stack([one, one]))
    assert stacked.sizes.tolist() == [[8, 10]] * 2


def test_real_layout(shared, tmp_path):
    """LOL's test pairs as they are kept: 15, all 600x400."""
    source = paired_folder(shared / "data" / "lol", "test")
    assert len(source) == 15
    assert set(map(tuple, source.sizes.tolist())) == {(400, 600)}


def test_no_tensorflow_without_the_pipeline():
    code = """
import sys
from lled_jax.data import decode, memory, order, pairs, scenes, sources
from lled_jax.data import synthetic, transforms
sys.exit("tensorflow" in sys.modules or "skimage" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
