"""Files appear whole or not at all, and a place that fails is named."""

import errno
import json
import os

import pytest

from lled_jax.errors import InputError
from lled_jax.files import atomic_folder, atomic_write, write_csv, write_json


def test_atomic_write_replaces_at_success(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for text in ("one", "two"):
        with atomic_write(path) as temporary:
            assert (temporary.parent, temporary.suffix) == (path.parent, ".txt")
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, FileNotFoundError])
def test_atomic_write_leaves_nothing_behind_on_failure(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def interrupted():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EFBIG, "the disk or a limit of this shell"),
    ],
)
def test_a_full_disk_is_one_clear_line(tmp_path, number, reason):
    path = tmp_path / "file.txt"

    def fill():
        with atomic_write(path):
            raise OSError(number, os.strerror(number))

    with pytest.raises(InputError) as caught:
        fill()
    assert str(caught.value).startswith(f"cannot write {path}: {reason}")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InputError, match=r"cannot write .*file/x\.json.*another folder"
    ):
        write_json(tmp_path / "file" / "x.json", {})
    with pytest.raises(InputError, match=r"cannot write .*it is a folder"):
        write_csv(tmp_path, ["a"], [])
    with pytest.raises(InputError, match=r"cannot write \.: it is a folder"):
        write_csv(".", ["a"], [])


def test_what_is_no_file_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"cannot write .*pipe: it is a device"):
        write_json(pipe, {})
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_atomic_folder_appears_whole(tmp_path):
    path = tmp_path / "new" / "model"
    for _ in range(2):
        with atomic_folder(path) as temporary:
            assert temporary.parent == path.parent
            assert not path.exists() or not any(path.iterdir())
            (temporary / "part").write_text("one")
        assert [p.name for p in path.iterdir()] == ["part"]
        assert list(path.parent.iterdir()) == [path]
        # An empty folder may be there before.
        (path / "part").unlink()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_atomic_folder_leaves_nothing_behind_on_failure(tmp_path, error):
    def interrupted():
        with atomic_folder(tmp_path / "model") as temporary:
            (temporary / "half").write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_atomic_folder_replaces_nothing_that_holds_something(tmp_path, kind):
    path = tmp_path / "model"
    if kind == "folder":
        path.mkdir()
        (path / "mine").write_text("mine")
    else:
        path.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="is there already"), atomic_folder(path):
        raise AssertionError
    assert sorted(tmp_path.rglob("*")) == before


def test_atomic_folder_takes_the_place_of_no_link_and_not_of_this_folder(
    tmp_path, monkeypatch
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    monkeypatch.chdir(tmp_path / "empty")
    for path in ("../link", "."):
        with pytest.raises(InputError, match="is there already"), atomic_folder(path):
            raise AssertionError
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "link"]


def test_json_takes_any_name_and_no_nan(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"file": "ä\udcff.png"})
    assert json.loads(path.read_text("utf-8")) == {"file": "ä\udcff.png"}
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"psnr": float("nan")})
    assert path.read_bytes() == before
