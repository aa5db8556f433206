"""The on-device data set gives the very batches of the others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lled_jax.data import memory, on_device, synthetic
from lled_jax.data.order import Order, Stage
from lled_jax.data.pairs import ArrayPairs
from lled_jax.errors import InputError

STAGES = [Stage(0, 32, 4), Stage(3, 48, 2), Stage(5, 0, 2)]


@pytest.fixture(scope="module")
def pairs():
    return synthetic.demo("train").subset(np.arange(6))


def test_batches_equal_those_from_memory(pairs):
    order = Order(3, pairs.sizes, STAGES)
    pixels = jax.tree.map(jnp.asarray, on_device.pixels(pairs))
    gather = jax.jit(on_device.gather, static_argnums=2)
    expected = memory.batches(pairs, order, 1, 8)
    draws = on_device.addresses(order, 1, 8)
    for step, (batch, draw) in enumerate(zip(expected, draws, strict=True), start=1):
        found = gather(pixels, draw, order.stage(step).crop)
        for name in ("low", "high"):
            assert found[name].dtype == jnp.uint8
            np.testing.assert_array_equal(found[name], batch[name])


def test_processes_take_their_rows(pairs):
    order = Order(3, pairs.sizes, STAGES[:1])
    whole = next(on_device.addresses(order, 0, 1))
    parts = [next(on_device.addresses(order, 0, 1, i, 2)) for i in range(2)]
    for name, field in whole.items():
        np.testing.assert_array_equal(
            np.concatenate([part[name] for part in parts]), field
        )


def test_sizes_must_be_one(pairs):
    low = [pairs.low[0], pairs.low[1][:100]]
    high = [pairs.high[0], pairs.high[1][:100]]
    with pytest.raises(InputError, match="images of one size"):
        on_device.pixels(ArrayPairs(["a", "b"], low, high))
