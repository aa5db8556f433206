"""One training at a time in a folder."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
from filelock import FileLock, Timeout

from lled_jax.errors import InputError

FILE = ".lock"
# What a file system without locks answers, as Lustre mounted without them.
_NONE = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def alone_in(workdir: Path) -> Iterator[None]:
    """Hold `workdir` against other trainings; of several processes the first does.

    A second one would take the checkpoint that the first is writing for what a crash
    left, and remove it.  The lock goes with its process, however that ends; where the
    file system has none, nothing is held.  Raises `InputError` if another training
    holds it, or if the folder cannot be written to.
    """
    lock = FileLock(workdir / FILE, fallback_to_soft=False)
    if jax.process_index() == 0:
        try:
            workdir.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout as error:
            raise InputError(
                f"another training is at work in {workdir}; stop it, or use another "
                "--workdir"
            ) from error
        except OSError as error:
            if error.errno not in _NONE:
                raise InputError(
                    f"cannot write to {workdir}: {error.strerror}; use another "
                    "--workdir"
                ) from error
    try:
        yield
    finally:
        lock.release()
