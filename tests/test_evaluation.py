"""Evaluation and what is made of it: table, result files, contact sheet."""

import csv
import errno
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from lled_jax.errors import InputError
from lled_jax.evaluation import evaluate, pictures_in, score_pictures
from lled_jax.files import atomic_write, write_csv, write_json, write_png
from lled_jax.metrics import COLUMNS
from lled_jax.report import ContactSheet, contact_sheet, print_table, write_results

FAST = ("psnr", "ssim")


class Source:
    """Random pairs; `high` is twice as bright as `low`."""

    def __init__(self, count=3, shape=(40, 48, 3)):
        rng = np.random.default_rng(0)
        self.lows = [rng.integers(0, 120, shape, dtype=np.uint8) for _ in range(count)]
        self.names = tuple(f"img{i}" for i in range(count))

    def __len__(self):
        return len(self.lows)

    def __getitem__(self, index):
        return self.lows[index], 2 * self.lows[index]


def add_noise(low):
    # Stronger for brighter images, so that each image has a score of its own.
    rng = np.random.default_rng(int(low.sum()))
    noise = rng.standard_normal(low.shape) * float(low.mean()) / 255 * 0.3
    return 2 * low / 255 + noise


def test_every_image_counts_once_and_the_mean_is_the_average():
    seen = []
    source = Source()
    result = evaluate(
        source, add_noise, columns=FAST, on_image=lambda *args: seen.append(args)
    )
    assert result.names == source.names == tuple(name for name, *_ in seen)
    assert list(result.scores) == list(FAST)
    for column in FAST:
        assert result.scores[column].shape == (3,)
        assert len(set(result.scores[column])) == 3
        assert result.means[column] == pytest.approx(np.mean(result.scores[column]))
    for (_, low, enhanced, high), expected in zip(seen, source.lows, strict=True):
        assert enhanced.dtype == np.uint8
        np.testing.assert_array_equal(low, expected)
        np.testing.assert_array_equal(high, 2 * expected)


def test_psnr_is_that_of_the_rounded_picture():
    source = Source(1)
    noisy = add_noise(source.lows[0])
    result = evaluate(source, lambda low: noisy, columns=["psnr"])
    rounded = np.round(np.clip(noisy, 0, 1) * 255)
    error = np.mean((rounded - 2.0 * source.lows[0]) ** 2)
    expected = 10 * np.log10(255**2 / error)
    assert result.scores["psnr"][0] == pytest.approx(expected, abs=1e-4)


def test_predictions_are_rounded_and_clipped_before_scoring():
    source = Source(1)
    exact = 2 * source.lows[0]
    near = exact / 255 + 0.3 / 255
    assert evaluate(source, lambda low: near, columns=FAST).means["ssim"] == 1
    assert evaluate(source, lambda low: near, columns=FAST).means["psnr"] == 100
    off = exact / 255 + 0.7 / 255
    assert evaluate(source, lambda low: off, columns=["psnr"]).means[
        "psnr"
    ] == pytest.approx(48.13, abs=0.01)
    as_16_bit = exact.astype(np.uint16) * 257 + 60
    assert evaluate(source, lambda low: as_16_bit, columns=FAST).means["psnr"] == 100


def test_16_bit_targets_are_compared_in_full():
    class Deep(Source):
        def __getitem__(self, index):
            low, high = super().__getitem__(index)
            return low, high.astype(np.uint16) * 257 + 100

    result = evaluate(Deep(1), lambda low: 2 * low, columns=["psnr"])
    assert result.means["psnr"] == pytest.approx(20 * np.log10(65535 / 100), abs=0.01)


def test_all_columns_of_a_perfect_prediction():
    result = evaluate(Source(1), lambda low: 2 * low)
    assert list(result.scores) == list(COLUMNS)
    for column, mean in result.means.items():
        best = 100 if "psnr" in column else 0 if "lpips" in column else 1
        assert mean == pytest.approx(best, abs=1e-6), column
    darker = evaluate(Source(1), lambda low: low)
    assert darker.means["psnr_gt_mean"] > darker.means["psnr"] + 20


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (lambda low: low[:, 1:], "img0: the prediction is 47x40 pixels.*48x40"),
        (lambda low: low[..., 0], r"img0: .* shape \[40, 48\]"),
        (lambda low: np.full(low.shape, np.nan), "img0: .*not finite"),
    ],
)
def test_bad_predictions_are_named(prediction, message):
    with pytest.raises(InputError, match=message):
        evaluate(Source(1), prediction, columns=FAST)


def test_bad_sources_and_columns_are_named():
    source = Source(2)
    source.names = ("a", "a")
    with pytest.raises(InputError, match="two image pairs are called 'a'"):
        evaluate(source, lambda low: low)
    with pytest.raises(InputError, match="no image pairs"):
        evaluate(Source(0), lambda low: low)
    with pytest.raises(InputError, match="unknown metric 'fid'"):
        evaluate(Source(1), lambda low: low, columns=["fid"])
    with pytest.raises(InputError, match="img0: SSIM needs images of at least 11x11"):
        evaluate(Source(1, (9, 40, 3)), lambda low: low, columns=["ssim"])


def read(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)


def test_pictures_score_as_the_method_that_made_them(tmp_path):
    source = Source()
    expected = evaluate(
        source,
        add_noise,
        columns=FAST,
        on_image=lambda name, low, enhanced, high: write_png(
            tmp_path / f"{name}.png", enhanced
        ),
    )
    (tmp_path / "img0.txt").write_text("not a picture")
    pictures = pictures_in(tmp_path, source.names, read)
    result = score_pictures(source, pictures, columns=FAST)
    assert result.names == expected.names
    for column in FAST:
        np.testing.assert_array_equal(result.scores[column], expected.scores[column])


def test_missing_double_and_misfitting_pictures_are_named(tmp_path):
    source = Source(2)
    write_png(tmp_path / "img0.png", source.lows[0])
    with pytest.raises(InputError, match=r"no picture for 'img1' in .*img1\.png"):
        pictures_in(tmp_path, source.names, read)
    write_png(tmp_path / "img1.png", source.lows[1][:20])
    with pytest.raises(InputError, match="img1: the prediction is 48x20"):
        score_pictures(source, pictures_in(tmp_path, source.names, read), columns=FAST)
    write_png(tmp_path / "img1.jpg", source.lows[1])
    with pytest.raises(InputError, match=r"two pictures .*img1\.jpg or img1\.png"):
        pictures_in(tmp_path, source.names, read)
    with pytest.raises(InputError, match="no such folder"):
        pictures_in(tmp_path / "nowhere", source.names, read)


def test_atomic_write_replaces_at_success(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for text in ("one", "two"):
        with atomic_write(path) as temporary:
            assert (temporary.parent, temporary.suffix) == (path.parent, ".txt")
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, FileNotFoundError])
def test_atomic_write_leaves_nothing_behind_on_failure(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def interrupted():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_line(tmp_path):
    path = tmp_path / "file.txt"

    def fill():
        with atomic_write(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError) as caught:
        fill()
    assert str(caught.value).startswith(f"cannot write {path}: the disk is full")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InputError, match=r"cannot write .*file/x\.json.*another folder"
    ):
        write_json(tmp_path / "file" / "x.json", {})
    with pytest.raises(InputError, match=r"cannot write .*it is a folder"):
        write_csv(tmp_path, ["a"], [])


def test_results_hold_every_number(tmp_path):
    result = evaluate(Source(), add_noise, columns=FAST)
    write_results(result, tmp_path / "out", {"parameters": np.int64(279_000)})
    data = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert data["parameters"] == 279_000
    assert data["count"] == 3
    assert data["protocol"] == list(result.protocol)
    assert data["versions"]["jax"]
    assert list(data["images"]) == list(result.names)
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == list(result.names)
    for column in FAST:
        assert data["means"][column] == pytest.approx(result.means[column], abs=1e-6)
        for i, (name, row) in enumerate(zip(result.names, rows, strict=True)):
            score = pytest.approx(result.scores[column][i], abs=1e-6)
            assert data["images"][name][column] == score
            assert float(row[column]) == score
    with pytest.raises(ValueError, match="'means'"):
        write_results(result, tmp_path, {"means": {}})


def printed(result, width=80, **options):
    file = io.StringIO()
    print_table(result, Console(file=file, width=width), **options)
    return file.getvalue()


def test_table_shows_every_number_within_80_columns():
    result = evaluate(Source(2), add_noise)
    lines = printed(result).splitlines()
    assert max(map(len, lines)) <= 80
    row = next(line for line in lines if line.startswith("img1"))
    mean = next(line for line in lines if line.startswith("mean "))
    for line, scores in (
        (row, {c: v[1] for c, v in result.scores.items()}),
        (mean, result.means),
    ):
        digits = {c: 2 if "psnr" in c else 4 for c in scores}
        cells = [f"{score:.{digits[c]}f}" for c, score in scores.items()]
        assert line.split()[1:] == [*cells[:5], "|", *cells[5:]]
    for column in COLUMNS:
        assert any(line.startswith(f"{column}: ") for line in lines)
    assert "img1" not in printed(result, per_image=False)


def test_contact_sheet_puts_each_picture_in_its_place(tmp_path):
    def picture(level):
        # Left half red, right half blue, dark below: shows flips and swaps.
        image = np.zeros((40, 60, 3), np.uint8)
        image[:20, :30, 0], image[:20, 30:, 2] = level, level
        return image

    rows = [
        ("a", picture(60), picture(120), picture(240)),
        ("b", picture(80).astype(np.uint16) * 257, picture(140), picture(200)),
    ]
    path = tmp_path / "sheet.png"
    contact_sheet(iter(rows), path, width=648)
    sheet = read(path).astype(int)
    # Three cells of 200 x 133 between margins of 12; a header of 30, captions of 22.
    assert sheet.shape == (30 + 2 * (133 + 22) + 3 * 12, 648, 3)
    for row, levels in enumerate([(60, 120, 240), (80, 140, 200)]):
        for column, level in enumerate(levels):
            top, left = 42 + row * (133 + 22 + 12), 12 + column * 212
            cell = sheet[top : top + 133, left : left + 200]
            np.testing.assert_allclose(cell[20, 40], [level, 0, 0], atol=1)
            np.testing.assert_allclose(cell[20, 160], [0, 0, level], atol=1)
            np.testing.assert_allclose(cell[120, 40], [0, 0, 0], atol=1)
        caption = sheet[top + 134 : top + 155, 12:648]
        assert (caption[:, :200] > 100).any()


def test_contact_sheet_is_bounded_and_serves_as_a_callback(tmp_path):
    sheet = ContactSheet(width=300, limit=2)
    evaluate(Source(4), add_noise, columns=["psnr"], on_image=sheet.add)
    sheet.write(tmp_path / "sheet.png")
    cell = 84 * 40 // 48
    height = read(tmp_path / "sheet.png").shape[0]
    assert height == 30 + 2 * (cell + 22) + 3 * 12
