"""The lines of a run's log, for whoever reads it: no library is needed."""

import json
from pathlib import Path

METRICS = "metrics.jsonl"

# A line of METRICS: the step is an int, the rest floats, null where not finite.
Record = dict[str, int | float | None]


def read_metrics(workdir: Path) -> list[Record]:
    """All records of a run, in order; a half-written last line is left out."""
    path = workdir / METRICS
    if not path.is_file():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the process died while writing this line
        if isinstance(record, dict):
            records.append(record)
    return records
