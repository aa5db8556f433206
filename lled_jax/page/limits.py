"""What the page accepts and keeps."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What one running page accepts and keeps.

    Attributes:
        upload_bytes: the largest file.
        upload_seconds: how long its upload may take.
        pixels: the most pixels of a photo.
        requests: how many may be uploading, waiting or worked on; the rest is turned
            away.
        cache_bytes: what decoded photos and previews may take in memory.
        preview: the longer side of a preview, in pixels.
    """

    upload_bytes: int = 64 * 2**20
    upload_seconds: float = 120.0
    pixels: int = 50_000_000
    requests: int = 8
    cache_bytes: int = 512 * 2**20
    preview: int = 1600
