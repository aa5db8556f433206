"""The benchmarks start, agree with their peers, and write what they promise."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from configs import best_student
from lled_jax import files, weights_file
from lled_jax.data.pairs import ArrayPairs
from lled_jax.data.synthetic import demo
from lled_jax.errors import InputError
from lled_jax.models import variants

ROOT = Path(__file__).parent.parent
TIMES = {"median_ms", "min_ms", "max_ms"}


def _needs(*packages):
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def _run(script, *options, cwd):
    """The script with --quick; what it wrote and what it printed."""
    output = cwd / "result.json"
    # Users run it with the package installed; here the checkout stands for that.
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "benchmarks" / script, "--quick"]
    done = subprocess.run(
        [*map(str, command), "--output", str(output), *options],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text(encoding="utf-8")), done.stdout


def _check_table(data, printed, first):
    assert data["quick"] is True
    assert data["machine"].keys() >= {"cpu", "cores", "versions", "date", "backend"}
    assert data["machine"]["versions"]["jax"]
    for row in data["rows"]:
        assert row.keys() >= TIMES
        assert 0 < row["min_ms"] <= row["median_ms"] <= row["max_ms"]
    assert first in printed
    assert "written: " in printed


def test_inference_without_peers(tmp_path):
    options = ("--models", "student,teacher", "--sizes", "21x13", "--peers", "linen")
    data, printed = _run("inference.py", *options, "--memory", cwd=tmp_path)
    _check_table(data, printed, "| student | 21x13 | ours |")
    assert [(row["model"], row["candidate"]) for row in data["rows"]] == [
        (model, name) for model in ("student", "teacher") for name in ("ours", "linen")
    ]
    for row in data["rows"]:
        assert row["distance"] <= 1e-4
        assert row["host_peak_mib"] > 50
    assert data["roofline"][0]["needed_gmac"] < data["roofline"][0]["gmac"]


def test_inference_equals_pytorch(tmp_path):
    _needs("torch")
    peers = "torch,torch_channels_last"
    options = ("--sizes", "21x13", "--peers", peers)
    data, printed = _run("inference.py", *options, cwd=tmp_path)
    _check_table(data, printed, "| teacher | 21x13 | torch_channels_last |")
    assert not data["skipped"]
    assert len(data["rows"]) == 2 * 3
    assert all(row["distance"] <= 1e-4 for row in data["rows"])


def test_inference_equals_exported_networks(tmp_path):
    _needs("torch", "onnx", "onnxruntime", "openvino")
    peers = "onnxruntime,openvino,backend:jax,backend:onnxruntime,backend:openvino"
    options = ("--models", "student", "--sizes", "21x13", "--peers", peers)
    data, _ = _run("inference.py", *options, cwd=tmp_path)
    assert not data["skipped"]
    assert {row["candidate"] for row in data["rows"]} == {"ours", *peers.split(",")}


def test_training_equals_pytorch(tmp_path):
    _needs("torch")
    peers = "torch,torch_channels_last"
    options = ("--cases", "2x16", "--losses", "paper", "--peers", peers)
    data, printed = _run("training.py", *options, cwd=tmp_path)
    _check_table(data, printed, "| student | paper | 2x16x16 | torch |")
    assert [row["candidate"] for row in data["rows"]] == ["ours", *peers.split(",")]
    # The second of two steps, so gradients and Adam are compared too.
    assert all(row["distance"] <= 1e-4 for row in data["rows"])
    assert data["ema"] == {"ours and linen": "on", "torch": "on"}


def test_training_of_ours_alone(tmp_path):
    options = ("--cases", "1x16", "--losses", "l1", "--peers", "linen")
    data, printed = _run("training.py", *options, cwd=tmp_path)
    _check_table(data, printed, "| student | l1 | 1x16x16 | linen |")


def test_data(tmp_path):
    _needs("skimage")
    data, printed = _run("data.py", "--pipelines", "memory", cwd=tmp_path)
    _check_table(data, printed, "| constant |")
    assert [row["batches"] for row in data["rows"]] == ["constant", "memory"]
    assert all(0 <= row["waited"] <= 1 for row in data["rows"])


def test_exported_files_in_processes_of_their_own(tmp_path):
    _needs("skimage", "onnx", "onnxruntime", "openvino")
    data, printed = _run("exported.py", cwd=tmp_path)
    _check_table(data, printed, "| 49x32 | 1 | onnx f32 |")
    (quality,) = data["quality"]
    assert quality["largest_difference"] <= 1e-5
    assert quality["bytes"] > 1e6
    timed = {row["subject"]: row for row in data["rows"]}
    assert {"jax", "onnx f32", "onnx f32, openvino"} <= timed.keys()
    # A process that runs a file holds no JAX.
    assert timed["onnx f32"]["host_peak_mib"] < timed["jax"]["host_peak_mib"]
    assert set(data["skipped"]) <= {"torch", "torch_channels_last"}


def _refused(*arguments: str) -> tuple[int, str]:
    """Exit status and what a benchmark says that cannot start."""
    script, *options = arguments
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("script", ["inference.py", "training.py"])
def test_unknown_peer_is_refused(script):
    status, said = _refused(script, "--peers", "theano")
    assert status == 2
    assert "'theano'" in said
    assert "linen" in said


@pytest.mark.parametrize(
    "script", ["averages.py", "exposures.py", "jpeg.py", "uneven.py"]
)
def test_missing_run_is_named_in_one_line(script, tmp_path):
    status, said = _refused(script, str(tmp_path / "absent"))
    assert status == 1
    assert said.count("\n") == 1
    assert said.startswith(f"error: no checkpoint at {tmp_path / 'absent'}")


def test_scaling(tmp_path):
    options = ("--devices", "1,2", "--batch", "2", "--crop", "16", "--steps", "2")
    data, printed = _run("scaling.py", *options, cwd=tmp_path)
    _check_table(data, printed, "| student | 1 |")
    assert [row["devices"] for row in data["rows"]] == [1, 2]


def test_bright_photos(tmp_path):
    _needs("skimage")
    data, _ = _run("bright.py", cwd=tmp_path)
    default, spared = data["rows"]
    assert default["luma_before"] == spared["luma_before"] > 0.3
    assert spared["mean_change_in_levels"] < default["mean_change_in_levels"]


def _demo_as_lol(folder):
    """The demo's training pairs in LOL's folders, for training and as test images."""
    pairs = demo("train")
    for part in ("our485", "eval15"):
        for name, images in (("low", pairs.low), ("high", pairs.high)):
            (folder / part / name).mkdir(parents=True)
            for number, image in enumerate(images):
                Image.fromarray(image).save(folder / part / name / f"{number}.png")
    return str(folder)


def test_generalisation(tmp_path):
    _needs("skimage")
    options = ("student", "--data", _demo_as_lol(tmp_path / "LOL"))
    data, printed = _run("generalisation.py", *options, cwd=tmp_path)
    rows = {row["on"]: row for row in data["rows"]}
    others = ["eval15", "demo training", "demo test"]
    assert list(rows) == ["training", "held-out", *others]
    assert all(row["of"] == "student" for row in data["rows"])
    for row in rows.values():
        assert 1 <= row["pairs"] <= 2
        assert row["psnr"] > 14
        assert row["psnr_gt_mean"] > row["psnr"] - 0.5
        assert 0 < row["lpips"] < 0.6
    # The same pictures, as files and from the package.
    same = ("pairs", "psnr", "ssim", "lpips", "psnr_gt_mean")
    assert all(rows["eval15"][k] == rows["demo training"][k] for k in same)
    assert "| student | demo test |" in printed


def test_exposures(tmp_path):
    _needs("skimage")
    options = ("student", "--data", _demo_as_lol(tmp_path / "LOL"))
    data, _ = _run("exposures.py", *options, cwd=tmp_path)
    assert [tuple(row[of] for of in ("on", "white", "of")) for row in data["rows"]] == [
        (on, white, of)
        for on in ("held-out", "demo")
        for white in ("as all", "stays")
        for of in ("input", "student")
    ]
    for before, after in zip(data["rows"][::2], data["rows"][1::2], strict=True):
        assert before["stops"] == after["stops"] == 6.0
        assert after["psnr"] > 14
        assert before["psnr"] + 4 < after["psnr"]
        assert before["too_bright_by_stops"] < -2
        assert abs(after["too_bright_by_stops"]) < 1


def test_uneven(tmp_path):
    _needs("skimage")
    options = ("student", "--data", _demo_as_lol(tmp_path / "LOL"))
    data, _ = _run("uneven.py", *options, cwd=tmp_path)
    assert [tuple(row[of] for of in ("on", "dark", "of")) for row in data["rows"]] == [
        (on, dark, of)
        for on in ("held-out", "demo")
        for dark in ("a side", "not bright", "both")
        for of in ("input", "student")
    ]
    for before, after in zip(data["rows"][::2], data["rows"][1::2], strict=True):
        assert before["stops"] == after["stops"] == 6.0
        assert before["psnr"] < after["psnr"]
        assert before["dark_too_bright_by_stops"] < -2
        assert abs(after["dark_too_bright_by_stops"]) < 2
        for row in (before, after):
            lit = row["lit_too_bright_by_stops"]
            assert lit is None or abs(lit) < (0.1 if row is before else 1.5)


def test_jpeg(tmp_path):
    _needs("skimage")
    options = ("student", "--data", _demo_as_lol(tmp_path / "LOL"))
    data, _ = _run("jpeg.py", *options, cwd=tmp_path)
    assert [
        tuple(row[of] for of in ("on", "sensor", "of")) for row in data["rows"]
    ] == [
        (*on, of)
        for on in (("LOL", None), ("demo", "small"), ("demo", "large"))
        for of in ("input", "student")
    ]
    for before, after in zip(data["rows"][::2], data["rows"][1::2], strict=True):
        assert before["quality"] == after["quality"] == 75
        assert before["psnr"] + 4 < after["psnr"]
        assert before["psnr"] < before["psnr_gt_mean"] < after["psnr_gt_mean"]
        assert before["lpips"] > after["lpips"]


def test_unpaired_photos(tmp_path):
    _needs("skimage")
    pairs = demo("test")
    (tmp_path / "photos").mkdir()
    for name, image in (("dark", pairs.low[0]), ("lit", pairs.high[0])):
        Image.fromarray(image).save(tmp_path / "photos" / f"{name}.png")
    (tmp_path / "photos" / "notes.txt").write_text("no photo", encoding="utf-8")
    options = ("student", "--photos", "photos")
    data, printed = _run("unpaired.py", *options, cwd=tmp_path)
    dark, lit = data["rows"]
    assert (dark["photo"], lit["photo"]) == ("dark.png", "lit.png")
    assert lit["mean"] == pytest.approx(pairs.high[0][:48, :64].mean())
    assert dark["student"] > 2
    assert 0.7 < lit["student"] < 1.5
    assert dark["lit"] < lit["lit"]
    assert 0.7 < lit["student, lit"] < 1.5
    assert "| dark.png |" in printed


def test_large_photos(tmp_path):
    data, _ = _run("large_photos.py", cwd=tmp_path)
    (row,) = data["rows"]
    assert row["photo"] == "123x82"
    assert 0.1 < row["peak_gib"] < 2


def _pairs(names, *levels):
    images = [np.full((4, 6, 3), level, np.uint16) for level in levels]
    return ArrayPairs(names, images * len(names), images * len(names))


def test_what_shipped_networks_do_not_know_goes_by_name(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    known_scenes = importlib.import_module("known_scenes")
    # LOL whole has more scenes than those that were drawn from.
    names = [str(number) for number in range(1, 752)]
    lol = _pairs(names, 257)
    monkeypatch.setattr(known_scenes, "open_source", lambda data, split: lol)
    known, unknown = known_scenes.trained_and_held_out("LOL", [])
    assert unknown.names == known_scenes.HELD_OUT
    assert sorted(known.names + unknown.names) == sorted(names)
    lol = lol.subset([n for n, name in enumerate(names) if name != "750"])
    with pytest.raises(InputError, match=r"LOL lacks pairs .* \(750\)"):
        known_scenes.trained_and_held_out("LOL", [])

    runs, config = [tmp_path], tmp_path / "config.json"
    lol = _pairs(names, 257)
    known_scenes.trained_and_held_out("LOL", runs)
    settings = best_student.get_config("LOL")
    config.write_text(settings.to_json(), encoding="utf-8")
    monkeypatch.setattr(known_scenes, "held_out", lambda config, data: known)
    known_scenes.trained_and_held_out("another", runs)
    with pytest.raises(
        InputError, match=r"trained on pairs held out here \(25, 26, 27"
    ):
        known_scenes.trained_and_held_out("LOL", runs)


def test_photos_of_16_bit_are_compared_as_8_bit(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    lit_photos, jpeg = map(importlib.import_module, ("lit_photos", "jpeg"))
    held = _pairs(["a"], 200 * 257)
    for module in (lit_photos, jpeg):
        monkeypatch.setattr(
            module, "trained_and_held_out", lambda data, weights: (None, held)
        )
    asked = SimpleNamespace(data="any", weights=[], quick=True)
    photo = lit_photos.photos_of("any", [])["held-out"][0]
    assert (photo.dtype, photo.max()) == (np.uint8, 200)
    _, pairs = next(jpeg.sets(asked))
    assert (pairs.dtype, pairs.high[0].max()) == (np.uint8, 200)


def test_an_earlier_result_of_another_kind_is_refused(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    ablation = importlib.import_module("ablation")
    path = tmp_path / "earlier.json"
    with pytest.raises(InputError, match=r"earlier\.json is no result of this"):
        ablation.earlier(path)
    path.write_text('{"runs": [{"row": "base", "seed": 0}]}', encoding="utf-8")
    with pytest.raises(InputError, match="its runs lack holdout_lpips, "):
        ablation.earlier(path)


def test_a_run_that_was_given_more_steps_has_not_ended(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    runs = importlib.import_module("finished_runs")
    config = best_student.get_config()
    params = variants.init(variants.build("zero_dce"), 0)
    for name, total in (("ended", 2), ("goes_on", 5)):
        config.total_steps = total
        files.write_json(tmp_path / name / "config.json", config.to_dict())
        path = tmp_path / name / runs.FINAL
        weights_file.write(path, "zero_dce", params, {"step": 2})
    assert runs.finished(tmp_path) == [tmp_path / "ended"]


def test_ablation_compares_rows_seed_by_seed(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    ablation = importlib.import_module("ablation")

    def run(row, seed, psnr):
        keys = (*ablation.HELD_OUT, *ablation.TEST)
        return {"row": row, "seed": seed, **dict.fromkeys(keys, psnr)}

    runs = [run("sobel", s, p) for s, p in ((0, 20.0), (1, 22.0), (2, 21.0))]
    runs += [run("base", s, p) for s, p in ((0, 19.5), (1, 21.5))]
    sobel, base = ablation.summary(runs, "sobel")
    assert (sobel["seeds"], sobel["psnr"], sobel["psnr_spread"]) == (3, 21, 1)
    assert "psnr_gain" not in sobel
    # Its two seeds alone: the mean over all of the control's would say -0.5 + 0.5.
    assert (base["seeds"], base["psnr_gain"], base["psnr_gain_spread"]) == (2, -0.5, 0)


def test_enhance_by_ours_and_by_the_command(tmp_path):
    data, printed = _run("enhance.py", "--peers", "command", cwd=tmp_path)
    _check_table(data, printed, "| lled |")
    assert [row["candidate"] for row in data["rows"]] == ["lled", "command"]
    assert data["skipped"] == {}
    for row in data["rows"]:
        assert row["distance"] <= 0.25
        assert row["photos_per_s"] > 0


def test_the_loops_make_our_pictures(tmp_path):
    _needs("torch", "onnx", "onnxruntime", "openvino")
    loops = ["loop:torch_channels_last", "loop:onnxruntime", "loop:openvino"]
    data, _ = _run("enhance.py", "--peers", ",".join(loops), cwd=tmp_path)
    assert data["skipped"] == {}
    assert [row["candidate"] for row in data["rows"]] == ["lled", *loops]
