"""What a video file holds, read from its header and its first picture."""

import contextlib
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.sidedata.sidedata import Type
from av.stream import Disposition
from av.video.format import VideoFormat

from lled_jax.errors import InputError
from lled_jax.video.colour import Colour, check

# Tags that are not UTF-8 go through as they are; PyAV 19 does so unasked.
AS_THEY_ARE: dict[str, Any] = {"metadata_errors": "surrogateescape"}
if int(av.__version__.split(".")[0]) >= 19:
    AS_THEY_ARE = {}
"""Options for `av.open`.  Its path is to be absolute: FFmpeg takes what comes before a
colon in another for a protocol."""

CURE = "replace it with a good copy or remove it"

FASTEST = 1000
"""Pictures per second beyond which a header's rate is not believed."""


class Source(NamedTuple):
    """A video file's first video.

    Attributes:
        path: the file.
        stream: the video's place among the file's streams.
        codec: FFmpeg's name of it, as "h264".
        stored: the format of the decoded pictures, with their size.
        colour: the colour tags.
        matrix: the display matrix (rotation and flips), FFmpeg's nine numbers.
        aspect: width to height of a sample, where the file says it.
        rate: pictures per second on average, where known.
        frames: how many pictures, counted or estimated, where known.
        interlaced: whether the first picture is.
    """

    path: Path
    stream: int
    codec: str
    stored: VideoFormat
    colour: Colour
    matrix: tuple[int, ...] | None
    aspect: Fraction | None
    rate: Fraction | None
    frames: int | None
    interlaced: bool


def probe(path: Path) -> Source:
    """Read the header and decode the first picture.

    Raises:
        InputError: there is no video or no picture in it, it is damaged, HDR or in
            colours that cannot be converted.
    """
    with reading(path), av.open(path.absolute(), **AS_THEY_ARE) as container:
        stream = _video(path, container)
        first = next(_pictures(container, stream), None)
        if first is None:
            raise InputError(f"{path}: no picture of it can be decoded; {CURE}")
        context = stream.codec_context
        colour = Colour(
            matrix=_known(first.colorspace, context.colorspace),
            range=first.color_range or context.color_range,
            primaries=_known(first.color_primaries, context.color_primaries),
            transfer=_known(first.color_trc, context.color_trc),
        )
        check(path, colour)
        return Source(
            path=path,
            stream=stream.index,
            codec=context.codec.canonical_name,
            stored=VideoFormat(first.format.name, first.width, first.height),
            colour=colour,
            matrix=_display_matrix(first),
            aspect=fraction(stream.sample_aspect_ratio),
            rate=_rate(stream),
            frames=_count(container, stream),
            interlaced=first.interlaced_frame,
        )


def fraction(value: Any) -> Fraction | None:
    """PyAV's rational number, which is one of its own from version 19 on."""
    return Fraction(value.numerator, value.denominator) if value else None


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what FFmpeg raises on a damaged file into an error that names the file."""
    try:
        yield
    except PermissionError as error:
        raise InputError(
            f"{path}: no permission to read it; check its permissions"
        ) from error
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: no video, damaged or truncated ({error.strerror}); {CURE}"
        ) from error


def _video(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    """The first video stream that is not a cover picture."""
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    for stream in container.streams.video:
        if not stream.disposition & pictures:
            if stream.codec_context is None:
                raise InputError(
                    f"{path}: no decoder for its codec; convert it to H.264 first"
                )
            return stream
    raise InputError(f"{path}: there is no video in it; {CURE}")


def _pictures(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    """Decode; a stream that starts in the middle may have undecodable first packets."""
    for packet in container.demux(stream):
        with contextlib.suppress(av.InvalidDataError):
            yield from packet.decode()


def _known(ours: int, otherwise: int) -> int:
    return int(otherwise if ours == 2 else ours)  # 2: unspecified


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    data = picture.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    return None if data is None else struct.unpack("=9i", bytes(data))


def _count(
    container: av.container.InputContainer, stream: av.VideoStream
) -> int | None:
    if stream.frames:
        return stream.frames
    tick = fraction(stream.time_base)
    if stream.duration and tick:
        seconds = stream.duration * tick
    elif container.duration:
        seconds = Fraction(container.duration, av.time_base)
    else:
        return None
    rate = _rate(stream)
    return max(1, round(seconds * rate)) if rate else None


def _rate(stream: av.VideoStream) -> Fraction | None:
    """Pictures per second; some headers name their clock's ticks instead."""
    rates = map(fraction, (stream.average_rate, stream.guessed_rate))
    return next((rate for rate in rates if rate and rate <= FASTEST), None)
