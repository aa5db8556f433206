"""How long the browser page takes to its first result, and what it downloads.

    (cd web && npm ci && npm run build)
    python benchmarks/web_page.py [--threads 1 2] [--repeats 3]

Headless Chromium on this machine, each run in a new window with nothing cached, the
page from a server beside it.  Median seconds: `first_s` from the page's address to the
enhanced picture, `next_s` from the choice of the next photo to its enhanced picture,
`detail_s` of a large photo's full detail.
"""

import gzip
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import browser_page
import timing
from made_photos import write_photo
from playwright.sync_api import Browser

MEGAPIXELS = {"600x400": 0.24, "12 MP": 12.0}


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--page", type=Path, default=browser_page.WEB / "dist")
    options = parser.parse_args()
    if options.quick:
        options.repeats, options.threads = 1, [1]
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        browser_page.served(options.page) as address,
        browser_page.browser() as running,
    ):
        for name, megapixels in MEGAPIXELS.items():
            photo = Path(folder) / "photo.jpg"
            size = write_photo(photo, 0.3 if options.quick else megapixels)
            for threads in options.threads:
                settings = {"engine": "wasm", "threads": threads, "wait": 0}
                if options.quick and name != "600x400":
                    settings["whole"] = 0.1
                runs = [
                    measured(running, address, photo, settings)
                    for _ in range(options.repeats)
                ]
                row: dict[str, Any] = {"photo": name, "size": f"{size[0]}x{size[1]}"}
                row["threads"] = threads
                for key in runs[0]:
                    row[key] = round(statistics.median(run[key] for run in runs), 2)
                rows.append(row)
                print(row, file=sys.stderr, flush=True)
        version = running.version
    data = {
        "what": f"{__doc__.splitlines()[0]} Chromium {version}",
        "rows": rows,
        "downloads": downloads(options.page),
    }
    timing.finish("web_page", options.output, options.quick, data)


def measured(
    running: Browser, address: str, photo: Path, settings: dict[str, Any]
) -> dict[str, float]:
    """Seconds of one visit."""
    seconds = {}
    start = time.perf_counter()
    with browser_page.opened(running, address, **settings) as tab:
        browser_page.choose(tab, photo)
        seconds["first_s"] = time.perf_counter() - start
        tab.locator("#busy").wait_for(state="hidden")
        if tab.locator("#more").is_visible():
            start = time.perf_counter()
            browser_page.detail(tab)
            seconds["detail_s"] = time.perf_counter() - start
        again = photo.replace(photo.with_name("again.jpg"))
        start = time.perf_counter()
        browser_page.choose(tab, again)
        seconds["next_s"] = time.perf_counter() - start
        again.replace(photo)
    return seconds


def downloads(folder: Path) -> dict[str, dict[str, int]]:
    """Bytes of the page's parts, as they are and gzipped."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    ours = [path for path in files if path.parent.name != "ort"]
    runtimes = [path for path in files if path.parent.name == "ort"]
    parts = {
        "page": [path for path in ours if path.suffix != ".onnx"],
        "network": [path for path in ours if path.suffix == ".onnx"],
        "runtime, WebAssembly": [p for p in runtimes if "jspi" not in p.name],
        "runtime, WebGPU": [p for p in runtimes if "jspi" in p.name],
    }
    return {
        name: {
            "bytes": sum(path.stat().st_size for path in paths),
            "gzipped": sum(len(gzip.compress(path.read_bytes())) for path in paths),
        }
        for name, paths in parts.items()
    }


if __name__ == "__main__":
    main()
