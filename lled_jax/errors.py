"""The errors that are meant for the person at the keyboard."""

import signal


class InputError(ValueError):
    """Something given to us is wrong: a file, a value, a configuration.

    The message is one line that names the offending file or value and the cure.
    The scripts print it as ``error: ...`` and exit with status 1, without a
    traceback; every other exception is a defect of ours and keeps its traceback.
    """


def first_line(error: Exception) -> str:
    """What a library says went wrong, short enough for a line of ours."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]


class Interrupted(Exception):
    """SIGTERM or Ctrl-C came; the state at `step` was handed on to be saved."""

    def __init__(self, step: int, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name} at step {step}")
        self.step, self.signum = step, signum
