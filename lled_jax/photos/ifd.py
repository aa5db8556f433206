"""The directories of a TIFF structure, which EXIF and most RAW files are too."""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from lled_jax.photos.streams import Stream

# Bytes of one value of each type (TIFF 6.0, section 2; 13 is a directory's offset).
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES[13] = 4

Order = Literal["<", ">"]
"""The byte order, as `struct` writes it: little-endian ("II") or big-endian ("MM")."""

EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005
# Values of an EXIF directory that are larger are previews and private data.
_LARGEST_VALUE = 2**18
# Its offsets count from the start of the file it was made for.
_MAKER_NOTE = 0x927C


@dataclass(frozen=True)
class Entry:
    """One entry: the values' bytes in the structure's byte order, or a directory."""

    tag: int
    kind: int
    count: int
    value: "bytes | list[Entry]"


@dataclass(frozen=True)
class Slot:
    """Where an entry's values lie: `size` bytes from `at`."""

    tag: int
    kind: int
    count: int
    at: int
    size: int


def byte_order(start: bytes) -> Order:
    """ "<" or ">" of a structure; the variants of RAW formats count, BigTIFF does not.

    Raises `ValueError` for anything else.
    """
    # 42; Olympus' letters (in their order of bytes); Panasonic's.
    if start[:2] in (b"II", b"MM") and start[2:4] in (
        *(b"*\0", b"\0*", b"RO", b"RS", b"OR", b"U\0"),
    ):
        return "<" if start[:2] == b"II" else ">"
    raise ValueError("no TIFF structure")


def slots(stream: Stream, offset: int, order: Order) -> tuple[list[Slot], int]:
    """The entries of the directory at `offset`, and where its link to the next lies.

    Entries of unknown type are left out.  Raises `struct.error` where data is missing.
    """
    stream.seek(offset)
    (count,) = struct.unpack(order + "H", stream.read(2))
    table = stream.read(12 * count)
    found = []
    for i in range(count):
        tag, kind, values, target = struct.unpack_from(order + "HHII", table, 12 * i)
        size = _SIZES.get(kind, 0) * values
        at = target if size > 4 else offset + 2 + 12 * i + 8
        if size:
            found.append(Slot(tag, kind, values, at, size))
    return found, offset + 2 + 12 * count


def first(stream: Stream) -> tuple[Order, int]:
    """(byte order, offset of the first directory) of a whole structure."""
    stream.seek(0)
    start = stream.read(8)
    order = byte_order(start)
    return order, struct.unpack(order + "I", start[4:])[0]


def number(stream: Stream, slot: Slot, order: Order) -> int:
    """The first value of a SHORT or LONG entry."""
    stream.seek(slot.at)
    code = "H" if slot.kind == 3 else "I"
    return struct.unpack(order + code, stream.read(struct.calcsize(code)))[0]


def directory(stream: Stream, offset: int, order: Order, depth: int = 0) -> list[Entry]:
    """The entries at `offset` with the EXIF, GPS and interoperability ones below.

    Maker notes and very large values are left out.
    """
    entries, entered = [], set()
    for slot in slots(stream, offset, order)[0]:
        value: bytes | list[Entry]
        if slot.tag in (EXIF, GPS, INTEROP):
            # No EXIF is deeper, nor has it two of a kind: a loop, maybe thousands.
            if depth == 2 or slot.tag in entered:
                continue
            entered.add(slot.tag)
            below = number(stream, slot, order)
            value = directory(stream, below, order, depth + 1)
        elif slot.tag == _MAKER_NOTE or slot.size > _LARGEST_VALUE:
            continue
        else:
            stream.seek(slot.at)
            value = stream.read(slot.size)
            if len(value) < slot.size:
                continue
        entries.append(Entry(slot.tag, slot.kind, slot.count, value))
    return entries


def structure(entries: list[Entry], order: Order) -> bytes | None:
    """A structure with one directory at its top; None if that is empty."""
    if not entries:
        return None
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(order + "I", 8) + packed(entries, order, 8)


def packed(entries: list[Entry], order: Order, base: int) -> bytes:
    """The bytes of a directory that will lie at `base`, with all that it points to."""
    entries = sorted(entries, key=lambda entry: entry.tag)
    table, heap = BytesIO(), BytesIO()
    heap_at = base + 2 + 12 * len(entries) + 4
    table.write(struct.pack(order + "H", len(entries)))
    for entry in entries:
        kind, count, value = entry.kind, entry.count, entry.value
        if isinstance(value, list):
            at = heap_at + heap.tell()
            heap.write(packed(value, order, at))
            kind, count, field = 4, 1, struct.pack(order + "I", at)
        elif len(value) > 4:
            field = struct.pack(order + "I", heap_at + heap.tell())
            heap.write(value + bytes(len(value) % 2))  # values lie on even places
        else:
            field = value.ljust(4, b"\0")
        table.write(struct.pack(order + "HHI", entry.tag, kind, count) + field)
    table.write(bytes(4))  # no further directory
    return table.getvalue() + heap.getvalue()
