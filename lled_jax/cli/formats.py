"""Which files are photos, which videos, and what their results are called."""

import re
from pathlib import Path

from lled_jax import folder, photos, video
from lled_jax.errors import InputError
from lled_jax.photos.kinds import FORMAT_OF


def suffixes() -> frozenset[str]:
    """The endings of all files that can be enhanced, in lower case."""
    return photos.SUFFIXES | frozenset(video.SUFFIXES)


def is_video(path: Path) -> bool:
    """By the ending."""
    return path.suffix.lower() in video.SUFFIXES


def photo_format(name: str) -> str:
    """The format from a name such as jpg; `InputError` if it cannot be written."""
    return photos.format_for("PNG", name)


def result_suffix(source: Path, format: str | None) -> str:
    """The ending of the result of `source`: its own where that can be written."""
    if is_video(source):
        return video.suffix_for(source)
    own = FORMAT_OF[source.suffix.lower()]
    if photos.format_for(own, format) == own:
        return source.suffix
    return photos.suffix_for(own, format)


def names_a_file(path: Path, one: bool) -> bool:
    """Whether --out is meant for a file: it has the ending of one and is no folder.

    For `one` input any ending will do, so that a mistyped one makes no folder; of many
    inputs only a photo's or a video's is meant so.
    """
    ends_so = path.suffix.lower() in suffixes() or (
        one and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,4}", path.suffix) is not None
    )
    return ends_so and folder.kind(path) != "folder"


def check_target(target: Path, format: str | None) -> None:
    """Raise `InputError` if no photo can be written there, or not in `format`."""
    found = photos.format_of(target)
    if format and format != found:
        raise InputError(
            f"--format {format.lower()} does not fit {target}: leave one of them out"
        )


def check_video_target(target: Path) -> None:
    """Raise `InputError` if no video can be written there."""
    if target.suffix.lower() not in video.FORMATS:
        raise InputError(
            f"{target}: cannot write a video with this ending; name it one of "
            f"{', '.join(video.FORMATS)}"
        )
