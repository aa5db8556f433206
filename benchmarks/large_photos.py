"""Peak memory and time of `lled enhance` on large JPEGs, as whole processes.

    python benchmarks/large_photos.py [--megapixels 1 12 50 100] [--limit 2G]

The photos are a small one repeated; each row is one run of the command.
"""

import sys
import tempfile
import time
from pathlib import Path

import timing
from made_photos import write_photo
from whole_process import peak_gib


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12, 50, 100])
    parser.add_argument("--limit", default="2G")
    options = parser.parse_args()
    if options.quick:
        options.megapixels = [0.01]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in options.megapixels:
            photo = Path(folder) / f"{megapixels:g}.jpg"
            width, height = write_photo(photo, megapixels)
            command = [sys.executable, "-m", "lled_jax", "enhance", str(photo)]
            start = time.perf_counter()
            peak = peak_gib([*command, "--max-memory", options.limit])
            rows.append(
                {
                    "photo": f"{width}x{height}",
                    "megapixels": megapixels,
                    "peak_gib": round(peak, 2),
                    "seconds": round(time.perf_counter() - start, 1),
                }
            )
            print(rows[-1], flush=True)
    data = {"what": f"lled enhance --max-memory {options.limit}", "rows": rows}
    timing.finish("large_photos", options.output, options.quick, data)


if __name__ == "__main__":
    main()
