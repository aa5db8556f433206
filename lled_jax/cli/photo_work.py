"""The photos of a request, through `lled_jax.batch`."""

import dataclasses
import os
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lled_jax import batch, photos
from lled_jax.before_after import compared
from lled_jax.cli import formats, network
from lled_jax.cli.request import Request
from lled_jax.cli.screen import Screen, shown
from lled_jax.cli.tally import Tally
from lled_jax.errors import InputError
from lled_jax.naming import Task
from lled_jax.photos import Photo
from lled_jax.pretrained import Enhancer

SHARE = 8
"""This part of the allowed memory is for photos that wait for something."""

# By the ending: the photo, the result, and what reading or writing needs besides.
BYTES_PER_PIXEL = {"RAW": 36, "TIFF": 24}  # as if all were 16 bit
USUAL_BYTES_PER_PIXEL = 10


def enhance(
    tasks: Sequence[Task],
    enhancer: Enhancer,
    request: Request,
    budget: int,
    tally: Tally,
    screen: Screen,
) -> None:
    """Enhance all, note each in `tally`; `budget` as in `lled_jax.batch.run`.

    Raises `InputError` if the disk is full or read-only.
    """

    def report(task: Task, error: Exception | None) -> None:
        settle(task, error, tally, screen)

    def read(task: Task) -> Photo:
        with network.errors_of(task.source, request.max_memory):
            return photos.read(task.source)

    def brighten(task: Task, photo: Photo) -> np.ndarray:
        with network.errors_of(task.source, request.max_memory):
            return enhancer.enhance(photo.pixels, request.look)

    def write(task: Task, photo: Photo, bright: np.ndarray) -> None:
        with network.errors_of(task.source, request.max_memory):
            photo, bright = compare(photo, bright, request.compare)
            format = photos.format_of(task.target)
            photos.write(photo, bright, task.target, format, request.quality)
        if request.keep_times:
            keep_times(task.source, task.target)

    steps = batch.Steps(cost=_cost, read=read, enhance=brighten, write=write)
    batch.run(tasks, steps, report, request.jobs, budget)


def _cost(task: Task) -> int:
    try:
        height, width = photos.size_of(task.source)
    except InputError:  # it will be said when the photo is read
        return 0
    kind = formats.FORMAT_OF[task.source.suffix.lower()]
    return height * width * BYTES_PER_PIXEL.get(kind, USUAL_BYTES_PER_PIXEL)


def compare(
    photo: Photo, bright: np.ndarray, way: str | None
) -> tuple[Photo, np.ndarray]:
    """The photo and the pixels to write: the bright ones, or both in one picture."""
    if way is None:
        return photo, bright
    pixels = compared(photo.pixels, bright, way)
    alpha = photo.alpha
    if alpha is not None:
        alpha = compared(alpha, alpha, way)
    return dataclasses.replace(photo, pixels=pixels, alpha=alpha), pixels


def keep_times(source: Path, target: Path) -> None:
    """Give `target` the times of `source`; `InputError` if it cannot have them."""
    try:
        status = source.stat()
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    except OSError as error:
        raise InputError(
            f"{target} is written, but without the times of {source} "
            f"({error.strerror}): leave --keep-times out"
        ) from error


def settle(task: Task, error: Exception | None, tally: Tally, screen: Screen) -> None:
    """Note and tell the end of a task; a defect of ours shows its traceback."""
    if error is None:
        tally.add(task, "done")
    else:
        reason = str(error)
        if not isinstance(error, InputError):
            reason = f"{task.source}: {type(error).__name__}: {error}"
            for line in traceback.format_exception(error):
                screen.error(line.rstrip())
        tally.add(task, "failed", reason)
        screen.error(f"error: {shown(reason)}")
    screen.file_done()
