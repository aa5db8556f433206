"""Ctrl-C and SIGTERM as an exception, so that what is begun can be ended well."""

import contextlib
import signal
import types
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is stop:  # none has come
                signal.signal(each, handler)
