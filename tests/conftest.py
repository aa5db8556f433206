"""Settings that every test runs under: several CPU devices, no silent promotion."""

import os
import sys

# Before JAX starts: several fake devices, so that sharding is always exercised.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# As our code asks for, but here TensorFlow may have started Keras before it.
os.environ["KERAS_BACKEND"] = "jax"

from pathlib import Path

import jax
import numpy as np
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
# As our code does: OpenVINO then sends no reports, for which it would fork.
sys.modules["openvino_telemetry"] = None

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def compiled_quickly():
    """Without most optimisations: for tests that compile longer than they compute.

    Not for all: on large images what is not optimised takes longer than this saves.
    """
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module", autouse=True)
def forget_programs():
    """What a file's tests compiled is of no use to the next, and gigabytes in all."""
    yield
    jax.clear_caches()


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of committed reference values."""
    return GOLDEN


@pytest.fixture(scope="session")
def reference(golden: Path) -> dict[str, np.ndarray]:
    """PyTorch's inputs and values of the losses, by tests/golden's script."""
    with np.load(golden / "losses.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data: LOL pairs, VGG19 weights, RAW files."""
    folder = os.environ.get("LLED_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real data: set LLED_SHARED to its folder")
    return Path(folder)
