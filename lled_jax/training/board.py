"""A run's curves and pictures for TensorBoard, each written where it comes up.

tensorboardX's own writer has a thread for that: when the disk fails there, training
waits for it for ever.
"""

import socket
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from tensorboardX import summary
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.record_writer import RecordWriter

from lled_jax.files import explained


class Board:
    """A new file of events in `folder`; from step `first` on it hides those before it.

    Raises `InputError`, as all its methods do, for a place that cannot be written.
    """

    def __init__(self, folder: Path, first: int) -> None:
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
        self._path = folder / name
        with explained(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            self._records = RecordWriter(str(self._path))
        self._write(
            Event(step=first, file_version="brain.Event:2"),
            Event(step=first, session_log=SessionLog(status=SessionLog.START)),
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by their names."""
        summaries = [summary.scalar(name, value) for name, value in values.items()]
        self._write(*(Event(step=step, summary=each) for each in summaries))

    def picture(self, step: int, name: str, image: UInt8[np.ndarray, "h w 3"]) -> None:
        """A picture."""
        shown = summary.image(name, image, dataformats="HWC")
        self._write(Event(step=step, summary=shown))

    def close(self) -> None:
        """End the file."""
        with explained(self._path):
            self._records.close()

    def _write(self, *events: Event) -> None:
        with explained(self._path):
            for event in events:
                event.wall_time = time.time()
                self._records.write(event.SerializeToString())
            self._records.flush()
