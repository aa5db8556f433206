"""One photo from standard input or to standard output, for use between programs."""

import io
import sys
from pathlib import Path

from lled_jax import folder, photos
from lled_jax.cli import formats, network, stdout
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
        _check(target, format, request)
        format = photos.format_of(target)
    name = Path(STDIN) if source == PIPE else source

    def make(place: Path | io.BytesIO) -> None:
        with network.errors_of(name, request.max_memory):
            photo = _read(source)
            enhancer = network.load(request, request.max_memory)
            bright = enhancer.enhance(photo.pixels, request.look)
            photo, bright = compare(photo, bright, request.compare)
            photos.write(photo, bright, place, format, request.quality)

    if target is not None:
        make(target)
        tally.add(Task(source, target, str(source)), "done")
        return
    # Whatever a library prints must not get into the picture.
    with stdout.own() as place:
        buffer = io.BytesIO()  # all or nothing
        make(buffer)
        # Not getbuffer(): after an error Python 3.12 may crash when it clears that.
        stdout.write(place, buffer.getvalue())


def _check(target: Path, format: str | None, request: Request) -> None:
    if request.out_is_folder or not formats.names_a_file(target, one=True):
        raise InputError(f"{target}: name the photo to write, such as bright.png")
    formats.check_target(target, format)
    if folder.kind(target) and not request.overwrite:
        raise InputError(f"{target} exists: give --overwrite, or another name with -o")


def _read(source: Path) -> Photo:
    if source != PIPE:
        if formats.is_video(source):
            raise InputError(f"{source}: a video cannot go to standard output")
        return photos.read(source)
    if sys.stdin is None:
        raise InputError("standard input is closed: give a photo with < FILE")
    if sys.stdin.isatty():
        raise InputError("standard input is this terminal: give a photo with < FILE")
    return photos.read_bytes(sys.stdin.buffer.read(), STDIN)
