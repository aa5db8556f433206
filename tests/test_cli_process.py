"""`lled` as a process of its own: pipes, signals, a sudden end, a video.

Slow: each test starts Python and JAX.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import lled_jax
from lled_jax import photos
from lled_jax.cli.process import exit_status

ROOT = Path(lled_jax.__file__).parent.parent
MANY = 3000
# Started in the background, as by some test runners, Python ignores Ctrl-C.
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from lled_jax.cli.main import main; main()"
)
MODULE = [sys.executable, "-m", "lled_jax"]


def environment():
    # One device of the CPU, not the several of the other tests.
    return os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": ""}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def lled(*arguments, **options):
    return subprocess.run(
        [*MODULE, "enhance", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        timeout=300,
        **options,
    )


def png(side=40, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 60, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def decoded(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.format, np.asarray(image)


def test_from_standard_input_to_standard_output_and_between():
    """The same picture by pipes and by files, and nothing but the picture."""
    Path("dark.png").write_bytes(png())
    wishes = ("--exposure=-1", "--compare", "side", "--format", "jpg", "--quality", 30)
    assert lled("dark.png", *wishes).returncode == 0
    expected = Path("dark_compare.jpg").read_bytes()
    piped = lled("-", *wishes, input=png())
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert piped.stdout == expected
    format, pixels = decoded(lled("dark.png", "-o", "-").stdout)
    assert (format, pixels.shape) == ("PNG", (40, 40, 3))
    format, pixels = decoded(lled("-", "--format", "webp", input=png()).stdout)
    assert (format, pixels.shape) == ("WEBP", (40, 40, 3))
    done = lled("-", "-o", "file.bmp", input=png())
    assert (done.returncode, done.stdout) == (0, b"")
    assert decoded(Path("file.bmp").read_bytes())[0] == "BMP"
    again = lled("-", "-o", "file.bmp", input=png())
    assert again.returncode == 1
    assert again.stderr.startswith(b"error: file.bmp exists")


def test_no_picture_in_the_pipe():
    done = lled("-", input=b"no picture")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error: standard input: no picture")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*MODULE, "enhance", "-"],
            env=environment(),
            input=png(),
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: ")
    assert b"No space left" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_json_leaves_standard_output_to_itself():
    Path("in").mkdir()
    Path("in/a.png").write_bytes(png())
    Path("in/b.png").write_bytes(b"no picture")
    done = lled("in", "--json")
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert (data["done"], data["failed"]) == (1, 1)
    assert b"error: in/b.png: is not a PNG" in done.stderr


def started(*arguments, code="", env=None):
    return subprocess.Popen(
        [sys.executable, "-c", code + START, "enhance", *arguments],
        env=environment() | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def many(count, side=64):
    Path("in").mkdir()
    data = png(side)
    for n in range(count):
        Path(f"in/{n:04}.png").write_bytes(data)


def wait_for_results(process, count=3):
    deadline = time.monotonic() + 200
    # Final names: the one before is hidden and ends in .png as well.
    while len(list(Path().glob("in_enhanced/[!.]*.png"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def whole_results():
    """The results under their final names; each must be complete."""
    paths = sorted(Path().glob("in_enhanced/[!.]*.png"))
    for path in paths:
        assert photos.read(path).pixels.shape == (64, 64, 3)
    return paths


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_whole_files_only(number):
    many(MANY)
    process = started("in", "--json")
    wait_for_results(process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 128 + number, errors
    results = whole_results()
    assert 3 <= len(results) < MANY
    assert "Traceback" not in errors
    name = signal.Signals(number).name
    found = re.search(rf"stopped by {name}: (\d+) of {MANY} done", errors)
    assert found, errors
    assert int(found[1]) == len(results)
    assert len(list(Path("in_enhanced").iterdir())) == len(results)  # no leftovers
    data = json.loads(output)
    assert (data["stopped"], data["exit_status"]) == (name, 128 + number)
    assert data["done"] == len(results)


def test_killed_in_the_middle_leaves_whole_files_and_goes_on():
    many(400)
    process = started("in")
    wait_for_results(process)
    process.kill()
    process.communicate()
    before = {path: path.stat().st_mtime_ns for path in whole_results()}
    assert 3 <= len(before) < 400
    assert lled("in").returncode == 0
    assert len(whole_results()) == 400
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "tif", "bmp"])
def test_a_file_that_the_disk_takes_only_in_part_does_not_appear(format):
    """As on a full disk the last write takes some bytes, the next none."""
    resource = pytest.importorskip("resource", reason="needs limits of processes")
    Path("a.png").write_bytes(png(150))
    limit = 4000
    code = (
        "import resource, lled_jax.cli.work\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    env = {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    process = started("a.png", "--format", format, code=code, env=env)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert errors.startswith("error: ")
    assert len(errors.splitlines()) == 1
    assert {path.name for path in Path().iterdir()} == {"a.png"}


SLOW_NETWORK = """
import time
from pathlib import Path
from lled_jax import pretrained
def enhance(*rest):
    Path("begun").touch()
    time.sleep(200)
pretrained.Enhancer.enhance = enhance
"""
SLOW_DECODER = SLOW_NETWORK.replace(
    "pretrained.Enhancer.enhance", "photos.read"
).replace("import pretrained", "import photos")


def begun(code):
    """`lled enhance a.png`, where `code` makes it slow, at the slow place."""
    Path("a.png").write_bytes(png())
    process = started("a.png", code=code)
    while not Path("begun").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def test_a_signal_while_a_single_photo_is_enhanced_leaves_nothing():
    process = begun(SLOW_NETWORK)
    process.terminate()
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 143
    assert errors == "stopped by SIGTERM: 0 of 1 done\n"
    assert {path.name for path in Path().iterdir()} == {"a.png", "begun"}


def test_the_second_signal_does_not_wait_for_what_is_begun():
    process = begun(SLOW_DECODER)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None  # it waits for the file being read
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == -signal.SIGINT
    assert not Path("a_enhanced.png").exists()


LONE_THREAD = """
import threading, time
from pathlib import Path
from lled_jax.cli import photo_work
def enhance(*rest):
    threading.Thread(target=time.sleep, args=(200,)).start()
    Path("begun").touch()
    time.sleep(200)
photo_work.enhance = enhance
"""


def test_the_second_signal_does_not_wait_for_a_thread_that_nobody_knows_of():
    process = begun(LONE_THREAD)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "stopped by SIGINT: 0 of 1 done\n"
    time.sleep(0.5)
    assert process.poll() is None  # the interpreter waits for the thread
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == -signal.SIGINT


def test_a_video():
    av = pytest.importorskip("av", reason="needs the extra video")
    from videos_for_tests import dark_pan, make_clip

    make_clip(Path("clip.mp4"), dark_pan(8))
    done = lled("clip.mp4")
    assert done.returncode == 0, done.stderr
    assert b"clip.mp4 -> clip_enhanced.mp4" in done.stderr

    def frames(name):
        with av.open(name) as clip:
            return [f.to_ndarray(format="rgb24") for f in clip.decode(video=0)]

    before, after = frames("clip.mp4"), frames("clip_enhanced.mp4")
    assert len(after) == len(before) == 8
    assert np.mean(after) > 1.5 * np.mean(before)
    # Half of a split picture is the dark one still.
    assert lled("clip.mp4", "--compare", "split").returncode == 0
    split = np.stack(frames("clip_compare.mp4")).astype(float)
    assert abs(split[:, :, :40] - np.stack(before)[:, :, :40]).mean() < 4
    assert abs(split[:, :, 56:] - np.stack(after)[:, :, 56:]).mean() < 4
    side = lled("clip.mp4", "--compare", "side", "--overwrite")
    assert side.returncode == 1
    assert b"clip.mp4: a video cannot become twice as wide" in side.stderr


def test_no_cache_of_compilations_where_none_can_be_kept(monkeypatch):
    set_to = {}
    monkeypatch.setattr(jax.config, "update", set_to.__setitem__)
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    Path("file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", "file/x")
    assert exit_status(lambda: None) == 0

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert exit_status(lambda: None) == 0
    assert set_to == {}
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert exit_status(lambda: None) == 0
    assert set_to["jax_compilation_cache_dir"] == "cache/lled_jax/xla"
    assert Path("cache/lled_jax/xla").is_dir()


def test_no_device_is_one_line():
    run = subprocess.run(
        [*MODULE, "profile"],
        env=environment() | {"JAX_PLATFORMS": "cuda"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(
        "error: JAX finds no device as JAX_PLATFORMS=cuda asks: unset it, or"
    )
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    done = subprocess.run(
        [*MODULE],
        env=environment() | {"_LLED_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "_LLED_COMPLETE" in done.stdout


def test_completion_of_options_and_values():
    def offered(words):
        env = {"_LLED_COMPLETE": "complete_bash", "COMP_WORDS": words}
        env["COMP_CWORD"] = str(len(words.split()))
        done = subprocess.run(
            MODULE, env=environment() | env, capture_output=True, text=True, timeout=60
        )
        return set(done.stdout.split())

    commands = {"enhance", "demo", "profile", "prepare", "report", "export", "average"}
    assert offered("lled ") == commands
    assert "openvino" in offered("lled enhance --backend ")
    assert {"lol", "fivek", "sid"} < offered("lled prepare ")
    assert offered("lled enhance --compare ") == {"side", "split"}
