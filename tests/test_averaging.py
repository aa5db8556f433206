"""The average of networks: of parameters, of one variant, whole or not at all."""

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

from lled_jax import weights_file
from lled_jax.averaging import average
from lled_jax.cli.main import app
from lled_jax.errors import InputError
from lled_jax.locate import load_weights
from lled_jax.models import variants


def weights(path, model, seed):
    params = variants.init(variants.build(model), seed)
    weights_file.write(path, model, params, {})
    return path, params


def test_the_mean_of_three(tmp_path):
    made = [weights(tmp_path / f"{n}.safetensors", "student", n) for n in range(3)]
    out = tmp_path / "new" / "mean.safetensors"
    arguments = ["average", *(str(path) for path, _ in made), "-o", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    name, params, facts = weights_file.read(out)
    assert name == "student"
    assert facts["of"] == [str(path) for path, _ in made]

    def check(mean, *each):
        assert mean.dtype == np.float32
        np.testing.assert_allclose(mean, np.mean(each, axis=0), atol=1e-7)

    jax.tree.map(check, params, *(p for _, p in made))
    # The order does not matter.
    average([path for path, _ in reversed(made)], tmp_path / "again.safetensors")
    again = load_weights(tmp_path / "again.safetensors")[1]
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, params, again)))


def test_what_has_no_average(tmp_path):
    student, _ = weights(tmp_path / "a.safetensors", "student", 0)
    base, _ = weights(tmp_path / "b.safetensors", "student_base", 0)
    out = tmp_path / "mean.safetensors"
    for sources, message in (
        ([student], "needs two"),
        ([student, base], r"one variant .*a\.safetensors: student, .*student_base"),
        ([student, tmp_path / "nowhere"], "no checkpoint at .*nowhere"),
    ):
        with pytest.raises(InputError, match=message):
            average(sources, out)
    assert not out.exists()
