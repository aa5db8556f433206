"""How arrays lie on the devices: batches split, everything else whole on each.

And how the processes of a run agree.  A process alone agrees with itself at no cost.
"""

from collections import Counter, deque
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from lled_jax.errors import InputError


def make_mesh() -> Mesh:
    """All devices of all processes on one axis, `data`.

    Raises `InputError` if the processes have different numbers of devices: each reads
    the same share of a batch.
    """
    counts = Counter(device.process_index for device in jax.devices())
    if len(set(counts.values())) > 1:
        raise InputError(
            f"the processes have {[counts[i] for i in sorted(counts)]} devices; give "
            "each the same number (CUDA_VISIBLE_DEVICES)"
        )
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


class Agreement:
    """One number for all processes, step after step: the largest that any proposed.

    All processes must ask at the same steps; all get the same answer.  With several
    it is the answer of `lag` calls ago, so that nobody waits for a device.
    """

    def __init__(self, mesh: Mesh, lag: int) -> None:
        self._lag, self._rows = lag, len(mesh.local_devices)
        self._split = batch_sharding(mesh)
        self._largest = jax.jit(jnp.max, out_shardings=replicated(mesh))
        self._pending: deque[Array] = deque()

    def on(self, number: int) -> int:
        """Propose `number` (not negative); 0 as long as there is no answer."""
        if jax.process_count() == 1:
            return number
        rows = {"number": np.full(self._rows, number, np.int32)}
        self._pending.append(self._largest(put_batch(rows, self._split)["number"]))
        if len(self._pending) <= self._lag:
            return 0
        return int(self._pending.popleft())

    def settle(self, number: int) -> int:
        """Propose a last `number`; the largest that there has been no answer about."""
        if jax.process_count() == 1:
            return number
        self.on(number)
        return max(int(answer) for answer in self._pending)


def total(numbers: np.ndarray) -> np.ndarray:
    """The sum over all processes of each of `numbers`, to float32's precision."""
    if jax.process_count() == 1:
        return numbers
    return np.asarray(multihost_utils.process_allgather(numbers)).sum(axis=0)


def wait_for_all(reason: str) -> None:
    """Return when every process has come here, with the same `reason`."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(reason)
