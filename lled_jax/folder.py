"""Which files a person means by what they name: files, folders and globs."""

import errno
import glob
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

MARKS = ("_enhanced", "_compare")
"""What the names of our own results end with, before their suffix."""


class Source(NamedTuple):
    """A file to enhance, and the folder it was found in (None: it was named itself)."""

    path: Path
    root: Path | None = None

    @property
    def below(self) -> Path:
        """The path below its folder, or the bare name."""
        return self.path.relative_to(self.root) if self.root else Path(self.path.name)


class Found(NamedTuple):
    """What `find` found.

    Attributes:
        sources: the files, each once, in the order of the inputs and then by name.
        passed_over: how many files of folders are none we read, or results of ours.
        problems: inputs and folders that cannot be read, each with the reason.
    """

    sources: list[Source]
    passed_over: int
    problems: list[tuple[Path, str]]


def find(
    inputs: Sequence[Path], suffixes: Collection[str], leave_out: Path | None = None
) -> Found:
    """The files that `inputs` stand for.

    A folder stands for the files below it that end in one of `suffixes` (lower case).
    Hidden files and folders are passed over, and so are results of ours, files and
    folders, whose original is there or an input as well.  Links to folders are
    followed, each folder once.  An input that is neither file nor folder may be a glob
    (`*`, `?`, `[...]`, `**`).

    Args:
        inputs: files, folders and globs, as typed.
        suffixes: the endings of the files to take from folders, such as ".jpg".
        leave_out: a folder that is not entered, because results go there; named alone
            it is.
    """
    search = _Search(suffixes, leave_out)
    for given in inputs:
        there = kind(given)
        if there == "folder":
            search.named[given] = there
        elif there == "file":
            search.file(given)
        elif there == "other":
            search.problems.append((given, "is neither a file nor a folder"))
        elif glob.has_magic(str(given)):
            search.matches(given)
        else:
            search.problems.append((given, _why_nothing(given)))
    sources: dict[Path, Source] = {}
    for source in search.sources():
        sources.setdefault(source.path.absolute(), source)
    return Found(list(sources.values()), search.passed_over, search.problems)


class _Search:
    def __init__(self, suffixes: Collection[str], leave_out: Path | None) -> None:
        # What the inputs stand for, in their order: "file" or "folder".
        self.named: dict[Path, str] = {}
        self.passed_over = 0
        self.problems: list[tuple[Path, str]] = []
        self._suffixes = suffixes
        self._leave_out = os.path.realpath(leave_out) if leave_out else None

    def file(self, path: Path) -> None:
        if path.suffix.lower() in self._suffixes:
            self.named[path] = "file"
        else:
            what = (
                f"'{path.suffix}' files" if path.suffix else "files without an ending"
            )
            self.problems.append((path, f"cannot read {what}; give a photo or a video"))

    def matches(self, pattern: Path) -> None:
        # Not by pathlib, which has no absolute patterns.
        found = glob.glob(str(pattern), recursive=True)  # noqa: PTH207
        matches = [Path(match) for match in sorted(found)]
        if not matches:
            self.problems.append((pattern, "no file matches; check the pattern"))
        # With ** a folder's files match themselves, and would be taken twice.
        enter = "**" not in pattern.parts
        for path in matches:
            there = kind(path)
            if there == "folder" and enter:
                self.named[path] = there
            elif there == "file":
                if path.suffix.lower() in self._suffixes:
                    self.named[path] = there
                else:
                    self.passed_over += 1

    def sources(self) -> Iterator[Source]:
        """The files named and those below the folders named.

        A shell's * names the results of the last time as well: they are left out.
        """
        files = {_stem(path) for path, what in self.named.items() if what == "file"}
        for path, what in self.named.items():
            if what == "folder":
                if not self._holds_results(path):
                    yield from self._below(path)
            elif _is_result(path, files):
                self.passed_over += 1
            else:
                yield Source(path)

    def _holds_results(self, folder: Path) -> bool:
        if len(self.named) > 1 and os.path.realpath(folder) == self._leave_out:
            return True
        plain = [folder.parent / name for name in _without_mark(folder.name)]
        return any(self.named.get(path) == "folder" for path in plain)

    def _below(self, root: Path) -> Iterator[Source]:
        for folder, names in self._walk(root):
            paths = [folder / name for name in names]
            pictures = [p for p in paths if p.suffix.lower() in self._suffixes]
            originals = {_stem(path) for path in pictures}
            self.passed_over += len(paths) - len(pictures)
            for path in pictures:
                if _is_result(path, originals):
                    self.passed_over += 1
                elif kind(path) == "file":  # no pipe, no broken link
                    yield Source(path, root)

    def _walk(self, root: Path) -> Iterator[tuple[Path, list[str]]]:
        """Folders below `root` with the names of their files, each folder once.

        Links wait until every real folder was visited, so that what is found under
        its real path does not depend on where links to it lie, and loops end.
        """
        seen: set[str] = set()
        waiting = [root]
        while waiting:
            start = waiting.pop(0)
            for folder, folders, names in os.walk(start, onerror=self._unreadable):
                here = Path(folder)
                real = os.path.realpath(here)
                if real in seen or (real == self._leave_out and here != root):
                    folders.clear()
                    continue
                seen.add(real)
                folders[:] = sorted(_visible(folders))
                waiting += [here / f for f in folders if (here / f).is_symlink()]
                yield here, sorted(n for n in names if not n.startswith("."))

    def _unreadable(self, error: OSError) -> None:
        reason = f"cannot list this folder: {error.strerror}"
        self.problems.append((Path(error.filename), reason))


def kind(path: Path) -> str | None:
    """ "folder", "file", "other", or None if there is nothing that we may look at.

    Unlike `Path.exists` it does not raise where a name is too long or a folder above
    is closed to us.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def _why_nothing(path: Path) -> str:
    try:
        path.stat()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return f"{error.strerror}; check the path"
    except ValueError:  # no name for a file
        pass
    return "no such file or folder; check the path"


def _visible(folders: Sequence[str]) -> Iterator[str]:
    """Those not hidden, without our folders of results beside their originals."""
    present = set(folders)
    for name in folders:
        # A folder's name has no suffix to part with: 2024.12.31_enhanced.
        result = any(plain in present for plain in _without_mark(name))
        if not name.startswith(".") and not result:
            yield name


def _stem(path: Path) -> Path:
    return path.parent / path.stem


def _is_result(path: Path, originals: Collection[Path]) -> bool:
    """Whether `path` seems to be our result from one of `originals`, given as stems."""
    return any(path.parent / stem in originals for stem in _without_mark(path.stem))


def _without_mark(name: str) -> set[str]:
    """What `name` was before our mark; nothing if it has none."""
    return {name.removesuffix(mark) for mark in MARKS} - {name, ""}
