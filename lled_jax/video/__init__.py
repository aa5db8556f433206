"""Brighten a video frame by frame; what else its file holds is kept.

Nothing but the pictures changes: time stamps, sample aspect ratio, rotation (display
matrix), colour tags, chapters and metadata tags go over as they are, audio and
subtitles packet for packet.  PyAV (FFmpeg's libraries) reads and writes; the modules
that need it are imported when a video comes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from lled_jax.errors import InputError

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".mts", ".m2ts"),
    *(".avi", ".3gp", ".mpg", ".mpeg", ".wmv", ".flv"),
)
"""The file endings taken for videos (in lower case), to list a folder."""

FORMATS = {
    **{".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"},
    **{".webm": "webm", ".ts": "mpegts", ".mts": "mpegts", ".m2ts": "mpegts"},
}
"""The file endings we write and FFmpeg's name of the container behind each."""

Frame = UInt8[np.ndarray, "h w 3"]


class VideoSummary(NamedTuple):
    """What `enhance_video` did.

    Attributes:
        frames: how many were decoded, enhanced and written.
        height, width: of the video written, in pixels as stored (not rotated).
        encoder: FFmpeg's name of what encoded them, as "libx264".
        notes: one line for everything that is not as it was: another codec, eight
            bits for ten, a stream left out.  Empty in the usual case.
    """

    frames: int
    height: int
    width: int
    encoder: str
    notes: tuple[str, ...]


def suffix_for(source: Path) -> str:
    """The ending to give the enhanced `source`: its own, or .mkv if we only read it.

    A phone's .3gp becomes .mov, which is of the same family and takes its sound.
    """
    suffix = source.suffix.lower()
    return suffix if suffix in FORMATS else ".mov" if suffix == ".3gp" else ".mkv"


def enhance_video(
    source: Path,
    target: Path,
    frame: Callable[[Frame], Frame],
    progress: Callable[[int, int | None], None] | None = None,
    *,
    overwrite: bool = False,
    crf: int | None = None,
) -> VideoSummary:
    """Write `target`: the video of `source` with every picture gone through `frame`.

    The codec is the source's (H.264, HEVC, VP9, AV1; H.264 for others) and so is the
    chroma subsampling, with 8 bits.  `target` appears whole at the end or, if anything
    is raised in between, not at all.

    Args:
        source: the file; of several videos in it, the first is taken.
        target: its ending, one of `FORMATS`, says which container is written.
        frame: from an RGB picture [h w 3] in 0..255 to one of the same shape; it is
            given every picture once, in order, as stored: the video of a phone held
            upright lies on its side.
        progress: called after every picture with how many are done and how many there
            are: counted or estimated from the duration, None where neither is known.
        overwrite: replace a `target` that exists (`source` itself, too).
        crf: the encoder's constant rate factor, lower is better and larger, instead
            of `encoder.CRF`.

    Raises:
        InputError: PyAV is missing; the source is no video, damaged, truncated, HDR,
            or in colours that we cannot convert; the target exists or cannot be
            written.  The message is one line and names the file.
    """
    source, target = Path(source), Path(target)
    if target.suffix.lower() not in FORMATS:
        raise InputError(
            f"{target}: cannot write '{target.suffix}' videos; name it one of "
            f"{', '.join(FORMATS)}"
        )
    if not source.is_file():
        raise InputError(f"{source}: no such file; check the path")
    if target.exists() and not overwrite:
        raise InputError(
            f"{target} exists; choose another name or allow overwriting it"
        )
    try:
        from lled_jax.video.probe import probe
        from lled_jax.video.transcode import transcode
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        raise InputError(
            f"{source}: videos need PyAV; pip install 'lled-jax[video]'"
        ) from error
    return transcode(probe(source), target, frame, progress or _silent, crf)


def _silent(done: int, total: int | None) -> None:
    pass
