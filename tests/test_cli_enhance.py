"""`lled enhance` in this process: options, errors, and real photos end to end."""

import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

import lled_jax
from lled_jax import photos, pretrained, tiling, video
from lled_jax.backends import BACKENDS
from lled_jax.cli import enhance as command
from lled_jax.cli import network, options, photo_work, stdout, tally
from lled_jax.cli.main import app
from lled_jax.cli.stopping import Stopped
from lled_jax.errors import InputError
from lled_jax.models import variants
from lled_jax.pretrained import Enhancer
from lled_jax.shipped import DEFAULT, SHIPPED

SIDE = 24  # one size for most photos: one program to compile


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test works in a folder of its own, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


@pytest.fixture(autouse=True)
def network_once(monkeypatch):
    """Load (and compile) each network once for all tests of this file."""
    load = lled_jax.pretrained.load

    def cached(weights, **options):
        key = (str(weights), *sorted(options.items()))
        if key not in LOADED:
            LOADED[key] = load(weights, **options)
        return LOADED[key]

    monkeypatch.setattr(lled_jax, "load", cached, raising=False)


LOADED = {}


class Stub(Enhancer):
    """Stands for a network."""

    def __init__(self):
        pass


def dark(height=SIDE, width=SIDE, dtype=np.uint8, seed=0):
    generator = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    ramp = np.linspace(0, 0.2 * top, width)[None, :, None]
    noise = generator.uniform(0, 0.1 * top, (height, width, 3))
    return (ramp + noise).astype(dtype)


def save(name, pixels=None, **options):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = dark() if pixels is None else pixels
    if path.suffix == ".tif":
        tifffile.imwrite(path, pixels, photometric="rgb")
    else:
        Image.fromarray(pixels).save(path, **options)
    return path


def opened(path):
    with Image.open(path) as image:
        image.load()
    return image


def lled(*arguments, status=0, input=None):
    """The result of `lled`, which must end with `status`."""
    result = CliRunner().invoke(app, [*map(str, arguments)], input=input)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def message(result):
    """What was said on stderr, without the lines of a box."""
    return " ".join(result.stderr.replace("│", " ").split())


def files():
    return sorted(str(p) for p in Path().rglob("*") if p.is_file())


def network_answer(pixels, **look):
    enhancer = lled_jax.load(SHIPPED[DEFAULT].path(), **DEFAULTS)
    return enhancer.enhance(pixels, command.Look(**look))


DEFAULTS = {"backend": "jax", "max_memory": 2 * 2**30}


def test_a_photo_becomes_the_networks_answer_beside_it():
    pixels = dark() // 2
    save("dark.png", pixels)
    result = lled("enhance", "dark.png")
    assert message(result) == "dark.png -> dark_enhanced.png"
    assert result.stdout == ""
    assert files() == ["dark.png", "dark_enhanced.png"]
    bright = np.asarray(opened("dark_enhanced.png"))
    np.testing.assert_array_equal(bright, network_answer(pixels))
    assert bright.mean() > 2 * pixels.mean()


def test_the_options_of_the_look_reach_the_network():
    save("dark.png")
    look = {"strength": 0.5, "exposure": -1.0, "saturation": 0.25, "denoise": 0.5}
    arguments = [f"--{name}={value}" for name, value in look.items()]
    lled("enhance", "dark.png", *arguments)
    bright = np.asarray(opened("dark_enhanced.png"))
    np.testing.assert_array_equal(bright, network_answer(dark(), **look))
    assert not np.array_equal(bright, network_answer(dark()))


def test_a_bright_photo_can_be_spared():
    bright = save("bright.png", 255 - dark())
    lled("enhance", bright, "--spare-bright")
    np.testing.assert_array_equal(opened("bright_enhanced.png"), 255 - dark())


def test_a_tree_of_every_kind_with_a_bad_file():
    """The structure is kept, each file's format too; the bad one stops nobody."""
    save("in/a.png")
    save("in/sub/b.jpg", quality=95)
    save("in/sub/deep/c.tif", dark(dtype=np.uint16))
    save("in/grey.png", dark()[..., 0])
    Path("in/bad.jpg").write_bytes(b"\xff\xd8\xff no more")
    Path("in/notes.txt").write_text("not a picture")
    before = {name: Path(name).read_bytes() for name in files()}
    result = lled("enhance", "in", "-o", "out", status=1)
    assert {name: Path(name).read_bytes() for name in before} == before
    made = [name for name in files() if name.startswith("out")]
    assert made == [
        *("out/a.png", "out/grey.png", "out/sub/b.jpg", "out/sub/deep/c.tif")
    ]
    deep = tifffile.imread("out/sub/deep/c.tif")
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep, network_answer(dark(dtype=np.uint16)))
    assert opened("out/grey.png").mode == "L"
    assert opened("out/sub/b.jpg").format == "JPEG"
    lines = result.stderr.splitlines()
    assert sum("bad.jpg" in line for line in lines) == 2  # its error, the summary
    assert "4 of 5 enhanced" in lines[-2]
    assert "1 failed; 1 passed over" in lines[-2]
    assert lines[-1] == "failed: in/bad.jpg"


def test_what_exists_is_skipped_so_that_a_broken_off_run_goes_on():
    save("in/a.png")
    save("in/b.png")
    Path("in_enhanced").mkdir()
    Path("in_enhanced/a.png").write_text("mine")
    result = lled("enhance", "in")
    assert Path("in_enhanced/a.png").read_text() == "mine"
    assert "1 of 2 enhanced" in message(result)
    assert "1 skipped" in message(result)
    assert opened("in_enhanced/b.png").size == (SIDE, SIDE)
    assert "2 skipped" in message(lled("enhance", "in"))
    lled("enhance", "in", "--overwrite")
    assert opened("in_enhanced/a.png").size == (SIDE, SIDE)


def test_results_inside_the_folder_are_not_enhanced_the_next_time():
    save("in/a.png")
    lled("enhance", "in", "-o", "in/out")
    assert "1 skipped" in message(lled("enhance", "in", "-o", "in/out"))
    assert files() == ["in/a.png", "in/out/a.png"]


def test_a_single_file_that_exists_is_an_error_before_anything_is_computed(monkeypatch):
    monkeypatch.setattr(network, "load", None)
    save("a.png")
    Path("a_enhanced.png").write_text("mine")
    result = lled("enhance", "a.png", status=1)
    assert message(result).startswith("error: a_enhanced.png exists: give --overwrite")
    assert Path("a_enhanced.png").read_text() == "mine"


def test_out_names_a_file_and_so_its_format():
    save("a.png")
    lled("enhance", "a.png", "-o", "new/bright.jpg")
    assert opened("new/bright.jpg").format == "JPEG"
    Path("folder.jpg").mkdir()
    lled("enhance", "a.png", "-o", "folder.jpg")
    assert Path("folder.jpg/a.png").is_file()


@pytest.mark.parametrize("out", ["bright.jxl", "brite.jgp", "new/b.MP", "b.x1234"])
def test_a_mistyped_ending_makes_no_folder(out):
    data = save("a.png").read_bytes()
    for source, input in (("a.png", None), ("-", data)):
        result = lled("enhance", source, "-o", out, status=1, input=input)
        said = f"error: {out}: cannot write a photo with this ending; name it one of"
        assert message(result).startswith(said)
    Path("clip.mp4").touch()
    result = lled("enhance", "clip.mp4", "-o", out, "--dry-run", status=1)
    assert f"{out}: cannot write a video with this ending" in message(result)
    assert files() == ["a.png", "clip.mp4"]
    listed = lled("enhance", "a.png", "clip.mp4", "-o", out, "--dry-run").stdout
    assert f"->  {out}/a.png" in listed


@pytest.mark.parametrize(
    "out", ["v1.2", "2024.12.31", "all.photos", "b.jxl/", "b.png/"]
)
def test_what_is_a_folder_for_a_single_file(out):
    save("a.png")
    place = out.rstrip("/")
    listed = lled("enhance", "a.png", "-o", out, "--dry-run").stdout
    assert f"->  {place}/a.png" in listed
    if out.endswith("/"):
        result = lled("enhance", "-", "-o", out, status=1, input=b"")
        assert f"{place}: name the photo to write" in message(result)
        Path(place).mkdir()
        assert lled("enhance", "a.png", "-o", place, "--dry-run").stdout == listed


def test_format_and_quality():
    save("a.png", dark(64, 64))
    save("b.tif", dark(dtype=np.uint16))
    lled("enhance", "a.png", "b.tif", "--format", "jpg", "--quality", "20")
    small = Path("a_enhanced.jpg").stat().st_size
    assert opened("b_enhanced.jpg").mode == "RGB"
    lled("enhance", "a.png", "--format", "JPEG", "--quality", "95", "--overwrite")
    assert Path("a_enhanced.jpg").stat().st_size > 1.5 * small


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_compare_side_and_split(name):
    pixels = dark(dtype=np.uint8 if name.endswith("png") else np.uint16)
    save(name, pixels)
    bright = network_answer(pixels)
    compared = Path(name).with_stem("a_compare")
    lled("enhance", name, "--compare", "side")
    side = photos.read(compared).pixels
    np.testing.assert_array_equal(side, np.concatenate([pixels, bright], axis=1))
    lled("enhance", name, "--compare", "split", "--overwrite")
    split = photos.read(compared).pixels
    half = SIDE // 2
    np.testing.assert_array_equal(split[:, :half], pixels[:, :half])
    np.testing.assert_array_equal(split[:, half:], bright[:, half:])
    assert not Path(name).with_stem("a_enhanced").exists()


def test_compare_keeps_transparency():
    rgba = np.dstack([dark(), dark(seed=1)[..., 0]])
    save("a.png", rgba)
    lled("enhance", "a.png", "--compare", "side")
    alpha = np.asarray(opened("a_compare.png"))[..., 3]
    np.testing.assert_array_equal(alpha, np.hstack([rgba[..., 3], rgba[..., 3]]))


def test_keep_times():
    save("a.png")
    os.utime("a.png", ns=(10**18, 10**18 + 5 * 10**9))
    lled("enhance", "a.png", "--keep-times")
    assert Path("a_enhanced.png").stat().st_mtime_ns == 10**18 + 5 * 10**9


def test_times_that_cannot_be_kept_are_one_line(monkeypatch):
    save("a.png")

    def denied(path, **times):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", denied)
    result = lled("enhance", "a.png", "--keep-times", status=1)
    assert "a_enhanced.png is written, but without the times" in message(result)
    assert "Traceback" not in result.stderr


def test_dry_run_lists_and_computes_nothing(monkeypatch):
    monkeypatch.setattr(network, "load", None)
    save("in/a.png", dark(16, 32))
    save("in/s/b.png")
    save("in_enhanced/s/b.png")
    Path("in/bad.png").write_text("bad")
    before = files()
    result = lled("enhance", "in", "--dry-run", status=1)
    assert result.stdout == "in/a.png  32x16  ->  in_enhanced/a.png\n"
    assert "error: in/bad.png" in result.stderr
    assert files() == before


def test_dry_run_shows_the_endings_of_results():
    for name in ("b.jpeg", "C.JPG", "d.tiff"):
        save("in/" + name)
    for name in ("e.MP4", "f.avi"):
        Path("in", name).touch()
    lines = lled("enhance", "in", "--dry-run").stdout.splitlines()
    assert [line.rpartition("/")[2] for line in lines] == [
        *("C.JPG", "b.jpeg", "d.tiff", "e.mp4", "f.mkv")
    ]
    result = lled("enhance", "in/f.avi", "-o", "g.mov", "--dry-run")
    assert result.stdout == "in/f.avi  video  ->  g.mov\n"
    result = lled("enhance", "in/f.avi", "-o", "g.jpg", "--dry-run", status=1)
    assert "g.jpg: cannot write a video with this ending" in message(result)


def test_json_is_one_object_and_nothing_else():
    save("in/a.png")
    save("in/b.png")
    save("in_enhanced/b.png")
    Path("in/bad.png").write_text("bad")
    Path("in/x.txt").touch()
    result = lled("enhance", "in", "missing.png", "--json", status=1)
    data = json.loads(result.stdout)
    entries = {entry["input"]: entry for entry in data.pop("entries")}
    assert entries["in/a.png"] == {
        **{"input": "in/a.png", "output": "in_enhanced/a.png"},
        **{"status": "done", "reason": None},
    }
    assert entries["in/b.png"]["status"] == "exists"
    assert "is not a PNG file" in entries["in/bad.png"]["reason"]
    assert entries["missing.png"]["output"] is None
    assert data.pop("seconds") >= 0
    assert data == {
        **{"exit_status": 1, "stopped": None, "error": None, "files": 4, "done": 1},
        **{"planned": 0, "failed": 2, "skipped": 1, "passed_over": 1},
    }


def test_json_of_a_photo_from_standard_input():
    result = lled(
        "enhance", "-", "-o", "b.png", "--json", input=save("a.png").read_bytes()
    )
    data = json.loads(result.stdout)
    assert (data["files"], data["done"]) == (1, 1)
    assert data["entries"] == [
        {"input": "-", "output": "b.png", "status": "done", "reason": None}
    ]


def test_what_others_print_does_not_get_into_the_picture(capfd):
    with stdout.own() as place:
        print("chatter")
        stdout.write(place, b"picture")
    print("afterwards")
    assert capfd.readouterr() == ("pictureafterwards\n", "chatter\n")


@pytest.mark.parametrize("place", ["closed", "full"])
@pytest.mark.parametrize(
    "arguments", [["-o", "-"], ["--dry-run"], ["-o", "b.png", "--json"]]
)
def test_standard_output_that_cannot_be_written_is_one_line(
    monkeypatch, capfd, place, arguments
):
    full = Path("/dev/full")
    if place == "full" and not full.exists():
        pytest.skip("needs Linux")
    save("a.png")
    with full.open("w") if place == "full" else contextlib.nullcontext() as output:
        monkeypatch.setattr(sys, "stdout", output)
        status = app(["enhance", "a.png", *arguments], standalone_mode=False)
    # Nothing is left in a buffer, which would be an error once more at the end.
    assert status == 1
    *before, last = capfd.readouterr().err.splitlines()
    reason = {
        "closed": "standard output is closed: ",
        "full": "cannot write to standard output: No space left on device",
    }[place]
    assert last.startswith(f"error: {reason}")
    assert before == (["a.png -> b.png"] if "--json" in arguments else [])


def test_closed_streams_that_are_not_needed_do_no_harm(monkeypatch):
    save("a.png")
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stdin", None)
    assert app(["enhance", "a.png", "-o", "b.png"], standalone_mode=False) == 0
    assert Path("b.png").is_file()


def test_closed_standard_input_is_one_line(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdin", None)
    assert app(["enhance", "-", "-o", "b.png"], standalone_mode=False) == 1
    assert capfd.readouterr().err.startswith("error: standard input is closed: ")


def test_json_of_a_dry_run_and_of_an_error():
    save("a.png")
    data = json.loads(lled("enhance", "a.png", "--dry-run", "--json").stdout)
    assert (data["planned"], data["done"]) == (1, 0)
    Path("empty").mkdir()
    data = json.loads(lled("enhance", "empty", "--json", status=1).stdout)
    assert data["exit_status"] == 1
    assert "nothing to enhance in empty" in data["error"]


def test_quiet_says_nothing_but_errors():
    save("in/a.png")
    assert lled("enhance", "in", "--quiet").output == ""
    result = lled("enhance", "in", "missing.jpg", "--quiet", status=1)
    assert (
        result.output == "error: missing.jpg: no such file or folder; check the path\n"
    )


def test_shards_do_all_the_files_once():
    names = [f"in/{n}.png" for n in range(7)]
    for name in names:
        save(name)
    shares = []
    for n in (1, 2, 3):
        before = set(files())
        lled("enhance", "in", "-o", "out", "--shard", f"{n}/3")
        shares.append(set(files()) - before)
        # One file is in one of the shares, and in the others nothing is wrong.
        lled("enhance", "in/0.png", "-o", "one", "--shard", f"{n}/3")
    assert sorted(Path(p).name for s in shares for p in s) == [
        Path(name).name for name in names
    ]
    assert len([share for share in shares if share]) > 1


def test_two_with_one_result_are_refused_before_work_starts(monkeypatch):
    monkeypatch.setattr(network, "load", None)
    save("in/a.png")
    save("in/a.bmp")
    result = lled("enhance", "in", "--format", "png", status=1)
    assert "would both become in_enhanced/a.png" in message(result)
    result = lled("enhance", "in", "-o", "in", status=1)
    assert "place of the original in/a" in message(result)
    result = lled("enhance", "in", "-o", "out.jpg", status=1)
    assert "out.jpg names one file" in message(result)


def test_names_with_strange_characters_take_one_line():
    save("[bold]x\ny\udcff.png")
    Path("[red]bad\n.png").write_text("bad")
    result = lled("enhance", *Path().glob("*.png"), status=1)
    assert Path("[bold]x\ny\udcff_enhanced.png").is_file()
    assert "error: [red]bad\\n.png: is not a PNG" in result.stderr
    json.loads(lled("enhance", *Path().glob("*.png"), "--json", status=1).stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument"),
        (["a.png", "--strength", "2"], "strength is 2; choose a value from 0 to 1"),
        (["a.png", "--exposure", "nan"], "exposure is nan"),
        (["a.png", "--quality", "0"], "Invalid value for '--quality'"),
        (["a.png", "--max-memory", "lots"], "'lots': give 64M or more"),
        (["a.png", "--max-memory", "1M"], "'1M': give 64M or more"),
        (["a.png", "--max-memory", "9" * 320], "give 64M or more, as in 512M or 2G"),
        (["a.png", "--shard", "0/4"], "'0/4': give this shard's number, from 1"),
        (["a.png", "--shard", "5/4"], "'5/4'"),
        (["a.png", "--jobs", "0"], "--jobs"),
        (["a.png", "--compare", "up"], "--compare"),
        (["a.png", "--device", "abacus"], "--device"),
        (["a.png", "--model", "student", "--ckpt", "x"], "not both"),
        (["a.png", "--device", "gpu", "--backend", "openvino"], "leave it out"),
        (["-", "a.png"], "must be the only input"),
        (["a.png", "b.png", "-o", "-"], "give one input"),
        (["-", "--json"], "--json needs standard output"),
        (["-", "--dry-run"], "- is none"),
        (["-", "-o", "b.png", "--shard", "1/2"], "are for files"),
        (["-", "-o", "b.png", "--keep-times"], "are for files"),
        (["a.png", "-o", "-", "--keep-times"], "are for files"),
        (["a.png", "--unknown"], "No such option: --unknown"),
    ],
)
def test_usage_errors(arguments, said):
    save("a.png")
    result = lled("enhance", *arguments, status=2)
    if arguments:
        assert said in message(result)
    assert files() == ["a.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.png"], "nothing.png: no such file or folder"),
        (["a.png", "--model", "professor"], "no model 'professor'; there is student"),
        (["a.png", "--ckpt", "none"], "no checkpoint at none"),
        (["a.png", "--backend", "abacus"], "unknown backend 'abacus'"),
        (["a.png", "--format", "gif"], "cannot write 'gif'; choose one of"),
        (["a.png", "-o", "a.gif"], "a.gif: cannot write a photo with this ending"),
        (["a.png", "-o", "b.jpg", "--format", "webp"], "--format webp does not fit"),
        (["-", "-o", "b.jpg", "--format", "webp"], "--format webp does not fit"),
        (["a.png", "-o", "a.png"], "place of the original a.png"),
        (["a.png", "--device", "gpu"], "no device for --device gpu: leave --device"),
        (["notes.txt"], "notes.txt: cannot read '.txt' files"),
        (["*.bmp"], "*.bmp: no file matches"),
    ],
)
def test_errors_take_one_line(arguments, said):
    save("a.png")
    Path("notes.txt").touch()
    result = lled("enhance", *arguments, status=1)
    first = result.stderr.splitlines()[0]
    assert first.startswith("error: ")
    assert said in first
    assert files() == ["a.png", "notes.txt"]


def test_a_place_that_cannot_be_written_is_refused_before_work(monkeypatch):
    monkeypatch.setattr(network, "load", None)
    save("in/a.png")
    Path("file").touch()
    result = lled("enhance", "in", "-o", "file/x", status=1)
    assert "cannot write to file/x: file is a file" in message(result)
    # As root one may everything.
    monkeypatch.setattr(os, "access", lambda path, mode, **_: not mode & os.W_OK)
    result = lled("enhance", "in", "-o", "new/x", status=1)
    assert "cannot write to new/x: no permission for ." in message(result)


def test_a_name_too_long_for_its_result_is_one_line_for_the_file():
    long = save("in/" + "x" * 245 + ".png")
    save("in/a.png")
    result = lled("enhance", "in/*.png", status=1)
    assert f"{long.stem}_enhanced.png: the name is too long" in result.stderr
    assert "1 of 2 enhanced" in result.stderr
    result = lled("enhance", "in/a.png", "-o", "y" * 256 + ".png", status=1)
    assert message(result).endswith("the name is too long: choose a shorter one")
    result = lled("enhance", "in/a.png", "-o", "y" * 256, status=1)
    assert message(result).endswith("the name is too long: choose a shorter one")


def test_a_folder_closed_to_us_is_one_line(monkeypatch):
    """As root one may everything, so the system's answers are made up."""
    save("closed/a.png")
    stat = Path.stat

    def denied(path, **options):
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    def open_denied(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", denied)
    monkeypatch.setattr(Path, "open", open_denied)
    result = lled("enhance", "closed/a.png", status=1)
    assert "error: closed/a.png: Permission denied; check the path" in result.stderr
    with pytest.raises(InputError, match="Permission denied; check its permissions"):
        photos.read("closed/a.png")
    save("b.png")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = lled("enhance", "b.png", "-o", "closed/x", status=1)
    assert "cannot write to closed/x: no permission for closed" in message(result)


def test_a_file_that_may_not_be_read_does_not_refuse_the_rest(monkeypatch):
    save("a.png")
    save("b.png")
    Path("out").mkdir()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not mode & os.R_OK and access(path, mode)
    )
    assert "a.png" in lled("enhance", "a.png", "b.png", "-o", "out", "--dry-run").stdout


def test_a_stopped_command_says_what_it_does_the_next_time(monkeypatch):
    save("in/a.png")
    save("in/b.png")

    def load(request, memory):
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(network, "load", load)
    again = "stopped by SIGTERM: 0 of 2 done; the same command "
    result = lled("enhance", "in", status=143)
    assert message(result).endswith(again + "goes on with the rest")
    result = lled("enhance", "in", "--overwrite", status=143)
    assert message(result).endswith(again + "begins anew")


def test_a_disk_that_goes_away_is_one_line_for_the_file(monkeypatch):
    save("in/a.png")
    save("in/b.png")
    read = photos.read

    def gone(path):
        if path.name == "a.png":
            raise OSError(5, "Input/output error")
        return read(path)

    monkeypatch.setattr(photos, "read", gone)
    result = lled("enhance", "in", status=1)
    assert "error: in/a.png: Input/output error" in result.stderr
    assert "Traceback" not in result.stderr
    assert Path("in_enhanced/b.png").is_file()


@pytest.mark.parametrize("mode", ["--json", "--dry-run"])
def test_a_file_that_cannot_be_read_is_one_line_before_the_others_begin(mode):
    unreadable = Path("/proc/self/mem")  # its first byte is an error of the disk's kind
    if not unreadable.exists():
        pytest.skip("needs Linux")
    save("in/a.png")
    Path("in/b.png").symlink_to(unreadable)
    save("in/c.png")
    result = lled("enhance", "in", mode, status=1)
    assert "error: in/b.png: Input/output error; check the disk" in result.stderr
    if mode == "--json":
        counts = json.loads(result.stdout)
        assert (counts["done"], counts["failed"]) == (2, 1)
    else:
        assert len(result.stdout.splitlines()) == 2


def test_a_full_disk_ends_it_with_one_line(monkeypatch):
    for n in range(20):
        save(f"in/{n:02}.png")
    write = photos.write

    def full(photo, pixels, target, *rest):
        if target.name == "03.png":
            cause = OSError(28, "No space left on device")
            raise InputError(f"cannot write {target}: the disk is full") from cause
        write(photo, pixels, target, *rest)

    monkeypatch.setattr(photos, "write", full)
    result = lled("enhance", "in", status=1)
    assert result.stderr.count("disk is full") == 1
    assert "failed" not in result.stderr
    assert len(list(Path("in_enhanced").iterdir())) < 15


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_a_lack_of_memory_names_the_cure(monkeypatch, error):
    save("a.png")

    class Small(Stub):
        def enhance(self, pixels, look):
            raise error

    monkeypatch.setattr(network, "load", lambda request, memory: Small())
    result = lled("enhance", "a.png", "--max-memory", "3G", status=1)
    cure = "a.png: not enough memory: give a smaller --max-memory than 3072M"
    assert result.stderr.splitlines()[0].startswith(f"error: {cure}")
    assert "Traceback" not in result.stderr


def test_a_defect_shows_its_traceback_and_the_rest_goes_on(monkeypatch):
    save("in/a.png")
    save("in/b.png")
    real = network.load

    class Odd(Stub):
        def __init__(self, real):
            self.real, self.calls = real, 0

        def enhance(self, pixels, look):
            self.calls += 1
            if self.calls == 1:
                raise KeyError("a defect")
            return self.real.enhance(pixels, look)

    monkeypatch.setattr(network, "load", lambda *rest: Odd(real(*rest)))
    result = lled("enhance", "in", "--jobs", "1", status=1)
    assert "Traceback" in result.stderr
    assert "error: in/a.png: KeyError: 'a defect'" in result.stderr
    assert Path("in_enhanced/b.png").is_file()


def test_memory_is_shared_between_the_network_and_the_waiting_photos(monkeypatch):
    seen = {}

    class Fake(Stub):
        def enhance(self, pixels, look):
            return pixels

    def load(request, memory):
        seen["memory"] = memory
        return Fake()

    monkeypatch.setattr(network, "load", load)
    save("in/a.png")
    lled("enhance", "in/a.png", "--max-memory", "1G")
    assert seen["memory"] == 2**30
    save("in/b.png")
    lled("enhance", "in", "--max-memory", "1G")
    assert seen["memory"] == 2**30 - 2**27


@pytest.mark.parametrize(
    ("text", "size"),
    [("2G", 2**31), ("512M", 2**29), ("1.5GiB", 3 * 2**29), ("99999k", 99999 * 1024)],
)
def test_sizes_of_memory(text, size):
    assert options.memory(text) == size


def test_completion_offers_what_there_is():
    assert set(options.BACKENDS) == set(BACKENDS)


def test_help_starts_without_jax_and_shows_examples():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from lled_jax.cli.main import app\n"
        "for arguments in (['--help'], ['enhance', '--help'], ['demo', '--help']):\n"
        "    result = CliRunner().invoke(app, arguments)\n"
        "    assert result.exit_code == 0\n"
        "    print(result.output)\n"
        "print({'jax', 'numpy', 'PIL', 'absl'} & set(sys.modules))"
    )
    env = os.environ | {"COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | {"PYTHONPATH": str(Path(lled_jax.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"
    assert "lled enhance dark.jpg" in done.stdout
    assert "pip install 'lled-jax[demo]'" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_version():
    from importlib.metadata import PackageNotFoundError, version

    try:
        expected = version("lled-jax")
    except PackageNotFoundError:
        pytest.skip("the package is not installed, so it has no version")
    assert lled("--version").stdout == f"lled {expected}\n"


def test_a_phones_photo_is_enhanced_whole_by_default():
    """4032x3024, also in a folder, where a part of the memory is for others."""
    default = inspect.signature(command.enhance).parameters["max_memory"].default
    assert options.memory(default) == pretrained.MAX_MEMORY
    low = np.broadcast_to(np.uint8(9), (3024, 4032, 3))
    in_a_folder = pretrained.MAX_MEMORY * (1 - 1 / photo_work.SHARE)
    assert tiling.side_for(variants.build("student"), low, int(in_a_folder)) is None


class Unchanged(Stub):
    """Frames come as they were; notes how they were asked for."""

    looks: list

    def __init__(self):
        self.looks = []

    def frames(self, look):
        self.looks.append(look)
        return lambda frame: frame


def test_the_options_reach_a_video(monkeypatch):
    pytest.importorskip("av", reason="needs the extra video")
    from videos_for_tests import dark_pan, make_clip

    make_clip(Path("clip.avi"), dark_pan(2, 32, 32), "mjpeg", pixels="yuvj420p")
    os.utime("clip.avi", ns=(10**18, 10**18 + 5 * 10**9))
    Path("clip_enhanced.mkv").write_text("older")
    network_stub = Unchanged()
    monkeypatch.setattr(network, "load", lambda request, memory: network_stub)
    result = lled("enhance", "clip.avi", "--exposure=-1", "--overwrite", "--keep-times")
    assert network_stub.looks == [command.Look(exposure=-1.0)]
    assert "clip.avi: mjpeg video encoded anew with libx264" in message(result)
    made = Path("clip_enhanced.mkv")
    assert made.stat().st_size > 100
    assert made.stat().st_mtime_ns == 10**18 + 5 * 10**9


def test_a_full_disk_ends_the_videos_too(monkeypatch):
    for name in ("in/a.mp4", "in/b.mp4"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()

    def full(source, target, *rest, **options):
        cause = OSError(28, "No space left on device")
        raise InputError(f"cannot write {target}: the disk is full") from cause

    monkeypatch.setattr(video, "enhance_video", full)
    monkeypatch.setattr(network, "load", lambda request, memory: Unchanged())
    result = lled("enhance", "in", status=1)
    assert result.stderr.count("disk is full") == 1
    assert "0 of 2 enhanced" in result.stderr


def test_a_summary_names_ten_and_counts_the_rest():
    missing = [f"{number:02}.png" for number in range(12)]
    last = lled("enhance", *missing, status=1).stderr.splitlines()[-1]
    assert last == f"failed: {', '.join(missing[:10])} and 2 more"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.96, "10.0 s"), (61.4, "1:01"), (3599.0, "59:59"), (90061.0, "25:01:01")],
)
def test_durations(seconds, text):
    assert tally._duration(seconds) == text
