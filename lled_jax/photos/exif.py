"""EXIF and XMP of a picture that was turned upright and stands alone in its file."""

import re
import struct
from io import BytesIO

from lled_jax.photos import ifd
from lled_jax.photos.layout import ORIENTATION, valid_orientation
from lled_jax.photos.streams import Stream

_PREFIX = b"Exif\0\0"
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))([1-8])")
# What says that a film lies behind the picture, by Google's old and new name.
_XMP_FILM = re.compile(
    rb"(Camera:(?:MotionPhoto|MicroVideo)(?:\s*=\s*[\"']|\s*>\s*))1(?=\s*[\"'<])"
)

# Tags of a TIFF's first directory that speak of the photo, not of how its pixels are
# stored: description, make, model, software, date, artist, host, rating, copyright,
# the EXIF and GPS directories, Windows' title to subject.
ABOUT_THE_PHOTO = {
    *(0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749, 0x8298),
    *(0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, ifd.EXIF, ifd.GPS),
}
# TIFF/EP keeps in the first directory what EXIF has one below: exposure time to ISO,
# original date, shutter, aperture, bias, distance, metering, light, flash, focal
# length.
_TIFF_EP = {
    *(0x829A, 0x829D, 0x8822, 0x8827, 0x9003, 0x9201, 0x9202, 0x9204, 0x9205, 0x9206),
    *(0x9207, 0x9208, 0x9209, 0x920A),
}


def upright(exif: bytes | None) -> tuple[int | None, bytes | None]:
    """(orientation or None, the same EXIF with orientation 1 and no thumbnail).

    The bytes are changed in place: the orientation, and the link to the directory of
    the thumbnail (the picture as it was), which becomes 0.  So maker notes, whose
    offsets nobody can correct, survive.  The answer begins with the byte order, not
    with "Exif".  What cannot be understood is given back as it is.
    """
    if not exif:
        return None, None
    plain = exif.removeprefix(_PREFIX)
    stream = BytesIO(plain)
    try:
        order, offset = ifd.first(stream)
        entries, link = ifd.slots(stream, offset, order)
        found = next((slot for slot in entries if slot.tag == ORIENTATION), None)
        orientation = None
        if found:
            orientation = valid_orientation(ifd.number(stream, found, order))
            stream.seek(found.at)
            code = "H" if found.kind == 3 else "I"
            stream.write(struct.pack(order + code, 1))
        if link + 4 <= len(plain):
            stream.seek(link)
            stream.write(bytes(4))
    except (struct.error, ValueError):
        return None, plain
    return orientation, stream.getvalue()


def without_orientation(exif: bytes) -> bytes | None:
    """The EXIF less its orientation, all values where they were; None if damaged.

    Pillow writes an EXIF with an orientation anew into AVIF, without all that it does
    not understand, or fails; any other it takes as it is.
    """
    stream = BytesIO(exif)
    try:
        order, offset = ifd.first(stream)
        _, link = ifd.slots(stream, offset, order)
    except (struct.error, ValueError):
        return None
    end = link + 4
    kept = [
        exif[at : at + 12]
        for at in range(offset + 2, link, 12)
        if exif[at : at + 2] != struct.pack(order + "H", ORIENTATION)
    ]
    table = struct.pack(order + "H", len(kept)) + b"".join(kept) + exif[link:end]
    return exif[:offset] + table.ljust(end - offset, b"\0") + exif[end:]


def xmp_upright(xmp: bytes | None) -> tuple[int | None, bytes | None]:
    """(orientation or None, the same XMP with tiff:Orientation 1 and no film)."""
    if not xmp:
        return None, None
    found = _XMP_ORIENTATION.search(xmp)
    orientation = int(found[2]) if found else None
    upright = _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)
    return orientation, _XMP_FILM.sub(rb"\g<1>0", upright)


def from_tiff(stream: Stream) -> bytes | None:
    """The EXIF of a TIFF file or a TIFF-based RAW as a structure of its own.

    Camera, lens, dates, exposure, GPS and texts, every value as it is stored; maker
    notes are left out, since they break when moved.  None if there is nothing.
    """
    try:
        order, offset = ifd.first(stream)
        entries = ifd.directory(stream, offset, order)
    except (struct.error, ValueError):
        return None
    kept = [entry for entry in entries if entry.tag in ABOUT_THE_PHOTO]
    below: list[ifd.Entry] = []
    for entry in kept:
        if entry.tag == ifd.EXIF and isinstance(entry.value, list):
            below = entry.value
    have = {entry.tag for entry in below}
    moved = [e for e in entries if e.tag in _TIFF_EP and e.tag not in have]
    if moved:
        kept = [entry for entry in kept if entry.tag != ifd.EXIF]
        kept.append(ifd.Entry(ifd.EXIF, 4, 1, [*below, *moved]))
    return ifd.structure(kept, order)


def entries_of(exif: bytes | None) -> tuple[ifd.Order, list[ifd.Entry]]:
    """(byte order, what a TIFF can hold of an EXIF structure); maker notes are lost."""
    if exif:
        stream = BytesIO(exif)
        try:
            order, offset = ifd.first(stream)
            entries = ifd.directory(stream, offset, order)
        except (struct.error, ValueError):
            return "<", []
        return order, [entry for entry in entries if entry.tag in ABOUT_THE_PHOTO]
    return "<", []


def shortened(exif: bytes) -> bytes | None:
    """The EXIF without thumbnail and maker notes, for formats that hold little."""
    order, entries = entries_of(exif)
    return ifd.structure(entries, order)
