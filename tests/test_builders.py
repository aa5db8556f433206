"""The TFDS sets: the folders' images to the bit, through every pipeline."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from published_for_tests import (
    few_photos,
    fivek_official,
    lol,
    lol_v2,
    save,
    set_counts,
    sid,
    sid_counts,
)
from typer.testing import CliRunner

import lled_jax
from configs import lol_cpu
from lled_jax import experiment
from lled_jax.cli.main import app
from lled_jax.data import on_device
from lled_jax.data.builders import reading
from lled_jax.data.pairs import PairSource
from lled_jax.data.sources import load, paired_folder
from lled_jax.errors import InputError
from lled_jax.locate import load_weights, open_source

ROOT = Path(lled_jax.__file__).parent.parent


@pytest.fixture(autouse=True)
def small_sets(monkeypatch, tmp_path):
    set_counts(monkeypatch, "lol", train=3, test=2)
    set_counts(monkeypatch, "lol_v2_real", train=2, test=1)
    set_counts(monkeypatch, "lol_v2_synthetic", train=2, test=1)
    few_photos(monkeypatch)
    sid_counts(monkeypatch)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))


def lled(*arguments):
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


def done(*arguments):
    result = lled(*arguments)
    assert result.exit_code == 0, result.output + result.stderr
    return result


def assert_same_source(made, expected):
    assert isinstance(made, PairSource)
    assert (made.names, len(made)) == (expected.names, len(expected))
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(made.sizes, expected.sizes)
    for a, b in zip(load(made), load(expected), strict=True):
        for x, y in zip(a, b, strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("key", "make"),
    [
        ("lol", lambda path: lol(path)),
        ("lol_v2_real", lambda path: lol_v2(path, "Real_captured")),
        ("lol_v2_synthetic", lambda path: lol_v2(path, "Synthetic", ("r", "r"))),
    ],
)
def test_lol_sets(tmp_path, key, make):
    source = make(tmp_path / "downloaded")
    done(key, source, tmp_path / "folder")
    result = done(key, source, "--tfds")
    assert f"use it as tfds:{key}" in result.stdout
    for split in ("train", "test"):
        expected = paired_folder(tmp_path / "folder", split)
        assert_same_source(open_source(f"tfds:{key}", split), expected)


@pytest.mark.parametrize("size", ["512", "480p"])
def test_fivek(tmp_path, size):
    source = fivek_official(tmp_path / "downloaded", height=96, width=64)
    done("fivek", source, tmp_path / "folder", "--size", size)
    done("fivek", source, "--size", size, "--tfds")
    for split in ("train", "test"):
        made = open_source(f"tfds:fivek/{size}", split)
        assert made.dtype == np.uint16
        assert_same_source(made, paired_folder(tmp_path / "folder", split))


def test_8_bit_copies_are_widened(tmp_path):
    for number in (1, 2, 3):
        for folder in ("input", "expertC"):
            save(tmp_path / "FiveK" / folder / f"a{number:04}.png", number)
    done("fivek", tmp_path / "FiveK", tmp_path / "folder")
    done("fivek", tmp_path / "FiveK", "--tfds")
    made = open_source("tfds:fivek", "train")
    assert made._record(0)["low"][24] == 16  # bits, in a PNG's header
    low, _ = made[0]
    narrow, _ = paired_folder(tmp_path / "folder", "train")[0]
    np.testing.assert_array_equal(low, narrow.astype(np.uint16) * 257)


@pytest.mark.parametrize("rendition", ["amplified", "dark"])
def test_sid(tmp_path, rendition):
    source = sid(tmp_path / "downloaded")
    options = ["--rendition", rendition, "--half"]
    done("sid", source, tmp_path / "folder", *options)
    done("sid", source, *options, "--tfds")
    for split in ("train", "test"):
        made = open_source(f"tfds:sid_sony/{rendition}_half", split)
        assert_same_source(made, paired_folder(tmp_path / "folder", split))
    result = lled("sid", source, "--tfds", "--curve", "srgb")
    assert (result.exit_code, "as by default only" in result.stderr) == (2, True)


def test_a_set_is_a_tfds_set(tmp_path):
    """By TFDS's own interface: manual_dir, description, images, registered name."""
    source = lol(tmp_path / "downloaded")
    import_module("lled_jax.data.builders.lol")  # registers it
    builder = tfds.builder("lol", file_format="array_record", data_dir=tmp_path / "x")
    config = tfds.download.DownloadConfig(manual_dir=source)
    builder.download_and_prepare(download_config=config)
    assert builder.info.splits["train"].num_examples == 3
    assert "Deep Retinex" in builder.info.citation
    assert builder.info.homepage.startswith("https://daooshee")
    assert "LOLdataset.zip" in builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    example = builder.as_data_source(split="train")[1]
    expected = paired_folder(source, "train")
    assert example["name"].decode() == expected.names[1]
    np.testing.assert_array_equal(example["high"], expected[1][1])


def test_checking_for_tfds_does_not_take_its_folder_for_pairs(tmp_path):
    (tmp_path / "tfds" / "another_set").mkdir(parents=True)
    done("lol", lol(tmp_path / "LOL"), tmp_path / "tfds", "--tfds", "--check")


def test_subset_and_threads(tmp_path):
    done("lol", lol(tmp_path / "downloaded"), "--tfds")
    source = open_source("tfds:lol", "train")
    part = source.subset(np.array([2, 0]))
    assert part.names == (source.names[2], source.names[0])
    np.testing.assert_array_equal(part[0][0], source[2][0])
    np.testing.assert_array_equal(part.subset([1])[0][1], source[0][1])
    assert len(part.subset([])) == 0
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda i: source[i % 3], range(60)))
    for i, pair in enumerate(read):
        np.testing.assert_array_equal(pair[0], source[i % 3][0])


@pytest.mark.parametrize("missing", ["file", "damaged"])
def test_what_is_not_whole(tmp_path, missing):
    source = lol(tmp_path / "downloaded")
    path = source / "our485" / "low" / "10.png"
    if missing == "file":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:1000])
    result = lled("lol", source, "--tfds")
    assert result.exit_code == 1
    error = result.stderr.strip().splitlines()[-1]
    expected = "train: 2 of 3" if missing == "file" else "10.png: damaged or truncated"
    assert error.startswith("error: ")
    assert expected in error
    with pytest.raises(InputError, match="is not prepared"):
        open_source("tfds:lol", "train")
    result = done("lol", source, "--tfds", "--partial")
    assert ("left out: " in result.stderr) == (missing == "damaged")
    assert open_source("tfds:lol", "train").names == ("1", "6")
    assert (
        "already there; to make it anew delete" in done("lol", source, "--tfds").stdout
    )


def test_pairs_of_two_sizes_are_left_out(tmp_path):
    source = lol(tmp_path / "downloaded")
    save(source / "our485" / "low" / "1.png", 0, height=20)
    assert "image is 48x20 but its target 48x40" in lled("lol", source, "--tfds").stderr
    assert "left out: " in done("lol", source, "--tfds", "--partial").stderr
    assert open_source("tfds:lol", "train").names == ("6", "10")


def test_dest_is_the_folder_of_the_sets(tmp_path, monkeypatch):
    done("lol", lol(tmp_path / "downloaded"), tmp_path / "sets", "--tfds")
    with pytest.raises(InputError, match="is not prepared"):
        open_source("tfds:lol", "train")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "sets"))
    assert len(open_source("tfds:lol", "train")) == 3


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("tfds:lol", r"tfds:lol is not prepared in .*tfds; run: lled prepare lol SRC"),
        ("tfds:sid_sony/dark", r"run: lled prepare sid SRC --tfds --rendition dark"),
        ("tfds:fivek/480p", r"run: lled prepare fivek SRC --tfds --size 480p"),
        ("tfds:mnist", "no TFDS set 'mnist'; choose one of lol, lol_v2_real"),
        ("tfds:fivek/9", "no TFDS set 'fivek/9'; choose fivek/512, fivek/480p"),
        ("tfds:lol/x", "no TFDS set 'lol/x'; choose lol$"),
    ],
)
def test_what_is_not_prepared_is_said_in_one_line(root, message):
    with pytest.raises(InputError, match=message) as error:
        open_source(root, "train")
    assert "\n" not in str(error.value)


def test_a_damaged_record_is_named(tmp_path):
    done("lol", lol(tmp_path / "downloaded"), "--tfds")
    path = next((tmp_path / "tfds").rglob("*train*array_record*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    source = open_source("tfds:lol", "train")
    with pytest.raises(
        InputError, match=r"pair '\d+' of the prepared set|\d+\.\w+\.png"
    ):
        load(source)


def test_reading_needs_no_tensorflow(tmp_path):
    done("lol", lol(tmp_path / "downloaded"), "--tfds")
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'tensorflow':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'tensorflow' else found(n, *a)\n"
        "from lled_jax.locate import open_source\n"
        "source = open_source('tfds:lol', 'test')\n"
        "print(len(source), source[1][0].shape, 'tensorflow' in sys.modules)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert out.stdout.strip() == "2 (40, 48, 3) False", out.stderr


def test_without_the_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    for name in ("reading", "base"):
        module = f"lled_jax.data.builders.{name}"
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr("lled_jax.data.builders.reading", raising=False)
    needed = "needs tensorflow_datasets: pip install"
    with pytest.raises(InputError, match=needed):
        open_source("tfds:lol", "train")
    result = lled("lol", tmp_path, "--tfds")
    assert (result.exit_code, needed in result.stderr) == (1, True)


def test_three_steps_of_training(tmp_path, monkeypatch):
    """By tf.data and from memory, with the same result to the bit."""
    set_counts(monkeypatch, "lol", train=12, test=2)
    done("lol", lol(tmp_path / "downloaded", train=12), "--tfds")
    config = lol_cpu.get_config("tfds:lol")
    config.model = "student_base"  # the smallest
    config.total_steps = config.log.every = config.log.save_every = 3
    config.data.crop, config.data.later, config.data.holdout = 32, (), 0.2
    config.optimizer.warmup = 1
    config.log.evaluate_every, config.log.evaluate_images = 100, 1
    weights = []
    for pipeline in ("memory", "tfdata"):
        config.data.pipeline = pipeline
        experiment.train(config, tmp_path / pipeline)
        weights.append(jax.tree.leaves(load_weights(tmp_path / pipeline)[1]))
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_on_the_device(tmp_path):
    source = lol(tmp_path / "downloaded")
    done("lol", source, "--tfds")
    made = on_device.pixels(open_source("tfds:lol", "train"))
    expected = on_device.pixels(paired_folder(source, "train"))
    for side in ("low", "high"):
        np.testing.assert_array_equal(made[side], expected[side])


def test_the_metadata_tell_how_it_was_made(tmp_path):
    done("sid", sid(tmp_path / "downloaded"), "--tfds", "--half")
    made = reading.builder("sid_sony/amplified_half")
    settings = json.loads(json.dumps(made.info.metadata["settings"]))
    assert settings["half"] is True
    assert settings["rawpy_low"]["half_size"] is True
    assert made.info.metadata["names"]["val"] == ["20001_00_0.033s"]
