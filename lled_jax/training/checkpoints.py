"""Checkpoints of a run: the state, the EMA parameters and the config, by Orbax.

The EMA parameters are an item of their own, so that evaluation reads them without
knowing the optimiser.  Saving is asynchronous; `close` waits for the last one.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp

from lled_jax.arrays import Params
from lled_jax.errors import InputError, first_line
from lled_jax.training.state import TrainState
from lled_jax.weights_file import digest

FOLDER = "checkpoints"
# Beside the keys of the config: by them a changed number is found, which TensorStore
# reads as any other.
DIGESTS = "digests"
# Of a damaged one, the one before is what to go on from.
KEPT = 2
# Parts of a checkpoint are written twice before they are merged.
SPACE = 3


def begun(workdir: Path) -> bool:
    """Whether `workdir` holds a checkpoint; what a crash left of one is none."""
    return any(path.name.isdigit() for path in (workdir / FOLDER).glob("*"))


class Checkpoints:
    """The checkpoints under `workdir`/checkpoints; the newest `KEPT` are held.

    Who only reads says so by `writes=False`, and changes nothing: what is unfinished
    there may be what a training is writing just now.
    """

    def __init__(self, workdir: Path, *, writes: bool = True) -> None:
        self._folder = workdir.resolve() / FOLDER
        options = ocp.CheckpointManagerOptions(
            max_to_keep=KEPT,
            create=writes,
            # A crash while saving leaves a temporary folder; it is no checkpoint.
            cleanup_tmp_directories=writes,
        )
        with self._explained():
            self._manager = ocp.CheckpointManager(
                self._folder, options=options, item_names=("state", "ema", "config")
            )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The first error is the one to tell.
        with suppress(InputError) if kind else nullcontext():
            self.close()

    def latest(self) -> int | None:
        """The step of the newest checkpoint, or None."""
        return self._manager.latest_step()

    def save(self, step: int, state: TrainState, config: dict[str, Any]) -> None:
        """Begin to save the state; the arrays are copied before this returns."""
        if step in self._manager.all_steps():
            return
        self.require_space(state)
        parts = _parts(state)
        digests = {name: digest(part) for name, part in parts.items()}
        items = {name: ocp.args.StandardSave(part) for name, part in parts.items()}
        config = config | {DIGESTS: digests}
        with self._explained():
            self._manager.save(
                step,
                args=ocp.args.Composite(**items, config=ocp.args.JsonSave(config)),
            )

    def restore(self, template: TrainState) -> TrainState:
        """The newest state, laid out as `template`; `InputError` if it is damaged."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, template)
        restored = self._restore(_parts(abstract))
        return TrainState(**restored["state"], ema=restored["ema"])

    def config(self) -> dict[str, Any]:
        """The config that the newest checkpoint was made with."""
        return self._restore({})["config"]

    def ema(self, shapes: Params) -> Params:
        """The newest EMA parameters, of these `shapes`."""
        here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        abstract = jax.tree.map(lambda s: s.update(sharding=here), shapes)
        read = jax.device_get(self._restore({"ema": abstract})["ema"])
        # Anew, and so bound to no device: processes that share a mesh each read them.
        return jax.tree.map(jnp.asarray, read)

    def wait(self) -> None:
        """Return when the last checkpoint is whole on disk."""
        with self._explained():
            self._manager.wait_until_finished()

    def close(self) -> None:
        """Wait until the last checkpoint is whole on disk, and let go of the folder."""
        with self._explained():
            try:
                self._manager.wait_until_finished()
            finally:
                self._manager.close()

    def require_space(self, state: TrainState) -> None:
        """Refuse to begin what will not fit: TensorStore fails with 100 tracebacks."""
        need = SPACE * sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        with self._explained():
            free = shutil.disk_usage(self._folder).free
        if free < need:
            raise InputError(
                f"cannot save a checkpoint in {self._folder}: it needs "
                f"{need / 2**20:.0f} MiB and the disk has {free / 2**20:.0f} MiB left; "
                "free some space and run the same command to resume"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a failed save, this one or the one before, into an `InputError`."""
        try:
            yield
        except (OSError, ValueError) as error:  # TensorStore raises ValueError
            full = "No space left" in str(error) or "quota" in str(error)
            reason = "the disk is full" if full else first_line(error)
            cure = (
                "free some space" if full else "see that the folder can be written to"
            )
            raise InputError(
                f"cannot save a checkpoint in {self._folder}: {reason}; "
                f"{cure} and run the same command to resume"
            ) from error

    def _restore(self, parts: dict[str, Any]) -> Any:
        """These parts of the newest checkpoint, as it was saved, and its config."""
        items = {name: ocp.args.StandardRestore(part) for name, part in parts.items()}
        step = self.latest()
        if step is None:
            raise InputError(f"no checkpoint in {self._folder}; train first")
        try:
            restored = self._manager.restore(
                step, args=ocp.args.Composite(**items, config=ocp.args.JsonRestore())
            )
            # Those of before the digests have none.
            saved = restored["config"].get(DIGESTS, {})
            for name in parts:
                if saved.get(name, now := digest(restored[name])) != now:
                    raise ValueError(f"{name}: not the numbers that were saved")
            return restored
        except Exception as error:
            # Orbax and TensorStore raise many types for a damaged checkpoint.
            raise InputError(
                f"checkpoint {self._folder / str(step)} cannot be read "
                f"({first_line(error)}); "
                "delete that folder to go on from the one before"
            ) from error


def _parts(state: TrainState) -> dict[str, Any]:
    """The items that a state is saved as."""
    rest = {k: v for k, v in state._asdict().items() if k != "ema"}
    return {"state": rest, "ema": state.ema}
