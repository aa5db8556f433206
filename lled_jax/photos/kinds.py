"""Which format a file holds, what its name may promise, and how damage is told."""

import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePath

from PIL import Image

from lled_jax.errors import InputError

# What LibRaw reads.
_RAW = (
    *("3fr", "ari", "arw", "bay", "cap", "cr2", "cr3", "crw", "dcr", "dcs", "dng"),
    *("erf", "fff", "gpr", "iiq", "k25", "kdc", "mdc", "mef", "mos", "mrw", "nef"),
    *("nrw", "orf", "pef", "ptx", "raf", "raw", "rw2", "rwl", "rwz", "sr2", "srf"),
    *("srw", "x3f"),
)
_ENDINGS = {
    "PNG": ("png", "apng"),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "WEBP": ("webp",),
    "AVIF": ("avif", "avifs"),
    "BMP": ("bmp", "dib"),
    "TIFF": ("tif", "tiff"),
    "HEIF": ("heic", "heif", "hif"),
    "GIF": ("gif",),
    "RAW": _RAW,
}
FORMAT_OF = {f".{end}": kind for kind, ends in _ENDINGS.items() for end in ends}
"""The file endings we read (in lower case) and what must be behind them."""

SUFFIXES = frozenset(FORMAT_OF)
"""The endings of the files that `read` reads, in lower case."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (
    (PNG_SIGNATURE, "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    # Classic and BigTIFF, either byte order.
    *((start, "TIFF") for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    # Panasonic, Olympus (three), Fujifilm, Sigma, Minolta, Canon's oldest.
    *((start, "RAW") for start in (b"IIU\0", b"IIRO", b"IIRS", b"MMOR")),
    *((start, "RAW") for start in (b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")),
    (b"II\x1a\0\0\0HEAP", "RAW"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "RAW"}
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# What the decoders were seen to raise on damaged files (LibRaw's own apart).
_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, RuntimeError),
    *(AssertionError, ArithmeticError, struct.error, zlib.error),
    Image.DecompressionBombError,
)

MAX_PIXELS = 2**30
"""The largest picture we open, in pixels; no camera makes one of that size."""


def kind_of(start: bytes) -> str | None:
    """The format by a file's first 64 bytes; a camera's TIFF-based RAW is "TIFF"."""
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        length = int.from_bytes(start[:4], "big")
        # The major brand, then (after a version) those it is compatible with.
        brands = [start[i : i + 4] for i in (8, *range(16, min(length, 64), 4))]
        known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        if known:
            return known[0]
        if any(brand in _HEIF_BRANDS for brand in brands):
            return "HEIF"
    return None


def checked_kind(start: bytes, name: str) -> str:
    """The format of a file named `name` that begins with `start` (64 bytes).

    The content decides; an ending that promises another format is refused, because
    other programs will not open such a file either.  A TIFF-based file with a RAW
    ending is "RAW".

    Raises:
        InputError: it is empty, no picture we read, or mislabelled.
    """
    suffix = PurePath(name).suffix
    expected, found = FORMAT_OF.get(suffix.lower()), kind_of(start)
    if not start:
        raise InputError(f"{name}: is empty (0 bytes); replace it with a good copy")
    if expected == "RAW" and found in ("RAW", "TIFF", None):
        return "RAW"  # old RAW formats have no signature
    if found is None:
        if expected is None:
            raise InputError(
                f"{name}: no picture of a known format; convert it to JPEG, PNG or TIFF"
            )
        raise InputError(
            f"{name}: is not a {expected} file; replace it with a good copy or remove "
            "it"
        )
    if expected is not None and found != expected:
        raise mislabelled(name, found)
    return found


def mislabelled(name: str, found: str) -> InputError:
    """The error for a file whose ending promises something else than `found`."""
    path = PurePath(name)
    cure = f"rename it to {path.stem}.{_ENDINGS[found][0]}"
    if found == "RAW":
        cure = "give it its camera's ending, such as .dng or .nef"
    return InputError(
        f"{name}: holds {found} data behind the ending {path.suffix}; {cure}"
    )


def checked_size(height: int, width: int, name: str) -> tuple[int, int]:
    """Refuse a header that promises an absurd size before anything is decoded."""
    if height < 1 or width < 1:
        raise InputError(f"{name}: has no pixels ({width}x{height})")
    if height * width > MAX_PIXELS:
        raise InputError(
            f"{name}: {width}x{height} pixels are more than the {MAX_PIXELS:,} we "
            "open; make it smaller or cut it into parts"
        )
    return height, width


@contextlib.contextmanager
def errors_of(name: object) -> Iterator[None]:
    """Turn what reading and decoding raise into an error that names the file."""
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(
            f"{name}: there is not enough memory to read it; make it smaller"
        ) from error
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:  # the system's, no decoder's
            raise InputError(f"{name}: {error.strerror}; check the disk") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name}: damaged or truncated ({reason}); replace it with a good copy or "
            "remove it"
        ) from error
