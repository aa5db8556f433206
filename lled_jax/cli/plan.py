"""From a request to the files to do, before anything is computed."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from lled_jax import folder, naming, photos
from lled_jax.cli import formats
from lled_jax.cli.request import Request
from lled_jax.cli.screen import Screen, shown
from lled_jax.cli.tally import Tally
from lled_jax.errors import InputError
from lled_jax.naming import Task


@dataclasses.dataclass(frozen=True)
class Plan:
    """The tasks; `one` if the request names a single file."""

    tasks: list[Task]
    one: bool


def plan(request: Request, tally: Tally, screen: Screen) -> Plan:
    """Find the files and settle the names of their results.

    Inputs that cannot be read and results that exist are noted in `tally`, and not
    among the tasks.  Raises `InputError` where nothing can be done at all.
    """
    format = formats.photo_format(request.format) if request.format else None
    out = request.out
    one = len(request.inputs) == 1 and _is_file(request.inputs[0])
    exact = (
        out is not None and not request.out_is_folder and formats.names_a_file(out, one)
    )
    found = folder.find(request.inputs, formats.suffixes(), None if exact else out)
    if exact and not one:
        raise InputError(
            f"{out} names one file, but the input may be several: give a folder"
        )
    tally.passed_over = found.passed_over
    for path, reason in found.problems:
        tally.problem(path, reason)
        screen.error(f"error: {shown(path)}: {reason}")
    if exact and found.sources:
        assert out is not None
        tasks = [_exact(found.sources[0].path, out, format)]
    else:
        tasks = naming.plan(
            found.sources,
            out,
            lambda source: formats.result_suffix(source, format),
            request.mark,
            always_mark=request.compare is not None,
        )
    if request.shard:
        tasks = [task for task in tasks if naming.in_shard(task.key, *request.shard)]
    tally.total = len(tasks) + len(found.problems)
    tasks = _without_existing(tasks, one, request, tally)
    if not request.dry_run:
        for place in {task.target.parent for task in tasks}:
            _check_place(place)
    return Plan(tasks, one)


def _check_place(place: Path) -> None:
    """Raise `InputError` if nothing can be written there, before hours of work."""
    there = next((p for p in (place, *place.parents) if folder.kind(p)), None)
    cure = "give another folder with -o"
    if there is not None and folder.kind(there) != "folder":
        raise InputError(f"cannot write to {place}: {there} is a file; {cure}")
    if there is not None and not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"cannot write to {place}: no permission for {there}; {cure}")


def _is_file(path: Path) -> bool:
    return folder.kind(path) in ("file", "other")


def _exact(source: Path, target: Path, format: str | None) -> Task:
    if formats.is_video(source):
        formats.check_video_target(target)
    else:
        formats.check_target(target, format)
    task = Task(source, target, str(source))
    naming.check([task])
    return task


def _without_existing(
    tasks: list[Task], one: bool, request: Request, tally: Tally
) -> list[Task]:
    if request.overwrite:
        return tasks
    left = []
    for task in tasks:
        if folder.kind(task.target) is None:
            left.append(task)
        elif one:
            raise InputError(
                f"{task.target} exists: give --overwrite, or another name with -o"
            )
        else:
            tally.add(task, "exists")
    return left


def listing(plan: Plan, tally: Tally, screen: Screen) -> list[str]:
    """What would be done, a line for each file, for --dry-run; notes it in `tally`."""
    lines = []
    for task in plan.tasks:
        size: Any = "video"
        try:
            if not formats.is_video(task.source):
                height, width = photos.size_of(task.source)
                size = f"{width}x{height}"
        except InputError as error:
            tally.add(task, "failed", str(error))
            screen.error(f"error: {shown(error)}")
            continue
        tally.add(task, "planned")
        lines.append(f"{shown(task.source)}  {size}  ->  {shown(task.target)}")
    return lines
