"""Ctrl-C and SIGTERM as an exception, so that what is begun can be ended well."""

import contextlib
import signal
import sys
import types
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LATER = 0.01  # seconds


class Stopped(BaseException):
    """A signal asked us to stop; no error, so nothing that handles those sees it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Within the block the first of the signals raises `Stopped`; the second kills.

    The second does so outside of the block too, to the process's end: the interpreter
    still waits for every thread there, for one as well that was being started when the
    first signal came and that nobody knows of.
    """

    def stop(signum: int, frame: types.FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(signum)

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        with _raised_again():
            yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is stop:  # none has come
                signal.signal(each, handler)


@contextlib.contextmanager
def _raised_again() -> Iterator[None]:
    """Within the block a `Stopped` that Python ignored is raised once more, later.

    It ignores what is raised while it collects garbage; JAX has a callback there.
    """
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return
    ignored, number = sys.unraisablehook, 0

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        nonlocal number
        if isinstance(unraisable.exc_value, Stopped):
            number = unraisable.exc_value.signum
            signal.setitimer(signal.ITIMER_REAL, _LATER)
        else:
            ignored(unraisable)

    def again(signum: int, frame: types.FrameType | None) -> None:
        raise Stopped(number)

    before = signal.signal(signal.SIGALRM, again)
    sys.unraisablehook = hook
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = ignored
        signal.signal(signal.SIGALRM, before)
