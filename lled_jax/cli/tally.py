"""Which files came to which end, and how that is told."""

import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from lled_jax.cli.screen import shown
from lled_jax.naming import Task

NAMED = 10
"""So many names of failed files the summary repeats; all have had their line."""


class Entry(NamedTuple):
    """The end of one file: "done", "failed", "exists" (skipped) or "planned"."""

    source: Path
    target: Path | None
    status: str
    reason: str | None = None


class Tally:
    """Counts and names; `total` is how many files there are to do."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.total = 0
        self.passed_over = 0
        self.stopped: str | None = None
        self.error: str | None = None
        self._started = time.monotonic()

    def add(self, task: Task, status: str, reason: str | None = None) -> None:
        """Note the end of a task."""
        self.entries.append(Entry(task.source, task.target, status, reason))

    def problem(self, source: Path, reason: str) -> None:
        """Note an input that did not become a task."""
        self.entries.append(Entry(source, None, "failed", reason))

    def count(self, status: str) -> int:
        """How many files came to this end."""
        return Counter(entry.status for entry in self.entries)[status]

    def text(self) -> str:
        """The summary, one line, and one more with the names of what failed."""
        seconds = time.monotonic() - self._started
        done = self.count("done")
        speed = f" ({done / seconds:.1f} files/s)" if done > 1 else ""
        parts = [f"{done} of {self.total} enhanced in {_duration(seconds)}{speed}"]
        others = {
            "failed": self.count("failed"),
            "skipped (results exist)": self.count("exists"),
            "passed over": self.passed_over,
        }
        parts += [f"{number} {what}" for what, number in others.items() if number]
        lines = ["; ".join(parts)]
        failed = [shown(e.source) for e in self.entries if e.status == "failed"]
        if failed:
            more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
            lines.append(f"failed: {', '.join(failed[:NAMED])}{more}")
        return "\n".join(lines)

    def json(self, exit_status: int) -> dict[str, Any]:
        """The same for a program."""
        return {
            "exit_status": exit_status,
            "stopped": self.stopped,
            "error": self.error,
            "files": self.total,
            "done": self.count("done"),
            "planned": self.count("planned"),
            "failed": self.count("failed"),
            "skipped": self.count("exists"),
            "passed_over": self.passed_over,
            "seconds": round(time.monotonic() - self._started, 3),
            "entries": [
                {
                    "input": str(entry.source),
                    "output": None if entry.target is None else str(entry.target),
                    "status": entry.status,
                    "reason": entry.reason,
                }
                for entry in self.entries
            ],
        }


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
