"""The report as a whole: page, plots, plates and the command."""

import base64
import hashlib
import io
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import runs_for_tests as cases
from matplotlib.figure import Figure
from PIL import Image
from typer.testing import CliRunner

from lled_jax.cli.main import app
from lled_jax.comparison import choice, plates
from lled_jax.comparison import pictures as pictures_of
from lled_jax.comparison.agree import agree
from lled_jax.comparison.plots import plots
from lled_jax.comparison.read import read_runs
from lled_jax.comparison.report import Wishes, make
from lled_jax.comparison.svg import log_ticks
from lled_jax.errors import InputError

VOID = {"meta", "img", "link", "br", "hr", "input"}
EVIL = "<script>alert(1)</script>\"'><img src=http://evil.test/x.png onerror=alert(2)>"


class Page(HTMLParser):
    """Elements of a page with their text; fails on what is never closed."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.found, self.rows = [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self.open.append((tag, len(self.found) - 1))

    def handle_startendtag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for _, index in self.open:
            self.found[index][2] += data

    def all(self, *tags):
        return [element for element in self.found if element[0] in tags]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two methods on pairs, a training's log with one; results below out/."""
    monkeypatch.chdir(tmp_path)
    root = str(cases.write_pairs(tmp_path / "LOL"))
    for seed, (name, gain) in enumerate({"one": 4, "two": 7}.items()):
        timing = {"median": 5.0 + seed, "min": 4.0, "max": 9.0, "size": "48x36"}
        facts = {"parameters": 1000 * (1 + seed), "ms_per_image": timing}
        content = cases.scores(seed, data=root, method=name, **facts)
        folder = cases.write(tmp_path / "runs" / name / "evaluation", content)
        cases.write_enhanced(folder, tmp_path / "LOL", gain)
    log = [{"step": n, "loss": 1 / n, "holdout_psnr": 20.0 + n} for n in range(1, 5)]
    lines = "\n".join(map(json.dumps, log))
    (tmp_path / "runs" / "one" / "metrics.jsonl").write_text(lines)
    return tmp_path / "runs"


def made(arguments, path, wishes=None, formats=("html",)):
    written, warnings = make(arguments, path, formats, wishes or Wishes())
    assert [p.suffix.lstrip(".") for p in written] == list(formats)
    return written[0].read_text(encoding="utf-8"), warnings


def test_the_page_has_all_its_parts(folders, tmp_path):
    source, warnings = made([str(folders)], tmp_path / "r.html", Wishes(paper=True))
    assert warnings == ()
    page = Page(source)
    assert [e[2] for e in page.all("h2")] == [
        *("Methods", "Score over cost", "Side by side", "Over the images"),
        *("Image by image", "Beyond the headline", "Training", "Published numbers"),
        "Where it comes from",
    ]
    assert len(page.all("svg")) == 6
    assert len(page.all("h1")) == 1
    targets = {e[1]["id"] for e in page.found if "id" in e[1]}
    assert {e[1]["href"][1:] for e in page.all("a")} <= targets
    # Every picture and plot says what it is, every table has a caption.
    assert all(e[1]["alt"] for e in page.all("img"))
    plots = [e[1] for e in page.all("div") if e[1].get("role") == "img"]
    assert len(plots) == 6
    said = next(p["aria-label"] for p in plots if "milliseconds" in p["aria-label"])
    assert re.search(r" one: \d\d\.\d\d at 5; two: \d\d\.\d\d at 6\.$", said)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(e[2].strip() for e in page.all("caption"))
    ids = [e[1]["id"] for e in page.found if "id" in e[1]]
    assert len(set(ids)) == len(ids)


def test_long_training_curves_are_lines_without_markers(folders, tmp_path):
    def drawn(count):
        log = [{"step": n, "loss": 1 / n} for n in range(1, count + 1)]
        lines = "\n".join(map(json.dumps, log))
        (folders / "one" / "metrics.jsonl").write_text(lines)
        source, _ = made([str(folders)], tmp_path / "r.html")
        assert f"one: {1 / count:.4g} at step {count}." in source
        return source[source.index("Training loss over steps") :].count("<use ")

    assert drawn(60) - drawn(61) >= 60


def test_cells_of_the_page_are_the_scores(folders, tmp_path):
    page = Page(made([str(folders)], tmp_path / "r.html")[0])
    values = [e for e in page.all("td") if "data-value" in e[1]]
    for seed in (0, 1):
        for column, mean in cases.scores(seed)["means"].items():
            decimals = 2 if column.startswith("psnr") else 4
            cells = [c for c in values if float(c[1]["data-value"]) == mean]
            assert f"{mean:.{decimals}f}" in [c[2] for c in cells], column
    assert len(page.all("strong")) > 0


def test_it_asks_nobody_for_anything(folders, tmp_path):
    page = Page(made([str(folders)], tmp_path / "r.html", Wishes(paper=True))[0])
    for tag, attributes, content in page.found:
        for key in ("src", "href", "xlink:href", "action", "srcset", "data"):
            value = attributes.get(key) or "#"
            assert value.startswith(("#", "data:image/webp;base64,")), (tag, key)
        if tag in ("style", "script"):
            assert not re.search(r"https?:|@import|url\((?!#)", content)
        assert not re.search(r"url\((?!#)", attributes.get("style", ""))
    assert not page.all("link", "iframe", "object", "embed", "base")
    assert not [e for e in page.all("script") if "src" in e[1]]
    policy = next(e[1]["content"] for e in page.all("meta") if "http-equiv" in e[1])
    assert policy.startswith("default-src 'none';")
    # Nor would a browser run it without its hash.
    digest = hashlib.sha256(page.all("script")[0][2].encode()).digest()
    assert f"script-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_hostile_names_stay_text(folders, tmp_path):
    content = json.loads((folders / "one/evaluation/scores.json").read_text())
    content["images"] = {EVIL: content["images"].pop("1"), **content["images"]}
    content |= {"data": EVIL, "scored": EVIL, "device": EVIL, "method": EVIL}
    content["protocol"].append(EVIL)
    evil = cases.write(folders / "evil", content)
    wishes = Wishes(names=(EVIL,))
    page = Page(made([str(evil), f"$x_1$ & 漢字={evil}"], tmp_path / "r", wishes)[0])
    assert len(page.all("script")) == 1
    assert not [e for e in page.found if any(k.startswith("on") for k in e[1])]
    assert not [e for e in page.all("img") if "evil" in e[1]["src"]]
    assert EVIL in [e[2] for e in page.all("th")]
    assert "$x_1$ & 漢字" in [e[2].strip() for e in page.all("text")]


def test_same_input_same_bytes(folders, tmp_path):
    pages = []
    for name in ("a", "b"):
        formats = ("html", "md", "tex")
        made([str(folders)], tmp_path / name, Wishes(paper=True), formats)
        pages.append([(tmp_path / f"{name}.{f}").read_bytes() for f in formats])
    assert pages[0] == pages[1]


# Plates


def pictures(page, word):
    """The pictures whose text holds `word`, decoded."""
    found = {}
    for _, attributes, _ in page.all("img"):
        if word in attributes["alt"]:
            data = base64.b64decode(attributes["src"].partition(",")[2])
            image = Image.open(io.BytesIO(data)).convert("RGB")
            found[attributes["alt"]] = np.asarray(image, float)
    return found


def test_details_are_the_pixels_of_the_files(folders, tmp_path):
    wishes = Wishes(names=("2",), regions=2)
    page = Page(made([str(folders)], tmp_path / "r", wishes)[0])
    runs = read_runs([str(folders)])
    files = {
        "low": tmp_path / "LOL/eval15/low/2.png",
        **{run.name: run.folder / "enhanced/2.png" for run in runs},
        "high": tmp_path / "LOL/eval15/high/2.png",
    }
    images = {key: np.asarray(Image.open(path)) for key, path in files.items()}
    outputs = [images["one"], images["two"]]
    boxes = choice.details(outputs, images["high"], 2)
    assert len(boxes) == 2
    details = pictures(page, "detail")
    assert len(details) == 4 * 2
    for number, (left, top, right, bottom) in enumerate(boxes, 1):
        for key, image in images.items():
            shown = details[f"2, {key}: detail {number}"]
            np.testing.assert_array_equal(shown, image[top:bottom, left:right])
    captions = [e[2] for e in page.all("figcaption")]
    for run in runs:
        assert f"{run.name}PSNR {run.images['2']['psnr']:.2f} dB" in captions
    assert list(pictures(page, "whole")) == [f"2, {key}: whole image" for key in files]


def test_details_lie_where_the_methods_differ():
    rng = np.random.default_rng(0)
    high = rng.integers(60, 190, (90, 120, 3), np.uint8)
    good = np.clip(high.astype(int) + 9, 0, 255).astype(np.uint8)
    bad = high.copy()
    bad[60:78, 10:37] = 255 - bad[60:78, 10:37]  # a mistake, one box large
    (box,) = choice.details([good, bad], high, 1)
    assert abs(box[0] - 10) <= 6
    assert abs(box[1] - 60) <= 4
    boxes = choice.details([good, bad], high, 3)
    assert len(boxes) == 3
    seen = np.zeros(high.shape[:2], int)
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 120
        assert 0 <= top < bottom <= 90
        seen[top:bottom, left:right] += 1
    assert seen.max() == 1
    for one, other in combinations(boxes, 2):  # half a box apart
        gaps = [max(other[i] - one[i + 2], one[i] - other[i + 2]) for i in (0, 1)]
        assert gaps[0] >= 27 // 2 or gaps[1] >= 18 // 2
    # Without a target, too, and with more pixels than are looked at.
    odd = high.copy()
    odd[60:78, 10:37] += 50
    (box,) = choice.details([good, odd], None, 1)
    assert abs(box[0] - 10) <= 6
    assert abs(box[1] - 60) <= 4
    large = [image.repeat(25, 0).repeat(25, 1) for image in (good, odd)]
    (of_large,) = choice.details(large, None, 1)
    np.testing.assert_allclose(of_large, np.multiply(box, 25), atol=100)
    assert choice.details([high[:1, :1]], None, 2) == ((0, 0, 1, 1),)
    # One method and no target: where there is something to see.
    flat = np.full_like(high, 100)
    flat[30:50, 60:90] = high[30:50, 60:90]
    ((left, top, *_),) = choice.details([flat], None, 1)
    assert abs(left - 61) <= 6
    assert abs(top - 31) <= 4


def test_details_lie_neither_where_all_are_wrong_nor_where_nothing_is_seen():
    """One picture is brighter than the other all over, which needs no detail."""
    high = np.random.default_rng(0).integers(60, 131, (90, 120, 3), np.uint8)
    one, other = high + np.uint8(60), high.copy()
    other[60:78, 10:37] += 50
    one[10:28, 80:107] += 35
    other[10:28, 80:107] -= 35  # as wrong as the other
    (box,) = choice.details([one, other], high, 1)
    assert abs(box[0] - 10) <= 6
    assert abs(box[1] - 60) <= 4
    # As large a mistake on a wall tells less than one on what has structure.
    high[:, 60:] = 100
    one, other = high.copy(), high.copy()
    other[30:48, 10:37] += 40
    other[30:48, 80:107] += 50
    (box,) = choice.details([one, other], high, 1)
    assert box[2] <= 60


def test_rectangles_lie_on_the_smaller_picture_as_the_details_in_the_large(monkeypatch):
    whole, closer = [], []
    monkeypatch.setattr(plates, "lossy_uri", lambda p: whole.append(p) or "")
    monkeypatch.setattr(plates, "lossless_uri", lambda p: closer.append(p) or "")
    box, wide = (600, 200, 900, 400), (0, 500, 1200, 800)
    black = np.zeros((800, 1200, 3), np.uint8)
    plates._panel("a", "", black, (box,))
    marked = np.argwhere(np.asarray(whole[0]).any(-1))
    assert whole[0].size == (480, 320)
    np.testing.assert_allclose(marked.min(0), [80, 240], atol=1)
    np.testing.assert_allclose(marked.max(0), [159, 359], atol=1)
    plates._panel("a", "", black, (wide,))
    assert [detail.size for detail in closer] == [(300, 200), (320, 80)]


def test_pictures_of_another_size_cost_the_details_alone(folders, tmp_path):
    path = folders / "two/evaluation/enhanced/2.png"
    Image.open(path).resize((30, 20)).save(path)
    page = Page(made([str(folders)], tmp_path / "r", Wishes(names=("2", "1")))[0])
    assert {name[0] for name in pictures(page, "detail")} == {"1"}
    assert len(pictures(page, "whole")) == 2 * 4


@pytest.mark.parametrize("name", ["_x", "caf\udce9"])
def test_a_folder_may_be_called_anything(folders, tmp_path, name):
    """Hidden by Matplotlib; bytes that are no Unicode."""
    path = folders / "one/evaluation/scores.json"
    content = json.loads(path.read_text())
    content["images"][name] = content["images"].pop("10")
    path.write_text(json.dumps(content | {"method": name}))
    shown = name.replace("\udce9", "\\udce9")
    source, _ = made([str(folders / "one")], tmp_path / "r", formats=["html", "md"])
    page = Page(source)
    assert shown in {e[2] for e in page.all("b")}
    texts = [e[2].strip("\u200b\n ") for e in page.all("text")]
    assert texts.count(shown) >= 1


def test_images_are_chosen_where_the_methods_differ_most(folders):
    runs = read_runs([str(folders)])
    spread = {n: abs(np.subtract(*(r.images[n]["psnr"] for r in runs))) for n in "12"}
    spread["10"] = abs(np.subtract(*(r.images["10"]["psnr"] for r in runs)))
    chosen = choice.choose(runs, agree(runs), 2)
    assert [c.name for c in chosen] == sorted(spread, key=lambda n: -spread[n])[:2]
    assert f"differ by {max(spread.values()):.2f} in PSNR" in chosen[0].why
    (one, _) = runs
    ranked = sorted(one.images, key=lambda n: one.images[n]["psnr"])
    alone = choice.choose([one], agree([one]), 3)
    assert [c.name for c in alone] == [ranked[0], ranked[2], ranked[1]]
    assert alone[0].why == "lowest PSNR"
    assert choice.choose(runs, agree(runs), 0) == []


def test_pairs_that_are_gone(folders, tmp_path):
    (tmp_path / "LOL").rename(tmp_path / "moved")
    source, warnings = made([str(folders)], tmp_path / "r.html")
    (line,) = warnings
    assert line.startswith("Plates are without low and high images: ")
    assert "LOL: not a folder" in line
    titles = {e[2] for e in Page(source).all("b")}
    assert titles == {"one", "two"}


def test_pictures_that_are_gone_or_lie_with_what_was_scored(folders, tmp_path):
    (folders / "one/evaluation/enhanced").rename(tmp_path / "outputs")
    source, warnings = made([str(folders)], tmp_path / "r.html")
    assert warnings == ()
    assert source.count("the picture is gone") == 3
    path = folders / "one/evaluation/scores.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"scored": str(tmp_path / "outputs")}))
    assert "is gone" not in made([str(folders)], tmp_path / "r.html")[0]


def test_other_pairs_there_now(folders, tmp_path):
    for path in (tmp_path / "LOL").rglob("10.png"):
        path.rename(path.with_stem("11"))
    _, (line,) = made([str(folders)], tmp_path / "r.html")
    assert "holds other pairs now" in line


def test_the_split_that_was_scored_is_shown_and_more_pairs_do_no_harm(
    folders, tmp_path
):
    (tmp_path / "LOL/eval15").rename(tmp_path / "LOL/our485")
    for path in (tmp_path / "LOL").rglob("10.png"):
        shutil.copy(path, path.with_stem("11"))
    for path in folders.rglob("scores.json"):
        content = json.loads(path.read_text()) | {"split": "train"}
        path.write_text(json.dumps(content))
    source, warnings = made([str(folders)], tmp_path / "r.html")
    assert warnings == ()
    assert {e[2] for e in Page(source).all("b")} == {"low", "one", "two", "high"}


@pytest.mark.parametrize("column", ["psnr", "lpips"])
def test_images_stand_from_hard_to_easy(tmp_path, column):
    names = ("abel", "bela", "cleo", "dora")
    content = cases.scores(3, names, (column,))
    runs = read_runs([str(cases.write(tmp_path / "run", content))])
    drawn = {plot.key: plot.svg for plot in plots(runs, agree(runs))}
    shown = list(dict.fromkeys(re.findall("|".join(names), drawn["per-image"])))
    sign = -1 if column == "lpips" else 1
    assert shown == sorted(names, key=lambda n: sign * content["images"][n][column])


@pytest.mark.parametrize("name", ["x", "y"])
def test_the_axis_that_is_named_is_logarithmic(name):
    axes = Figure().subplots()
    log_ticks(axes, axes.xaxis if name == "x" else axes.yaxis)
    assert axes.get_xscale() == ("log" if name == "x" else "linear")
    assert axes.get_yscale() == ("log" if name == "y" else "linear")


def test_runs_without_any_headline_have_their_tables(tmp_path):
    content = cases.scores(columns=("ssim_uniform7",))
    run = cases.write(tmp_path / "run", content)
    source, _ = made([str(run)], tmp_path / "r.md", formats=["md"])
    assert f"{content['means']['ssim_uniform7']:.4f}" in source
    assert "## Other definitions" in source


def test_dark_photos_stand_before_what_was_made_of_them(folders, tmp_path):
    photos = tmp_path / "LOL" / "eval15" / "low"
    columns = ("niqe", "niqe_input")
    facts = {"data": None, "photos": str(photos), "input_means": None}
    content = cases.scores(columns=columns, method="one", **facts)
    path = folders / "one/evaluation/scores.json"
    path.write_text(json.dumps(content))
    page = Page(made([str(folders / "one")], tmp_path / "r.html")[0])
    assert [e[2] for e in page.all("b")] == ["low", "one"] * 3
    assert "lowthe input" in [e[2] for e in page.all("figcaption")]
    score = content["images"]["1"]["niqe"]
    assert f"oneNIQE {score:.3f}" in [e[2] for e in page.all("figcaption")]


def test_names_do_not_lead_out_of_the_folder(folders, tmp_path):
    path = folders / "one/evaluation/scores.json"
    content = json.loads(path.read_text())
    name = "../../../../LOL/eval15/high/1"
    content["images"][name] = content["images"].pop("1")
    path.write_text(json.dumps(content))
    (run,) = read_runs([str(folders / "one")])
    assert (run.folder / "enhanced" / f"{name}.png").is_file()
    assert pictures_of.output(run, name) is None
    assert pictures_of.output(run, "2") is not None


# The command


def lled(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_the_command_writes_three_files(folders, tmp_path):
    result = lled(folders, "-o", tmp_path / "out" / "table.html", "--images", 1)
    assert result.exit_code == 0, result.output
    files = [tmp_path / "out" / f"table.{kind}" for kind in ("html", "md", "tex")]
    assert result.stdout.split() == [str(f) for f in files]
    assert sorted(files[0].parent.iterdir()) == sorted(files)
    _, title, *_ = files[1].read_text().splitlines()
    assert title.startswith("# Low-light enhancement: 2 methods on LOL")


@pytest.mark.parametrize("kind", ["html", "md", "tex"])
def test_what_is_no_report_is_not_replaced(folders, tmp_path, kind):
    mine = tmp_path / f"thesis.{kind}"
    mine.write_text("my own words")
    formats = ("html", "md", "tex")
    with pytest.raises(InputError, match=rf"thesis\.{kind} is there and is none of a"):
        make([str(folders)], tmp_path / "thesis", formats, Wishes())
    assert [path.name for path in tmp_path.glob("thesis.*")] == [mine.name]
    assert mine.read_text() == "my own words"
    make([str(folders)], mine, (kind,), Wishes())  # it was named
    for _ in range(2):  # a report may be made again
        make([str(folders)], tmp_path / "thesis", ("html", kind), Wishes())


@pytest.mark.parametrize("size", [(10, 10), (16, 12), (200, 9000)])
def test_details_of_small_and_of_very_wide_pictures_are_drawn(size):
    height, width = size
    image = np.zeros((height, width, 3), np.uint8)
    box = (0, 0, max(1, width // 8), max(1, height // 8))
    assert plates._panel("a", "", image, (box,)).details


def test_folders_that_cannot_be_looked_into_cost_the_pictures_alone(
    folders, tmp_path, monkeypatch
):
    def forbidden(self):
        raise PermissionError(13, "Permission denied", str(self))

    runs = read_runs([str(folders)])
    monkeypatch.setattr(Path, "is_file", forbidden)
    monkeypatch.setattr(Path, "is_dir", forbidden)
    originals = pictures_of.find(runs, agree(runs))
    assert "Permission denied" in originals.warnings[0]
    assert pictures_of.output(runs[0], runs[0].images.popitem()[0]) is None


def test_the_command_says_what_is_wrong(folders, tmp_path):
    def error(*arguments):
        result = lled(*arguments, "-o", tmp_path / "r.html")
        assert result.exit_code == 1, result.output
        assert result.stderr.count("\n") == 1
        assert not list(tmp_path.glob("r.*"))
        return result.stderr

    assert "no scores.json here" in error(tmp_path)
    assert "two runs are called 'one'" in error(folders, folders / "one")
    other = cases.write(tmp_path / "other", cases.scores(names=("1", "3")))
    assert "different images" in error(folders, other)
    assert "no image 'x' in the runs: choose of 1, 2, 10" in error(
        folders, "--plates", "x"
    )
    assert lled(folders, "--format", "pdf").exit_code == 2


def test_tables_alone_need_no_library_for_drawing(folders, tmp_path, monkeypatch):
    for name in ("plots", "svg", "html"):
        monkeypatch.delitem(sys.modules, f"lled_jax.comparison.{name}", raising=False)
    for name in ("matplotlib", "matplotlib.axes", "jinja2"):
        monkeypatch.setitem(sys.modules, name, None)
    result = lled(folders, "--format", "md,tex", "-o", tmp_path / "r")
    assert result.exit_code == 0, result.output
    assert {p.name for p in tmp_path.glob("r.*")} == {"r.md", "r.tex"}
    result = lled(folders, "-o", tmp_path / "page")
    assert result.exit_code == 1
    assert "pip install 'lled-jax[report]'" in result.stderr
    assert not list(tmp_path.glob("page*"))
