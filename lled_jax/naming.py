"""Where each result goes, settled for all files before the first is touched."""

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lled_jax.errors import InputError
from lled_jax.folder import Source


class Task(NamedTuple):
    """One file to enhance.

    Attributes:
        source: where it is.
        target: where the result goes.
        key: what its shard goes by: the path below the folder it was found in, the same
            wherever that folder lies, or the path as given.
    """

    source: Path
    target: Path
    key: str


def plan(
    sources: Sequence[Source],
    out: Path | None,
    suffix: Callable[[Path], str],
    mark: str,
    always_mark: bool = False,
) -> list[Task]:
    """A task for each source.

    Below `out`, what was found in a folder keeps its place below that folder.  Without
    `out` a file's result lies beside it, named NAME + mark, and a folder's results in
    FOLDER + mark beside the folder.

    Args:
        sources: the files, each once.
        out: the folder of the results.
        suffix: from a source to its result's ending.
        mark: such as "_enhanced".
        always_mark: whether the names carry the mark in other folders, too.

    Raises:
        InputError: two results would have the same name, or a result would take the
            place of an input.
    """
    tasks = []
    for source in sources:
        beside = out is None and source.root is None
        stem = source.path.stem + (mark if beside or always_mark else "")
        name = source.below.with_name(stem + suffix(source.path))
        key = source.path if source.root is None else source.below
        tasks.append(Task(source.path, _folder(source, out, mark) / name, str(key)))
    check(tasks)
    return tasks


def _folder(source: Source, out: Path | None, mark: str) -> Path:
    if out is not None:
        return out
    if source.root is None:
        return source.path.parent
    root = source.root
    if root.name in ("", ".."):  # such as "." and "../.."
        root = root.resolve()
    if not root.name:
        raise InputError(f"{root} has no folder beside it: give one with -o")
    return root.with_name(root.name + mark)


def check(tasks: Sequence[Task]) -> None:
    """Raise `InputError` if a task would destroy another's source or result."""
    ignores_case = cache(_ignores_case)

    def spelled(path: Path) -> str:
        """The same for all spellings of one file."""
        spelling = os.path.normcase(path)
        return spelling.casefold() if ignores_case(_there(path)) else spelling

    sources = {
        spelled(Path(os.path.realpath(task.source))): task.source for task in tasks
    }
    targets: dict[str, Task] = {}
    for task in tasks:
        # The link itself is replaced, not what it points to.
        folder = Path(os.path.realpath(task.target.parent))
        real = spelled(folder / task.target.name)
        first = targets.setdefault(real, task)
        if first is not task:
            neighbours = first.source.parent == task.source.parent
            rename = "rename one of them, or " if neighbours else ""
            raise InputError(
                f"{first.source} and {task.source} would both become {task.target}: "
                f"{rename}enhance them apart, each with a folder of its own by -o"
            )
        if real in sources:
            raise InputError(
                f"{task.target} would take the place of the original "
                f"{sources[real]}: give another folder with -o"
            )


def _there(path: Path) -> Path:
    """The nearest folder above that is there already."""
    there = (folder for folder in path.parents if os.access(folder, os.F_OK))
    return next(there, path.parent)


def _ignores_case(folder: Path) -> bool:
    """Whether the disk of `folder` takes IMG.JPG for img.jpg.

    The card of a camera does, whatever the system.  It is tried on the names there: a
    disk may give each spelling an inode of its own, but lists no file twice.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:  # may not be listed
        names = set()
    for name in names:
        other = name.swapcase()
        if name.isascii() and other != name:
            return other not in names and os.path.lexists(folder / other)
    if os.path.ismount(folder):  # what is above lies on another disk
        return sys.platform == "darwin"
    return _ignores_case(folder.parent)


def in_shard(key: str, index: int, count: int) -> bool:
    """Whether `key` belongs to shard `index` (from 1) of `count`.

    It goes by the key alone, so that other files may come and go meanwhile.
    """
    digest = hashlib.sha256(os.fsencode(key)).digest()
    return int.from_bytes(digest[:8], "big") % count == index - 1
