"""What a person sees while it works: lines and progress bars, all on stderr."""

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

LONGEST_NAME = 24


def shown(path: object) -> str:
    """A path for a line of text: what is not printable, such as a newline, escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path)
    )


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        unit = task.fields["unit"]
        return Text(f"{speed:.1f} {unit}/s" if speed else "", style="cyan")


class Screen:
    """Use as a context manager; the bars are there on a terminal only.

    `quiet` leaves the errors.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, max_width=LONGEST_NAME),
            ),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            transient=True,
            expand=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._files: TaskID | None = None
        self._frames: TaskID | None = None

    def __enter__(self) -> "Screen":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bars away."""
        self._progress.stop()

    def line(self, text: str) -> None:
        """One line of news, not for the quiet."""
        if not self._quiet:
            self.error(text)

    def error(self, text: str) -> None:
        """One line, always shown."""
        self._console.print(text, markup=False, soft_wrap=True)

    def files(self, total: int) -> None:
        """Begin the bar of all files."""
        self._files = self._progress.add_task("enhancing", total=total, unit="files")

    def file_done(self) -> None:
        """One more file has come to its end."""
        if self._files is not None:
            self._progress.advance(self._files)

    def frames(self, name: Path, done: int, total: int | None) -> None:
        """`done` of the frames of the present video; `name` is its file."""
        if self._frames is None:
            text = shown(name.name)
            self._frames = self._progress.add_task(text, total=total, unit="frames")
        self._progress.update(self._frames, completed=done, total=total)

    def video_done(self) -> None:
        """The present video has come to its end."""
        if self._frames is not None:
            self._progress.remove_task(self._frames)
        self._frames = None
