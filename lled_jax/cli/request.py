"""What a person asked `lled enhance` for."""

from pathlib import Path
from typing import NamedTuple

from lled_jax.look import Look

PIPE = Path("-")
"""As an input standard input, as --out standard output."""


class Request(NamedTuple):
    """The options of `lled enhance`, read and checked.

    Attributes:
        inputs: files, folders, globs, or `PIPE` alone.
        out: a folder, a file, `PIPE`, or None for beside the input.
        out_is_folder: whether `out` was given with a slash at its end.
        look: how it shall look.
        compare: "side", "split" or None.
        format: of the photos written, as Pillow calls it, or None for the input's.
        quality: 1 to 100, of lossy formats.
        overwrite: whether to replace results that exist.
        keep_times: whether results get the input's times.
        model: one of the package's networks, or None.
        ckpt: weights of one's own, or None.
        backend: as `lled_jax.load` takes it.
        device: a platform of JAX, or None for its own choice.
        max_memory: bytes.
        jobs: how many threads read and write photos.
        shard: (i, n) with i from 1 to n, or None for all files.
        dry_run: whether only to list.
        json: whether to print the summary as JSON.
        quiet: whether to say nothing but errors.
    """

    inputs: tuple[Path, ...]
    out: Path | None
    out_is_folder: bool
    look: Look
    compare: str | None
    format: str | None
    quality: int
    overwrite: bool
    keep_times: bool
    model: str | None
    ckpt: Path | None
    backend: str
    device: str | None
    max_memory: int
    jobs: int
    shard: tuple[int, int] | None
    dry_run: bool
    json: bool
    quiet: bool

    @property
    def to_stdout(self) -> bool:
        """Whether the picture goes to standard output."""
        return self.out == PIPE or (PIPE in self.inputs and self.out is None)

    @property
    def piped(self) -> bool:
        """Whether it is one picture that comes or goes by a pipe, and no files."""
        return PIPE in self.inputs or self.out == PIPE

    @property
    def mark(self) -> str:
        """What the names of results end with where they need telling apart."""
        return "_compare" if self.compare else "_enhanced"
