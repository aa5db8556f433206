"""What is made of an evaluation: table, result files, contact sheet."""

import csv
import io
import json

import numpy as np
import pytest
from pairs_for_tests import Source, add_noise, read
from rich.console import Console

from lled_jax.contact_sheet import ContactSheet
from lled_jax.evaluation import evaluate
from lled_jax.metrics import COLUMNS
from lled_jax.results import print_table, require_own, write_results

FAST = ("psnr", "ssim")


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


@pytest.mark.parametrize("content", ["", "half a wri", "[]", "null"])
def test_what_is_no_result_may_be_replaced(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    require_own(tmp_path, data="data/LOL")


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
    written = ContactSheet(width=648)
    for row in rows:
        written.add(*row)
    written.write(path)
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
