"""Which encoder a video gets and how it is set."""

import contextlib
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from lled_jax.errors import InputError
from lled_jax.video.colour import Converter, encoded_format
from lled_jax.video.probe import Source

_ENCODERS = {
    "h264": "libx264",
    "hevc": "libx265",
    "vp9": "libvpx-vp9",
    "av1": "libsvtav1",
}
# What every player of a container plays, for other codecs.
_OTHERS = {"webm": "libvpx-vp9"}
_OTHERWISE = "libx264"

CRF = {"libx264": 18, "libx265": 20, "libvpx-vp9": 24, "libsvtav1": 24}
"""Constant rate factors: hardly visible loss, as the encoders' own guides advise.

For x264 and x265, 18 and 20 are about where a loss stops being seen; VP9 and AV1 count
to 63, where 24 looks alike.  A brightened dark video holds more to see, and more noise,
than the source, so the file is usually larger.
"""

CRF_MAX = {"libx264": 51, "libx265": 51, "libvpx-vp9": 63, "libsvtav1": 63}

_OPTIONS = {
    "libx264": {"preset": "medium"},
    # x265 writes to the terminal past FFmpeg's log.
    "libx265": {"preset": "medium", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libsvtav1": {"preset": "8"},
}

# Of one or two pictures x265 (4.2) gives wild time stamps if it may reorder them.
FEW = 8

# These cannot halve an odd number of chroma samples.
_EVEN_ONLY = ("libx264", "libx265")
# These have 4:2:0 only.
_SUBSAMPLED_ONLY = ("libsvtav1",)


class Encoder:
    """The video stream of `writer`, set up for `source`.

    Attributes:
        stream: add its packets to `writer`.
        converter: its `from_rgb` makes the pictures to encode.
        margins: rows and columns (0 or 1) to add below and to the right first: H.264
            and HEVC with 4:2:0 chroma, which is what plays everywhere, need even sizes.
        notes: what is not as in the source.
    """

    def __init__(
        self,
        writer: av.container.OutputContainer,
        source: Source,
        time_base: Fraction,
        crf: int | None,
    ) -> None:
        stored = source.stored
        name, self.notes = _choose(writer, source)
        pixels = encoded_format(stored)
        if name in _SUBSAMPLED_ONLY and pixels != "yuv420p":
            pixels = "yuv420p"
            self.notes.append(f"chroma reduced to 4:2:0, as {name} has no other")
        if max(part.bits for part in stored.components) > 8:
            self.notes.append("8 bits a sample instead of more")
        if any(part.is_alpha for part in stored.components):
            self.notes.append("transparency left out")
        if source.interlaced:
            self.notes.append("interlaced fields treated as whole pictures")
        if source.matrix is not None and writer.format.name == "mpegts":
            self.notes.append("rotation left out, which MPEG-TS cannot hold")
        self.converter = Converter(source.colour, stored, pixels)
        self.margins = (0, 0)
        if name in _EVEN_ONLY:
            tall, wide = pixels == "yuv420p", pixels != "yuv444p"
            self.margins = (stored.height % 2 * tall, stored.width % 2 * wide)
        self.height = stored.height + self.margins[0]
        self.width = stored.width + self.margins[1]
        if any(self.margins):
            self.notes.append(
                f"{self.width}x{self.height} instead of {stored.width}x"
                f"{stored.height}: {name} needs even sizes, the edge is repeated"
            )
        self.name = name
        self.stream = self._stream(writer, source, time_base, pixels, crf)

    def _stream(
        self,
        writer: av.container.OutputContainer,
        source: Source,
        time_base: Fraction,
        pixels: str,
        crf: int | None,
    ) -> av.VideoStream:
        name = self.name
        if crf is not None and not 0 <= crf <= CRF_MAX[name]:
            raise InputError(f"crf {crf} is not within 0..{CRF_MAX[name]} ({name})")
        if name == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # it, too, writes to the terminal
        options = _OPTIONS[name] | {"crf": str(CRF[name] if crf is None else crf)}
        if name == "libx265" and source.frames is not None and source.frames < FEW:
            options["x265-params"] += ":bframes=0"
        stream = writer.add_stream(
            name,
            rate=source.rate or Fraction(30),  # a hint: the time stamps count
            options=options,
            width=self.width,
            height=self.height,
            pix_fmt=pixels,
        )
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.time_base = stream.time_base = time_base
        tags = self.converter.tags
        context.colorspace, context.color_range = tags.matrix, tags.range
        context.color_primaries, context.color_trc = tags.primaries, tags.transfer
        if source.aspect is not None:
            context.sample_aspect_ratio = source.aspect
        stream.set_display_matrix(source.matrix)
        if name == "libx265" and writer.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # without it Apple's players refuse the file
        if name == "libsvtav1":
            open_unhurried(context)
        return stream


def open_unhurried(context: av.VideoCodecContext) -> None:
    """Open SVT-AV1 and keep its threads and ours at the priority they had.

    Run by root, as in containers, it makes itself and the thread that opens it
    real-time.  Whatever is started later inherits that, and keeps everything else off
    the cores when it is busy.
    """
    before = _priorities()
    context.open()
    if not before:
        return
    usual = os.SCHED_OTHER, os.sched_param(0)
    for thread, now in _priorities().items():
        wanted = before.get(thread, usual)
        if now != wanted:
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(thread, *wanted)


def _priorities() -> dict[int, tuple[int, Any]]:
    """Policy and priority of each thread of this process; none but on Linux."""
    found: dict[int, tuple[int, Any]] = {}
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return found
    for thread in [int(task.name) for task in tasks.iterdir()]:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            found[thread] = os.sched_getscheduler(thread), os.sched_getparam(thread)
    return found


def _choose(
    writer: av.container.OutputContainer, source: Source
) -> tuple[str, list[str]]:
    """The encoder's name, and a note if the codec is not the source's."""
    container = writer.format.name
    others = _OTHERS.get(container, _OTHERWISE)
    name = _ENCODERS.get(source.codec, others)
    if not _takes(container, source.codec) or not _there(name):
        name = others
    if name == _ENCODERS.get(source.codec):
        return name, []
    return name, [f"{source.codec} video encoded anew with {name}"]


# What the containers we write hold, of the codecs we encode.
_HOLDS = {
    "mp4": ("h264", "hevc", "vp9", "av1"),
    "mov": ("h264", "hevc"),
    "matroska": ("h264", "hevc", "vp9", "av1"),
    "webm": ("vp9", "av1"),
    "mpegts": ("h264", "hevc"),
}


def _takes(container: str, codec: str) -> bool:
    return codec in _HOLDS[container]


def _there(name: str) -> bool:
    """Whether this build of FFmpeg has the encoder."""
    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True
