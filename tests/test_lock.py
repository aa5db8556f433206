"""One training at a time in a folder."""

import errno
import fcntl
import re
import subprocess
import sys

import pytest

from lled_jax.errors import InputError
from lled_jax.training.lock import alone_in

HOLD = """
import sys, time
from pathlib import Path
from lled_jax.training.lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def enter(workdir):
    with alone_in(workdir):
        pass


def test_a_second_training_is_refused_until_the_first_is_gone(tmp_path):
    workdir = tmp_path / "runs" / "x"
    command = [sys.executable, "-c", HOLD, str(workdir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        try:
            assert first.stdout.readline() == b"held\n"
            with pytest.raises(
                InputError, match=f"is at work in {re.escape(str(workdir))};"
            ):
                enter(workdir)
            enter(tmp_path / "runs" / "y")
        finally:
            first.kill()  # as a cluster does: nothing of its own is run
    enter(workdir)
    enter(workdir)


def test_an_error_inside_frees_the_folder(tmp_path):
    with pytest.raises(KeyError), alone_in(tmp_path):
        raise KeyError
    enter(tmp_path)


def test_only_the_first_process_of_a_training_holds_it(tmp_path, monkeypatch):
    with alone_in(tmp_path):
        monkeypatch.setattr("jax.process_index", lambda: 1)
        enter(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_no_reason_to_stop(
    tmp_path, monkeypatch, number
):
    def flock(*_):
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    with alone_in(tmp_path):
        enter(tmp_path)


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=r"cannot write to .*file.*; use another"):
            enter(workdir)
