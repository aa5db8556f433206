"""What a person has downloaded: a folder, or a zip that need not be unpacked."""

import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lled_jax.errors import InputError
from lled_jax.photos.kinds import errors_of

# What macOS and Windows leave beside the files.
_RUBBISH = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Download:
    """The files of a folder or a zip, at any depth.

    Attributes:
        root: the folder or the zip.
        files: each file's path, which begins with the name of `root`, so that it does
            not matter which of a set's folders was named.
        read: the bytes of a file; `InputError` names a damaged one.  Thread-safe.
    """

    root: Path
    files: tuple[PurePosixPath, ...]
    read: Callable[[PurePosixPath], bytes]

    def label(self, file: PurePosixPath) -> str:
        """How a message names a file."""
        return str(self.root.parent / file)


def open_download(path: str | Path) -> Download:
    """The files below `path`: a folder, a zip, or a folder that holds just one zip.

    Hidden files are left out, folders behind symbolic links are not.

    Raises:
        InputError: there is nothing, or the zip is damaged or only half there.
    """
    path = Path(path)
    if path.is_dir():
        archive = _only_zip(path)
        return _of_folder(path) if archive is None else _of_zip(archive, path)
    if not path.exists():
        raise InputError(f"{path}: no such folder or zip; check the path")
    if path.suffix.lower() != ".zip":
        raise InputError(f"{path}: neither a folder nor a .zip; unpack it first")
    return _of_zip(path, None)


def _only_zip(folder: Path) -> Path | None:
    """The zip of a folder whose only other content is text, such as lists of files."""
    visible = [p for p in folder.iterdir() if not p.name.startswith(".")]
    zips = [p for p in visible if p.suffix.lower() == ".zip" and p.is_file()]
    others = [p for p in visible if p not in zips and p.suffix.lower() != ".txt"]
    return zips[0] if len(zips) == 1 and not others else None


def _of_folder(root: Path) -> Download:
    base = root.resolve()
    found = sorted(path for path in _below(base) if path.is_file())
    files = (PurePosixPath(path.relative_to(base.parent)) for path in found)

    def read(file: PurePosixPath) -> bytes:
        try:
            return (base.parent / file).read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError(f"{base.parent / file}: {reason}") from error

    return Download(base, tuple(filter(_wanted, files)), read)


def _below(start: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files below a folder, also behind links to folders.

    `above` are the folders that the links on the way here lie in: a link to one of
    them, or to what holds it, is a loop, and is not followed.
    """
    real = start.resolve()
    if any(folder.is_relative_to(real) for folder in above):
        return
    for name, folders, files in os.walk(start):
        here = Path(name)
        yield from (here / file for file in files)
        for folder in folders:
            if (here / folder).is_symlink():
                yield from _below(here / folder, (*above, here.resolve()))


def _of_zip(archive: Path, folder: Path | None) -> Download:
    """A zip's files and, from the folder it lies in, the texts beside it."""
    try:
        opened = zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{archive}: no whole zip ({error}); download it again"
        ) from error
    except OSError as error:
        raise InputError(f"{archive}: {error.strerror}; check it") from error
    members = {
        PurePosixPath(archive.stem, info.filename): info
        for info in opened.infolist()
        if not info.is_dir()
    }
    beside = {
        PurePosixPath(archive.stem, path.name): path
        for path in (folder or archive.parent).glob("*.txt")
    }

    def read(file: PurePosixPath) -> bytes:
        if file in beside:
            return beside[file].read_bytes()
        with errors_of(archive.parent / file):
            try:
                return opened.read(members[file])
            except zipfile.BadZipFile as error:
                raise ValueError(str(error)) from error

    files = sorted({*members, *beside})
    return Download(archive.resolve(), tuple(filter(_wanted, files)), read)


def _wanted(file: PurePosixPath) -> bool:
    own = file.parts[1:]
    return not any(part.startswith(".") or part in _RUBBISH for part in own)
