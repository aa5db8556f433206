"""Checkpoints of a run: the state, the EMA parameters and the config, by Orbax.

The EMA parameters are an item of their own, so that evaluation reads them without
knowing the optimiser.  Saving is asynchronous; `close` waits for the last one.
"""

from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import orbax.checkpoint as ocp

from lled_jax.arrays import Params
from lled_jax.errors import InputError
from lled_jax.training.state import TrainState

FOLDER = "checkpoints"


class Checkpoints:
    """The checkpoints under `workdir`/checkpoints; the newest `keep` are held."""

    def __init__(self, workdir: Path, *, keep: int = 2) -> None:
        self._folder = workdir.resolve() / FOLDER
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep,
            create=True,
            # A crash while saving leaves a temporary folder; it is no checkpoint.
            cleanup_tmp_directories=True,
        )
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
        self.close()

    def latest(self) -> int | None:
        """The step of the newest checkpoint, or None."""
        return self._manager.latest_step()

    def save(self, step: int, state: TrainState, config: dict[str, Any]) -> None:
        """Begin to save the state; the arrays are copied before this returns."""
        if step in self._manager.all_steps():
            return
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(_without_ema(state)),
            ema=ocp.args.StandardSave(state.ema),
            config=ocp.args.JsonSave(config),
        )
        try:
            self._manager.save(step, args=items)
        except OSError as error:
            raise InputError(
                f"cannot save a checkpoint in {self._folder}: {error}; "
                "free some space and run the same command to resume"
            ) from error

    def restore(self, template: TrainState) -> TrainState:
        """The newest state, laid out as `template`; `InputError` if it is damaged."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, template)
        items = ocp.args.Composite(
            state=ocp.args.StandardRestore(_without_ema(abstract)),
            ema=ocp.args.StandardRestore(abstract.ema),
        )
        restored = self._restore(items)
        return TrainState(**restored.state, ema=restored.ema)

    def config(self) -> dict[str, Any]:
        """The config that the newest checkpoint was made with."""
        items = ocp.args.Composite(config=ocp.args.JsonRestore())
        return self._restore(items).config

    def ema(self, template: Params) -> Params:
        """The newest EMA parameters, on the device of `template`'s layout."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, template)
        items = ocp.args.Composite(ema=ocp.args.StandardRestore(abstract))
        return self._restore(items).ema

    def close(self) -> None:
        """Wait until the last checkpoint is whole on disk."""
        try:
            self._manager.wait_until_finished()
        except OSError as error:
            raise InputError(
                f"cannot save a checkpoint in {self._folder}: {error}; "
                "free some space and run the same command to resume"
            ) from error
        finally:
            self._manager.close()

    def _restore(self, items: ocp.args.Composite) -> Any:
        step = self.latest()
        if step is None:
            raise InputError(f"no checkpoint in {self._folder}; train first")
        try:
            return self._manager.restore(step, args=items)
        except Exception as error:
            # Orbax and TensorStore raise many types for a damaged checkpoint.
            reason = str(error).strip().splitlines()[0][:200]
            raise InputError(
                f"checkpoint {self._folder / str(step)} cannot be read ({reason}); "
                "delete that folder to go on from the one before"
            ) from error


def _without_ema(state: TrainState) -> dict[str, Any]:
    return {k: v for k, v in state._asdict().items() if k != "ema"}
