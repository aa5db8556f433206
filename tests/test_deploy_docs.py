"""The recipes of docs/deploy.md do what they say: each is run as it stands there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lled_jax
from lled_jax.data import synthetic
from lled_jax.export.exporting import Request, export

DOC = Path(__file__).parent.parent / "docs" / "deploy.md"
MARKED = re.compile(
    r"<!-- run with ([^\n,]+)(, no picture)? -->\n```python\n(.*?)```", re.S
)
RECIPES = [match.groups() for match in MARKED.finditer(DOC.read_text("utf-8"))]

FORMATS = {
    "student.onnx": "onnx",
    "student.tflite": "tflite",
    "student_stablehlo": "stablehlo",
    "student/1": "savedmodel",
}
NEEDED = {
    "onnx": ("onnx", "onnxruntime", "openvino"),
    "tflite": ("tensorflow", "ai_edge_litert"),
    "savedmodel": ("tensorflow",),
    "stablehlo": (),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a dark picture of an odd size, and files as they are asked for."""
    pytest.importorskip("skimage", reason="the demo set comes inside scikit-image")
    folder = tmp_path_factory.mktemp("deploy")
    low = synthetic.demo("test")[0][0][:101, :151]
    Image.fromarray(low).save(folder / "dark.png")
    return folder, low


@pytest.mark.parametrize(
    ("file", "no_picture", "code"), RECIPES, ids=[recipe[0] for recipe in RECIPES]
)
def test_recipe(place, file, no_picture, code):
    folder, low = place
    for package in NEEDED[FORMATS[file]]:
        pytest.importorskip(package, reason=f"{package} is optional")
    if not (folder / file).exists():
        export(Request(FORMATS[file], folder / file, pixels="uint8"))
    (folder / "bright.png").unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "lled_jax" not in code.replace('b"lled_jax"', "")
    if no_picture:
        assert json.loads(done.stdout)["model"] == "student"
        return
    with Image.open(folder / "bright.png") as image:
        bright = np.asarray(image)
    expected = lled_jax.load().enhance(low)
    assert bright.shape == low.shape
    difference = np.abs(bright.astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_every_format_has_a_recipe():
    assert {FORMATS[file] for file, _, _ in RECIPES} == set(NEEDED)
