"""The run's log: TensorBoard after a resume, the time left, and a disk that is full."""

import struct
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from lled_jax.errors import InputError
from lled_jax.training.records import METRICS, read_metrics
from lled_jax.training.writer import Writer

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def events(path):
    """What an event file of TensorBoard holds: length, checksum, data, checksum."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("Q", data, at)
        yield Event.FromString(data[at + 12 : at + 12 + length])
        at += 16 + length


def shown(files):
    """The steps of "loss" as TensorBoard has them: a start hides its step and later."""
    steps = []
    for event in (event for path in files for event in events(path)):
        if event.session_log.status == SessionLog.START:
            steps = [step for step in steps if step < event.step]
        steps += [event.step for v in event.summary.value if v.tag == "loss"]
    return steps


def log(folder, start, steps):
    """One leg; its TensorBoard file."""
    with closing(Writer(folder, start, 8)) as writer:
        for step in steps:
            writer.scalars(step, {"loss": 1.0 / step})
    (path,) = (folder / "tensorboard").glob("events*")
    # Another leg within the same second would have a file of the same name.
    return path.rename(path.with_name(f"leg{start}"))


def test_a_resumed_run_shows_every_step_once_everywhere(tmp_path):
    # The first leg dies at 7 of 8 steps, the newest checkpoint is that of step 4.
    legs = [log(tmp_path, 0, (2, 4, 6)), log(tmp_path, 4, (6, 8))]
    assert [record["step"] for record in read_metrics(tmp_path)] == [2, 4, 6, 8]
    assert shown(legs) == [2, 4, 6, 8]


def test_the_time_left_knows_which_steps_cost_more(tmp_path, monkeypatch, capsys):
    # From the sixth step on, four times as much: whole images after crops, say.
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with closing(
        Writer(tmp_path, 2, 10, lambda step: step + 3 * max(step - 6, 0))
    ) as w:
        for step, clock[0] in (
            (2, 101.0),
            (4, 108.0),
            (6, 116.0),
            (8, 148.0),
            (10, 180.0),
        ):
            w.scalars(step, {"loss": 1.0})
    left = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert left == ["0:00:00", "0:01:12", "0:01:04", "0:00:32", "0:00:00"]


@needs_full
def test_a_full_disk_is_one_line_that_names_the_log(tmp_path):
    (tmp_path / METRICS).symlink_to(FULL)
    writer = Writer(tmp_path, 0, 8)
    with pytest.raises(InputError) as caught:
        writer.scalars(1, {"loss": 1.0})
    message = f"cannot write {tmp_path / METRICS}: the disk is full: free some space"
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    # What could not be written is still there to be flushed.
    with pytest.raises(InputError, match=r"cannot write .*: the disk is full"):
        writer.close()


@needs_full
def test_a_disk_that_is_full_for_tensorboard_alone_does_not_stop_it_for_ever(tmp_path):
    """What writes in a thread of its own dies there, and who gives it more waits."""
    writer = Writer(tmp_path, 0, 100)
    board = next((tmp_path / "tensorboard").glob("events*"))
    threads = threading.active_count()
    writer._board._records._writer.close()
    writer._board._records._writer = FULL.open("wb")
    for step in range(1, 40):
        with pytest.raises(InputError, match=f"cannot write {board}: the disk is full"):
            writer.scalars(step, {"loss": 1.0})
    with pytest.raises(InputError, match="the disk is full"):
        writer.close()
    assert threading.active_count() == threads


@needs_full
def test_closing_does_not_replace_the_error_under_way(tmp_path):
    (tmp_path / METRICS).symlink_to(FULL)

    def train():
        with closing(Writer(tmp_path, 0, 8)) as writer:
            writer._jsonl.buffer.write(b"what is to be flushed")
            raise InputError("the loss is not finite")

    with pytest.raises(InputError, match="the loss is not finite"):
        train()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/run/.*another folder"):
        Writer(tmp_path / "file" / "run", 0, 8)
