"""A video of a request."""

import numpy as np

from lled_jax import batch, video
from lled_jax.before_after import compared
from lled_jax.cli import network, photo_work
from lled_jax.cli.request import Request
from lled_jax.cli.screen import Screen, shown
from lled_jax.cli.tally import Tally
from lled_jax.errors import InputError
from lled_jax.naming import Task
from lled_jax.pretrained import Enhancer


def enhance(
    task: Task, enhancer: Enhancer, request: Request, tally: Tally, screen: Screen
) -> None:
    """Enhance one and note it in `tally`.

    Raises `InputError` if the disk is full or read-only.
    """
    error = None
    try:
        with network.errors_of(task.source, request.max_memory):
            _enhance(task, enhancer, request, screen)
    except Exception as raised:
        if batch.fatal(raised):
            raise
        error = raised
    finally:
        screen.video_done()
    photo_work.settle(task, error, tally, screen)


def _enhance(task: Task, enhancer: Enhancer, request: Request, screen: Screen) -> None:
    if request.compare == "side":
        raise InputError("a video cannot become twice as wide: give --compare split")
    brighten = enhancer.frames(request.look)

    def frame(before: np.ndarray) -> np.ndarray:
        after = brighten(before)
        return compared(before, after, "split") if request.compare else after

    def progress(done: int, total: int | None) -> None:
        screen.frames(task.source, done, total)

    # Whether it may exist was asked when everything was planned.
    result = video.enhance_video(
        task.source, task.target, frame, progress, overwrite=request.overwrite
    )
    if request.keep_times:
        photo_work.keep_times(task.source, task.target)
    for note in result.notes:
        screen.line(shown(f"{task.source}: {note}"))
