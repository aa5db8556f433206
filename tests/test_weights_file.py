"""Weights files come back as they were, or say what is wrong with them."""

import jax
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from lled_jax import weights_file
from lled_jax.errors import InputError
from lled_jax.inference import enhance, enhancer
from lled_jax.models import variants


@pytest.fixture(scope="module")
def params():
    return variants.init(variants.build("student"), 3)


def test_round_trip(tmp_path, params):
    path = tmp_path / "w.safetensors"
    weights_file.write(path, "student", params, {"step": 7})
    name, read, facts = weights_file.read(path)
    assert (name, facts) == ("student", {"step": 7})
    assert jax.tree.structure(read) == jax.tree.structure(params)
    for a, b in zip(jax.tree.leaves(read), jax.tree.leaves(params), strict=True):
        np.testing.assert_array_equal(a, b)


def test_equal_weights_give_equal_files(tmp_path, params):
    path, written = tmp_path / "w.safetensors", set()
    for _ in range(10):
        weights_file.write(path, "student", params, {"step": 7, "what": "ä"})
        written.add(path.read_bytes())
    assert len(written) == 1
    assert weights_file.read(path)[2] == {"step": 7, "what": "ä"}


def test_half_precision_is_for_the_file_alone(tmp_path, params):
    path = tmp_path / "half.safetensors"
    half = jax.tree.map(lambda x: np.asarray(x, np.float16), params)
    weights_file.write(path, "student", half, {})
    _, read, _ = weights_file.read(path)
    for a, b in zip(jax.tree.leaves(read), jax.tree.leaves(half), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, b)


def test_damaged_and_foreign_files_are_named(tmp_path, params):
    path = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match="no such weights file"):
        weights_file.read(path)
    weights_file.write(path, "student", params, {})
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"w\.safetensors is not a whole"):
        weights_file.read(path)
    save_file({"x": np.zeros(3, np.float32)}, path, {"model": "student"})
    with pytest.raises(InputError, match="does not hold the parameters of a student"):
        weights_file.read(path)
    save_file({"x": np.zeros(3, np.float32)}, path)
    with pytest.raises(InputError, match=r"w\.safetensors holds no network of ours"):
        weights_file.read(path)
    clash = {"a": np.zeros(3, np.float32), "a/b": np.zeros(3, np.float32)}
    save_file(clash, path, {"model": "student"})
    with pytest.raises(InputError, match="does not hold the parameters of a student"):
        weights_file.read(path)
    weights_file.write(path, "student", params, {})
    with safe_open(path, framework="numpy") as file:
        whole = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(whole, path, {"model": "student", "facts": "{"})
    with pytest.raises(InputError, match=r"w\.safetensors is damaged in its facts"):
        weights_file.read(path)


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 30, 3), (24, 17, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_enhancer_takes_any_size_and_both_depths(params, shape, dtype):
    rng = np.random.default_rng(0)
    low = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    out = enhancer("student", params)(low)
    assert (out.shape, out.dtype) == (shape, np.uint8)
    model = variants.build("student")
    images = jax.numpy.asarray(low[None] / np.iinfo(dtype).max, jax.numpy.float32)
    exact = np.asarray(enhance(model, params, images))[0]
    np.testing.assert_allclose(out / 255, exact, atol=0.51 / 255)
