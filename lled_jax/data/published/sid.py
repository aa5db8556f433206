"""See in the Dark, Sony: short and long exposures as camera RAW.

The pairing, the split, the ratio and the development are those of the authors' code
(https://github.com/cchen156/Learning-to-See-in-the-Dark): lists of pairs, a name's
first digit, min(long / short, 300), and rawpy's `postprocess(use_camera_wb=True,
half_size=False, no_auto_bright=True, output_bps=16)`.
"""

from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt16

from lled_jax.data.published import developing
from lled_jax.data.published.download import Download
from lled_jax.data.published.facts import PUBLISHED
from lled_jax.data.published.sid_pairs import (
    LARGEST_RATIO,
    SPLITS,
    Key,
    by_lists,
    by_names,
    find_lists,
    key_of,
    parse,
    ratio,
    too_few,
)
from lled_jax.data.published.survey import Original, Packed, Picture, Survey, nothing_of
from lled_jax.errors import InputError

RENDITIONS = ("amplified", "dark", "packed")
"""What the short exposures are made into (the long ones always the same way).

* amplified: sRGB with the camera's white balance, the light times the ratio.
* dark: the same, not amplified: what the camera would have shown.
* packed: the sensor's four planes, linear, of both; for export, since the networks here
  take three channels.
"""

CURVES = {"bt709": developing.BT709, "srgb": developing.SRGB}
"""Tone curves: rawpy's default, which the authors' code uses, and sRGB's own."""

MISALIGNED = ("10034", "10045", "10172")
"""Test scenes that do not lie on their targets.

The authors ask to leave them out of numbers (their README, update of August 2018).
"""


class Options(NamedTuple):
    """How to render and what to leave out.

    Attributes:
        rendition: one of `RENDITIONS`.
        curve: one of `CURVES`.
        half: half the width and height, without demosaicking.
        misaligned: keep the scenes `MISALIGNED`.
        first: of each burst only the first image, as the authors' test code does.
    """

    rendition: str = "amplified"
    curve: str = "bt709"
    half: bool = False
    misaligned: bool = False
    first: bool = False


def survey(download: Download, options: Options = Options()) -> Survey:  # noqa: B008
    """The pairs of a download.

    With the three official lists they are the lists'; without any, each short exposure
    is paired with the long one of its scene.

    Raises:
        InputError: unknown options, no such files, or a list that is damaged.
    """
    _check(options)
    facts = PUBLISHED["sid_sony"]
    files = {key_of(f): f for f in download.files if f.suffix.lower() == ".arw"}
    if not files:
        raise nothing_of(download, facts, "Sony/short and Sony/long with ARW files")
    lists = find_lists(download)
    listed = by_lists(download, lists) if lists else by_names(files)
    wanted = [pair for pair in listed if _kept(pair, options)]
    originals = tuple(
        _original(download, files[short], files[long], options)
        for short, long in wanted
        if short in files and long in files
    )
    needed = dict.fromkeys(key for pair in wanted for key in pair)
    missing = [f"Sony/{'/'.join(key)}" for key in needed if key not in files]
    missing = too_few(listed, listed=bool(lists)) + missing
    expected = _expected(wanted, bool(lists), options)
    how = {"pairs": "official lists" if lists else "by name", **options._asdict()}
    chosen = how | _rawpy(options) | {"largest_ratio": LARGEST_RATIO}
    root = str(download.root)
    return Survey("sid_sony", facts, root, originals, expected, tuple(missing), chosen)


def _check(options: Options) -> None:
    for name, known in (("rendition", RENDITIONS), ("curve", tuple(CURVES))):
        value = getattr(options, name)
        if value not in known:
            raise InputError(
                f"unknown {name} '{value}'; choose one of {', '.join(known)}"
            )
    if options.half and options.rendition == "packed":
        raise InputError("packed planes have half the size already; leave out --half")


def _kept(pair: tuple[Key, Key], options: Options) -> bool:
    scene, number, _ = parse(pair[0][1])
    if scene in MISALIGNED and not options.misaligned:
        return False
    return number == "00" or not options.first


def _expected(
    wanted: list[tuple[Key, Key]], listed: bool, options: Options
) -> dict[str, int]:
    """By the lists, which have been cut already; else by the published counts."""
    counts = dict(PUBLISHED["sid_sony"].counts)
    splits = [SPLITS[short[1][0]] for short, _ in wanted]
    found = {split: splits.count(split) for split in counts}
    # Without lists nobody knows how many pairs a selection should leave.
    if listed or options.first:
        return found
    return counts if options.misaligned else counts | {"test": found["test"]}


def _original(
    download: Download, short: PurePosixPath, long: PurePosixPath, options: Options
) -> Original:
    exposure = parse(short)
    times = ratio(exposure, parse(long))
    amplified = options.rendition == "amplified"
    settings = _rawpy(options)
    low: partial[Any]
    high: partial[Any]
    if options.rendition == "packed":
        low, high = (partial(_packed, download, file) for file in (short, long))
    else:
        low = partial(
            _developed,
            download,
            short,
            settings["rawpy_low"],
            times if amplified else 1.0,
        )
        high = partial(_developed, download, long, settings["rawpy_high"], 1.0)
    split = SPLITS[exposure.scene[0]]
    return Original(split, short.stem, Picture(short, low), Picture(long, high), times)


def _rawpy(options: Options) -> dict[str, developing.Settings]:
    """The settings of both images."""
    if options.rendition == "packed":
        return {}
    gamma = CURVES[options.curve]
    high = developing.settings(gamma=gamma, half_size=options.half)
    # Amplified, the white level must stay where the light was clipped.
    unmoved = {"adjust_maximum_thr": 0.0} if options.rendition == "amplified" else {}
    return {"rawpy_low": high | unmoved, "rawpy_high": high}


def _developed(
    download: Download,
    file: PurePosixPath,
    settings: developing.Settings,
    times: float,
) -> UInt16[np.ndarray, "h w 3"]:
    data = download.read(file)
    return developing.develop(data, download.label(file), settings, times)


def _packed(download: Download, file: PurePosixPath) -> Packed:
    return developing.pack(download.read(file), download.label(file))
