"""Photos on their way through the network: order, bounds, failures, interruption."""

import errno
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lled_jax.batch import IN_FLIGHT_PER_THREAD, Steps, fatal, run
from lled_jax.errors import InputError


class Recorder:
    """Steps that note what happens, and fail where told to."""

    def __init__(self, failing=None, costs=None):
        self.failing, self.costs = failing or {}, costs or {}
        self.lock = threading.Lock()
        self.flying, self.most, self.most_cost = set(), 0, 0
        self.events, self.reports, self.written = [], [], []

    def _step(self, name, task):
        with self.lock:
            self.events.append((name, task))
        error = self.failing.get((name, task))
        if error is not None:
            raise error

    def cost(self, task):
        return self.costs.get(task, 1)

    def read(self, task):
        with self.lock:
            self.flying.add(task)
            self.most = max(self.most, len(self.flying))
            cost = sum(self.cost(t) for t in self.flying)
            self.most_cost = max(self.most_cost, cost)
        self._step("read", task)
        return f"photo {task}"

    def enhance(self, task, photo):
        assert photo == f"photo {task}"
        assert threading.current_thread() is threading.main_thread()
        self._step("enhance", task)
        return f"bright {task}"

    def write(self, task, photo, result):
        assert (photo, result) == (f"photo {task}", f"bright {task}")
        self._step("write", task)
        self.written.append(task)

    def report(self, task, error):
        assert threading.current_thread() is threading.main_thread()
        self.flying.discard(task)
        self.reports.append((task, error))

    def run(self, tasks, **options):
        steps = Steps(self.cost, self.read, self.enhance, self.write)
        run(tasks, steps, self.report, **options)


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(st.integers(0, 30), st.integers(0, 12)),
    st.integers(1, 4),
    st.integers(1, 30),
    st.data(),
)
def test_every_photo_comes_to_its_end_within_the_bounds(costs, threads, budget, data):
    tasks = list(costs)
    steps = st.sampled_from(["read", "enhance", "write"])
    bad = data.draw(st.dictionaries(st.sampled_from(tasks), steps)) if tasks else {}
    failing = {(step, task): InputError(f"{task} bad") for task, step in bad.items()}
    recorder = Recorder(failing, costs)
    recorder.run(tasks, threads=threads, budget=budget)
    assert Counter(task for task, _ in recorder.reports) == Counter(tasks)
    assert {task for task, error in recorder.reports if error} == set(bad)
    assert sorted(recorder.written) == sorted(set(tasks) - set(bad))
    order = [task for step, task in recorder.events if step == "enhance"]
    assert order == [task for task in tasks if bad.get(task) != "read"]
    assert recorder.most <= IN_FLIGHT_PER_THREAD * threads
    assert recorder.most_cost <= max(budget, *costs.values(), 0)


def test_reading_and_writing_overlap_with_the_network():
    """The network waits until its neighbours are read and written: no deadlock."""
    both = threading.Event()

    class Overlapping(Recorder):
        def read(self, task):
            if task == 2:
                both.set()
            return super().read(task)

        def enhance(self, task, photo):
            assert task != 1 or both.wait(20), "photo 2 was not read meanwhile"
            return super().enhance(task, photo)

    recorder = Overlapping()
    recorder.run([0, 1, 2], threads=2)
    assert len(recorder.written) == 3


def full(number):
    cause = OSError(number, "no space")
    error = InputError("cannot write: the disk is full")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_stops_everything(number):
    recorder = Recorder({("write", n): full(number) for n in range(3, 1000)})
    with pytest.raises(InputError, match="disk is full"):
        recorder.run(range(1000), threads=2)
    assert sorted(task for task, _ in recorder.reports) == [0, 1, 2]
    assert len(recorder.events) < 60


def test_what_is_fatal():
    assert fatal(full(errno.ENOSPC))
    assert not fatal(full(errno.EACCES))
    assert not fatal(full(errno.EFBIG))  # a smaller photo may fit
    assert not fatal(ValueError("no"))


class Stop(BaseException):
    pass


def test_when_interrupted_the_files_being_written_are_finished():
    begun, go_on = threading.Event(), threading.Event()

    class Interrupted(Recorder):
        def write(self, task, photo, result):
            begun.set()
            assert go_on.wait(20)
            super().write(task, photo, result)

        def enhance(self, task, photo):
            if task == 1:
                assert begun.wait(20)
                threading.Timer(0.05, go_on.set).start()
                raise Stop
            return super().enhance(task, photo)

    recorder = Interrupted()
    with pytest.raises(Stop):
        recorder.run(range(100), threads=2)
    assert recorder.written == [0]
    assert recorder.reports == [(0, None)]
    assert len(recorder.events) < 20


def test_a_defect_of_one_photo_is_reported_like_any_other():
    recorder = Recorder({("write", 1): KeyError("defect")})
    recorder.run(range(3))
    assert [type(error) for _, error in sorted(recorder.reports)] == [
        *(type(None), KeyError, type(None))
    ]


def test_when_interrupted_nothing_else_is_begun():
    begun, go_on = threading.Event(), threading.Event()

    class Interrupted(Recorder):
        def read(self, task):
            if task == 2:
                begun.set()
                assert go_on.wait(20)
            return super().read(task)

        def enhance(self, task, photo):
            if task == 1:
                assert begun.wait(20)
                threading.Timer(0.05, go_on.set).start()
                raise Stop
            return super().enhance(task, photo)

    recorder = Interrupted()
    with pytest.raises(Stop):
        recorder.run(range(100), threads=1)
    # The writing of 0 was waiting for its turn behind the reading of 2.
    assert [task for step, task in recorder.events if step == "read"] == [0, 1, 2]
    assert recorder.reports == []
