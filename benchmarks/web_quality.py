"""How good the browser page's answers are for photos that it does not take whole.

    (cd web && npm ci && npm run build)
    python benchmarks/web_quality.py --lol data/LOL --photos FOLDER [--pairs 12]

The page itself, in headless Chromium, is given training pairs of LOL (never eval15) and
photos of FOLDER enlarged to 12 megapixels, once smooth and once with noise, and what it
downloads is compared with Python's answer for the whole photo and, of pairs, with the
target.  `quick`: brightened at reduced size and transferred; `detail`: tiles with means
sampled from the photo; `by`: what the sides are divided by for the quick answer.
"""

import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import browser_page
import numpy as np
import timing
from PIL import Image
from playwright.sync_api import Browser

import lled_jax
from lled_jax import metrics, photos
from lled_jax.cli.process import exit_status
from lled_jax.data.decode import photos_in
from lled_jax.images import to_float
from lled_jax.ssim import ssim

Scores = dict[str, float]
LARGE = (4000, 3000)
# Of a signal in [0, 1], proportional to light and constant: a small sensor at ISO 800.
SHOT, READ = 2e-4, 1e-6


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("--lol", type=Path, default=Path("data/LOL"))
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--page", type=Path, default=browser_page.WEB / "dist")
    options = parser.parse_args()
    found: dict[tuple[str, str, int], list[Scores]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        browser_page.served(options.page) as address,
        browser_page.browser() as running,
    ):
        judge = Judge(running, address, Path(folder), found)
        for low, high in pairs(options.lol, 1 if options.quick else options.pairs):
            for by in (1, 2, 3):
                judge.compare("LOL, 600x400", low, by, high)
        if options.photos and not options.quick:
            for path in chosen(options.photos):
                smooth = enlarged(photos.read(path).pixels)
                judge.compare("12 MP, enlarged", smooth, 3)
                judge.compare("12 MP, enlarged, noisy", noisy(smooth), 3)
    rows = [
        {"photos": photo, "count": len(scores), "by": by, "way": way} | mean(scores)
        for (photo, way, by), scores in found.items()
    ]
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("web_quality", options.output, options.quick, data)


class Judge:
    """Lets the page answer and scores what it gives."""

    def __init__(
        self,
        running: Browser,
        address: str,
        folder: Path,
        found: dict[tuple[str, str, int], list[Scores]],
    ) -> None:
        self.running, self.address, self.found = running, address, found
        self.file = folder / "photo.png"
        self.enhancer = lled_jax.load(backend="onnxruntime")

    def compare(
        self, name: str, low: np.ndarray, by: int, high: np.ndarray | None = None
    ) -> None:
        """Both ways for one photo; `by` 1: it is taken whole."""
        Image.fromarray(low).save(self.file, compress_level=1)
        pixels = low.shape[0] * low.shape[1] / 1e6
        settings = {"engine": "wasm", "wait": 0, "whole": pixels / by**2 + 1e-6}
        answers = {}
        with browser_page.opened(self.running, self.address, **settings) as tab:
            browser_page.choose(tab, self.file)
            answers["whole" if by == 1 else "quick"] = browser_page.downloaded(tab)
            if by > 1:
                browser_page.detail(tab)
                answers["detail"] = browser_page.downloaded(tab)
        exact = self.enhancer.enhance(low)
        for way, answer in answers.items():
            scores = {"levels_from_python": levels(answer, exact)}
            scores["psnr_to_python"] = psnr(answer, exact)
            scores["ssim_to_python"] = similarity(answer, exact)
            if high is not None:
                scores["psnr"] = psnr(answer, high)
                scores["ssim"] = similarity(answer, high)
            self.found[name, way, by].append(scores)
            print(name, way, by, scores, file=sys.stderr, flush=True)


def pairs(folder: Path, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Dark images and targets, evenly through the training set."""
    files = sorted((folder / "our485" / "low").glob("*.png"))
    if not files:
        sys.exit(f"error: no training pairs of LOL in {folder}: name it with --lol")
    paths = files[:: max(1, len(files) // count)][:count]
    return [
        (
            photos.read(path).pixels,
            photos.read(path.parents[1] / "high" / path.name).pixels,
        )
        for path in paths
    ]


def chosen(folder: Path) -> list[Path]:
    """The photos of a folder that have most pixels, two of them."""
    found = photos_in(folder)
    return sorted(found, key=lambda path: -np.prod(Image.open(path).size))[:2]


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """To 12 megapixels."""
    image = Image.fromarray(pixels).resize(LARGE, Image.Resampling.LANCZOS)
    return np.asarray(image)


def noisy(pixels: np.ndarray) -> np.ndarray:
    """As a sensor adds it to light; the same each time."""
    light = (pixels / 255) ** 2.2
    spread = np.sqrt(SHOT * light + READ)
    light = light + spread * np.random.default_rng(0).normal(size=light.shape)
    return np.uint8(255 * np.clip(light, 0, 1) ** (1 / 2.2) + 0.5)


def levels(x: np.ndarray, y: np.ndarray) -> float:
    """The mean difference in levels of 8 bit."""
    return float(np.abs(x.astype(np.int16) - y).mean())


def psnr(x: np.ndarray, y: np.ndarray) -> float:
    """In dB; of equal images 100."""
    if np.array_equal(x, y):
        return 100.0
    return float(metrics.psnr(to_float(x[None]), to_float(y[None]))[0])


def similarity(x: np.ndarray, y: np.ndarray) -> float:
    """SSIM, of large images the mean of bands."""
    bands = [slice(n, n + 600) for n in range(0, len(x), 600)]
    values = [float(ssim(to_float(x[b][None]), to_float(y[b][None]))[0]) for b in bands]
    return statistics.fmean(values)


def mean(scores: list[Scores]) -> dict[str, Any]:
    """Of each score."""
    return {
        name: round(statistics.fmean(one[name] for one in scores), 4)
        for name in scores[0]
    }


if __name__ == "__main__":
    sys.exit(exit_status(main))
