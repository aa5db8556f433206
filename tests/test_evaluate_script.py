"""evaluate.py's flags: what goes together, and what is said when it does not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent


def evaluate(*arguments):
    return subprocess.run(
        [sys.executable, "evaluate.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_baseline_end_to_end(tmp_path):
    result = evaluate("--baseline=gamma", "--data=demo", f"--out={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert "PSNR" in result.stdout
    data = json.loads((tmp_path / "scores.json").read_text())
    assert data["method"] == "gamma"
    assert data["means"]["psnr"] > data["input_means"]["psnr"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--baseline=no", "--data=demo"], "unknown baseline 'no'; known baselines:"),
        (["--baseline=lime", "--ckpt=x", "--data=demo"], "give either --ckpt"),
        (["--data=demo"], "give either --ckpt or --predictions"),
        (["--ckpt=x"], "Flag --data must have a value"),
        (["--ckpt=/nowhere", "--data=demo"], "no checkpoint at /nowhere"),
        (["--ckpt=README.md", "--data=demo"], "not a whole safetensors file"),
        (["--baseline=lime"], "--data must have a value, or else --photos"),
        (["--baseline=lime", "--data=demo", "--photos=."], "--data must have a value"),
        (["--predictions=.", "--photos=."], "enhanced by --ckpt or --baseline"),
        (["--baseline=lime", "--photos=/nowhere"], "no such folder: /nowhere"),
        (["--baseline=lime", "--photos=.", "--ensemble"], "--ensemble changes nothing"),
        (["--baseline=lime", "--data=demo", "--backend=jax"], "--backend changes"),
        (["--baseline=lime", "--data=demo", "--niqe", "no"], "'no' belongs to no flag"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message):
    result = evaluate(*arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_weights_files_of_one_folder_keep_their_results(tmp_path):
    """Photos are scored whose names no terminal can show."""
    photos = tmp_path / "photos"
    photos.mkdir()
    pixels = np.random.default_rng(0).integers(0, 60, (96, 192, 3), np.uint8)
    try:
        Image.fromarray(pixels).save(photos / "caf\udce9.png")
    except (OSError, UnicodeEncodeError):  # macOS
        Image.fromarray(pixels).save(photos / "cafe.png")
    names = ("a", "b")
    for name in names:
        weights = tmp_path / f"{name}.safetensors"
        shutil.copy(ROOT / "lled_jax/weights/student.safetensors", weights)
        result = evaluate(f"--ckpt={weights}", f"--photos={photos}")
        assert result.returncode == 0, result.stderr
        assert "caf" in result.stdout
    for name in names:
        folder = tmp_path / f"{name}_evaluation_photos"
        data = json.loads((folder / "scores.json").read_text())
        (image,) = data["images"]
        assert (folder / "enhanced" / f"{image}.png").is_file()
