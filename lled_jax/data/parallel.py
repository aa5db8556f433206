"""Threads, for work that is decoding."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def cores() -> int:
    """Cores that this process may use: those of the job, not of the whole machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Decoding releases the interpreter lock; a few more threads than cores hide the disk.
THREADS = min(32, cores() + 4)


def parallel_map(function: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """[function(item) for item in items], with threads: for work that is decoding."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))
