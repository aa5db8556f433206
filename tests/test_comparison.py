"""Result folders into tables: read, compared only with their like, and printed."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import runs_for_tests as cases
from hypothesis import given
from hypothesis import strategies as st
from pairs_for_tests import Source, add_noise

from lled_jax import metrics
from lled_jax.columns import HIGHER, LOWER, describe, in_order
from lled_jax.comparison import paper, text
from lled_jax.comparison.agree import agree
from lled_jax.comparison.image_tables import distribution_table, image_tables
from lled_jax.comparison.read import read_runs
from lled_jax.comparison.tables import (
    BEST,
    NOTHING,
    SECOND,
    Cell,
    Heading,
    Table,
    method_tables,
    ranked,
    source_table,
)
from lled_jax.errors import InputError
from lled_jax.evaluation import evaluate
from lled_jax.results import write_results


def runs_of(tmp_path, *contents):
    """Runs a, b, ... of scores.json contents."""
    folders = [cases.write(tmp_path / "abcdef"[i], c) for i, c in enumerate(contents)]
    return read_runs([f"{folder.name}={folder}" for folder in folders])


def refused(tmp_path, *contents):
    with pytest.raises(InputError) as error:
        agree(runs_of(tmp_path, *contents))
    assert "\n" not in str(error.value)
    return str(error.value)


# Reading


def test_reads_what_evaluate_writes(tmp_path):
    source = Source()
    untouched = evaluate(source, lambda low: low, columns=("psnr", "ssim"))
    result = evaluate(source, add_noise, columns=("psnr", "ssim"))
    facts = {"model": "student", "parameters": 5, "gmacs_1200x900": 1.5}
    facts |= {"data": "d", "split": "test", "input_means": untouched.means}
    write_results(result, tmp_path / "run", facts)
    (run,) = read_runs([str(tmp_path / "run")])
    assert run.name == "student"
    assert tuple(run.images) == source.names
    for column, values in result.scores.items():
        read = [scores[column] for scores in run.images.values()]
        np.testing.assert_allclose(read, values, atol=1e-6)
        assert run.means[column] == pytest.approx(result.means[column], abs=1e-6)
    assert run.protocol == result.protocol
    assert agree([run]).input_means == pytest.approx(untouched.means)


def test_a_workdir_and_a_folder_of_results(tmp_path):
    log = [{"step": 10, "loss": 0.5}, {"step": 20, "holdout_psnr": 20.5, "x": None}]
    for name in ("one", "two"):
        cases.write(tmp_path / name / "evaluation", cases.scores(model="student"))
    lines = [*map(json.dumps, log), '{"step": 30, "lo']  # died while writing
    (tmp_path / "one" / "metrics.jsonl").write_text("\n".join(lines))
    (tmp_path / "unrelated").mkdir()
    (run,) = read_runs([str(tmp_path / "one")])
    assert run.name == "student"
    assert run.folder == tmp_path / "one" / "evaluation"
    assert run.curve == ({"step": 10, "loss": 0.5}, {"step": 20, "holdout_psnr": 20.5})
    # Two of one network are told apart by where they lie.
    one, two = read_runs([str(tmp_path)])
    assert (one.name, two.name) == ("one", "two")
    assert two.curve == ()
    # The log above results that have another name is of another network.
    cases.write(tmp_path / "one" / "lime", cases.scores())
    (lime,) = read_runs([str(tmp_path / "one" / "lime")])
    assert lime.curve == ()


def test_names(tmp_path):
    a = cases.write(tmp_path / "a", cases.scores(model="student", method="LIME"))
    b = cases.write(tmp_path / "b", cases.scores())
    odd = cases.write(tmp_path / "x=y", cases.scores())
    runs = read_runs([str(a), str(b), f"Ours, full={b}", str(odd)])
    assert [run.name for run in runs] == ["LIME", "b", "Ours, full", "x=y"]
    for pair in ([str(b), str(b)], [f"b={a}", str(b)]):
        with pytest.raises(InputError, match=r"two runs are called 'b': .* NAME="):
            read_runs(pair)
    with pytest.raises(InputError, match="3 results lie there; one name fits one"):
        read_runs([f"all={tmp_path}"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "no table of results"),
        ('{"means": {"psnr": 1}, "images": {}, "protocol": ["x"]}', "no 'images'"),
        ('{"means": {"psnr": "a"}, "images": {"a": {}}, "protocol": ["x"]}', "'a'"),
        ('{"means": {"psnr": NaN}, "images": {"a": {}}, "protocol": ["x"]}', "nan"),
        ('{"means": {"psnr": 1}, "images": {"a": []}, "protocol": ["x"]}', "without"),
        ('{"means": {"psnr": 1}, "images": {"a": {}}, "protocol": ["x"]}', "differ"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(tmp_path, content, message):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(InputError, match=message) as error:
        read_runs([str(tmp_path)])
    assert str(tmp_path / "scores.json") in str(error.value)
    assert "\n" not in str(error.value)


def test_folders_without_results(tmp_path):
    with pytest.raises(InputError, match=r"no scores\.json here; .* evaluate\.py"):
        read_runs([str(tmp_path)])
    with pytest.raises(InputError, match="not a folder"):
        read_runs([str(tmp_path / "none")])


# Agreement


def test_different_things_are_never_compared(tmp_path):
    base = cases.scores()
    assert "different images (3 and 2; '10'" in refused(
        tmp_path, cases.scores(names=("1", "2")), base
    )
    assert "split" in refused(tmp_path, base, cases.scores(split="train"))
    other = cases.scores(input_means={"psnr": 8.0})
    assert "different data" in refused(tmp_path, base, other)
    changed = cases.scores()
    changed["protocol"][2] = "ssim: of grey"
    assert "different protocols, 'ssim: Gaussian" in refused(tmp_path, base, changed)
    changed["protocol"][:3] = ["sum of the images", *base["protocol"][1:3]]
    assert "'sum of the images'" in refused(tmp_path, base, changed)
    # Without the inputs' scores the folder decides.
    nameless = [cases.scores(input_means=None, data=d) for d in ("x/LOL", "y/LOL")]
    assert "x/LOL" in refused(tmp_path, *nameless)


def test_every_run_is_compared_with_every_other(tmp_path):
    """The first says nothing of its data, the others name different ones."""
    silent = cases.scores(0)
    for key in ("data", "split", "input_means"):
        del silent[key]
    others = [cases.scores(n, input_means={"psnr": 7.0 + n}) for n in (1, 2)]
    assert "different data" in refused(tmp_path, silent, *others)
    assert "different data" in refused(tmp_path, others[0], silent, others[1])


def test_the_same_pairs_under_another_path_are_welcome(tmp_path):
    here = cases.scores(data="data/LOL", input_means={"psnr": 7.7700})
    there = cases.scores(data="/home/me/LOL", input_means={"psnr": 7.7701})
    assert agree(runs_of(tmp_path, here, there)).warnings == ()


def test_what_only_some_have_is_said(tmp_path):
    more = cases.scores(columns=(*cases.COLUMNS, "niqe"), device="A")
    more["protocol"].append("run time: warm")
    more["ms_per_image"] = {"median": 5.0, "min": 4.0, "max": 9.0, "size": "600x400"}
    less = cases.scores(device="B", ms_per_image={"median": 7.0, "size": "300x200"})
    agreement = agree(runs_of(tmp_path, more, less))
    joined = "\n".join(agreement.warnings)
    assert "Only a: run time: warm" in joined
    assert "Not every run has NIQE (in 1 of 2): best" in joined
    assert "different devices (A, B)" in joined
    assert "different sizes (300x200, 600x400)" in joined
    assert agreement.protocol == (
        *more["protocol"][:4],
        *(more["protocol"][6], more["protocol"][4], more["protocol"][5]),
    )


def test_a_line_for_several_columns_is_protocol(tmp_path):
    more = cases.scores(columns=(*cases.COLUMNS, "psnr_x8"))
    agreement = agree(runs_of(tmp_path, more, cases.scores()))
    assert cases.LINES["psnr_x8"] in agreement.protocol
    assert not [line for line in agreement.warnings if "*_x8" in line]
    other = cases.scores(columns=(*cases.COLUMNS, "psnr_x8"))
    other["protocol"][-1] = "*_x8: of the median"
    assert "different protocols, '*_x8" in refused(tmp_path, more, other)


def test_photos_without_ground_truth(tmp_path):
    contents = []
    for seed in (0, 1):
        columns = ("niqe", "niqe_input")
        content = cases.scores(seed, columns=columns, photos="p", input_means=None)
        content["means"]["niqe_input"] = 5.5
        contents.append({**content, "data": None, "split": None})
    runs = runs_of(tmp_path, *contents)
    agreement = agree(runs)
    assert (agreement.columns, agreement.data) == (("niqe",), "p")
    (table,) = method_tables(runs, agreement)
    assert [row[1].text for row in table.rows[:1]] == ["5.500"]
    contents[1]["means"]["niqe_input"] = 5.6
    assert "different data" in refused(tmp_path, *contents)


# Columns


def test_every_metric_has_its_direction():
    for name in metrics.COLUMNS:
        lower = name.startswith(("lpips", "niqe"))
        assert describe(name).better == (LOWER if lower else HIGHER)
        assert describe(name).heading != name
    unknown = ("new: of ours; lower is better",)
    assert describe("new", unknown).better == LOWER
    assert describe("new").better == ""
    assert describe("lpips_x8") == ("lpips_x8", "LPIPS x8", 4, LOWER)
    shuffled = ["new", "psnr_gt_mean", "lpips_x8", "lpips", "psnr"]
    assert in_order(shuffled) == ["psnr", "lpips", "lpips_x8", "psnr_gt_mean", "new"]


@given(
    st.sampled_from(["psnr", "lpips"]),
    st.lists(st.none() | st.integers(0, 400).map(lambda n: n / 1e3), min_size=1),
)
def test_marks(name, values):
    column = describe(name)
    cells = ranked(column, values)
    shown = [None if v is None else float(column.text(v)) for v in values]
    sign = 1 if column.better == HIGHER else -1
    order = sorted({sign * s for s in shown if s is not None}, reverse=True)
    for cell, value in zip(cells, shown, strict=True):
        if value is None or len(order) < 2 or sign * value not in order[:2]:
            assert cell.mark == ""
        else:
            assert cell.mark == (BEST, SECOND)[order.index(sign * value)]


def test_nobody_is_best_where_no_direction_is_known():
    assert [c.mark for c in ranked(describe("new"), [1.0, 2.0])] == ["", ""]


# Tables


def parsed(markdown, title):
    """The rows of a table in Markdown, marks kept."""
    part = markdown.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    rows = [[c.strip() for c in line.strip("|").split(" | ")] for line in lines]
    return [rows[0], *rows[2:]]


def bare(cell):
    return float(re.sub(r"</?u>|\*", "", cell))


def test_tables_parsed_back_are_the_scores(tmp_path):
    contents = [cases.scores(seed, parameters=2_127_039 + seed) for seed in range(3)]
    runs = runs_of(tmp_path, *contents)
    agreement = agree(runs)
    tables = [*method_tables(runs, agreement), *image_tables(runs, agreement)]
    page = text.markdown("t", agreement.protocol, tables)
    head, low, *rows = parsed(page, "Methods")
    assert head == ["method", "PSNR ↑", "SSIM ↑", "LPIPS ↓", "parameters, M"]
    assert low == ["low (the input)", "7.77", NOTHING, NOTHING, NOTHING]
    for name, row, content in zip("abc", rows, contents, strict=True):
        assert row[0] == name
        for cell, column in zip(row[1:], ("psnr", "ssim", "lpips"), strict=False):
            decimals = 2 if column == "psnr" else 4
            assert bare(cell) == round(content["means"][column], decimals)
        assert row[4] == "2.127"
    for place, column in enumerate(("psnr", "ssim", "lpips"), 1):
        best = (min if column == "lpips" else max)(
            range(3), key=lambda i, c=column: contents[i]["means"][c]
        )
        assert [row[place].startswith("**") for row in rows] == [
            i == best for i in range(3)
        ]
    head, *rows = parsed(page, "LPIPS of each image")
    assert head == ["image", "a", "b", "c"]
    for row, name in zip(rows, cases.NAMES, strict=True):
        expected = [round(c["images"][name]["lpips"], 4) for c in contents]
        assert (row[0], list(map(bare, row[1:]))) == (name, expected)


def test_gt_mean_and_other_ssims_stand_apart(tmp_path):
    more = cases.scores(1, columns=(*cases.COLUMNS, "psnr_x8"))
    runs = runs_of(tmp_path, cases.scores(), more)
    tables = {t.key: t for t in method_tables(runs, agree(runs))}
    texts = {key: [h.text for h in t.headings] for key, t in tables.items()}
    assert texts == {
        "methods": ["method", "PSNR", "SSIM", "LPIPS", "PSNR x8"],
        "others": ["method", "SSIM 7x7"],
        "gt-mean": ["method", "PSNR GT mean"],
    }
    assert "Never a headline" in tables["gt-mean"].caption
    keys = [t.key for t in image_tables(runs, agree(runs))]
    assert keys == ["images-psnr", "images-ssim", "images-lpips"]


def test_costs_and_columns_of_some(tmp_path):
    timing = {"median": 12.34, "min": 10, "max": 20, "size": "600x400"}
    facts = {"ms_per_image": timing, "gmacs_1200x900": 75.36, "parameters": 79_416}
    columns = (*cases.COLUMNS, "psnr_x8", "niqe")
    runs = runs_of(tmp_path, cases.scores(), cases.scores(1, columns=columns, **facts))
    (methods, *_) = method_tables(runs, agree(runs))
    texts = [heading.text for heading in methods.headings]
    assert texts[4:] == [
        *("NIQE", "PSNR x8", "parameters, M", "GMACs at 1200x900"),
        "ms per image at 600x400",
    ]
    plain, full = methods.rows[1:]
    assert [cell.text for cell in plain[4:]] == [NOTHING] * 5
    assert [cell.text for cell in full[6:]] == ["0.079", "75.4", "12.3"]
    assert full[6].value == 79_416
    assert {cell.mark for cell in full[4:]} == {""}  # nobody to be better than


def test_times_of_two_sizes_have_no_size_in_common(tmp_path):
    timing = {"median": 5.0, "min": 4.0, "max": 9.0}
    sizes = ("600x400", "300x200")
    runs = runs_of(
        tmp_path,
        *(cases.scores(ms_per_image={**timing, "size": size}) for size in sizes),
    )
    (methods, *_) = method_tables(runs, agree(runs))
    assert methods.headings[-1].text == "ms per image"


def test_distribution(tmp_path):
    contents = [cases.scores(seed, names=[str(n) for n in range(9)]) for seed in (0, 1)]
    runs = runs_of(tmp_path, *contents)
    table = distribution_table(runs, agree(runs))
    values = np.array([[i["psnr"] for i in c["images"].values()] for c in contents])
    for row, own in zip(table.rows, values, strict=True):
        quartiles = np.quantile(own, [0, 0.25, 0.5, 0.75, 1])
        expected = [*quartiles, own.mean(), own.std()]
        np.testing.assert_allclose([c.value for c in row[1:8]], expected)
    wins = [row[8].value for row in table.rows]
    assert wins == [(values[0] > values[1]).sum(), (values[1] > values[0]).sum()]
    (alone,) = distribution_table(runs[:1], agree(runs[:1])).rows
    assert [cell.text for cell in alone] == [c.text for c in table.rows[0][:8]]


def test_sources(tmp_path):
    runs = runs_of(tmp_path, cases.scores(scored="runs/x"), cases.scores(device="A"))
    table = source_table(runs)
    assert [h.text for h in table.headings] == [
        *("method", "results", "scored", "device", "evaluated", "versions")
    ]
    assert [c.text for c in table.rows[0][2:4]] == ["runs/x", NOTHING]


def test_published_numbers_keep_their_ssims_apart():
    tables = {table.key: table for table in paper.tables()}
    rows = {
        (key, row[0].text): [c.text for c in row[1:]]
        for key, table in tables.items()
        for row in table.rows
    }
    assert rows["paper-lol", "teacher"] == ["22.72", "0.8350", "2.151", "605.8"]
    assert rows["paper-lol", "student (with distillation)"][:2] == ["21.24", "0.8137"]
    assert rows["paper-fivek", "teacher"][:3] == ["25.47", "0.9134", "0.0454"]
    assert rows["paper-sid", "student"][:2] == ["21.34", "0.6499"]
    assert rows["reference-lol", "FCANet"] == ["24.08", "0.854", "0.128"]
    ssims = {table.headings[2].text for table in tables.values()}
    assert ssims == {"paper's SSIM", "SSIM 7x7"}
    assert all("Not measured by this report" in t.caption for t in tables.values())


# Escaping

HOSTILE = ("a|b", "**x**", "<b>", "[y](z)", "50% & $x_1$ #2 {~^}\\end", "*", "[2pt]")


def table_of(names, rows=None):
    headings = (Heading("method", numeric=False), Heading("PSNR", HIGHER))
    cells = tuple((Cell(n), Cell("1.00", 1.0, BEST)) for n in rows or names)
    return Table("k", "t", "caption of 50%", headings, cells)


def test_markdown_of_hostile_names():
    page = text.markdown("t", [], [table_of([*HOSTILE, "two\nlines"])])
    lines = [line for line in page.splitlines() if line.startswith("|")][2:]
    assert len(lines) == len(HOSTILE) + 1
    for line, name in zip(lines, [*HOSTILE, "two lines"], strict=True):
        cell = line.removeprefix("| ").removesuffix(" | **1.00** |")
        assert re.sub(r"\\(.)", r"\1", cell) == name
        plain = re.sub(r"\\.", "", cell)
        assert not set(plain) & set("|*<>[]$#&_~")


def test_latex_of_hostile_names():
    page = text.latex("t", ["50%\n\\input{x}"], [table_of(HOSTILE)])
    body = page.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == len(HOSTILE)
    for line in body:
        assert line.endswith(r" & \textbf{1.00} \\")
        name = line.removesuffix(r" & \textbf{1.00} \\")
        plain = re.sub(
            r"\\(textbackslash|textasciitilde|textasciicircum)\{\}", "", name
        )
        plain = re.sub(r"\\text(bar|less|greater|quotedbl)\{\}", "", plain)
        plain = re.sub(r"\\[{}&%$#_]", "", plain)
        assert not set(plain) & set("\\&%$#_~^|<>")
        # A row that began with them would be read by the line break before it.
        assert not plain.startswith(("[", "*"))
        assert plain.count("{") == plain.count("}")
    assert r"\caption{caption of 50\%}" in page
    assert r"PSNR $\uparrow$" in page
    comment = [line for line in page.splitlines() if "input{x}" in line]
    assert comment == [r"% 50% \input{x}"]


def test_best_and_second_best_look_different():
    rows = ((Cell("a"), Cell("2.00", 2.0, BEST)), (Cell("b"), Cell("1.0", 1.0, SECOND)))
    table = replace(table_of("ab"), rows=rows)
    for page, shown in (
        (text.markdown("t", [], [table]), ("| a | **2.00** |", "| b | <u>1.0</u> |")),
        (text.latex("t", [], [table]), (r"a & \textbf{2.00}", r"b & \underline{1.0}")),
    ):
        assert all(line in page for line in shown)


@given(st.text())
def test_no_name_breaks_a_line_or_leaves_a_group_open(name):
    shown = text.latex_escape(name)
    assert len(shown.splitlines()) <= 1
    bare = re.sub(r"\\[{}]", "", shown)
    assert bare.count("{") == bare.count("}")
    assert len(text.markdown_escape(name).splitlines()) <= 1


def test_long_tables_in_latex_break_over_pages():
    page = text.latex("t", [], [table_of("x", rows=[str(n) for n in range(41)])])
    assert page.count(r"\begin{longtable}") == page.count(r"\end{longtable}") == 1
    assert page.count(r"\endhead") == 1
    assert r"\begin{table}" not in page
