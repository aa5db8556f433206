"""Standard output, which may be closed, full, or shared with what libraries print."""

import contextlib
import os
import sys
from collections.abc import Iterator

from lled_jax.errors import InputError
from lled_jax.photos.streams import Stream


def say(text: str) -> None:
    """Write `text` whole; raises `InputError` if that cannot be done."""
    with own() as stdout:
        # A file may be called anything.
        write(stdout, text.encode(sys.stdout.encoding, "backslashreplace"))


def write(stdout: Stream, data: bytes) -> None:
    """Write all of `data` to what `own` gave; raises `InputError` if it cannot be."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[stdout.write(rest) :]
    except OSError as error:
        raise InputError(
            f"cannot write to standard output: {error.strerror}"
        ) from error


@contextlib.contextmanager
def own() -> Iterator[Stream]:
    """Standard output for us alone; what others print goes to stderr meanwhile.

    Raises `InputError` if it is closed.
    """
    if sys.stdout is None:
        raise InputError("standard output is closed: leave >&- out")
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # no file, as in a notebook
        yield sys.stdout.buffer
        return
    own = os.dup(descriptor)
    try:
        if sys.stderr is not None:
            os.dup2(sys.stderr.fileno(), descriptor)
        # Without a buffer that would be flushed once more after an error.
        with open(own, "wb", buffering=0, closefd=False) as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(own, descriptor)
        os.close(own)
