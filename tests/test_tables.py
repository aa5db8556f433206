"""The tables of README and docs say what the committed result files say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lled_jax import shipped, weights_file

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/results.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def table_lines(page: str) -> list[str]:
    lines = (ROOT / page).read_text().splitlines()
    return [line for line in lines if line.startswith("|")]


def scored_rows() -> list[Any]:
    """(cells of a row, the one result on eval15 that it links) of all tables."""
    found = []
    for page in PAGES:
        for line in table_lines(page):
            files = scores_linked((ROOT / page).parent, line)
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(files) == 1 and re.fullmatch(r"\d+\.\d\d", cells[1]):
                label = f"{page}-{files[0].parent.name}-{files[0].stem}-{cells[1]}"
                found.append(pytest.param(cells, files[0], id=label))
    return found


def scores_linked(folder: Path, line: str) -> list[Path]:
    linked = [(folder / link).resolve() for link in LINK.findall(line)]
    files = [path / "scores.json" if path.is_dir() else path for path in linked]
    results = ROOT / "docs/results"
    return [path for path in files if path.is_relative_to(results) and path.is_file()]


def test_there_are_rows_for_what_is_shipped():
    files = {row.values[1].parent.name for row in scored_rows()}
    assert {"student", "student_photos", "jpeg_teacher"} <= files


@pytest.mark.parametrize(("cells", "file"), scored_rows())
def test_a_row_has_the_scores_of_its_file(cells, file):
    content = json.loads(file.read_text())
    means = content["input_means" if "dark input" in cells[0] else "means"]
    x8 = "_x8" if "--ensemble" in cells[0] else ""
    stated = [float(cell) for cell in cells[1:4]]
    measured = [means[name + x8] for name in ("psnr", "ssim", "lpips")]
    assert stated[0] == pytest.approx(measured[0], abs=0.00501)
    assert stated[1:] == pytest.approx(measured[1:], abs=0.0000501)


def test_the_row_of_three_seeds_has_the_means_and_spreads_of_its_file():
    (line,) = [
        li for li in table_lines("docs/results.md") if "three seeds, mean ±" in li
    ]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    (link,) = LINK.findall(line)
    (row,) = json.loads((ROOT / "docs" / link).read_text())["rows"]
    keys = ("psnr", "ssim", "lpips", "holdout_psnr", "holdout_ssim")
    pairs = [*cells[1:4], *cells[4].split("/")]
    for key, pair in zip(keys, pairs, strict=True):
        mean, spread = pair.split("±")
        error = 0.00501 if "psnr" in key else 0.0000501
        assert float(mean) == pytest.approx(row[key], abs=error)
        assert float(spread) == pytest.approx(row[f"{key}_spread"], abs=error)


@pytest.mark.parametrize("name", shipped.SHIPPED)
def test_held_out_scores_are_those_of_the_shipped_weights(name):
    _, _, facts = weights_file.read(shipped.SHIPPED[name].path())
    held_out = facts["held_out"]
    wanted = f"{held_out['psnr']:.2f} / {held_out['ssim']:.4f}".replace(" 0.", " .")
    for page in PAGES:
        rows = [line for line in table_lines(page) if f"{name} as shipped" in line]
        assert rows, page
        assert all(wanted in row for row in rows), page
