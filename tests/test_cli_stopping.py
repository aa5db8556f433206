"""Signals as exceptions, also at a moment when Python ignores those."""

import gc
import signal
import sys
import time

import pytest

from lled_jax.cli.stopping import Stopped, stoppable


@pytest.fixture(autouse=True)
def handlers():
    """A signal that came leaves its own handlers, to the process's end."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_garbage_collection_is_not_lost(number):
    def callback(phase, info):
        gc.callbacks.remove(callback)
        signal.raise_signal(number)

    def work():
        gc.callbacks.append(callback)
        gc.collect()
        time.sleep(20)  # is interrupted

    before = signal.getsignal(signal.SIGALRM), sys.unraisablehook
    with pytest.raises(Stopped) as caught, stoppable():
        work()
    assert caught.value.signum == number
    assert (signal.getsignal(signal.SIGALRM), sys.unraisablehook) == before


def test_without_a_signal_all_is_as_before():
    before = [signal.getsignal(each) for each in signal.valid_signals()]
    with stoppable():
        pass
    assert [signal.getsignal(each) for each in signal.valid_signals()] == before
