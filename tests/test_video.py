"""Videos: pictures enhanced in order, everything else as it was, whole or not at all.

The slow ones encode with several codecs and start processes: half a minute in all.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from videos_for_tests import (
    LOSSLESS,
    STEP,
    TICK,
    as_rgb,
    brighten,
    dark_pan,
    decoded,
    display_matrix,
    make_clip,
    packets,
    times,
)

from lled_jax.errors import InputError
from lled_jax.video import FORMATS, SUFFIXES, enhance_video, suffix_for

BT709, BT601, BT2020 = (0.2126, 0.0722), (0.299, 0.114), (0.2627, 0.0593)


def same(frame):
    return frame


def psnr(one, other):
    error = np.mean((np.asarray(one, float) - np.asarray(other, float)) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


# Colours, against the definition of Y'CbCr (ITU-R BT.601, BT.709, BT.2020).


def chart():
    """24 colours, dark ones among them, in squares of 16: uint8 [64 96 3]."""
    colours = np.random.default_rng(1).integers(0, 256, (4, 6, 3))
    primaries = 255 * np.eye(3, dtype=int)
    colours[0] = [(0, 0, 0), (255, 255, 255), (128, 128, 128), *primaries]
    colours[1] //= 8
    return np.repeat(np.repeat(colours, 16, 0), 16, 1).astype(np.uint8)


def to_yuv(rgb, weights, full):
    red, blue = weights
    r, g, b = np.moveaxis(rgb / 255.0, -1, 0)
    y = red * r + (1 - red - blue) * g + blue * b
    chroma = np.stack([(b - y) / (2 - 2 * blue), (r - y) / (2 - 2 * red)])
    scale = (255, 255, 0) if full else (219, 224, 16)
    planes = [y * scale[0] + scale[2], *(chroma * scale[1] + 128)]
    return np.clip(np.rint(planes), 0, 255).astype(np.uint8)


def to_rgb(planes, weights, full):
    red, blue = weights
    scale = (255, 255, 0) if full else (219, 224, 16)
    y = (planes[0] - float(scale[2])) / scale[0]
    cb, cr = (np.asarray(planes[1:], float) - 128) / scale[1]
    r, b = y + (2 - 2 * red) * cr, y + (2 - 2 * blue) * cb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.rint(np.stack([r, g, b], -1) * 255), 0, 255)


def middles(pixels):
    """The colour in the middle of each square, away from blurred edges."""
    return np.asarray(pixels, float)[8::16, 8::16]


@pytest.mark.parametrize("pixels", ["yuv444p", "yuv420p"])
@pytest.mark.parametrize(
    ("colour", "weights", "full"),
    [
        ((1, 1, 1, 1), BT709, False),
        ((1, 2, 1, 1), BT709, True),
        ((6, 1, 6, 6), BT601, False),
        ((5, 1, 5, 6), BT601, False),
        ((5, 2, 5, 6), BT601, True),
        ((9, 1, 9, 14), BT2020, False),
        ((2, 0, 2, 2), BT601, False),  # untagged and small
        ((1, 1, 12, 13), BT709, False),  # Display P3, sRGB
    ],
)
def test_colours_are_those_of_the_tags_both_ways(
    tmp_path, colour, weights, full, pixels
):
    planes = to_yuv(chart(), weights, full)
    frame = av.VideoFrame.from_ndarray(planes, "yuv444p")
    frame.color_range = colour[1]
    if pixels == "yuv420p":  # squares of one colour: taking every other sample is exact
        flat = [planes[0].ravel(), planes[1, ::2, ::2].ravel()]
        flat = np.concatenate([*flat, planes[2, ::2, ::2].ravel()]).reshape(-1, 96)
        frame = av.VideoFrame.from_ndarray(flat, "yuv420p")
    source = make_clip(
        tmp_path / "in.mp4", [frame] * 3, pixels=pixels, colour=colour, options=LOSSLESS
    )
    seen = []
    target = tmp_path / "out.mp4"
    enhance_video(source, target, lambda x: seen.append(x) or x, crf=1)
    assert np.abs(middles(seen[0]) - middles(chart())).max() <= 3
    image = decoded(target)[-1]
    stored = image.to_ndarray()
    if pixels == "yuv420p":
        halves = stored[64:].reshape(2, 32, 48)
        stored = [stored[:64], *np.repeat(np.repeat(halves, 2, 1), 2, 2)]
    written = to_rgb(stored, weights, full)
    assert np.abs(middles(written) - middles(chart())).max() <= 4
    tags = (image.colorspace, image.color_range, image.color_primaries, image.color_trc)
    assert tags == colour


@pytest.mark.parametrize(("tall", "wide"), [(14, 1), (1, 14)])
def test_untagged_hd_is_bt709(tmp_path, tall, wide):
    """By either side: a film's pictures are wide and low."""
    large = np.repeat(np.repeat(chart(), tall, 0), wide, 1)
    frame = av.VideoFrame.from_ndarray(to_yuv(large, BT709, False), "yuv444p")
    source = make_clip(tmp_path / "in.mp4", [frame], pixels="yuv444p", options=LOSSLESS)
    seen = []
    enhance_video(source, tmp_path / "out.mp4", lambda x: seen.append(x) or x)
    error = seen[0][8 * tall :: 16 * tall, 8 * wide :: 16 * wide] - middles(chart())
    assert np.abs(error).max() <= 3


def test_rgb_video_becomes_tagged_yuv(tmp_path):
    frame = av.VideoFrame.from_ndarray(chart(), "rgb24").reformat(format="gbrp")
    source = make_clip(
        *(tmp_path / "in.mkv", [frame] * 2, "libx264rgb"),
        pixels="rgb24",
        colour=(0, 2, 1, 13),
        options=LOSSLESS,
    )
    seen = []
    target = tmp_path / "out.mkv"
    enhance_video(source, target, lambda x: seen.append(x) or x, crf=1)
    np.testing.assert_array_equal(seen[0], chart())
    image = decoded(target)[0]
    assert (image.format.name, image.colorspace, image.color_range) == ("yuv444p", 6, 1)
    written = to_rgb(image.to_ndarray(), BT601, False)
    assert np.abs(middles(written) - middles(chart())).max() <= 4


def test_nothing_moves(tmp_path):
    """Through and through, a coloured picture is neither shifted nor turned."""
    pictures = dark_pan(3, 64, 96, noise=0)
    source = make_clip(tmp_path / "in.mp4", pictures, options=LOSSLESS)
    target = tmp_path / "out.mp4"
    enhance_video(source, target, brighten, crf=1)
    before, after = as_rgb(source)[1].astype(int) * 3, as_rgb(target)[1].astype(int)
    errors = {
        (y, x): np.abs(np.roll(after, (y, x), (0, 1)) - before)[4:-4, 4:-4].mean()
        for y in (-1, 0, 1)
        for x in (-1, 0, 1)
    }
    assert min(errors, key=errors.get) == (0, 0)
    # No tint either, channel by channel.
    assert np.abs((after - before).mean((0, 1))).max() < 1


# What is kept.


@pytest.mark.parametrize(
    ("name", "codec", "audio", "encoder"),
    [
        ("clip.mp4", "libx264", "aac", "libx264"),
        ("clip.mov", "libx265", "aac", "libx265"),
        ("clip.MKV", "libx265", "libopus", "libx265"),
        ("clip.webm", "libvpx-vp9", "libopus", "libvpx-vp9"),
        ("clip.ts", "libx264", "aac", "libx264"),
        ("clip.mkv", "libsvtav1", "libopus", "libsvtav1"),
    ],
)
def test_codec_sound_and_times_stay(tmp_path, name, codec, audio, encoder):
    pictures = dark_pan(20)
    source = make_clip(tmp_path / name, pictures, codec, audio=audio)
    target = tmp_path / f"bright_{name}"
    summary = enhance_video(source, target, brighten)
    assert summary == (20, 64, 96, encoder, ())
    with av.open(source) as before, av.open(target) as after:
        streams = before.streams.video[0], after.streams.video[0]
        names = [stream.codec_context.codec.canonical_name for stream in streams]
        assert names[0] == names[1]
        assert streams[1].codec_context.pix_fmt == "yuv420p"
        assert after.format.name == before.format.name
    assert times(target) == times(source)
    assert packets(target, "audio") == packets(source, "audio")
    wanted = [brighten(image) for image in as_rgb(source)]
    assert psnr(as_rgb(target), wanted) > 30


def test_hevc_is_tagged_for_apple(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(4), "libx265")
    enhance_video(source, tmp_path / "out.mp4", same)
    with av.open(tmp_path / "out.mp4") as file:
        assert file.streams.video[0].codec_context.codec_tag == "hvc1"


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_chroma_subsampling_stays(tmp_path, codec, pixels):
    source = make_clip(tmp_path / "in.mkv", dark_pan(3), codec, pixels=pixels)
    assert enhance_video(source, tmp_path / "out.mkv", same).notes == ()
    assert decoded(tmp_path / "out.mkv")[0].format.name == pixels


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.integers(1, 5000), min_size=5, max_size=5),
    start=st.integers(0, 90000),
)
def test_variable_frame_rate_stays(tmp_path, steps, start):
    stamps = [start + sum(steps[:count]) for count in range(6)]
    source = make_clip(
        *(tmp_path / "in.mp4", dark_pan(6, 32, 32)),
        times=stamps,
        options={"preset": "ultrafast"},
    )
    target = tmp_path / "out.mp4"
    enhance_video(source, target, same, overwrite=True)
    gaps = [later - earlier for earlier, later in pairwise(times(target))]
    assert gaps == [step * TICK for step in steps]


def test_pictures_of_one_moment_follow_each_other(tmp_path):
    """Matroska counts milliseconds: here two or three pictures in each."""
    stamps = [number * 12 for number in range(8)]
    source = make_clip(tmp_path / "in.mkv", dark_pan(8, 32, 32), times=stamps)
    assert len(set(times(source))) < 8
    target = tmp_path / "out.mp4"
    assert enhance_video(source, target, same).frames == 8
    assert all(earlier < later for earlier, later in pairwise(times(target)))


def test_sound_that_starts_later_stays_late(tmp_path):
    """The shift to the file's start is the same for every stream."""
    source = make_clip(
        *(tmp_path / "in.ts", dark_pan(10)),
        audio="aac",
        times=[45000 + number * STEP for number in range(10)],
    )
    target = tmp_path / "out.mp4"
    enhance_video(source, target, same)
    apart = [
        float(times(path)[0] - packets(path, "audio")[0][0])
        for path in (source, target)
    ]
    assert apart[0] > 1
    assert apart[1] == pytest.approx(apart[0], abs=1e-3)


@pytest.mark.parametrize(
    "matrix",
    [
        (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
        (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30),
        (-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30),  # mirrored
    ],
)
def test_rotation_and_aspect_stay_and_pictures_come_as_stored(tmp_path, matrix):
    source = make_clip(
        tmp_path / "in.mp4", dark_pan(4), matrix=matrix, aspect=Fraction(4, 3)
    )
    target = tmp_path / "out.mp4"
    shapes = set()
    enhance_video(source, target, lambda x: shapes.add(x.shape) or x)
    assert shapes == {(64, 96, 3)}
    assert display_matrix(target) == display_matrix(source) == matrix
    with av.open(target) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_a_rotation_that_mpeg_ts_cannot_hold_is_said(tmp_path):
    turned = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    source = make_clip(tmp_path / "in.mp4", dark_pan(2), matrix=turned)
    notes = enhance_video(source, tmp_path / "out.ts", same).notes
    assert notes == ("rotation left out, which MPEG-TS cannot hold",)
    upright = make_clip(tmp_path / "upright.mp4", dark_pan(2))
    assert enhance_video(upright, tmp_path / "up.ts", same).notes == ()


def test_a_phones_tags_stay(tmp_path):
    phone = {
        "title": "Nächtlich",
        "creation_time": "2024-05-06T07:08:09.000000Z",
        "com.apple.quicktime.make": "Camera",
        "com.apple.quicktime.location.ISO6709": "+48.1000+011.5000/",
    }
    source = make_clip(
        *(tmp_path / "in.mov", dark_pan(30)),
        audio="aac",
        tags=phone,
        container_options={"movflags": "use_metadata_tags"},
    )
    target = tmp_path / "out.mov"
    assert enhance_video(source, target, same).notes == ()
    with av.open(target) as file:
        # FFmpeg 9 says the date twice, from the header and from the table.
        date = file.metadata["creation_time"].split(";")[0]
        assert phone.items() <= (file.metadata | {"creation_time": date}).items()


def test_a_timecode_stays(tmp_path):
    """The muxer makes the timecode's data stream from the tag."""
    source = make_clip(
        tmp_path / "in.mov", dark_pan(6), tags={"timecode": "01:02:03:04"}
    )
    target = tmp_path / "out.mov"
    assert enhance_video(source, target, same).notes == ()
    for path in (source, target):
        with av.open(path) as file:
            assert [stream.type for stream in file.streams] == ["video", "data"]
            assert file.streams[0].metadata["timecode"] == "01:02:03:04"


def with_more(source, target, subtitles=None, chapters=()):
    """Copy `source` with a subtitle file and chapters added, and a language."""
    with av.open(source) as reader, av.open(target, "w") as writer:
        inputs = [reader, *([av.open(subtitles)] if subtitles else [])]
        copies = {}
        for number, file in enumerate(inputs):
            for stream in file.streams:
                copies[number, stream.index] = writer.add_stream_from_template(
                    stream, opaque=True
                )
                copies[number, stream.index].metadata["language"] = "deu"
                if stream.type == "subtitle":
                    copies[number, stream.index].disposition = Disposition.forced
        writer.set_chapters(list(chapters))
        for number, file in enumerate(inputs):
            for packet in file.demux():
                if packet.size:
                    packet.stream = copies[number, packet.stream_index]
                    writer.mux(packet)
    return target


SRT = (
    "1\n00:00:00,100 --> 00:00:00,400\nSo dark\n\n"
    "2\n00:00:00,500 --> 00:00:00,900\nLight\n"
)
CHAPTERS = [
    {"id": 1, "start": 0, "end": 400, "time_base": Fraction(1, 1000)}
    | {"metadata": {"title": "Dusk"}},
    {"id": 2, "start": 400, "end": 1000, "time_base": Fraction(1, 1000)}
    | {"metadata": {"title": "Dawn"}},
]


def test_subtitles_chapters_and_languages_stay(tmp_path):
    (tmp_path / "words.srt").write_text(SRT)
    plain = make_clip(tmp_path / "plain.mkv", dark_pan(30), audio="aac")
    source = with_more(plain, tmp_path / "in.mkv", tmp_path / "words.srt", CHAPTERS)
    target = tmp_path / "out.mkv"
    assert enhance_video(source, target, same).notes == ()
    words = packets(target, "subtitles")
    assert words == packets(source, "subtitles")
    assert [text for _, text in words] == [b"So dark", b"Light"]
    with av.open(target) as file:
        assert [stream.metadata["language"] for stream in file.streams] == ["deu"] * 3
        assert file.streams[2].disposition == Disposition.forced
        chapters = [(c["start"], c["metadata"]["title"]) for c in file.chapters()]
    assert [title for _, title in chapters] == ["Dusk", "Dawn"]


def test_chapters_stay_with_their_pictures(tmp_path):
    """In a file that begins late, all begins at 0 afterwards."""
    stamps = [12000 + number * STEP for number in range(30)]
    plain = make_clip(tmp_path / "plain.mkv", dark_pan(30), times=stamps)
    late = [c | {"start": c["start"] + 400, "end": c["end"] + 400} for c in CHAPTERS]
    source = with_more(plain, tmp_path / "in.mkv", chapters=late)
    target = tmp_path / "out.mkv"
    enhance_video(source, target, same)
    with av.open(target) as file:
        found = [
            tuple(
                float(chapter[key] * chapter["time_base"]) for key in ("start", "end")
            )
            for chapter in file.chapters()
        ]
    assert times(target)[0] == 0
    assert found == [(0, 0.4), (0.4, 1)]


def test_fonts_stay_in_matroska(tmp_path):
    source = make_clip(tmp_path / "in.mkv", dark_pan(2))
    with_font = tmp_path / "font.mkv"
    with av.open(source) as reader, av.open(with_font, "w") as writer:
        copy = writer.add_stream_from_template(reader.streams.video[0], opaque=True)
        writer.add_attachment("lamp.ttf", "application/x-truetype-font", b"a font")
        for packet in reader.demux():
            if packet.size:
                packet.stream = copy
                writer.mux(packet)
    assert enhance_video(with_font, tmp_path / "out.mkv", same).notes == ()
    with av.open(tmp_path / "out.mkv") as file:
        (font,) = file.streams.attachments
        assert (font.name, font.data) == ("lamp.ttf", b"a font")
    (note,) = enhance_video(with_font, tmp_path / "out.mp4", same).notes
    assert note.startswith("attachment stream 1")


def test_what_the_container_does_not_take_is_left_out_and_said(tmp_path):
    (tmp_path / "words.srt").write_text(SRT)
    plain = make_clip(tmp_path / "plain.mkv", dark_pan(6), audio="aac")
    source = with_more(plain, tmp_path / "in.mkv", tmp_path / "words.srt")
    notes = enhance_video(source, tmp_path / "out.mp4", same).notes
    assert notes == ("subtitle stream 2 (subrip) left out",)
    notes = enhance_video(source, tmp_path / "out.ts", same).notes
    assert notes == ("subtitle stream 2 (subrip) left out",)
    notes = enhance_video(source, tmp_path / "out.webm", same).notes
    assert notes == (
        "h264 video encoded anew with libvpx-vp9",
        "audio stream 1 (aac) left out",
        "subtitle stream 2 (subrip) left out",
    )
    assert len(decoded(tmp_path / "out.webm")) == 6


def test_what_quicktime_does_not_play_is_encoded_anew(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(3), "libvpx-vp9")
    notes = enhance_video(source, tmp_path / "out.mov", same).notes
    assert notes == ("vp9 video encoded anew with libx264",)


def test_a_cover_picture_is_not_the_video(tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", dark_pan(6))
    cover = make_clip(
        tmp_path / "cover.mkv", dark_pan(1, 48, 48), "mjpeg", pixels="yuvj420p"
    )
    source = tmp_path / "in.mp4"
    with av.open(cover) as art, av.open(clip) as film, av.open(source, "w") as writer:
        first = writer.add_stream_from_template(art.streams.video[0], opaque=True)
        first.disposition = Disposition.attached_pic
        second = writer.add_stream_from_template(film.streams.video[0], opaque=True)
        for file, stream in ((art, first), (film, second)):
            for packet in file.demux():
                if packet.size:
                    packet.stream = stream
                    writer.mux(packet)
    summary = enhance_video(source, tmp_path / "out.mp4", same)
    assert summary[:3] == (6, 64, 96)
    assert [note.split(" (")[0] for note in summary.notes] == ["video stream 1"]


def test_a_song_with_a_cover_is_no_video(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", dark_pan(3), audio="aac")
    cover = make_clip(tmp_path / "c.mkv", dark_pan(1), "mjpeg", pixels="yuvj420p")
    song = tmp_path / "song.mp4"
    with av.open(cover) as art, av.open(clip) as film, av.open(song, "w") as writer:
        pairs = [
            (stream, writer.add_stream_from_template(stream, opaque=True))
            for stream in (film.streams.audio[0], art.streams.video[0])
        ]
        pairs[1][1].disposition = Disposition.attached_pic
        for stream, copy in pairs:
            for packet in stream.container.demux(stream):
                if packet.size:
                    packet.stream = copy
                    writer.mux(packet)
    refused(song, tmp_path / "out.mp4", "there is no video in it")


def test_joined_recordings_of_two_sizes(tmp_path):
    """The second begins again at 0, and is brought to the size of the first."""
    parts = [
        make_clip(tmp_path / name, dark_pan(10, *size)).read_bytes()
        for name, size in (("a.ts", (64, 96)), ("b.ts", (48, 80)))
    ]
    source, target = tmp_path / "in.ts", tmp_path / "out.mp4"
    source.write_bytes(b"".join(parts))
    shapes = []
    summary = enhance_video(source, target, lambda x: shapes.append(x.shape) or x)
    assert summary[:3] == (20, 64, 96)
    assert set(shapes) == {(64, 96, 3)}
    steps = [later - earlier for earlier, later in pairwise(times(target))]
    assert [step for step in steps if abs(step - STEP * TICK) > 0.002] == []


@pytest.mark.parametrize("ending", ["ts", "mp4"])
def test_joined_recordings_keep_their_sound(tmp_path, ending):
    part = make_clip(tmp_path / "a.ts", dark_pan(30), audio="aac").read_bytes()
    source, target = tmp_path / "in.ts", tmp_path / f"out.{ending}"
    source.write_bytes(part * 3)
    assert enhance_video(source, target, same).frames == 90
    shown, sound = times(target), packets(target, "audio")
    heard = [seconds for seconds, _ in sound]
    assert len(sound) >= len(packets(source, "audio")) - 2 * 5
    for stamps in (shown, heard):
        assert all(earlier < later for earlier, later in pairwise(stamps))
        assert stamps[-1] - stamps[0] == pytest.approx(3, abs=0.4)
    # In each part picture and sound begin together.
    for begin in (shown[30], shown[60]):
        assert min(abs(seconds - begin) for seconds in heard) < 0.15


# What must change, and is said.


def test_odd_sizes(tmp_path):
    odd = dark_pan(4, 65, 97)
    kept = make_clip(tmp_path / "in.webm", odd, "libvpx-vp9")
    assert enhance_video(kept, tmp_path / "out.webm", same)[1:] == (
        *(65, 97, "libvpx-vp9"),
        (),
    )
    full = make_clip(tmp_path / "full.mp4", odd, pixels="yuv444p")
    assert enhance_video(full, tmp_path / "full_out.mp4", same)[1:3] == (65, 97)
    half = make_clip(tmp_path / "half.mkv", dark_pan(4, 65, 96), pixels="yuv422p")
    assert enhance_video(half, tmp_path / "half_out.mkv", same)[1:3] == (65, 96)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_videos(tmp_path, codec, count):
    source = make_clip(tmp_path / "in.mp4", dark_pan(count), codec)
    target = tmp_path / "out.mp4"
    assert enhance_video(source, target, same).frames == count
    assert times(target) == times(source)


def test_an_odd_size_that_h264_cannot_hold_repeats_the_edge(tmp_path):
    odd = dark_pan(4, 65, 97, noise=0)
    source = make_clip(tmp_path / "in.avi", odd, "mjpeg", pixels="yuvj420p")
    target = tmp_path / "out.mp4"
    shapes = set()
    summary = enhance_video(source, target, lambda x: shapes.add(x.shape) or x, crf=1)
    assert shapes == {(65, 97, 3)}
    assert summary[1:4] == (66, 98, "libx264")
    assert summary.notes == (
        "mjpeg video encoded anew with libx264",
        "98x66 instead of 97x65: libx264 needs even sizes, the edge is repeated",
    )
    before, after = as_rgb(source)[0], as_rgb(target)[0]
    assert after.shape == (66, 98, 3)
    wanted = np.pad(before, [(0, 1), (0, 1), (0, 0)], mode="edge")
    assert psnr(after, wanted) > 35


@pytest.mark.parametrize("size", [(1, 1), (2, 16), (16, 2), (17, 33)])
def test_small_videos(tmp_path, size):
    pictures = [np.full((*size, 3), 20 + 10 * i, np.uint8) for i in range(3)]
    source = make_clip(tmp_path / "in.mkv", pictures, "ffv1", pixels="yuv444p")
    target = tmp_path / "out.mkv"
    assert enhance_video(source, target, brighten).frames == 3
    error = np.array(as_rgb(target), int) - [brighten(image) for image in pictures]
    assert np.abs(error).max() <= 4


def test_ten_bits_become_eight(tmp_path):
    source = make_clip(
        *(tmp_path / "in.mp4", dark_pan(4), "libx265"),
        pixels="yuv420p10le",
        colour=(1, 1, 1, 1),
    )
    target = tmp_path / "out.mp4"
    assert enhance_video(source, target, brighten).notes == (
        "8 bits a sample instead of more",
    )
    assert decoded(target)[0].format.name == "yuv420p"
    wanted = [brighten(image) for image in as_rgb(source)]
    assert psnr(as_rgb(target), wanted) > 30


def test_interlacing_and_transparency_are_said(tmp_path):
    fields = make_clip(
        tmp_path / "fields.mp4", dark_pan(3), options={"flags": "+ilme+ildct"}
    )
    assert enhance_video(fields, tmp_path / "out.mp4", same).notes == (
        "interlaced fields treated as whole pictures",
    )
    clear = make_clip(tmp_path / "clear.mkv", dark_pan(3), "ffv1", pixels="yuva444p")
    assert enhance_video(clear, tmp_path / "out.mkv", same).notes == (
        "ffv1 video encoded anew with libx264",
        "transparency left out",
    )


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(tmp_path, transfer, name):
    source = make_clip(
        *(tmp_path / "in.mp4", dark_pan(2), "libx265"),
        pixels="yuv420p10le",
        colour=(9, 1, 9, transfer),
    )
    refused(source, tmp_path / "out.mp4", rf"HDR video \({name}\).*tone-map it")


# Refusals: one line that names the file; nothing is written.


def refused(source, target, pattern, **options):
    before = set(target.parent.iterdir())
    with pytest.raises(InputError, match=pattern) as caught:
        enhance_video(source, target, same, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert source.name in message or target.name in message or "crf" in message
    assert set(target.parent.iterdir()) == before


def test_a_colon_in_a_relative_path_is_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a:b").mkdir()
    make_clip(tmp_path / "in.mp4", dark_pan(2)).rename("a:b/12:30.mp4")
    assert enhance_video(Path("a:b/12:30.mp4"), Path("a:b/out.mp4"), same).frames == 2


def test_bad_arguments(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(2))
    out = tmp_path / "out.mp4"
    refused(tmp_path / "none.mp4", out, "no such file")
    refused(source, tmp_path / "out.wmv", r"cannot write '\.wmv' videos.*\.mp4, ")
    refused(source, source, "exists")
    refused(source, out, r"crf 52 is not within 0\.\.51", crf=52)


def test_files_that_are_no_videos(tmp_path):
    out = tmp_path / "out.mp4"
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.mkv"
    text.write_text("This is no video at all. " * 100)
    empty.touch()
    refused(text, out, "no video, damaged or truncated")
    refused(empty, out, "no video, damaged or truncated")
    sound = tmp_path / "sound.m4a"
    with av.open(sound, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=48000)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((2, 1024), np.float32), "fltp", "stereo"
        )
        silence.sample_rate = 48000
        file.mux([*stream.encode(silence), *stream.encode(None)])
    refused(sound, out, "there is no video in it")


@pytest.mark.parametrize(
    ("name", "share", "options"),
    [
        ("in.mp4", 0.7, {}),  # the index is at the end: gone
        ("in.mp4", 0.7, {"movflags": "faststart"}),
        ("in.mp4", 0.97, {"movflags": "faststart"}),
        ("in.mkv", 0.5, {}),
        ("in.mov", 0.4, {"movflags": "faststart"}),
    ],
)
def test_truncated_files_are_refused(tmp_path, name, share, options):
    whole = make_clip(
        *(tmp_path / name, dark_pan(60, step=1)),
        audio="aac",
        container_options=options,
    )
    data = whole.read_bytes()
    source = tmp_path / f"cut_{name}"
    source.write_bytes(data[: int(len(data) * share)])
    refused(source, tmp_path / f"out_{name}", "truncated")


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4", "in.mov"])
def test_a_whole_file_that_begins_late_is_not_taken_for_cut_off(tmp_path, name):
    """Half a second late and more: Matroska counts its duration from 0."""
    stamps = [45000 + number * STEP for number in range(10)]
    source = make_clip(tmp_path / name, dark_pan(10), times=stamps)
    target = tmp_path / f"out_{name}"
    assert enhance_video(source, target, same).frames == 10
    assert times(target)[0] == 0


def test_a_damaged_middle_is_concealed_and_said(tmp_path):
    source = make_clip(tmp_path / "in.ts", dark_pan(40), options={"g": "10"})
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    source.write_bytes(data)
    target = tmp_path / "out.ts"
    try:
        summary = enhance_video(source, target, same)
    except InputError as error:
        assert str(source) in str(error)  # noqa: PT017
        assert not target.exists()
    else:
        assert len(decoded(target)) == summary.frames >= 30


def test_a_concealed_picture_is_said(tmp_path):
    """Where FFmpeg says so, which it does of some."""
    whole = make_clip(tmp_path / "in.mkv", dark_pan(12, noise=20))
    source, notes = tmp_path / "damaged.mkv", set()
    for _, data in packets(whole, "video")[1:]:
        middle = slice(len(data) // 2, len(data) // 2 + 30)
        damaged = bytearray(data)
        damaged[middle] = [value ^ 0x5A for value in data[middle]]
        source.write_bytes(whole.read_bytes().replace(data, damaged))
        summary = enhance_video(source, tmp_path / "o.mkv", same, overwrite=True)
        notes.update(summary.notes)
    assert notes == {"1 of 12 pictures were damaged in the source"}


@pytest.mark.parametrize("damaged", [0, 2])
def test_pictures_may_be_missing_only_at_the_start(tmp_path, damaged):
    """As in a recording that begins between two key pictures."""
    source = make_clip(tmp_path / "in.mkv", dark_pan(6), "mjpeg", pixels="yuvj420p")
    data = packets(source, "video")[damaged][1]
    source.write_bytes(source.read_bytes().replace(data, bytes(len(data))))
    target = tmp_path / "out.mkv"
    if damaged:
        refused(source, target, "no video, damaged or truncated")
    else:
        assert enhance_video(source, target, same).frames == len(decoded(target)) == 5


# Progress, overwriting, interruption.


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])  # counted; estimated
def test_progress_counts_every_picture(tmp_path, name):
    source = make_clip(tmp_path / name, dark_pan(9))
    seen = []
    enhance_video(source, tmp_path / f"out_{name}", same, lambda *x: seen.append(x))
    assert seen == [(done, 9) for done in range(1, 10)]


def test_overwriting_on_request_also_the_source(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(5))
    wanted = [brighten(image) for image in as_rgb(source)]
    enhance_video(source, source, brighten, overwrite=True)
    assert psnr(as_rgb(source), wanted) > 30
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError("no")])
@pytest.mark.parametrize("when", [1, 6, 12])
def test_an_interruption_leaves_nothing(tmp_path, error, when):
    source = make_clip(tmp_path / "in.mp4", dark_pan(12), audio="aac")
    count = 0

    def frame(image):
        nonlocal count
        count += 1
        if count == when:
            raise error
        return image

    with pytest.raises((KeyboardInterrupt, SystemExit, RuntimeError)):
        enhance_video(source, tmp_path / "out.mp4", frame)
    assert list(tmp_path.iterdir()) == [source]


def test_a_frame_of_another_shape_is_a_defect(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(2))
    with pytest.raises(ValueError, match=r"frame\(\) gave uint8 \(63, 96, 3\)"):
        enhance_video(source, tmp_path / "out.mp4", lambda image: image[1:])
    assert list(tmp_path.iterdir()) == [source]


def test_a_file_that_cannot_grow(tmp_path):
    source = make_clip(tmp_path / "in.mp4", dark_pan(12, noise=20), options={"qp": "0"})
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom lled_jax import video\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9999, 9999))\n"
        "try: video.enhance_video(*map(Path, sys.argv[1:]), lambda x: x, crf=0)\n"
        "except video.InputError as error: print(error)"
    )
    target = tmp_path / "out.mp4"
    message = python(code, source, target)
    assert re.fullmatch(rf"cannot write {target}: .*; another .*", message)
    assert list(tmp_path.iterdir()) == [source]


SLOW = """
import signal, sys, time
from pathlib import Path
from lled_jax.video import enhance_video

def stop(number, stack):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)  # which a job in the background ignores
def report(done, total):
    print(done, flush=True)
    if done == 5:
        time.sleep(600)  # until it is killed, however slow the machine
enhance_video(
    Path(sys.argv[1]), Path(sys.argv[2]), lambda image: image, report, overwrite=True
)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_leaves_the_target_as_it_was(tmp_path, number):
    source = make_clip(tmp_path / "in.mp4", dark_pan(40), audio="aac")
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "out.mp4"
    target.write_bytes(b"older")
    command = [sys.executable, "-c", SLOW, str(source), str(target)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        for _ in range(3):  # in the midst of it
            assert process.stdout.readline()
        process.send_signal(number)
        process.wait(60)
    assert process.returncode != 0
    assert target.read_bytes() == b"older"
    left = [path.name for path in target.parent.iterdir() if path != target]
    # Nobody can clean up after SIGKILL: a hidden temporary file stays.
    assert not left or (number == signal.SIGKILL and left[0].startswith("."))


# Around it.


def test_endings():
    assert set(FORMATS) <= set(SUFFIXES)
    assert suffix_for(Path("a/B.MP4")) == ".mp4"
    assert suffix_for(Path("a.avi")) == ".mkv"
    assert suffix_for(Path("a.3GP")) == ".mov"  # which has a place for AMR


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_av_is_imported_late_and_missed_politely(tmp_path):
    (tmp_path / "in.mp4").touch()
    code = (
        "import sys; from pathlib import Path; import lled_jax.video as video\n"
        "print('av' in sys.modules); sys.modules['av'] = None\n"
        "try: video.enhance_video(Path(sys.argv[1]), Path('out.mp4'), lambda x: x)\n"
        "except video.InputError as error: print(error)"
    )
    out = python(code, tmp_path / "in.mp4").splitlines()
    assert out[0] == "False"
    assert out[1].endswith("in.mp4: videos need PyAV; pip install 'lled-jax[video]'")


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
def test_nothing_is_printed(tmp_path, codec):
    """The encoders write to the terminal past Python."""
    source = make_clip(tmp_path / "in.mkv", dark_pan(3), codec)
    code = (
        "import sys; from pathlib import Path; import lled_jax.video as video\n"
        "video.enhance_video(*map(Path, sys.argv[1:]), lambda x: x)"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out.mkv")]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
def test_no_thread_becomes_real_time(tmp_path):
    """As root SVT-AV1 would, and whatever is started afterwards would inherit it."""
    seen = set()

    def look(frame):
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                seen.add(os.sched_getscheduler(int(thread.name)))
        return frame

    source = make_clip(tmp_path / "in.mkv", dark_pan(20), "libsvtav1")
    look(None)
    assert enhance_video(source, tmp_path / "out.mkv", look).encoder == "libsvtav1"
    look(None)
    assert seen == {os.SCHED_OTHER}


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs ffprobe")
def test_ffprobe_sees_the_same_video(tmp_path):
    """Another build of FFmpeg reads our files as it reads the sources."""
    fields = (
        "codec_name,width,height,pix_fmt,color_space,color_range,color_primaries,"
        "color_transfer,avg_frame_rate,time_base,sample_aspect_ratio,start_time,"
        "duration,nb_read_frames,side_data"
    )

    def ask(path):
        command = [
            *("ffprobe", "-v", "error", "-count_frames", "-of", "json"),
            *("-show_entries", f"stream={fields}:format=format_name", str(path)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert not done.stderr
        return json.loads(done.stdout)

    source = make_clip(
        *(tmp_path / "in.mp4", dark_pan(24)),
        audio="aac",
        colour=(1, 1, 1, 1),
        matrix=(0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
        aspect=Fraction(4, 3),
    )
    enhance_video(source, tmp_path / "out.mp4", brighten)
    assert ask(tmp_path / "out.mp4") == ask(source)
