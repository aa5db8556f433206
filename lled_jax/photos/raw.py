"""Camera RAW files, by LibRaw."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np

from lled_jax.errors import InputError
from lled_jax.photos import exif as exif_of
from lled_jax.photos import pillow
from lled_jax.photos.kinds import checked_size, errors_of
from lled_jax.photos.photo import Metadata, Photo
from lled_jax.photos.streams import Stream


def size(stream: Stream, name: str) -> tuple[int, int]:
    """(height, width) of the upright picture, from the header alone."""
    with opened(stream, name) as raw:
        return _size(raw, name)


def read(stream: Stream, name: str) -> Photo:
    """Develop a RAW file of any camera LibRaw knows to 16-bit sRGB.

    Black and white level, colour filter, colour matrix, orientation and the camera's
    white balance come from the file (daylight's where it has none).  AHD demosaicking,
    highlights clipped, no automatic brightening, sRGB's curve: a dark photo stays as
    dark as it was taken.  A white level that is much too high for the brightest pixel
    is lowered, by at most a quarter, as LibRaw does by default.
    """
    import rawpy

    with opened(stream, name) as raw:
        _size(raw, name)
        raw.unpack()
        pixels = raw.postprocess(
            demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
            use_camera_wb=True,
            no_auto_bright=True,
            adjust_maximum_thr=0.75,
            highlight_mode=rawpy.HighlightMode.Clip,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=(2.4, 12.92),
            output_bps=16,
            user_flip=None,
        )
        with errors_of(name):
            exif = exif_of.from_tiff(stream) or _preview_exif(raw)
    if pixels.shape[2] == 1:
        grey = True
        pixels = np.repeat(pixels, 3, axis=2)
    else:
        grey = False
    return Photo(pixels, None, grey, "RAW", Metadata(exif=exif))


@contextmanager
def opened(
    stream: Stream,
    name: str,
    cure: str = "replace it with a good copy or convert it to DNG",
) -> Iterator[Any]:
    """The file, not yet unpacked; LibRaw's errors in the block become ours."""
    import rawpy  # a tenth of a second that no other format needs

    stream.seek(0)
    with rawpy.RawPy() as raw:
        try:
            with errors_of(name):
                raw.open_buffer(stream)
            yield raw
        except rawpy.LibRawError as error:
            reason = error.args[0] if error.args else type(error).__name__
            if isinstance(reason, bytes):
                reason = reason.decode(errors="replace")
            raise InputError(
                f"{name}: damaged, truncated or of a camera LibRaw does not know "
                f"({reason}); {cure}"
            ) from error


def _size(raw: Any, name: str) -> tuple[int, int]:
    sizes = raw.sizes
    height, width = sizes.iheight, sizes.iwidth
    # LibRaw stretches the shorter side of pixels that are not square.
    if sizes.pixel_aspect < 0.995:
        height = round(height / sizes.pixel_aspect)
    elif sizes.pixel_aspect > 1.005:
        width = round(width * sizes.pixel_aspect)
    if sizes.flip & 4:
        height, width = width, height
    return checked_size(height, width, name)


def _preview_exif(raw: Any) -> bytes | None:
    """The EXIF of the embedded JPEG, for files that are no TIFF structure."""
    import rawpy

    try:
        preview = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if preview.format != rawpy.ThumbFormat.JPEG:
        return None
    image = pillow.opened(BytesIO(preview.data), "JPEG")
    return exif_of.upright(image.info.get("exif"))[1]
