"""Who may import whom, read from the syntax trees, and what stays out of a start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lled_jax"

# Lower layers never import higher ones; a module imports its own layer or below.
LAYERS = [
    {"arrays", "columns", "errors", "look", "cuts", "positions", "versions"},
    {"images", "files", "ssim", "lpips_package", "models", "photos"},
    {
        "losses",
        "zero_reference",
        "baselines",
        "niqe",
        "perceptual",
        "distillation",
        "lpips",
        "metrics",
        "weights_file",
        "shipped",
        "adjust",
        "video",
    },
    {"objectives", "evaluation", "inference", "data", "training", "onnx_graph"},
    {"tiling", "frames", "profiling", "folder", "batch", "before_after", "naming"},
    {"timing", "ensemble", "extra_columns", "contact_sheet"},
    {
        "results",
        "config_schema",
        "locate",
        "held_out",
        "backends",
        "pretrained",
        "resuming",
        "summary",
    },
    {"methods", "averaging"},
    {"experiment", "scoring", "photo_scoring", "page", "comparison", "export"},
    {"cli", "__main__"},
]

# A library, and the only files that may import it.
ONLY = {
    "tensorflow": {"data/pipeline.py", "export/tensorflow_graph.py"},
    "ai_edge_litert": {"export/tflite.py", "export/tflite_int8.py"},
    "tensorflow_datasets": {
        *("data/builders/base.py", "data/builders/fivek.py"),
        *("data/builders/reading.py", "data/builders/sid.py"),
    },
    "orbax": {"training/checkpoints.py"},
    "ml_collections": {"experiment.py"},
    "absl": {"cli/process.py"},
    "filelock": {"training/lock.py"},
    "tensorboardX": {"training/board.py"},
    "matplotlib": {
        *("comparison/plots.py", "comparison/svg.py", "training/curves.py"),
    },
    "jinja2": {"comparison/html.py"},
    "safetensors": {"weights_file.py"},
    "keras": {"models/vgg.py"},
    "onnx": {
        *("onnx_graph/model.py", "onnx_graph/nodes.py", "onnx_graph/tail.py"),
        *("export/onnx.py", "export/onnx_int8.py"),
    },
    "onnxruntime": {"backends.py", "export/onnx.py", "export/onnx_int8.py"},
    "openvino": {"backends.py"},
    "skimage": {"baselines/histogram.py"},
    "starlette": {"page/app.py", "page/guard.py"},
    "uvicorn": {"page/server.py"},
    "anyio": {"page/app.py"},
    "av": {
        *("video/colour.py", "video/copying.py", "video/encoder.py"),
        *("video/joins.py", "video/probe.py", "video/transcode.py"),
    },
    "typer": {
        "cli/average.py",
        "cli/demo.py",
        "cli/enhance.py",
        "cli/export.py",
        "cli/main.py",
        "cli/options.py",
        "cli/prepare.py",
        "cli/profile.py",
        "cli/report.py",
        "cli/sizes.py",
    },
    "rawpy": {"data/published/developing.py", "photos/raw.py"},
    "pillow_heif": {"photos/heif.py"},
    "imagecodecs": {
        *("photos/colour.py", "photos/pillow.py", "photos/profiles.py"),
        "photos/writing.py",
    },
    "tifffile": {"photos/tiff.py", "photos/tiff_writing.py"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module):
    return next(i for i, names in enumerate(LAYERS) if module in names)


def ours():
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", ours(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "lled_jax" and len(parts) > 1:
            assert layer(parts[1]) <= layer(own), f"{path} imports {name}"


@pytest.mark.parametrize("library", ONLY)
def test_libraries_stay_in_their_place(library):
    found = {
        str(path.relative_to(PACKAGE))
        for path in ours()
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert found == ONLY[library]


def test_training_knows_no_data_and_no_config():
    for path in (PACKAGE / "training").glob("*.py"):
        names = set(imports(path))
        assert not any(n.startswith(("lled_jax.data", "lled_jax.exper")) for n in names)


def test_configs_import_ml_collections_only():
    for path in (ROOT / "configs").glob("*.py"):
        assert {n.split(".")[0] for n in imports(path)} <= {"ml_collections", "configs"}


def test_files_stay_small():
    for path in [*ours(), *ROOT.glob("*.py")]:
        assert len(path.read_text().splitlines()) <= 250, path
    for script in ("train.py", "evaluate.py"):
        assert len((ROOT / script).read_text().splitlines()) < 80


def test_enhancing_and_scoring_start_without_tensorflow():
    """Nor without any other library of the train extra."""
    code = (
        "import sys, lled_jax, lled_jax.scoring, lled_jax.cli.process\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'skimage', 'tensorboardX'}\n"
        "print(heavy & set(sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "set()"
