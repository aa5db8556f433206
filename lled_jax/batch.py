"""Many photos through one network: decoding and encoding overlap with it."""

import errno
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# Of each thread's photos one may be read, one wait and one be written.
IN_FLIGHT_PER_THREAD = 3
# The place we write to is of no use any more, for no photo.
_FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Steps(Generic[T]):
    """What happens to one photo.

    `read` and `write` are called by several threads at once, the others by the thread
    that called `run`.

    Attributes:
        cost: bytes of memory that the photo takes from reading to writing.
        read: from the task to the decoded photo.
        enhance: (task, photo) to the result.
        write: (task, photo, result) to the disk.
    """

    cost: Callable[[T], int]
    read: Callable[[T], Any]
    enhance: Callable[[T, Any], Any]
    write: Callable[[T, Any, Any], None]


@dataclass(frozen=True, eq=False)
class _Flying(Generic[T]):
    task: T
    cost: int
    future: Future


def run(
    tasks: Iterable[T],
    steps: Steps[T],
    report: Callable[[T, Exception | None], None],
    threads: int = 2,
    budget: int = 256 * 2**20,
) -> None:
    """Read, enhance and write all; `report` each with None or what it raised.

    The photos that are being read, wait or are being written cost `budget` bytes
    together, or there is only one.  If the calling thread is interrupted, or `enhance`
    raises no `Exception` but a `BaseException`, the files being written are finished
    and reported first, and nothing else is begun.

    Raises:
        Exception: as a step raised it, if the disk is full or read-only: it would be
            the same for the photos to come.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="photos")
    line = _Line(iter(tasks), steps, report, pool, threads, budget)
    try:
        while line.refill():
            line.advance()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        line.reap(last=True)


class _Line(Generic[T]):
    """The photos in flight: `reading` in order, then the network, then `writing`."""

    def __init__(
        self,
        tasks: Iterator[T],
        steps: Steps[T],
        report: Callable[[T, Exception | None], None],
        pool: ThreadPoolExecutor,
        threads: int,
        budget: int,
    ) -> None:
        self.tasks, self.steps, self.report = tasks, steps, report
        self.pool, self.budget = pool, budget
        self.most = IN_FLIGHT_PER_THREAD * threads
        self.reading: deque[_Flying[T]] = deque()
        self.writing: list[_Flying[T]] = []
        self.next: tuple[T, int] | None = None
        self.draw()

    def draw(self) -> None:
        task = next(self.tasks, None)
        self.next = None if task is None else (task, self.steps.cost(task))

    def refill(self) -> bool:
        """Start reading what there is room for; False when all is done."""
        while self.next is not None and self.room(self.next[1]):
            task, cost = self.next
            future = self.pool.submit(self.steps.read, task)
            self.reading.append(_Flying(task, cost, future))
            self.draw()
        return bool(self.reading or self.writing)

    def room(self, cost: int) -> bool:
        flying = [*self.reading, *self.writing]
        full = sum(f.cost for f in flying) + cost > self.budget
        return not flying or (len(flying) < self.most and not full)

    def advance(self) -> None:
        """Bring the next photo through the network, or wait for one to be written."""
        if not self.reading:
            wait([f.future for f in self.writing], return_when=FIRST_COMPLETED)
            return self.reap()
        flying = self.reading.popleft()
        task = flying.task
        try:
            photo = flying.future.result()
            result = self.steps.enhance(task, photo)
        except Exception as error:
            self.settle(task, error)
        else:
            written = self.pool.submit(self.steps.write, task, photo, result)
            self.writing.append(_Flying(task, flying.cost, written))
        self.reap()

    def reap(self, last: bool = False) -> None:
        """Report what has been written; the `last` time raise nothing."""
        fatal_errors = []
        for flying in [f for f in self.writing if f.future.done()]:
            self.writing.remove(flying)
            if not flying.future.cancelled():
                try:
                    self.settle(flying.task, flying.future.exception())
                except Exception as error:
                    fatal_errors.append(error)
        if fatal_errors and not last:
            raise fatal_errors[0]

    def settle(self, task: T, error: BaseException | None) -> None:
        """Report the end of a photo; raises `error` if it is the end of all."""
        if error is not None and (not isinstance(error, Exception) or fatal(error)):
            raise error
        self.report(task, error)


def fatal(error: BaseException) -> bool:
    """Whether the disk is full or read-only."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, OSError) and reason.errno in _FATAL:
            return True
        reason = reason.__cause__
    return False
