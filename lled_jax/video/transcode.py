"""From one video file to another: decode, enhance, encode; copy the rest."""

import contextlib
import errno
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from lled_jax import files
from lled_jax.errors import InputError
from lled_jax.video import FORMATS, Frame, VideoSummary
from lled_jax.video.copying import copy_tags, header_options, streams_to_copy
from lled_jax.video.encoder import Encoder
from lled_jax.video.joins import Joins
from lled_jax.video.probe import AS_THEY_ARE, CURE, Source, fraction, reading

# A header's duration and the end of the last packet may be so many seconds apart in a
# file that is whole.
TOLERANCE = 0.5
# The demuxers that take the duration from a header; the others estimate it.
_DECLARING = ("mov,mp4", "matroska")


def transcode(
    source: Source,
    target: Path,
    frame: Callable[[Frame], Frame],
    progress: Callable[[int, int | None], None],
    crf: int | None,
) -> VideoSummary:
    """`enhance_video` for a source that `probe` has read; raises as it does."""
    with (
        files.atomic_write(target) as temporary,
        _opened(source.path) as reader,
        _created(temporary, target, reader) as writer,
    ):
        stream = reader.streams[source.stream]
        tick = fraction(stream.time_base)
        assert tick
        encoder = Encoder(writer, source, tick, crf)
        copies, notes = streams_to_copy(reader, writer, source.stream)
        copy_tags(reader, writer, {source.stream: encoder.stream, **copies})
        with _writing(target):
            writer.start_encoding()
        clock = _Clock(reader, tick)
        done = damaged = 0
        for item in _items(reader, source):
            if isinstance(item, av.Packet):
                if item.stream.index in copies:
                    clock.shift_packet(item)
                    item.stream = copies[item.stream.index]
                    with _writing(target):
                        writer.mux(item)
                continue
            bright = _enhanced(item, frame, encoder)
            bright.pts, bright.time_base = clock.next(item), tick
            bright.duration = item.duration
            with _writing(target):
                writer.mux(encoder.stream.encode(bright))
            done, damaged = done + 1, damaged + item.is_corrupt
            total = None if source.frames is None else max(done, source.frames)
            progress(done, total)
        with _writing(target):
            writer.mux(encoder.stream.encode(None))
            writer.close()
    if damaged:
        notes.append(f"{damaged} of {done} pictures were damaged in the source")
    return VideoSummary(
        done, encoder.height, encoder.width, encoder.name, (*encoder.notes, *notes)
    )


def _enhanced(
    picture: av.VideoFrame, frame: Callable[[Frame], Frame], encoder: Encoder
) -> av.VideoFrame:
    low = encoder.converter.to_rgb(picture)
    bright = frame(low)
    if bright.shape != low.shape or bright.dtype != np.uint8:
        raise ValueError(
            f"frame() gave {bright.dtype} {bright.shape} for uint8 {low.shape}"
        )
    if any(encoder.margins):
        margins = [(0, margin) for margin in (*encoder.margins, 0)]
        bright = np.pad(bright, margins, mode="edge")
    return encoder.converter.from_rgb(bright)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    with reading(path):
        container = av.open(path.absolute(), **AS_THEY_ARE)
    with container:
        yield container


@contextlib.contextmanager
def _created(
    temporary: Path, target: Path, reader: av.container.InputContainer
) -> Iterator[av.container.OutputContainer]:
    name = FORMATS[target.suffix.lower()]
    with _writing(target):
        container = av.open(
            temporary.absolute(),
            "w",
            format=name,
            container_options=header_options(reader, name),
            **AS_THEY_ARE,
        )
    try:
        yield container
    finally:
        # After a failure there may be no closing it properly; the file goes anyway.
        with contextlib.suppress(av.FFmpegError):
            container.close()


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Explain what the encoder or the muxer refuses; `atomic_write` a full disk."""
    try:
        yield
    except av.FFmpegError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"cannot write {target}: {error.strerror}; another folder or another "
            "ending, as .mkv, may do"
        ) from error


def _items(
    reader: av.container.InputContainer, source: Source
) -> Iterator[av.Packet | av.VideoFrame]:
    """Everything in the file's order: the video's pictures, the others' packets.

    Raises `InputError` where it is damaged and, at the end, if it came too early.
    """
    started, end = False, Fraction(0)
    declares = reader.format.name.startswith(_DECLARING)
    joins = Joins(reader)
    with reading(source.path):
        for packet in reader.demux():
            if packet.is_corrupt and declares:
                raise _truncated(source.path, end)
            late = joins.mend(packet)
            if packet.pts is not None:
                length = packet.pts + (packet.duration or 0)
                end = max(end, length * packet.time_base)
            if packet.stream.index != source.stream:
                if packet.size and not late:
                    yield packet
                continue
            try:
                pictures = packet.decode()
            except av.InvalidDataError:
                if started:
                    raise
                continue  # the stream starts in the middle of a group of pictures
            for picture in pictures:
                assert isinstance(picture, av.VideoFrame)
                started = True
                yield picture
    if reader.duration and declares:
        # Matroska's duration counts from 0, wherever its first picture lies.
        begin = 0 if "matroska" in reader.format.name else reader.start_time or 0
        last = Fraction(begin + reader.duration, av.time_base)
        if end + Fraction(TOLERANCE) < last:
            raise _truncated(source.path, end, last)


def _truncated(path: Path, end: Fraction, last: Fraction | None = None) -> InputError:
    of = "" if last is None else f" of {float(last):.1f}"
    return InputError(
        f"{path}: truncated after {float(end):.1f}{of} s; {CURE}, or save what is "
        "there with 'ffmpeg -i FILE -c copy OUT'"
    )


class _Clock:
    """Time stamps as in the source, from the start of the file, strictly increasing."""

    def __init__(self, reader: av.container.InputContainer, tick: Fraction) -> None:
        self._start = Fraction(reader.start_time or 0, av.time_base)
        self._tick = tick
        self._last: int | None = None
        self._step = 1

    def next(self, picture: av.VideoFrame) -> int:
        """When to show a decoded picture, in ticks."""
        if picture.pts is not None:
            time = picture.pts - round(self._start / self._tick)
        else:
            time = 0 if self._last is None else self._last + self._step
        if self._last is not None:
            time = max(time, self._last + 1)
        self._last, self._step = time, max(1, picture.duration or 1)
        return time

    def shift_packet(self, packet: av.Packet) -> None:
        """Take the start of the file off a packet's time stamps."""
        tick = fraction(packet.time_base)
        assert tick
        start = round(self._start / tick)
        packet.pts = None if packet.pts is None else packet.pts - start
        packet.dts = None if packet.dts is None else packet.dts - start
