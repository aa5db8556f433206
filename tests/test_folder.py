"""What files, folders and globs stand for."""

import os
from pathlib import Path

import pytest

from lled_jax.folder import Source, find

SUFFIXES = {".jpg", ".png", ".mp4"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test works with relative paths in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def make(*names):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*inputs, leave_out=None):
    return find([Path(name) for name in inputs], SUFFIXES, leave_out)


def paths(*inputs, leave_out=None):
    return [str(s.path) for s in found(*inputs, leave_out=leave_out).sources]


def test_a_folder_is_searched_to_the_bottom_in_order_of_names():
    make("a/z.jpg", "a/b/c/deep.PNG", "a/b.jpg", "a/clip.mp4", "a/notes.txt", "a/b.xmp")
    assert paths("a") == ["a/b.jpg", "a/clip.mp4", "a/z.jpg", "a/b/c/deep.PNG"]
    assert found("a").passed_over == 2
    assert {s.root for s in found("a").sources} == {Path("a")}
    assert found("a").sources[3].below == Path("b/c/deep.PNG")


def test_hidden_files_and_folders_are_not_seen():
    make("a/.x.jpg", "a/.trash/y.jpg", "a/z.jpg", "a/._z.jpg")
    assert paths("a") == ["a/z.jpg"]
    # Named by oneself they are.
    assert paths("a/.x.jpg") == ["a/.x.jpg"]


def test_a_named_file_must_be_one_that_we_read():
    make("a.jpg", "notes.txt", "noending")
    problems = dict(found("a.jpg", "notes.txt", "noending", "missing.jpg").problems)
    assert set(problems) == {Path("notes.txt"), Path("noending"), Path("missing.jpg")}
    assert "'.txt'" in problems[Path("notes.txt")]
    assert "no such file" in problems[Path("missing.jpg")]
    assert found("a.jpg").sources == [Source(Path("a.jpg"))]


def test_globs_are_expanded_where_the_shell_did_not():
    make("p/1.jpg", "p/2.jpg", "p/3.txt", "p/q/4.jpg", "p/q/5.png")
    assert paths("p/*.jpg") == ["p/1.jpg", "p/2.jpg"]
    assert paths("p/**/*.jpg") == ["p/1.jpg", "p/2.jpg", "p/q/4.jpg"]
    assert paths("p/*") == ["p/1.jpg", "p/2.jpg", "p/q/4.jpg", "p/q/5.png"]
    assert found("p/*").passed_over == 1
    assert paths("p/**") == ["p/1.jpg", "p/2.jpg", "p/q/4.jpg", "p/q/5.png"]
    assert "no file matches" in found("p/*.bmp").problems[0][1]


def test_endings_in_capitals_are_read_however_they_are_named():
    make("p/DSC1.JPG")
    for given in ("p", "p/DSC1.JPG", "p/*"):
        assert paths(given) == ["p/DSC1.JPG"]


def test_a_file_whose_name_looks_like_a_glob_is_itself():
    make("a[1].jpg", "a1.jpg")
    assert paths("a[1].jpg") == ["a[1].jpg"]


def test_the_same_file_is_taken_once():
    make("a.jpg")
    assert paths("a.jpg", "a.jpg", "*.jpg") == ["a.jpg"]


def test_two_spellings_are_one_file():
    make("a/x.jpg")
    assert len(found("a/x.jpg", Path("a/x.jpg").absolute(), "./a").sources) == 1


def test_results_of_ours_are_passed_over_beside_their_originals():
    make("a/x.jpg", "a/x_enhanced.png", "a/x_compare.jpg", "a/y_enhanced.jpg")
    make("a/_enhanced.jpg", "a/s/x_enhanced.jpg")
    kept = ["a/_enhanced.jpg", "a/x.jpg", "a/y_enhanced.jpg", "a/s/x_enhanced.jpg"]
    assert paths("a") == kept
    assert found("a").passed_over == 2


def test_folders_of_results_are_not_entered_beside_their_originals():
    make("a/b.1/x.jpg", "a/b.1_enhanced/x.jpg", "a/c_enhanced/x.jpg", "a/b.1_compare/x")
    assert paths("a") == ["a/b.1/x.jpg", "a/c_enhanced/x.jpg"]


def test_a_shells_star_does_not_enhance_results_again():
    make("x.jpg", "x_enhanced.jpg", "y_enhanced.jpg")
    assert paths("x.jpg", "x_enhanced.jpg", "y_enhanced.jpg") == [
        *("x.jpg", "y_enhanced.jpg")
    ]
    assert paths("x_enhanced.jpg") == ["x_enhanced.jpg"]


def test_a_shells_star_does_not_enter_folders_of_results_again():
    make("a/x.jpg", "a_enhanced/x.jpg", "b_compare/x.jpg", "out/x.jpg", "y.jpg")
    everything = ["a", "a_enhanced", "b_compare", "out", "y.jpg"]
    kept = ["a/x.jpg", "b_compare/x.jpg", "y.jpg"]
    for inputs in (everything, ["*"]):
        assert paths(*inputs, leave_out=Path("out")) == kept
    assert paths("a_enhanced") == ["a_enhanced/x.jpg"]


def test_a_file_of_several_inputs_is_taken_once_by_the_first():
    make("a/b/x.jpg", "a/y.jpg")
    inputs = ["a", "a/b", "a/b/x.jpg", "a/*.jpg"]
    assert paths(*inputs) == ["a/y.jpg", "a/b/x.jpg"]
    assert {s.root for s in found(*inputs).sources} == {Path("a")}
    assert paths("a/b/x.jpg", "a") == ["a/b/x.jpg", "a/y.jpg"]


def test_the_folder_of_results_is_not_entered():
    make("a/x.jpg", "a/out/x.jpg")
    assert paths("a", leave_out=Path("a/out")) == ["a/x.jpg"]
    assert paths("a", leave_out=Path("a")) == ["a/out/x.jpg", "a/x.jpg"][::-1]


def test_links_that_go_in_circles_end():
    make("a/x.jpg", "a/b/y.jpg")
    for name, target in {"up": "..", "self": ".", "b/root": "../../a"}.items():
        Path("a", name).symlink_to(target)
    Path("a/again").symlink_to("again")
    assert paths("a") == ["a/x.jpg", "a/b/y.jpg"]


def test_a_linked_folder_is_entered_once_and_under_its_real_path_if_it_can_be():
    make("a/z/x.jpg", "elsewhere/y.jpg")
    for name, target in {"a/link": "z", "a/b": "../elsewhere", "a/c": "b"}.items():
        Path(name).symlink_to(target)
    assert paths("a") == ["a/z/x.jpg", "a/b/y.jpg"]


def test_neither_pipes_nor_broken_links_are_files():
    make("a/x.jpg")
    os.mkfifo("a/pipe.jpg")
    Path("a/gone.jpg").symlink_to("nowhere.jpg")
    assert paths("a") == ["a/x.jpg"]
    assert "neither" in found("a/pipe.jpg").problems[0][1]
    Path("a/loop.jpg").symlink_to("loop.jpg")
    assert "Too many levels" in found("a/loop.jpg").problems[0][1]
    assert paths("a", leave_out=Path("a/loop.jpg")) == ["a/x.jpg"]
    assert "no such" in found("a/gone.jpg").problems[0][1]


def test_a_folder_without_permission_is_a_problem_not_the_end(monkeypatch):
    make("a/x.jpg", "a/closed/y.jpg")
    walk = os.walk

    def denied(top, onerror, **options):
        for folder, folders, names in walk(top, **options):
            if folder.endswith("closed"):
                onerror(PermissionError(13, "Permission denied", folder))
            else:
                yield folder, folders, names

    monkeypatch.setattr(os, "walk", denied)
    result = found("a")
    assert [str(s.path) for s in result.sources] == ["a/x.jpg"]
    [(path, reason)] = result.problems
    assert path == Path("a/closed")
    assert "Permission denied" in reason


@pytest.mark.parametrize("root", [".", "./", "../here/.", "sub/.."])
def test_the_present_folder_by_any_name(root, tmp_path, monkeypatch):
    make("here/x.jpg", "here/sub/y.jpg")
    monkeypatch.chdir(tmp_path / "here")
    assert {s.below for s in found(root).sources} == {Path("x.jpg"), Path("sub/y.jpg")}
