"""How arrays lie on the devices: batches split, everything else whole on each."""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from lled_jax.errors import InputError


def make_mesh() -> Mesh:
    """All devices of all processes on one axis, `data`."""
    return jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """The first axis over the devices."""
    return NamedSharding(mesh, PartitionSpec("data"))


def replicated(mesh: Mesh) -> NamedSharding:
    """A whole copy on each device."""
    return NamedSharding(mesh, PartitionSpec())


def check_batch(batch: int, mesh: Mesh) -> None:
    """Raise `InputError` if a global batch cannot be split evenly."""
    if batch % mesh.size:
        raise InputError(
            f"batch {batch} does not divide over {mesh.size} devices; "
            f"use a multiple of {mesh.size}"
        )


def put_batch(batch: dict[str, np.ndarray], sharding: NamedSharding) -> Any:
    """This process's rows -> the global sharded batch."""
    return {
        name: jax.make_array_from_process_local_data(sharding, rows)
        for name, rows in batch.items()
    }
