"""Short videos for tests, made on the spot, and what is needed to look into them."""

import struct
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation
from PIL import Image
from skimage import data

from lled_jax.video.encoder import open_unhurried

# 29.97 pictures a second, in the units of a usual mp4.
TICK, STEP = Fraction(1, 30000), 1001
# x265 without reordering: its time stamps of one or two pictures are wrong.
QUIET = {"libx265": {"x265-params": "log-level=error:bframes=0"}}
LOSSLESS = {"qp": "0", "preset": "ultrafast"}


def picture(height=64, width=96):
    """A photo scaled to a size: uint8 [h w 3]."""
    return np.asarray(Image.fromarray(data.astronaut()[40:360]).resize((width, height)))


def dark_pan(count=12, height=64, width=96, noise=3.0, step=2, photo=None, seed=0):
    """A dark, noisy pan over a photo: a list of uint8 [h w 3]."""
    photo = picture(height, width + step * count) if photo is None else photo
    noises = np.random.default_rng(seed).normal(0, noise, (count, height, width, 3))
    views = [photo[:, step * i : step * i + width] for i in range(count)]
    return [
        np.clip(np.rint(view * 0.2 + grain), 0, 255).astype(np.uint8)
        for view, grain in zip(views, noises, strict=True)
    ]


def brighten(frame):
    return np.minimum(frame.astype(np.uint16) * 3, 255).astype(np.uint8)


def make_clip(
    path,
    pictures,
    codec="libx264",
    *,
    pixels="yuv420p",
    times=None,
    colour=(2, 0, 2, 2),
    options=None,
    audio=None,
    matrix=None,
    aspect=None,
    tags=None,
    container_options=None,
):
    """Write RGB arrays, or ready frames of the encoder's format, as a video.

    `colour` is (matrix, range, primaries, transfer) in FFmpeg's numbers, `times` the
    pts in ticks of 1/30000 s, `audio` the encoder of a sine, `matrix` the display
    matrix.
    """
    first = pictures[0]
    height, width = (
        first.shape[:2]
        if isinstance(first, np.ndarray)
        else (first.height, first.width)
    )
    with av.open(path, "w", container_options=container_options or {}) as file:
        file.metadata.update(tags or {})
        stream = file.add_stream(
            codec,
            rate=1 / (TICK * STEP),
            width=width,
            height=height,
            pix_fmt=pixels,
            options=QUIET.get(codec, {}) | (options or {}),
        )
        context = stream.codec_context
        if codec not in ("mpeg4", "mjpeg"):
            context.time_base = TICK
        context.colorspace, context.color_range = colour[:2]
        context.color_primaries, context.color_trc = colour[2:]
        if aspect:
            context.sample_aspect_ratio = aspect
        stream.set_display_matrix(matrix)
        if codec == "libsvtav1":
            open_unhurried(context)
        sound = file.add_stream(audio, rate=48000) if audio else None
        for number, image in enumerate(pictures):
            if isinstance(image, np.ndarray):
                image = av.VideoFrame.from_ndarray(image, "rgb24")
                image = image.reformat(format=pixels)
            image.pts = number * STEP if times is None else times[number]
            image.time_base, image.duration = TICK, STEP
            file.mux(stream.encode(image))
        file.mux(stream.encode(None))
        if sound:
            _add_sine(file, sound, len(pictures) / 30)
    return path


def _add_sine(file, stream, seconds):
    wave = 8000 * np.sin(np.arange(int(48000 * seconds)) * 2 * np.pi * 440 / 48000)
    sound = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
    sound.sample_rate, sound.pts, sound.time_base = 48000, 0, Fraction(1, 48000)
    resampler = av.AudioResampler(
        stream.codec_context.format, "stereo", 48000, stream.codec_context.frame_size
    )
    for part in [*resampler.resample(sound), *resampler.resample(None)]:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def decoded(path):
    """The pictures of a video, as FFmpeg decodes them."""
    with av.open(path) as file:
        return list(file.decode(video=0))


def as_rgb(path):
    """The pictures as RGB, by FFmpeg's own reading of the tags."""
    # Without full chroma FFmpeg is off by one to two levels.
    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
    flags |= Interpolation.FULL_CHR_H_INT
    return [
        image.to_ndarray(format="rgb24", interpolation=flags) for image in decoded(path)
    ]


def times(path):
    """When each picture is shown, in seconds."""
    return [image.pts * image.time_base for image in decoded(path)]


def packets(path, kind):
    """The packets of the first audio or subtitle stream: (seconds, bytes)."""
    with av.open(path) as file:
        stream = getattr(file.streams, kind)[0]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in file.demux(stream)
            if packet.size
        ]


def display_matrix(path):
    data = decoded(path)[0].side_data.get(Type.DISPLAYMATRIX)
    return None if data is None else struct.unpack("=9i", bytes(data))
