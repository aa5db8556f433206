"""StableHLO: the exported program is the network, at every size."""

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from exports_for_tests import contract
from jax import export as jax_export

from lled_jax.errors import InputError
from lled_jax.export import stablehlo
from lled_jax.images import to_float, to_u8
from lled_jax.inference import enhance
from lled_jax.models import variants

SIZES = [(1, 1, 1), (1, 1, 7), (2, 7, 1), (1, 2, 2), (2, 33, 47), (1, 64, 50)]


def written(folder, model="student", **changed):
    wanted = contract(model=model, **changed)
    folder.mkdir(exist_ok=True)
    params = variants.init(variants.build(model), 1)
    stablehlo.write(wanted, params, (), folder)
    return stablehlo.runner(folder), params


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    return folder, *written(folder)


def picture(*shape):
    return np.random.default_rng(0).random((*shape, 3), np.float32)


def expected(params, low, model="student"):
    with jax.default_matmul_precision("highest"):
        return enhance(variants.build(model), params, jnp.asarray(low))


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_any_size_and_batch(student, shape):
    _, run, params = student
    low = picture(*shape)
    np.testing.assert_allclose(run(low), expected(params, low), atol=1e-6, rtol=0)


def test_teacher(tmp_path):
    run, params = written(tmp_path / "teacher", "teacher")
    low = picture(1, 20, 31)
    right = expected(params, low, "teacher")
    np.testing.assert_allclose(run(low), right, atol=1e-5, rtol=0)


def test_fixed_size(tmp_path):
    run, params = written(tmp_path / "fixed", size=(21, 30))
    low = picture(2, 21, 30)
    np.testing.assert_allclose(run(low), expected(params, low), atol=1e-6, rtol=0)
    with pytest.raises(ValueError, match="21"):
        run(picture(2, 22, 30))


def test_uint8_is_what_a_file_holds(tmp_path):
    run, params = written(tmp_path / "bytes", pixels="uint8")
    low = np.random.default_rng(0).integers(0, 256, (1, 33, 47, 3), np.uint8)
    bright = run(low)
    assert bright.dtype == np.uint8
    right = np.asarray(to_u8(expected(params, to_float(low))))
    assert (bright != right).mean() < 1e-3
    assert np.abs(bright.astype(int) - right).max() <= 1


@pytest.mark.parametrize(("precision", "most"), [("bf16", 0.05), ("f16", 0.01)])
def test_shorter_numbers_are_near_and_half_the_size(tmp_path, student, precision, most):
    folder, _, _ = student
    run, params = written(tmp_path / precision, precision=precision)
    low = picture(1, 33, 47)
    error = np.abs(run(low) - expected(params, low)).max()
    assert 0 < error < most
    sizes = [
        (f / stablehlo.PROGRAM).stat().st_size for f in (tmp_path / precision, folder)
    ]
    assert sizes[0] < 0.6 * sizes[1]


def test_hdrnet_at_a_fixed_size_alone(tmp_path):
    with pytest.raises(InputError, match="give --size HxW"):
        written(tmp_path / "any", "hdrnet_student")
    run, params = written(tmp_path / "fixed", "hdrnet_student", size=(64, 48))
    low = picture(1, 64, 48)
    right = expected(params, low, "hdrnet_student")
    np.testing.assert_allclose(run(low), right, atol=1e-5, rtol=0)


def test_the_program_is_for_three_platforms_and_needs_only_jax(student, tmp_path):
    """Read by a process that has never heard of this package."""
    folder, run, _ = student
    program = (folder / stablehlo.PROGRAM).read_bytes()
    exported = jax_export.deserialize(bytearray(program))
    assert exported.platforms == ("cpu", "cuda", "tpu")
    low = picture(1, 5, 9)
    np.save(tmp_path / "low.npy", low)
    code = (
        "import sys, numpy as np\n"
        "from jax import export\n"
        "program, folder = sys.argv[1:]\n"
        "network = export.deserialize(bytearray(open(program, 'rb').read()))\n"
        "low = np.load(folder + '/low.npy')\n"
        "np.save(folder + '/bright.npy', network.call(low))\n"
        "assert 'lled_jax' not in sys.modules and 'flax' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, folder / stablehlo.PROGRAM, tmp_path]
    subprocess.run(command, check=True)
    bright = np.load(tmp_path / "bright.npy")
    np.testing.assert_allclose(bright, run(low), atol=1e-6, rtol=0)


def test_module_and_facts_lie_beside(student):
    folder, _, _ = student
    facts = json.loads((folder / stablehlo.FACTS).read_text())
    assert facts["model"] == "student"
    assert facts["low"].startswith("float32 [batch, height, width, 3]")
    # MLIR's bytecode, which other compilers read.
    assert (folder / stablehlo.MODULE).read_bytes()[:4] == b"ML\xefR"
