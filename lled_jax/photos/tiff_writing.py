"""TIFF files with EXIF, by tifffile."""

import struct

import numpy as np
import tifffile

from lled_jax.photos import exif as exif_of
from lled_jax.photos import ifd
from lled_jax.photos.photo import Metadata
from lled_jax.photos.streams import Stream

_XMP = 700
# From here on offsets may not fit 32 bits any more.
_BIG = 7 * 2**29


def write(stream: Stream, pixels: np.ndarray, metadata: Metadata) -> None:
    """Write [h w c] with deflate to a stream that can seek and read.

    Of the EXIF all but the maker notes (and the thumbnail) is kept: texts in the
    first directory, exposure and GPS in directories of their own.  In a file of more
    than 3.5 GiB (BigTIFF) these two are left out.
    """
    order, entries = exif_of.entries_of(metadata.exif)
    big = pixels.nbytes > _BIG
    below = [e for e in entries if isinstance(e.value, list)]
    # tifffile keeps these tags for itself: hold a place right before each.
    tags = [(e.tag - 1, 4, 1, 0, True) for e in below if not big]
    tags += [
        (e.tag, e.kind, e.count, e.value, True)  # type: ignore[misc]
        for e in entries
        if isinstance(e.value, bytes)
    ]
    if metadata.xmp:
        tags.append((_XMP, 1, len(metadata.xmp), metadata.xmp, True))  # type: ignore[arg-type]
    channels = pixels.shape[2]
    tifffile.imwrite(
        stream,
        pixels[..., 0] if channels == 1 else pixels,
        bigtiff=big,
        byteorder=order,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig=None if channels == 1 else "contig",
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression="zlib",
        predictor=True,
        rowsperstrip=max(1, 2**20 // pixels[0].nbytes),
        resolution=metadata.dpi,
        resolutionunit="INCH" if metadata.dpi else None,
        iccprofile=metadata.icc,
        extratags=tags,
        metadata=None,
        software=False,
    )
    if not big:
        _append(stream, below, order)


def _append(stream: Stream, directories: list[ifd.Entry], order: ifd.Order) -> None:
    """Put the directories behind the file and point its held places to them."""
    _, offset = ifd.first(stream)
    stream.seek(offset)
    (count,) = struct.unpack(order + "H", stream.read(2))
    for entry in directories:
        assert isinstance(entry.value, list)
        end = stream.seek(0, 2)
        base = end + end % 2
        stream.write(bytes(base - end) + ifd.packed(entry.value, order, base))
        for at in range(offset + 2, offset + 2 + 12 * count, 12):
            stream.seek(at)
            if struct.unpack(order + "H", stream.read(2))[0] == entry.tag - 1:
                stream.seek(at)
                stream.write(struct.pack(order + "HHII", entry.tag, 4, 1, base))
