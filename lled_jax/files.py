"""Files that appear whole or not at all."""

import contextlib
import csv
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from lled_jax.errors import InputError

# Errors of the place we write to, wherever in the body they come up.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CURES = {
    errno.ENOSPC: "the disk is full: free some space or write elsewhere",
    errno.EDQUOT: "the disk quota is used up: free some space or write elsewhere",
    errno.EFBIG: "the disk or a limit of this shell (ulimit -f) allows no file of "
    "that size: raise the limit or write elsewhere",
    errno.EACCES: "no permission: choose a folder you may write to",
    errno.EPERM: "no permission: choose a folder you may write to",
    errno.EROFS: "the disk is read-only: choose a folder you may write to",
    errno.EISDIR: "it is a folder: name a file",
    errno.ENOTDIR: "a part of its path is a file: choose another folder",
    errno.EEXIST: "a part of its path is a file: choose another folder",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
}


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write to the yielded path; `path` appears, complete, when the block succeeds.

    The yielded path is a new empty file in the same folder (made if missing) with the
    same suffix.  If the block raises, it is removed and `path` is as it was before.
    Raises `InputError`, one line with the path and the cure, when the place cannot be
    written to, is full, or takes no file of that size; the block's other exceptions
    pass.
    """
    path = Path(path)
    with explained(path):
        if not path.name or path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():  # such as /dev/null
            raise InputError(f"cannot write {path}: it is a device or a pipe")
        # Hidden, so that nobody lists a half-written file; random, so that two writers
        # of one path do not meet.  The suffix stays: encoders choose the format by it.
        temporary = path.with_name(f".{secrets.token_hex(6)}.tmp{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
    try:
        with _replacing(path, temporary):
            yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """As `atomic_write`, for a folder: yields a new empty one, which becomes `path`.

    An empty folder at `path` is replaced; anything else there raises `InputError`,
    since a folder may hold what its owner would miss.
    """
    path = Path(path)
    with explained(path):
        if not path.name or path.is_symlink() or (path.exists() and not _empty(path)):
            raise InputError(f"{path} is there already: remove it, or name another")
        temporary = path.with_name(f".{secrets.token_hex(6)}.tmp")
        temporary.mkdir(parents=True)
    try:
        with _replacing(path, temporary):
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


@contextlib.contextmanager
def _replacing(path: Path, temporary: Path) -> Iterator[None]:
    """Let `temporary` become `path` when the block succeeds."""
    with explained(path, only=_FULL):
        yield
    with explained(path):
        temporary.replace(path)


@contextlib.contextmanager
def explained(path: Path, only: Sequence[int] | None = None) -> Iterator[None]:
    """Turn an OSError of writing `path` into an `InputError` (those in `only`)."""
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        reason = _CURES.get(error.errno or 0, error.strerror or str(error))
        raise InputError(f"cannot write {path}: {reason}") from error


def write_json(path: str | os.PathLike[str], data: Any) -> None:
    """Write `data` as indented UTF-8 JSON; NumPy scalars and arrays are welcome.

    A file's name that is no Unicode is escaped, which reads back as the same name.
    Raises `ValueError` for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(
        data, indent=2, ensure_ascii=False, allow_nan=False, default=_plain
    )
    with atomic_write(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")


def write_csv(
    path: str | os.PathLike[str],
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Write a UTF-8 CSV file: the header, then one line per row."""
    with (
        atomic_write(path) as temporary,
        temporary.open(
            "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_png(path: str | os.PathLike[str], image: UInt8[np.ndarray, "h w 3"]) -> None:
    """Write an 8-bit RGB image as PNG, whatever the suffix of `path`."""
    with atomic_write(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")
