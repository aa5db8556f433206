"""Where results go, and which shard does what."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lled_jax.errors import InputError
from lled_jax.folder import Source
from lled_jax.naming import in_shard, plan


def same(path):
    return path.suffix


def targets(*sources, out=None, suffix=same, mark="_enhanced", always=False):
    found = [Source(Path(s)) if isinstance(s, str) else s for s in sources]
    return [str(task.target) for task in plan(found, out, suffix, mark, always)]


def below(root, path):
    return Source(Path(root, path), Path(root))


def test_without_out_results_lie_beside():
    assert targets("a/b/x.JPG") == ["a/b/x_enhanced.JPG"]
    assert targets(below("a", "b/x.jpg")) == ["a_enhanced/b/x.jpg"]
    assert targets(below("../p/a", "x.jpg")) == ["../p/a_enhanced/x.jpg"]


def test_with_out_results_lie_below_it():
    out = Path("out")
    assert targets("a/b/x.jpg", out=out) == ["out/x.jpg"]
    assert targets(below("a", "b/x.jpg"), out=out) == ["out/b/x.jpg"]


def test_comparisons_carry_their_mark_everywhere():
    options = {"mark": "_compare", "always": True}
    assert targets("a/x.jpg", **options) == ["a/x_compare.jpg"]
    assert targets("x.jpg", out=Path("out"), **options) == ["out/x_compare.jpg"]
    folder = below("a", "b/x.jpg")
    assert targets(folder, **options) == ["a_compare/b/x_compare.jpg"]


def test_the_ending_may_change():
    assert targets("x.dng", suffix=lambda path: ".tif") == ["x_enhanced.tif"]
    assert targets("x.y.jpg", suffix=lambda path: ".png") == ["x.y_enhanced.png"]


def test_the_present_folder_has_a_name(tmp_path, monkeypatch):
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    monkeypatch.chdir(folder)
    wanted = str(tmp_path / "pictures_enhanced" / "x.jpg")
    assert targets(below(".", "x.jpg")) == [wanted]
    monkeypatch.chdir(folder / "sub")
    assert targets(below("..", "x.jpg")) == [wanted]


def test_the_root_of_the_disk_has_nothing_beside():
    with pytest.raises(InputError, match="give one with -o"):
        targets(below("/", "x.jpg"))


def test_two_with_the_same_result_are_refused():
    with pytest.raises(InputError, match=r"a/x.jpg and b/x.jpg would both .* out/x"):
        targets("a/x.jpg", "b/x.jpg", out=Path("out"))
    with pytest.raises(InputError, match=r"both become x_enhanced\.png: rename one"):
        targets("x.jpg", "x.bmp", suffix=lambda path: ".png")
    with pytest.raises(InputError, match="would both become"):
        targets(below("a", "x.jpg"), below("b", "x.jpg"), out=Path("out"))


def test_no_result_takes_the_place_of_an_original(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    Path("a/x.jpg").touch()
    with pytest.raises(InputError, match=r"place of the original a/x.jpg"):
        targets("a/x.jpg", out=Path("a"))
    with pytest.raises(InputError, match="place of the original"):
        targets(below("a", "x.jpg"), out=Path("a"))
    Path("link").symlink_to("a")
    with pytest.raises(InputError, match="place of the original"):
        targets("a/x.jpg", out=Path("link"))
    Path("b").mkdir()
    Path("b/x.jpg").symlink_to("../a/x.jpg")
    with pytest.raises(InputError, match="place of the original"):
        targets("b/x.jpg", out=Path("a"))


def test_a_disk_that_ignores_case_has_fewer_files(tmp_path, monkeypatch):
    def jpg(path):
        return path.suffix if path.suffix == ".JPG" else ".jpg"

    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    Path("a/x.DNG").touch()
    raw_and_jpeg = below("a", "x.DNG"), below("a", "x.JPG")
    assert targets(*raw_and_jpeg, suffix=jpg) == [
        *("a_enhanced/x.jpg", "a_enhanced/x.JPG")
    ]
    # As the card of a camera does: found by any spelling, listed by one.
    lexists = os.path.lexists
    monkeypatch.setattr(
        os.path,
        "lexists",
        lambda path: lexists(path) or Path(path).name in ("A", "X.dng"),
    )
    with pytest.raises(InputError, match=r"a/x.DNG and a/x.JPG would both become"):
        targets(*raw_and_jpeg, suffix=jpg)
    with pytest.raises(InputError, match=r"place of the original a/x.JPG"):
        targets("a/x.JPG", out=Path("a"), suffix=lambda path: ".jpg")


def test_two_spellings_that_are_there_are_two_files(tmp_path):
    for name in ("x.jpg", "X.JPG"):
        (tmp_path / name).touch()
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this disk ignores case")
    found = [below(tmp_path, "x.jpg"), below(tmp_path, "X.JPG")]
    assert len({*targets(*found, out=tmp_path / "out")}) == 2


@pytest.mark.parametrize(("system", "alike"), [("darwin", True), ("linux", False)])
def test_of_an_empty_disk_the_system_tells(tmp_path, monkeypatch, system, alike):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    found = below("a", "x.jpg"), below("a", "X.jpg")
    if not alike:
        targets(*found, out=tmp_path / "new")
        return
    with pytest.raises(InputError, match="would both become"):
        targets(*found, out=tmp_path / "new")


NAMES = st.text("ab._", min_size=1, max_size=4).filter(lambda n: n.strip("."))
SOURCES = st.lists(
    st.tuples(st.sampled_from([None, "r", "s"]), NAMES, st.sampled_from([".p", ".q"])),
    max_size=12,
    unique=True,
)


@settings(deadline=None)
@given(SOURCES, st.sampled_from([None, Path("out"), Path("r")]), st.booleans())
def test_results_never_meet(entries, out, one_ending):
    """Whatever is asked for: refused, or every result a file of its own."""
    found = [
        Source(Path(root or "", name + end), None if root is None else Path(root))
        for root, name, end in entries
    ]
    suffix = (lambda path: ".z") if one_ending else same
    try:
        tasks = plan(found, out, suffix, "_enhanced")
    except InputError:
        wanted = [t for s in found for t in plan([s], Path("o"), suffix, "_enhanced")]
        below_one = Counter(task.target for task in wanted)
        # There was a reason: with nothing in common all would be well.
        assert max(below_one.values()) > 1 or out == Path("r") or out is None
        return
    places = [task.target.resolve() for task in tasks]
    assert len(set(places)) == len(found)
    assert not {s.path.resolve() for s in found} & set(places)


@given(st.lists(st.text(max_size=8), unique=True), st.integers(1, 9))
def test_shards_are_a_partition(keys, count):
    shards = [{k for k in keys if in_shard(k, i + 1, count)} for i in range(count)]
    assert sum(map(len, shards)) == len(keys)
    assert set().union(*shards) == set(keys)


def test_shards_are_about_equal_and_stay_as_they_are():
    keys = [f"holiday/IMG_{n:04}.jpg" for n in range(1000)]
    sizes = [sum(in_shard(k, i, 4) for k in keys) for i in (1, 2, 3, 4)]
    assert sum(sizes) == 1000
    assert min(sizes) > 200
    # By hand from SHA-256; a later release must not send files to other shards.
    assert [in_shard("a.jpg", i, 4) for i in (1, 2, 3, 4)].index(True) == 0xBA % 4


def test_a_shard_does_not_depend_on_where_the_folder_lies():
    here, there = below("a", "b/x.jpg"), below("/mnt/node7/a", "b/x.jpg")
    keys = {plan([s], None, same, "_enhanced")[0].key for s in (here, there)}
    assert keys == {"b/x.jpg"}
