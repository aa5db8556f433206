"""The parts of a video file that go over as they are: sound, subtitles, tags."""

import contextlib
from collections.abc import Mapping
from fractions import Fraction

import av
from av.stream import Stream

from lled_jax.video.probe import fraction

# Tags that the muxers write themselves, for the new file.
_MUXERS_OWN = (
    *("major_brand", "minor_version", "compatible_brands", "encoder", "DURATION"),
    *("BPS", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES"),
)
# mpegts takes any codec and hides what it does not know as private data.
_TS_SUBTITLES = ("dvb_subtitle", "dvb_teletext")


def streams_to_copy(
    reader: av.container.InputContainer,
    writer: av.container.OutputContainer,
    video: int,
) -> tuple[dict[int, Stream], list[str]]:
    """Streams of `writer` by the source's index, and a note for each left out.

    Sound and subtitles are copied where the container takes their codec, and the
    attachments (fonts) of Matroska.  Other videos, cover pictures and data are not.
    """
    copies: dict[int, Stream] = {}
    notes: list[str] = []
    for stream in reader.streams:
        if stream.index == video:
            continue
        codec = _codec(stream)
        copy = None
        if _worth(stream, writer.format.name, codec):
            # ValueError: the container does not take the codec.
            with contextlib.suppress(ValueError):
                copy = writer.add_stream_from_template(stream)
        if copy is not None:
            copies[stream.index] = copy
        elif not _made_anew(stream, codec, reader):
            notes.append(f"{stream.type} stream {stream.index} ({codec}) left out")
    return copies, notes


def _made_anew(stream: Stream, codec: str, reader: av.container.InputContainer) -> bool:
    """Whether the muxer makes this data stream from the tags or the chapters."""
    chapters = codec == "bin_data" and bool(reader.chapters())
    return stream.type == "data" and (chapters or "timecode" in stream.metadata)


def _codec(stream: Stream) -> str:
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return getattr(stream, "name", None) or "unknown codec"


def _worth(stream: Stream, container: str, codec: str) -> bool:
    if stream.type == "attachment":
        return container == "matroska"
    if container == "mpegts" and stream.type == "subtitle":
        return codec in _TS_SUBTITLES
    return stream.type in ("audio", "subtitle") and stream.codec_context is not None


def copy_tags(
    reader: av.container.InputContainer,
    writer: av.container.OutputContainer,
    streams: Mapping[int, Stream],
) -> None:
    """Metadata tags of the file and its streams, dispositions and chapters."""
    writer.metadata.update(_tags(reader.metadata))
    for index, stream in streams.items():
        stream.metadata.update(_tags(reader.streams[index].metadata))
        stream.disposition = reader.streams[index].disposition
    chapters = reader.chapters()
    for chapter in chapters:
        base = fraction(chapter["time_base"]) or Fraction(1, av.time_base)
        start = round(Fraction(reader.start_time or 0, av.time_base) / base)
        chapter["start"], chapter["end"] = (
            chapter["start"] - start,
            chapter["end"] - start,
        )
    if chapters:
        writer.set_chapters(chapters)


def _tags(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        # FFmpeg 9 joins the two dates that a mp4 with a table of tags has.
        key: value.split(";")[0] if key == "creation_time" else value
        for key, value in metadata.items()
        if key not in _MUXERS_OWN and not key.startswith("_STATISTICS")
    }


def header_options(reader: av.container.InputContainer, name: str) -> dict[str, str]:
    """The muxer's options.

    The mp4 and mov muxers drop the tags they do not know, as a phone's
    com.apple.quicktime.make, unless told to use the table that holds any.
    """
    if name in ("mp4", "mov") and any("." in key for key in reader.metadata):
        return {"movflags": "use_metadata_tags"}
    return {}
