"""evaluate.py's flags: what goes together, and what is said when it does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
        (["--baseline=lime"], "--data must have a value, or else --photos"),
        (["--baseline=lime", "--data=demo", "--photos=."], "--data must have a value"),
        (["--predictions=.", "--photos=."], "enhanced by --ckpt or --baseline"),
        (["--baseline=lime", "--photos=/nowhere"], "no such folder: /nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message):
    result = evaluate(*arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
