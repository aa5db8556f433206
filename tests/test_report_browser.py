"""The report in a real browser: it sorts, fits a phone and asks nobody for anything."""

import contextlib

import pytest
import runs_for_tests as cases
from browser_for_tests import launched

from lled_jax.comparison.report import Wishes, make

EVIL = "<img src=http://evil.test/x.png onerror=console.log(1)>" + "w" * 60
NAMES = tuple(str(n) for n in (1, 2, 10, 23, 100))


@pytest.fixture(scope="module")
def browser():
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A report of three methods with every part there is."""
    base = tmp_path_factory.mktemp("report")
    root = cases.write_pairs(base / "LOL", NAMES)
    for seed, name in enumerate(("one", "two", EVIL)):
        facts = {"data": str(root), "method": name, "parameters": 10 ** (4 + seed)}
        columns = (*cases.COLUMNS, *(("niqe",) if seed else ()))
        content = cases.scores(seed, NAMES, columns, **facts)
        folder = cases.write(base / "runs" / str(seed), content)
        cases.write_enhanced(folder, root, 3 + seed, NAMES)
    make([str(base / "runs")], base / "r.html", ["html"], Wishes(paper=True))
    return base / "r.html"


@pytest.fixture
def visit(browser, path):
    """Opens the report in a new window; at the end nothing may be wrong with it."""
    wrong, asked = [], []
    with contextlib.ExitStack() as stack:

        def visit(**options):
            context = stack.enter_context(
                contextlib.closing(browser.new_context(**options))
            )
            context.on("request", lambda request: asked.append(request.url))
            tab = context.new_page()
            tab.on("console", lambda message: wrong.append(message.text))
            tab.on("pageerror", lambda error: wrong.append(str(error)))
            tab.goto(path.as_uri())
            return tab

        yield visit
    assert wrong == []
    own = [url for url in asked if not url.startswith("data:")]
    assert set(own) == {path.as_uri()}


def column(tab, caption, index):
    rows = tab.locator("table", has_text=caption).locator("tbody tr")
    return [row.locator("th, td").nth(index).inner_text() for row in rows.all()]


def test_a_click_on_a_heading_sorts(visit):
    tab = visit()
    caption = "PSNR of each image; higher is better"
    table = tab.locator("table", has_text=caption)
    heading = table.locator("thead th")
    assert column(tab, caption, 0) == list(NAMES)
    before = column(tab, caption, 1)
    heading.nth(1).get_by_role("button").click()
    values = [float(v) for v in column(tab, caption, 1)]
    assert (
        values == sorted(map(float, before), reverse=True) != list(map(float, before))
    )
    assert heading.nth(1).get_attribute("aria-sort") == "descending"
    # Rows move as a whole.
    assert [before[NAMES.index(n)] for n in column(tab, caption, 0)] == column(
        tab, caption, 1
    )
    heading.nth(1).get_by_role("button").press("Enter")
    assert [float(v) for v in column(tab, caption, 1)] == sorted(values)
    heading.nth(0).get_by_role("button").click()
    assert column(tab, caption, 0) == list(NAMES)  # 2 before 10
    assert heading.nth(1).get_attribute("aria-sort") is None


def test_a_missing_score_comes_last_either_way(visit):
    tab = visit()
    caption = "Means over 5 images"
    table = tab.locator("#methods table")
    texts = table.locator("thead th").all_inner_texts()
    place = next(i for i, text in enumerate(texts) if text.startswith("NIQE"))
    for _ in range(2):
        table.locator("thead th").nth(place).get_by_role("button").click()
        values = column(tab.locator("#methods"), caption, place)
        assert values[2:] == ["—", "—"]
        assert "—" not in values[:2]


def test_without_scripts_all_is_there(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("button").count() == 0
    assert column(tab, "PSNR of each image; higher is better", 0) == list(NAMES)
    assert tab.locator("svg").count() >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_can_be_read(visit, width, scheme):
    tab = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    assert tab.evaluate(wide) == [width, width]
    pictures = "[...document.images].map((i) => [i.complete, i.naturalWidth > 0])"
    assert all(all(p) for p in tab.evaluate(pictures))
    assert tab.evaluate(pictures)
    for selector in ("caption", "td", "thead th", ".facts", "nav a", "svg text"):
        assert contrast(tab, selector) >= 4.5, selector
    for series in range(8):
        assert contrast(tab, ".plot", f"var(--series-{series})") >= 3, series


def contrast(tab, selector, ink=None):
    """The WCAG contrast of an element's text, or of `ink`, with what lies behind it."""
    return tab.evaluate(
        """([selector, ink]) => {
            const element = document.querySelector(selector);
            const probe = document.createElement("i");
            document.body.append(probe);
            const own = getComputedStyle(element);
            probe.style.color = ink ?? (element.closest("svg") ? own.fill : own.color);
            const front = getComputedStyle(probe).color;
            let behind = element, back = "rgba(0, 0, 0, 0)";
            while (back === "rgba(0, 0, 0, 0)") {
                back = getComputedStyle(behind).backgroundColor;
                behind = behind.parentElement;
            }
            const light = (colour) => {
                const rgb = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => {
                    const s = v / 255;
                    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
            };
            const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
        }""",
        [selector, ink],
    )
