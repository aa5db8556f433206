"""`lled prepare` on LOL: what is checked, said, written, and taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from published_for_tests import lol, lol_v2, save, set_counts, zipped
from typer.testing import CliRunner

import lled_jax
from lled_jax.cli import preparing
from lled_jax.cli.main import app
from lled_jax.data.decode import read_image, read_image_bytes
from lled_jax.data.published import conversion
from lled_jax.data.published.download import open_download
from lled_jax.data.published.lol import survey
from lled_jax.data.sources import load, paired_folder
from lled_jax.errors import InputError

ROOT = Path(lled_jax.__file__).parent.parent


@pytest.fixture(autouse=True)
def small_sets(monkeypatch):
    set_counts(monkeypatch, "lol", train=3, test=2)
    set_counts(monkeypatch, "lol_v2_real", train=2, test=1)
    set_counts(monkeypatch, "lol_v2_synthetic", train=2, test=1)


def lled(*arguments):
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


def one_error(result):
    assert result.exit_code == 1, result.output
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("error: ")
    assert sum(line.startswith("error: ") for line in lines) == 1
    return lines[-1]


def assert_same_pairs(one, other):
    assert one.names == other.names
    for a, b in zip(load(one), load(other), strict=True):
        np.testing.assert_array_equal(a, b)


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_the_cores_are_those_that_the_process_may_use(monkeypatch):
    tasks = []
    monkeypatch.setattr(preparing, "check", lambda task: tasks.append(task) or 0)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:1])
    try:
        assert lled("lol", "somewhere", "--check").exit_code == 0
        assert lled("lol", "somewhere", "--check", "--jobs", 7).exit_code == 0
    finally:
        os.sched_setaffinity(0, before)
    assert [task.jobs for task in tasks] == [1, 7]


def test_a_folder_becomes_pairs(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    result = lled("lol", source, dest)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "train: 3 pairs, test: 2 pairs",
        f"{dest}: ready",
    ]
    for split in ("train", "test"):
        assert_same_pairs(paired_folder(dest, split), paired_folder(source, split))
    assert sorted(p.name for p in dest.iterdir()) == [
        *("dataset.json", "pairs.csv", "test", "train")
    ]
    about = json.loads((dest / "dataset.json").read_text())
    assert (about["name"], about["complete"]) == ("lol", True)
    assert about["counts"] == about["published_counts"] == {"train": 3, "test": 2}
    assert "Deep Retinex" in about["citation"]
    assert about["page"].startswith("https://")
    assert {"rawpy", "libraw", "numpy"} <= set(about["versions"])
    rows = (dest / "pairs.csv").read_text().splitlines()
    assert rows[1] == "test,1,LOLdataset/eval15/low/1.png,LOLdataset/eval15/high/1.png,"
    assert len(rows) == 6


@pytest.mark.parametrize("named", ["archive", "its folder"])
def test_a_zip_need_not_be_unpacked(tmp_path, named):
    source = lol(tmp_path / "LOLdataset")
    (tmp_path / "zip").mkdir()
    archive = zipped(source, tmp_path / "zip" / "LOLdataset.zip")
    given = archive if named == "archive" else archive.parent
    assert lled("lol", given, tmp_path / "out").exit_code == 0
    assert_same_pairs(
        paired_folder(tmp_path / "out", "train"), paired_folder(source, "train")
    )


@pytest.mark.parametrize("above", ["", "LOL-v2"])
@pytest.mark.parametrize(
    ("key", "kind", "prefixes"),
    [
        ("lol_v2_real", "Real_captured", ("low", "normal")),
        ("lol_v2_synthetic", "Synthetic", ("r", "r")),
    ],
)
def test_lol_v2(tmp_path, key, kind, prefixes, above):
    base = lol_v2(tmp_path / "LOL-v2", kind, prefixes)
    other = {"Real_captured": "Synthetic", "Synthetic": "Real_captured"}[kind]
    lol_v2(base, other)
    # Both the set's folder and the part's own will do.
    result = lled(key, base if above else base / kind, tmp_path / "out")
    assert result.exit_code == 0, result.output
    made = paired_folder(tmp_path / "out", "train")
    bare = "" if kind == "Real_captured" else "r"
    assert made.names == (f"{bare}00001", f"{bare}00002")
    expected = base / kind / "Train" / "Normal" / f"{prefixes[1]}00002.png"
    np.testing.assert_array_equal(made[1][1], read_image(expected))
    assert len(paired_folder(tmp_path / "out", "test")) == 1


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path):
    source = lol(tmp_path / "LOLdataset")
    (source / "our485" / "high" / "10.png").unlink()
    (source / "eval15" / "low" / "1.png").unlink()
    error = one_error(lled("lol", source, tmp_path / "out"))
    assert "train: 2 of 3 pairs, test: 1 of 2 pairs" in error
    assert "the target of LOLdataset/our485/low/10.png" in error
    assert "get it from https://daooshee.github.io" in error
    assert "--partial" in error
    assert not (tmp_path / "out").exists()
    listed = lled("lol", source, "--check")
    assert listed.exit_code == 1
    assert listed.stdout.splitlines() == [
        "train: 2 of 3 pairs",
        "test: 1 of 2 pairs",
        "missing: the target of LOLdataset/our485/low/10.png",
        "missing: the low image of LOLdataset/eval15/high/1.png",
    ]
    assert lled("lol", source, "--check", "--partial").exit_code == 0
    assert lled("lol", source, tmp_path / "out", "--partial").exit_code == 0
    assert paired_folder(tmp_path / "out", "train").names == ("1", "6")
    about = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert about["complete"] is False
    assert about["counts"] == {"train": 2, "test": 1}


def test_too_many_pairs_are_not_the_published_set(tmp_path):
    source = lol(tmp_path / "LOLdataset", train=4)
    error = one_error(lled("lol", source, tmp_path / "out"))
    assert "train: 4 of 3 pairs; remove what does not belong to it" in error


def test_the_real_set_is_used_as_far_as_it_is_there(shared, tmp_path, monkeypatch):
    set_counts(monkeypatch, "lol", train=485, test=15)
    source = shared / "data" / "lol"
    assert "of 485 pairs" in one_error(lled("lol", source, tmp_path))
    result = lled("lol", source, "--check", "--partial")
    assert result.exit_code == 0
    assert "test: 15 of 15 pairs" in result.stdout


def test_damaged_files_are_named_and_the_rest_converted(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    cut = source / "our485" / "low" / "10.png"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:2000])
    result = lled("lol", source, dest)
    assert "1 of 5 pairs could not be converted" in one_error(result)
    assert f"left out: {cut}: damaged or truncated" in result.stderr
    assert paired_folder(dest, "train").names == ("1", "6")
    assert json.loads((dest / "dataset.json").read_text())["complete"] is False
    before = stamps(dest)
    # What an interruption may have left of the pair must not stay alone.
    save(dest / "train" / "high" / "10.png", 0)
    assert lled("lol", source, dest, "--partial").exit_code == 0
    assert paired_folder(dest, "train").names == ("1", "6")
    cut.write_bytes(whole)
    assert lled("lol", source, dest).exit_code == 0
    assert paired_folder(dest, "train").names == ("1", "6", "10")
    assert before.items() <= stamps(dest).items()


def test_pairs_of_two_sizes_are_refused(tmp_path):
    source = lol(tmp_path / "LOLdataset")
    save(source / "our485" / "low" / "1.png", 0, height=20)
    result = lled("lol", source, tmp_path / "out")
    assert "'1': the low image is 48x20 but its target 48x40" in result.stderr


def test_an_interrupted_conversion_goes_on(tmp_path):
    """Whole files stay as they are, cut ones are made again, none is left over."""
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    found = survey("lol", open_download(source))
    seen = []

    def interrupt(original):
        seen.append(original.name)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversion.convert(found, dest, 1, interrupt)
    before = stamps(dest)
    assert 4 <= len(before) < 10
    assert not list(dest.rglob("*.tmp*"))
    cut, half = sorted(before)[0], sorted(before)[-1]
    cut.write_bytes(cut.read_bytes()[:-1])
    half.unlink()
    listed = lled("lol", source, dest, "--check").stdout
    assert f"{dest}: {len(before) // 2 - 2} of 5 pairs converted" in listed
    assert lled("lol", source, dest).exit_code == 0
    for split in ("train", "test"):
        assert_same_pairs(paired_folder(dest, split), paired_folder(source, split))
    after = stamps(dest)
    untouched = [path for path in before if path.name not in (cut.name, half.name)]
    assert all(after[path] == before[path] for path in untouched)
    assert "5 of 5 pairs converted" in lled("lol", source, dest, "--check").stdout
    again = stamps(dest)
    assert lled("lol", source, dest).exit_code == 0
    assert stamps(dest) == again


def test_a_signal_ends_it_well(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset", height=300), tmp_path / "out"
    # As many as the command, a process of its own, wants.
    for split, count in (("our485", 485), ("eval15", 15)):
        for number in range(count):
            for side in ("low", "high"):
                path = source / split / side / f"{number + 1}.png"
                if not path.exists():
                    os.link(source / split / side / "1.png", path)
    command = [sys.executable, "-m", "lled_jax", "prepare", "lol", source, dest]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    while len(list(dest.rglob("[!.]*.png"))) < 4 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    error = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 128 + signal.SIGTERM, error
    assert error == "stopped by SIGTERM; the same command goes on\n"
    assert not list(dest.rglob("*.tmp*"))
    assert json.loads((dest / "dataset.json").read_text())["complete"] is False
    low = {p.stem for p in dest.glob("*/low/*.png")}
    assert low <= {p.stem for p in dest.glob("*/high/*.png")}


def test_a_foreign_dest_is_left_alone(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    error = one_error(lled("lol", source, source))
    assert "holds other files; use a new or empty folder" in error
    assert lled("lol", source, dest).exit_code == 0
    lol_v2(tmp_path / "LOL-v2", "Synthetic")
    error = one_error(lled("lol_v2_synthetic", tmp_path / "LOL-v2", dest))
    assert "holds another rendition (lol); use another DEST" in error
    (dest / "dataset.json").write_text("[]")
    assert "dataset.json: damaged; delete it" in one_error(lled("lol", source, dest))


def test_hidden_files_in_dest_do_not_count(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    dest.mkdir()
    (dest / ".DS_Store").write_bytes(b"x")
    assert lled("lol", source, dest).exit_code == 0
    assert len(paired_folder(dest, "train")) == 3


def test_the_download_itself_may_be_hidden(tmp_path):
    assert lled("lol", lol(tmp_path / ".LOL"), tmp_path / "out").exit_code == 0
    assert len(paired_folder(tmp_path / "out", "train")) == 3


def test_of_two_zips_none_is_taken(tmp_path):
    """The first may be of another set, or half of this one."""
    source = lol(tmp_path / "LOLdataset")
    (tmp_path / "zips").mkdir()
    for name in ("a", "b"):
        zipped(source, tmp_path / "zips" / f"{name}.zip")
    error = one_error(lled("lol", tmp_path / "zips", tmp_path / "out"))
    assert "no LOL here" in error


def test_a_pair_of_two_sizes_is_not_whole(tmp_path):
    source, dest = lol(tmp_path / "LOLdataset"), tmp_path / "out"
    assert lled("lol", source, dest).exit_code == 0
    save(dest / "train" / "low" / "1.png", 0, height=20)
    assert "4 of 5 pairs converted" in lled("lol", source, dest, "--check").stdout
    assert lled("lol", source, dest).exit_code == 0
    assert_same_pairs(paired_folder(dest, "train"), paired_folder(source, "train"))


def test_folders_behind_links_are_seen_and_loops_end(tmp_path):
    source, links = lol(tmp_path / "disk" / "LOLdataset"), tmp_path / "links"
    links.mkdir()
    for name, target in (
        ("our485", source / "our485"),
        ("eval15", source / "eval15"),
        ("LOL_train", "our485"),
        ("up", ".."),
        ("here", "."),
        ("nowhere", "not there"),
    ):
        (links / name).symlink_to(target)
    (source / "our485" / "loop").symlink_to(source)
    found = open_download(links).files
    folders = {str(file.parent.parent) for file in found}
    assert folders == {"links/our485", "links/LOL_train", "links/eval15"}
    assert len(found) == len(set(found)) == 2 * (3 + 3 + 2)
    assert lled("lol", links, tmp_path / "out").exit_code == 0
    assert_same_pairs(
        paired_folder(tmp_path / "out", "train"), paired_folder(source, "train")
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such folder or zip; check the path"),
        (lambda path: path.mkdir(), "no LOL here; expected the folders our485, eval15"),
        (lambda path: path.write_bytes(b"x"), "neither a folder nor a .zip; unpack it"),
    ],
)
def test_what_is_no_download(tmp_path, make, message):
    make(tmp_path / "source")
    error = one_error(lled("lol", tmp_path / "source", tmp_path / "out"))
    assert message in error


def test_half_a_zip(tmp_path):
    archive = zipped(lol(tmp_path / "LOLdataset"), tmp_path / "LOLdataset.zip")
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    error = one_error(lled("lol", archive, tmp_path / "out"))
    assert "LOLdataset.zip: no whole zip" in error
    assert "download it again" in error


def test_a_damaged_member_of_a_zip(tmp_path):
    archive = zipped(lol(tmp_path / "LOLdataset"), tmp_path / "LOLdataset.zip")
    data = bytearray(archive.read_bytes())
    at = data.index(b"IDAT") + 100
    data[at] ^= 255
    archive.write_bytes(data)
    result = lled("lol", archive, tmp_path / "out")
    assert "1 of 5 pairs could not be converted" in one_error(result)
    assert "Bad CRC-32" in result.stderr


def test_one_name_twice(tmp_path):
    source = lol(tmp_path / "LOLdataset")
    save(source / "our485" / "low" / "1.bmp", 0)
    error = one_error(lled("lol", source, tmp_path / "out"))
    assert "is the same picture of the set; remove one" in error


def test_images_in_memory_are_read_as_files(tmp_path):
    save(tmp_path / "a.png", 0)
    data = (tmp_path / "a.png").read_bytes()
    made = read_image_bytes(data, "x/a.PNG")
    np.testing.assert_array_equal(made, read_image(tmp_path / "a.png"))
    for name, message in (
        ("x/a.jpg", "x/a.jpg: holds PNG data behind the ending .jpg; rename it"),
        ("x/a.gif", "x/a.gif: cannot read '.gif' files"),
    ):
        with pytest.raises(InputError, match=message):
            read_image_bytes(data, name)
    with pytest.raises(InputError, match=r"x/a\.png: damaged or truncated"):
        read_image_bytes(data[:300], "x/a.png")


def test_dest_is_asked_for(tmp_path):
    result = lled("lol", tmp_path)
    assert result.exit_code == 2
    assert "name DEST" in result.stderr


def test_writing_errors_stop_everything(tmp_path, monkeypatch):
    found = survey("lol", open_download(lol(tmp_path / "LOLdataset")))

    def full(path, pixels):
        raise InputError(f"cannot write {path}: the disk is full")

    monkeypatch.setattr(conversion, "write", full)
    with pytest.raises(InputError, match="disk is full"):
        conversion.convert(found, tmp_path / "out", 2, lambda original: None)
