"""One photo from standard input or to standard output, for use between programs."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lled_jax import folder, photos
from lled_jax.cli import formats, network
from lled_jax.cli.photo_work import compare
from lled_jax.cli.request import PIPE, Request
from lled_jax.cli.tally import Tally
from lled_jax.errors import InputError
from lled_jax.naming import Task
from lled_jax.photos import Photo

STDIN = "standard input"


def enhance(request: Request, tally: Tally) -> None:
    """Do it and note it in `tally`.

    Raises `InputError` if it cannot be done, with nothing written.
    """
    tally.total = 1
    source = request.inputs[0]
    target = None if request.to_stdout else request.out
    format = formats.photo_format(request.format) if request.format else None
    if target is not None:
        _check(target, format, request.overwrite)
        format = photos.format_of(target)
    name = Path(STDIN) if source == PIPE else source
    # Whatever a library prints must not get into the picture.
    with _own_stdout() as stdout, network.errors_of(name, request.max_memory):
        photo = _read(source)
        enhancer = network.load(request, request.max_memory)
        bright = enhancer.enhance(photo.pixels, request.look)
        photo, bright = compare(photo, bright, request.compare)
        if target is not None:
            photos.write(photo, bright, target, format, request.quality)
            tally.add(Task(source, target, str(source)), "done")
            return
        buffer = io.BytesIO()  # all or nothing
        photos.write(photo, bright, buffer, format, request.quality)
        # Not getbuffer(): after an error Python 3.12 may crash when it clears that.
        _write(stdout, memoryview(buffer.getvalue()))


def _check(target: Path, format: str | None, overwrite: bool) -> None:
    if not formats.names_a_file(target):
        raise InputError(f"{target}: name the photo to write, such as bright.png")
    formats.check_target(target, format)
    if folder.kind(target) and not overwrite:
        raise InputError(f"{target} exists: give --overwrite, or another name with -o")


def _read(source: Path) -> Photo:
    if source != PIPE:
        if formats.is_video(source):
            raise InputError(f"{source}: a video cannot go to standard output")
        return photos.read(source)
    if sys.stdin.isatty():
        raise InputError("standard input is this terminal: give a photo with < FILE")
    return photos.read_bytes(sys.stdin.buffer.read(), STDIN)


def _write(stdout: IO[bytes], data: memoryview) -> None:
    try:
        while data:
            data = data[stdout.write(data) :]
    except OSError as error:
        raise InputError(
            f"cannot write to standard output: {error.strerror}"
        ) from error


@contextlib.contextmanager
def _own_stdout() -> Iterator[IO[bytes]]:
    """Standard output for us alone; what others print goes to stderr meanwhile."""
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # no file, as in a notebook
        yield sys.stdout.buffer
        return
    own = os.dup(descriptor)
    try:
        os.dup2(sys.stderr.fileno(), descriptor)
        # Without a buffer that would be flushed once more after an error.
        with open(own, "wb", buffering=0, closefd=False) as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(own, descriptor)
        os.close(own)
