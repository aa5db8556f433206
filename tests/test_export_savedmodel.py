"""SavedModel folders are the network, at every size and for every batch."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

pytest.importorskip(
    "tensorflow", reason="exporting is optional: pip install 'lled-jax[export]'"
)

from lled_jax.errors import InputError
from lled_jax.export import savedmodel
from lled_jax.export.contract import Contract
from lled_jax.export.tensorflow_graph import build
from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.locate import load_weights
from lled_jax.models import variants

SHAPES = [(1, 33, 47), (1, 1, 1), (3, 1, 7), (1, 7, 1), (2, 2, 2), (2, 64, 50)]


@cache
def student():
    return load_weights(Path("student"))[1]


def contract(precision="f32", pixels="float32", size=None):
    facts = ("savedmodel", "student", precision, pixels, "nhwc", size)
    return Contract(*facts, "0" * 64, "0.1.0", "none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A function that writes the folder of a contract once: its path and runner."""
    above = tmp_path_factory.mktemp("savedmodel")

    @cache
    def written(*facts):
        made = contract(*facts)
        path = above / str(len(list(above.iterdir())))
        savedmodel.write(made, student(), (), path)
        return path, savedmodel.runner(path)

    return written


def picture(*shape):
    """A dark batch."""
    rng = np.random.default_rng(shape[1])
    return (rng.random((*shape, 3)) * 90).astype(np.uint8)


def expected(low):
    """JAX's, the tail as written: the folded one might share a flaw."""
    network = variants.build("student", folded=False)
    with jax.default_matmul_precision("highest"):
        return np.asarray(enhance(network, student(), to_float(low)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_size_and_batch(folder, shape):
    _, run = folder()
    low = picture(*shape)
    wanted = expected(low)
    assert ((wanted > 0) & (wanted < 1)).mean() > 0.9
    found = run(np.asarray(to_float(low)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (33, 47)], ids=str)
def test_fixed_size(folder, size):
    _, run = folder("f32", "float32", size)
    low = picture(2, *size)
    np.testing.assert_allclose(run(np.asarray(to_float(low))), expected(low), atol=1e-5)


def test_bytes_are_rounded_as_a_file_holds_them(folder):
    _, run = folder("f32", "uint8")
    for shape in SHAPES:
        low = picture(*shape)
        found = run(low)
        assert (found.dtype, found.shape) == (np.uint8, low.shape)
        off = np.abs(found.astype(int) - np.asarray(to_u8(expected(low))))
        assert off.max() <= 1
        assert off.mean() <= 1e-3


# Measured on the picture below: 75 and 58 dB.
@pytest.mark.parametrize(("precision", "least"), [("f16", 68), ("bf16", 51)])
def test_shorter_numbers_stay_near(folder, precision, least):
    path, run = folder(precision)
    low = picture(1, 101, 150)
    error = run(np.asarray(to_float(low))) - expected(low)
    assert -10 * np.log10(np.mean(error**2)) >= least
    sizes = [(p / "saved_model.pb").stat().st_size for p in (path, folder()[0])]
    assert sizes[0] < 0.55 * sizes[1]


def test_layout_is_what_servers_take(folder):
    path, _ = folder()
    facts = json.loads((path / "assets.extra/lled_jax.json").read_text())
    assert facts == contract().metadata()
    assert (path / "saved_model.pb").is_file()
    import tensorflow as tf

    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    (low,) = signature.structured_input_signature[1].values()
    assert (low.name, low.dtype, list(low.shape)) == (
        "low",
        tf.float32,
        [None, None, None, 3],
    )
    (enhanced,) = signature.structured_outputs.values()
    assert list(signature.structured_outputs) == ["enhanced"]
    assert enhanced.dtype == tf.float32


def test_graph_is_of_plain_operations(folder):
    """No XLA inside, which lighter runtimes and older servers lack."""
    path, _ = folder()
    content = (path / "saved_model.pb").read_bytes()
    assert b"DepthToSpace" in content
    assert b"XlaCallModule" not in content


def test_other_networks_are_refused():
    with pytest.raises(InputError, match="student_canny cannot be exported to Tens"):
        build("student_canny", {})
    with pytest.raises(InputError, match="TensorFlow takes teacher, student"):
        build("zero_dce", {})


def test_exporting_is_silent(tmp_path):
    """TensorFlow greets on standard error, from C++ too."""
    code = (
        "import pathlib, sys\n"
        "from lled_jax.export import savedmodel\n"
        "from tests.test_export_savedmodel import contract, picture, student\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "savedmodel.write(contract('f32', 'uint8'), student(), (), path)\n"
        "savedmodel.runner(path)(picture(1, 5, 4))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "made")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (out.stdout, out.stderr) == ("", "")
