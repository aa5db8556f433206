"""Counts of operations against hand counts, and the command that prints them."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from macs_for_tests import traced_macs
from typer.testing import CliRunner

from lled_jax.cli.main import app
from lled_jax.models import variants
from lled_jax.models.network import answer

GUIDED = [name for name, v in variants.VARIANTS.items() if hasattr(v.network, "guide")]


@pytest.mark.parametrize("name", GUIDED)
@pytest.mark.parametrize("size", [(24, 18), (23, 17)])
def test_the_traced_program_has_the_operations_counted_by_hand(name, size):
    model = variants.build(name, folded=False)
    params = variants.shapes(model)
    low = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    traced = traced_macs(lambda p, x: answer(model, p, x).enhanced, params, low)
    hand = variants.count_macs(name, *size)
    # The guide's and the tail's borders at odd sizes aside.
    assert traced == pytest.approx(hand, rel=0 if size == (24, 18) else 0.15)


def test_known_operations():
    x, kernel = jnp.zeros((2, 8, 8, 3)), jnp.zeros((3, 3, 3, 5))
    numbers = ("NHWC", "HWIO", "NHWC")

    def conv(x, kernel):
        return lax.conv_general_dilated(
            x, kernel, (2, 2), "SAME", dimension_numbers=numbers
        )

    assert traced_macs(conv, x, kernel) == 2 * 4 * 4 * 5 * 9 * 3
    product = jax.jit(lambda a, b: jnp.einsum("bij,bjk->bik", a, b))
    shapes = np.zeros((7, 2, 3), np.float32), np.zeros((7, 3, 4), np.float32)
    assert traced_macs(product, *shapes) == 7 * 2 * 3 * 4

    def loop(a, b):
        return lax.map(lambda pair: pair[0] @ pair[1], (a, b))

    assert traced_macs(loop, *shapes) == 7 * 2 * 3 * 4


def lled(line):
    return CliRunner().invoke(app, line.split())


def test_the_command_prints_what_was_measured():
    run = lled("profile --models student --sizes 20x12,9x9 --repeats 2 --json")
    assert run.exit_code == 0, run.output
    first, second = json.loads(run.stdout)
    assert (first["width"], first["height"], first["parameters"]) == (20, 12, 279765)
    assert first["macs"] == variants.count_macs("student", 12, 20)
    assert 0 < first["fastest_ms"] <= first["median_ms"] <= first["slowest_ms"]
    assert 0 < second["peak_mib"] < first["peak_mib"]


def test_the_table_and_what_is_wrong():
    run = CliRunner().invoke(app, ["profile", "--sizes=16x16", "--models= student "])
    assert run.exit_code == 0
    assert "279,765 parameters, paper 0.283 M" in run.stdout
    assert "16x16" in run.stdout
    assert lled("profile --sizes 16by16").exit_code == 2
    assert lled("profile --models pupil").exit_code == 1
