"""`lled prepare` at work: survey, convert, tell how it went."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from lled_jax.cli.process import exit_status
from lled_jax.cli.stopping import Stopped, stoppable
from lled_jax.data import sources
from lled_jax.data.published import conversion, fivek, lol, sid
from lled_jax.data.published.download import Download, open_download
from lled_jax.data.published.survey import Survey, require
from lled_jax.errors import InputError


class Task(NamedTuple):
    """What the command line asks for.

    Attributes:
        key: a name of `facts.PUBLISHED`.
        options: of the set, for its survey.
        config: of the TFDS builder; "" for its only one.
    """

    key: str
    src: Path
    dest: Path | None
    partial: bool
    jobs: int
    options: dict[str, Any]
    config: str


def status(command: Callable[[Task], None], task: Task) -> int:
    """Run it; 0, 1 after an error, or 128 + the number of the signal that came."""
    try:
        with stoppable():
            return exit_status(lambda: command(task))
    except Stopped as stopped:
        # TFDS begins anew: it writes a set whole or not at all.
        again = "begins anew" if command is to_tfds else "goes on"
        print(f"stopped by {stopped}; the same command {again}", file=sys.stderr)
        return 128 + stopped.signum


def survey(task: Task) -> Survey:
    """What the download holds."""
    download: Download = open_download(task.src)
    if task.key == "fivek":
        return fivek.survey(download, **task.options)
    if task.key == "sid_sony":
        return sid.survey(download, sid.Options(**task.options))
    return lol.survey(task.key, download)


def check(task: Task) -> None:
    """List what is there and everything that is missing; nothing is written."""
    found = survey(task)
    counts = found.counts()
    for split, count in counts.items():
        print(f"{split}: {count} of {found.expected[split]} pairs")
    for line in found.missing:
        print(f"missing: {line}")
    if task.dest is not None and task.dest.exists():
        conversion.claim_is_possible(found, task.dest)
        whole = conversion.whole_pairs(found, task.dest)
        print(f"{task.dest}: {whole} of {sum(counts.values())} pairs converted")
    require(found, partial=task.partial)


def to_folder(task: Task) -> None:
    """Convert into DEST, and read that as training will."""
    assert task.dest is not None
    found = survey(task)
    require(found, partial=task.partial)
    with _progress() as progress:
        bar = progress.add_task("converting", total=len(found.originals))
        failures = conversion.convert(
            found, task.dest, task.jobs, lambda _: progress.advance(bar)
        )
    for message in failures:
        print(f"left out: {message}", file=sys.stderr)
    if failures and not task.partial:
        raise InputError(
            f"{len(failures)} of {len(found.originals)} pairs could not be converted; "
            "mend them and run it again, or go on without them with --partial"
        )
    _tell(found, task.dest)


def to_tfds(task: Task) -> None:
    """Prepare the TFDS set; `InputError` where that library is not installed."""
    try:
        from lled_jax.data.builders import reading
    except ModuleNotFoundError as error:
        raise InputError(
            f"--tfds needs {error.name}: pip install 'lled-jax[train]'"
        ) from error
    spec = "/".join(filter(None, (task.key, task.config)))
    made, is_new = reading.prepare(
        spec, task.src, task.dest, partial=task.partial, jobs=task.jobs
    )
    if not is_new:
        print(f"already there; to make it anew delete {made.data_path}")
    for message in made.info.metadata["left_out"]:
        print(f"left out: {message}", file=sys.stderr)
    counts = {name: split.num_examples for name, split in made.info.splits.items()}
    _print_counts(counts)
    print(f"{made.data_path}: use it as tfds:{spec}")


def _tell(found: Survey, dest: Path) -> None:
    """What DEST holds, after opening it; packed planes are not for training."""
    if found.settings.get("rendition") == "packed":
        print(f"{dest}: {len(found.originals)} pairs of packed planes, for export")
        return
    counts = {}
    for split, count in found.counts().items():
        if count and split in sources.SPLIT_FOLDERS:
            counts[split] = len(sources.paired_folder(dest, split))
        elif count:
            folder = dest / split
            counts[split] = len(sources.folder_pairs(folder / "low", folder / "high"))
    _print_counts(counts)
    print(f"{dest}: ready")


def _print_counts(counts: dict[str, int]) -> None:
    print(", ".join(f"{split}: {count} pairs" for split, count in counts.items()))


def _progress() -> Progress:
    """A bar on stderr, on a terminal only."""
    console = Console(stderr=True, highlight=False)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        expand=True,
        disable=not console.is_terminal,
    )
