"""Libraries that talk on standard error, made silent unless they fail."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent() -> Iterator[None]:
    """Hold back what the block prints on standard error; show it if the block raises.

    Also what C++ prints there, which TensorFlow does at any log level.  Python's
    warnings are dropped.
    """
    if sys.stderr is None:  # closed by who started us
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as said, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(said.fileno(), 2)
            try:
                yield
            except BaseException:
                _restore(kept)
                said.seek(0)
                os.write(2, said.read())
                raise
            finally:
                _restore(kept)
    finally:
        os.close(kept)


def _restore(kept: int) -> None:
    sys.stderr.flush()
    os.dup2(kept, 2)
