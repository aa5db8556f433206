"""Small downloads that look like the published sets."""

import zipfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from raws_for_tests import dng, mosaic, scene

from lled_jax.data.published import fivek
from lled_jax.data.published.facts import PUBLISHED


def picture(seed, height=40, width=48, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype)


def save(path: Path, seed: int, **size) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, **size)).save(path)


def set_counts(monkeypatch, key, **counts):
    """Pretend that the published set has so many pairs."""
    monkeypatch.setitem(PUBLISHED, key, PUBLISHED[key]._replace(counts=counts))


def lol(root: Path, train=3, test=2, **size) -> Path:
    """LOLdataset; the pairs are called 1, 10, 2 ... so that sorting matters."""
    for split, count in (("our485", train), ("eval15", test)):
        for number in range(count):
            name = f"{1 + 9 * number % 13}.png"
            for side, seed in (("low", number), ("high", 100 + number)):
                save(root / split / side / name, seed + count, **size)
    return root


def lol_v2(root: Path, kind: str, prefixes=("low", "normal")) -> Path:
    for split, count in (("Train", 2), ("Test", 1)):
        for number in range(count):
            for side, prefix in zip(("Low", "Normal"), prefixes, strict=True):
                name = f"{prefix}{number + 1:05}.png"
                save(root / kind / split / side / name, number + len(split + side))
    return root


def zipped(folder: Path, archive: Path) -> Path:
    """The folder as a zip, with what macOS adds."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
        file.writestr(f"__MACOSX/{folder.name}/our485/low/._1.png", b"rubbish")
    return archive


def few_photos(monkeypatch, photos=3, training=2):
    """Pretend that FiveK has so many photos."""
    monkeypatch.setattr(fivek, "PHOTOS", photos)
    monkeypatch.setattr(fivek, "TRAINING", training)
    set_counts(monkeypatch, "fivek", train=training, test=photos - training)


def fivek_official(root: Path, photos=3, height=48, width=64) -> Path:
    """DNGs and ProPhoto TIFFs without a profile, 16 bit."""
    (root / "raw_photos" / "HQa1to700" / "photos").mkdir(parents=True)
    (root / "tiff16_c").mkdir()
    (root / "tiff16_a").mkdir()
    for number in range(1, photos + 1):
        name = f"a{number:04}-lamp_{number}"
        light = scene(height, width, seed=number)
        dark = root / "raw_photos" / "HQa1to700" / "photos" / f"{name}.dng"
        dark.write_bytes(dng(mosaic(light / 8)))
        expert = picture(number, height, width, np.uint16)
        for folder in ("tiff16_c", "tiff16_a"):
            pixels = expert if folder == "tiff16_c" else expert // 2
            tifffile.imwrite(root / folder / f"{name}.tif", pixels, photometric="rgb")
    return root


SID_PAIRS = {
    "train": [("00001_00_0.1s", "00001_00_10s"), ("00001_01_0.04s", "00001_00_10s")],
    "val": [("20001_00_0.033s", "20001_00_10s")],
    "test": [
        ("10003_00_0.1s", "10003_00_30s"),
        ("10003_01_0.1s", "10003_00_30s"),
        ("10034_00_0.1s", "10034_00_10s"),
    ],
}


def sid(root: Path, lists=True) -> Path:
    """Sony/short, Sony/long and the lists; short ones are dark by the exposures."""
    for split, pairs in SID_PAIRS.items():
        for short, long in pairs:
            light = scene(seed=int(short[:5]))
            times = float(long[9:-1]) / float(short[9:-1])
            exposures = (("short", short, light / times), ("long", long, light))
            for folder, name, shown in exposures:
                path = root / "Sony" / folder / f"{name}.ARW"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(dng(mosaic(shown)))
        if lists:
            lines = [
                f"./Sony/short/{short}.ARW ./Sony/long/{long}.ARW ISO200 F8\n"
                for short, long in pairs
            ]
            (root / f"Sony_{split}_list.txt").write_text("".join(lines))
    return root


def sid_counts(monkeypatch):
    counts = {split: len(pairs) for split, pairs in SID_PAIRS.items()}
    set_counts(monkeypatch, "sid_sony", **counts)
