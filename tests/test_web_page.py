"""The page of web/ in a real browser: built, served, used, and compared with Python.

Slow for its kind: the network runs in WebAssembly, on cores that others use as well.
"""

import base64
import contextlib
import functools
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
from browser_for_tests import CAMERA, launched
from PIL import Image
from playwright.sync_api import Error, expect
from scipy.ndimage import uniform_filter

from lled_jax import photos, pretrained, tiling
from lled_jax.adjust import adjust
from lled_jax.images import to_float, to_u8
from lled_jax.look import Look
from lled_jax.models import variants
from lled_jax.models.gradient_guided import reach

ROOT = Path(__file__).parent.parent
PATIENCE = 120_000  # ms; a limit, not a measurement
ANY = {"timeout": PATIENCE}
# What the page takes whole, in megapixels, where a test wants a photo to be large.
SMALL_WHOLE = 0.05


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the page, built from a copy of the sources by its own command."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    top = tmp_path_factory.mktemp("web")
    out = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(ROOT / "web", top / "web", ignore=out)
    (top / "lled_jax").symlink_to(ROOT / "lled_jax")

    def npm(*arguments):
        return subprocess.run(
            ["npm", *arguments],
            cwd=top / "web",
            env={**os.environ, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=300,
        )

    installed = npm("ci", "--prefer-offline", "--no-audit", "--no-fund")
    if installed.returncode:
        if re.search(r"E(NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT)", installed.stderr):
            pytest.skip("needs the npm registry, for onnxruntime-web")
        pytest.fail(installed.stderr)
    done = npm("run", "build")
    assert done.returncode == 0, done.stderr
    return top / "web" / "dist"


@pytest.fixture(scope="module")
def address(built):
    """Where `npm start` serves it, with the headers that threads need."""
    command = ["node", str(ROOT / "web" / "serve.mjs"), str(built), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield re.search(r"http://\S+", process.stdout.readline())[0]
        process.terminate()


@pytest.fixture(scope="module")
def browser():
    with launched(*CAMERA) as running:
        yield running


class Visits:
    """Windows of the page; at the end nothing may have gone wrong in them."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address
        self.wrong, self.asked, self.expected, self.contexts = [], [], [], []

    def open(self, address=None, offline=False, script=None, **options):
        context = self.browser.new_context(
            accept_downloads=True,
            service_workers="allow" if offline else "block",
            **options,
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: self.asked.append(request.url))
        if script:
            context.add_init_script(script)
        tab = context.new_page()
        tab.on("console", self.hear)
        tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        tab.goto(address or self.address)
        return tab

    def change(self, context, name, how):
        """Let the page have a file of its own changed."""

        def answer(route):
            response = route.fetch()
            route.fulfill(response=response, body=how(response.text()))

        context.route(f"**/{name}", answer)

    def hear(self, message):
        if message.type != "log":
            self.wrong.append(message.text)

    def close(self):
        for context in self.contexts:
            context.close()
        # What the browser says without a graphics card, and Playwright of its own.
        expected = ["No available adapters", "WebGPU Context Provider"]
        expected += ["registration blocked", *self.expected]
        assert [w for w in self.wrong if not any(e in w for e in expected)] == []
        for url in map(urlsplit, self.asked):
            assert url.hostname in ("localhost", "127.0.0.1", None), url.geturl()
            assert url.scheme in ("http", "blob"), url.geturl()


@pytest.fixture
def visits(browser, address):
    visits = Visits(browser, address)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def window(browser, address):
    """One window for the tests that need no own: the network is loaded once."""
    visits = Visits(browser, address)
    tab = visits.open()
    # What is dropped or pasted before is lost; a chosen file is not.
    expect(tab.locator("html[data-ready]")).to_be_attached(**ANY)
    yield tab
    visits.close()
    assert visits.asked


@pytest.fixture
def tab(window):
    """That window, without the look of the test before."""
    window.evaluate("document.getElementById('look').reset()")
    return window


@pytest.fixture(scope="module")
def enhancer():
    # The same answers as by JAX up to rounding, without compiling for each size.
    return pretrained.load(backend="onnxruntime")


@pytest.fixture(scope="module")
def dark():
    """A real dark photo, [h w 3] of 8 bit."""
    folder = os.environ.get("LLED_SHARED")
    if folder and (path := Path(folder) / "data/unpaired/NPE_birds.jpg").is_file():
        return photos.read(path).pixels
    picture = skimage.data.astronaut() / 255
    return np.uint8(255 * 0.3 * picture**2 + 0.5)


def encoded(pixels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def choose(tab, data, name="dark.png"):
    kind = "image/" + name.rpartition(".")[2].replace("jpg", "jpeg")
    tab.set_input_files("#choose", {"name": name, "mimeType": kind, "buffer": data})


def brightened(tab, data, name="dark.png"):
    choose(tab, data, name)
    expect(tab.locator("#facts")).to_contain_text(name, **ANY)
    settled(tab)


def settled(tab):
    expect(tab.locator("#compare:not([data-empty])")).to_be_visible(**ANY)
    expect(tab.locator("#download")).to_be_enabled(**ANY)
    expect(tab.locator("#busy")).to_be_hidden(**ANY)
    expect(tab.locator("#error")).to_be_hidden()


def until(tab, script):
    # Playwright's own way to wait needs eval, which the page forbids.
    for _ in range(2400):
        # A page that loads itself anew may do so just now.
        with contextlib.suppress(Error):
            if tab.evaluate(script):
                return
        tab.wait_for_timeout(50)
    raise AssertionError(f"never came true: {script}")


def downloaded(tab):
    with tab.expect_download() as download:
        tab.click("#download")
    path = download.value.path()
    return download.value.suggested_filename, np.asarray(Image.open(path))


def put(tab, slider, value):
    tab.locator(f"#{slider}").fill(str(value))


def far(x, y):
    """The largest difference in levels."""
    assert x.shape == y.shape
    return np.abs(x.astype(int) - y.astype(int)).max()


@pytest.mark.parametrize("size", [(1, 1), (7, 2), (61, 90), (233, 357)])
def test_the_answer_is_pythons(tab, enhancer, dark, size):
    pixels = dark[: size[0], 100 : 100 + size[1]]
    brightened(tab, encoded(pixels), f"dark{size[0]}.png")
    expect(tab.locator("#way")).to_be_hidden()
    name, answer = downloaded(tab)
    assert name == f"dark{size[0]}_enhanced.png"
    assert far(answer[..., :3], enhancer.enhance(pixels)) <= 2


def test_the_answer_of_a_real_photo_is_jaxs(tab, dark):
    pixels = dark[:251, :351]
    brightened(tab, encoded(pixels), "jax.png")
    expected = pretrained.load().enhance(pixels)
    assert far(downloaded(tab)[1][..., :3], expected) <= 2


def test_the_look_is_pythons(tab, enhancer, dark):
    pixels = dark[:111, :151]
    brightened(tab, encoded(pixels), "look.png")
    for look in (Look(strength=0.37), Look(0.8, -0.7, 1.6), Look(exposure=1.3)):
        for name in ("strength", "exposure", "saturation"):
            put(tab, name, getattr(look, name))
        settled(tab)
        bright = jnp.asarray(enhancer.enhance(pixels)[None])
        images = to_float(jnp.asarray(pixels[None])), to_float(bright)
        expected = np.asarray(to_u8(adjust(*images, look.amounts(0.0))))[0]
        assert far(downloaded(tab)[1][..., :3], expected) <= 2
    put(tab, "strength", 0)
    assert far(downloaded(tab)[1][..., :3], pixels) == 0
    tab.click("#restore")
    settled(tab)
    assert far(downloaded(tab)[1][..., :3], enhancer.enhance(pixels)) <= 2
    tab.select_option("#format", "image/jpeg")
    name, answer = downloaded(tab)
    assert name == "look_enhanced.jpg"
    assert np.abs(answer - 1.0 * enhancer.enhance(pixels)).mean() < 3


def test_a_photo_is_upright_and_alpha_stays(tab, enhancer, dark):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    data = encoded(dark[:120, :200], "JPEG", quality=95, exif=exif)
    brightened(tab, data, "upright.jpg")
    expect(tab.locator("#facts")).to_contain_text("120 \N{MULTIPLICATION SIGN} 200")
    expect(tab.locator("#format")).to_have_value("image/jpeg")
    tab.select_option("#format", "image/png")
    upright = photos.read_bytes(data, "upright.jpg").pixels
    assert upright.shape == (200, 120, 3)
    assert far(downloaded(tab)[1][..., :3], enhancer.enhance(upright)) <= 2

    alpha = np.full((80, 90, 1), 255, np.uint8)
    alpha[20:40] = 0
    pixels = np.concatenate([dark[:80, :90], alpha], -1)
    brightened(tab, encoded(pixels), "alpha.png")
    np.testing.assert_array_equal(downloaded(tab)[1][..., 3:], alpha)


def means(size, step):
    """uniform_filter over what of the square is in the picture."""
    ones = uniform_filter(np.ones(size), step, mode="constant")
    return lambda x: (
        uniform_filter(x, (step, step, 1), mode="constant") / ones[..., None]
    )


def quick_by_numpy(low, enhancer, by):
    """web/src/quick.js in another way: whole arrays, in double precision."""
    height, width = (-(-n // by) for n in low.shape[:2])
    margins = [(0, height * by - low.shape[0]), (0, width * by - low.shape[1]), (0, 0)]
    padded = np.pad(low.astype(float), margins, constant_values=np.nan)
    small = np.nanmean(padded.reshape(height, by, width, by, 3), (1, 3))
    small = np.round(small).astype(np.uint8)
    x, y = small / 255, enhancer.enhance(small) / 255
    mean = means(x.shape[:2], 3)
    slope = (mean(x * y) - mean(x) * mean(y)) / (mean(x * x) - mean(x) ** 2 + 1e-5)
    slope, offset = mean(slope), mean(mean(y) - slope * mean(x))
    for axis in (0, 1):
        at = (np.arange(low.shape[axis]) + 0.5) / by - 0.5
        at = np.clip(at, 0, x.shape[axis] - 1)
        first = np.minimum(at.astype(int), x.shape[axis] - 2)
        part = np.expand_dims(at - first, (1, 2) if axis == 0 else (0, 2))
        slope, offset = (
            (1 - part) * m.take(first, axis) + part * m.take(first + 1, axis)
            for m in (slope, offset)
        )
    return np.round(np.clip(slope * low + 255 * offset, 0, 255)).astype(np.uint8)


def test_a_large_photo_quickly_and_in_full_detail(visits, enhancer, dark):
    low = dark[150:453, :403]
    tab = visits.open(f"{visits.address}?whole={SMALL_WHOLE}&wait=0")
    choose(tab, encoded(low), "large.png")
    expect(tab.locator("#more")).to_be_visible(**ANY)
    settled(tab)
    expect(tab.locator("#way-text")).to_contain_text("Quick version")
    quick = downloaded(tab)[1][..., :3]
    assert far(quick, quick_by_numpy(low, enhancer, 2)) <= 2

    # At one go, or a fast machine is done before it is told to stop.
    busy = tab.evaluate(
        """() => {
            const at = (id) => document.getElementById(id);
            at("more").click();
            const busy = !at("part").hidden && !at("cancel").hidden;
            at("strength").value = 0.5;
            at("strength").dispatchEvent(new Event("input", { bubbles: true }));
            at("cancel").click();
            return busy;
        }"""
    )
    assert busy
    expect(tab.locator("output[for=strength]")).to_have_text("50 %")
    expect(tab.locator("#more")).to_be_visible()
    put(tab, "strength", 1)
    settled(tab)
    assert far(downloaded(tab)[1][..., :3], quick) == 0

    tab.click("#more")
    expect(tab.locator("#way-text")).to_have_text("Full detail", **ANY)
    settled(tab)
    expect(tab.locator("#more")).to_be_hidden()
    detail = downloaded(tab)[1][..., :3]
    exact = enhancer.enhance(low)
    difference = np.abs(detail - exact.astype(float)).mean()
    assert difference < 3 < np.abs(quick - exact.astype(float)).mean()


def test_full_detail_comes_by_itself_where_it_is_soon_done(visits, dark):
    tab = visits.open(f"{visits.address}?whole={SMALL_WHOLE}&wait=100")
    choose(tab, encoded(dark[:181, :302]), "soon.png")
    expect(tab.locator("#way-text")).to_have_text("Full detail", **ANY)


def in_page(tab, low, work):
    """The pixels that `work`, a piece of JavaScript, makes of a photo."""
    rgba = np.concatenate([low, np.full((*low.shape[:2], 1), 255, np.uint8)], -1)
    text = tab.evaluate(
        """async ([text, width, height]) => {
            const { start } = await import("./engine.js");
            const { inTiles } = await import("./tiles.js");
            const { sampled } = await import("./sampled.js");
            const network = await (self.network ??= start("wasm", 2));
            const low = Uint8ClampedArray.from(atob(text), (c) => c.charCodeAt(0));
            const photo = { low, width, height };
            const go = async () => true;
            let bright;
            WORK
            let out = "";
            for (let i = 0; i < bright.length; i += 4096)
                out += String.fromCharCode(...bright.subarray(i, i + 4096));
            return btoa(out);
        }""".replace("WORK", work),
        [base64.b64encode(rgba.tobytes()).decode(), *low.shape[1::-1]],
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(rgba.shape)[..., :3]


WHOLE = "const { means, bright: whole } = await network.run(low, width, height);"


@pytest.mark.parametrize("size", [(201, 303), (150, 97)])
def test_tiles_with_the_photos_own_means_are_the_whole(tab, enhancer, dark, size):
    pixels = dark[: size[0], : size[1]]
    tiles = f"{WHOLE} bright = await inTiles(network, photo, means, go, 96);"
    answer = in_page(tab, pixels, tiles)
    assert far(answer, enhancer.enhance(pixels)) <= 2
    # And they do take those means: with others the picture is another one.
    others = tiles.replace("means, go", "means.map((m) => 0.7 * m), go")
    assert far(in_page(tab, pixels, others), enhancer.enhance(pixels)) > 10


def test_means_of_pieces_that_are_the_whole_are_its_own(tab, enhancer, dark):
    pixels = dark[:180, :191]
    work = """const m = await sampled(network, photo, go);
              bright = await inTiles(network, photo, m, go, 96);"""
    assert far(in_page(tab, pixels, work), enhancer.enhance(pixels)) <= 2


def test_tiles_are_cut_as_python_cuts_them(tab):
    cases = [
        (length, side)
        for side in (40, 96, 512)
        for length in [*range(1, 200, 7), 511, 512, 513, 1430, 1431, 4000, 8191]
    ]
    found = tab.evaluate(
        """async (cases) => {
            const { REACH, spans } = await import("./tiles.js");
            return [REACH, ...cases.map(([length, side]) => spans(length, side, REACH)
                .map((s) => [s.start, s.stop, s.ownStart, s.ownStop]))];
        }""",
        cases,
    )
    overlap = reach(variants.build_guided("student", "the page"))
    expected = [[list(s) for s in tiling.spans(n, side, overlap)] for n, side in cases]
    assert found == [overlap, *expected]


def test_pieces_lie_in_the_photo_and_measure_what_borders_do_not_reach(tab):
    lengths = [1, 2, 50, 191, 192, 193, 400, 1051, 1431, 3000, 4001]
    found = tab.evaluate(
        """async (lengths) => {
            const { pieces } = await import("./sampled.js");
            return lengths.map(pieces);
        }""",
        lengths,
    )
    for length, pieces in zip(lengths, found, strict=True):
        assert 1 <= len(pieces) <= 6
        for piece in pieces:
            assert 0 <= piece["start"] < piece["stop"] <= length
            assert piece["start"] % 2 == 0
            assert piece["stop"] % 2 == 0 or piece["stop"] == length
            assert piece["ownStart"] - piece["start"] == (18 if piece["start"] else 0)
            inside = piece["stop"] < length
            assert piece["stop"] - piece["ownStop"] == (18 if inside else 0)
            assert piece["ownStart"] < piece["ownStop"]
        ends = [pieces[0]["start"], length - pieces[-1]["stop"]]
        assert abs(ends[0] - ends[1]) <= 3


@contextlib.contextmanager
def plain_server(folder):
    """A host that sends no headers of ours, and takes .mjs for no script, as nginx."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map: ClassVar = {
            **http.server.SimpleHTTPRequestHandler.extensions_map,
            ".mjs": "application/octet-stream",
        }

        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


# A card that the page sees and its worker cannot use.
CARD = """Object.defineProperty(navigator, "gpu", {
    value: { requestAdapter: async () => ({ info: {} }) } })"""


@pytest.mark.parametrize("script", [None, CARD], ids=["wasm", "webgpu that fails"])
def test_it_works_offline_and_threads_work_without_headers(
    visits, built, enhancer, dark, script
):
    pixels = dark[:150, :203]
    with plain_server(built) as address:
        tab = visits.open(address, offline=True, script=script)
        expect(tab.locator("#offline")).to_be_visible(**ANY)
        # Loaded again by itself: now the service worker sends the headers.
        until(tab, "crossOriginIsolated")
        expect(tab.locator("#offline")).to_be_visible(**ANY)
    # The server is gone; and no other network either.
    tab.context.set_offline(True)
    tab.goto(f"{address}index.html")
    tab.reload()
    expect(tab.locator("html[data-ready]")).to_be_attached(**ANY)
    tab.goto(address)
    assert tab.evaluate("crossOriginIsolated")
    brightened(tab, encoded(pixels), "offline.png")
    assert far(downloaded(tab)[1][..., :3], enhancer.enhance(pixels)) <= 2
    threads = tab.evaluate("document.documentElement.dataset.engine")
    assert threads == f"wasm, {min(4, os.cpu_count())}"


def test_nothing_can_be_sent_elsewhere(visits):
    visits.expected += ["Content Security Policy", "Refused to connect", "violates"]
    tab = visits.open()
    blocked = tab.evaluate(
        """async () => {
            const said = new Promise((resolve) => addEventListener(
                "securitypolicyviolation", (e) => resolve(e.effectiveDirective)));
            await fetch("http://192.0.2.1/").catch(() => {});
            return said;
        }"""
    )
    assert blocked == "connect-src"
    policy = tab.locator("meta[http-equiv=Content-Security-Policy]")
    assert "default-src 'none'" in policy.get_attribute("content")
    # The worker, which has the photos, obeys the header.
    answer = tab.request.get(f"{tab.url}worker.js")
    assert "connect-src 'self';" in answer.headers["content-security-policy"]


def test_what_is_wrong_is_said_and_the_page_goes_on(tab, dark, tmp_path):
    error = tab.locator("#error")
    choose(tab, b"no picture", "holiday.jpg")
    expect(error).to_contain_text("holiday.jpg: this is no picture", **ANY)
    expect(tab.locator("#start")).to_be_visible()
    with (tmp_path / "heavy.jpg").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    tab.set_input_files("#choose", tmp_path / "heavy.jpg")
    expect(error).to_contain_text("heavy.jpg: the file is too large; ", **ANY)
    vast = Image.new("1", (10_000, 5_001))
    vast.save(tmp_path / "vast.png")
    tab.set_input_files("#choose", tmp_path / "vast.png")
    expect(error).to_contain_text(
        "vast.png: 10000 \N{MULTIPLICATION SIGN} 5001 pixels; this page takes", **ANY
    )
    assert "\n" not in error.inner_text()
    brightened(tab, encoded(dark[:50, :60]), "fine.png")


def test_memory_that_does_not_suffice_is_said_and_forgotten(visits, dark):
    # ONNX Runtime's own words are a RangeError's, or "bad_alloc".
    fails = (
        "if (mine.width > 250) throw new RangeError('Array buffer allocation failed');"
    )

    def how(text):
        assert text.count("const runner = await network;") == 2
        return text.replace(
            "const runner = await network;", f"{fails} const runner = await network;"
        )

    tab = visits.open("about:blank")
    visits.change(tab.context, "worker.js", how)
    tab.goto(visits.address)
    choose(tab, encoded(dark[:200, :300]), "much.png")
    expect(tab.locator("#error")).to_contain_text("memory of this device", **ANY)
    expect(tab.locator("#start")).to_be_visible()
    brightened(tab, encoded(dark[:200, :240]), "less.png")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("student.onnx", ["cannot be loaded"]),
        ("ort.wasm.min.js", ["Failed to fetch dynamically imported module"]),
        ("*.wasm", ["wasm streaming compile", "falling back", "prepare wasm", "Abort"]),
    ],
    ids=["network", "runtime", "core"],
)
def test_a_network_that_cannot_be_loaded_is_loaded_later(visits, dark, name, said):
    visits.expected += ["404", *said]
    tab = visits.open("about:blank")
    tab.context.route(f"**/{name}", lambda route: route.fulfill(status=404))
    tab.goto(visits.address)
    choose(tab, encoded(dark[:40, :50]), "soon.png")
    expect(tab.locator("#error")).to_contain_text("something is wrong: ", **ANY)
    if name == "student.onnx":
        expect(tab.locator("#error")).to_contain_text("cannot be loaded: 404")
    expect(tab.locator("#start")).to_be_visible()
    tab.context.unroute_all()
    brightened(tab, encoded(dark[:40, :50]), "later.png")


@pytest.mark.parametrize("part", ["WebAssembly", "OffscreenCanvas"])
def test_a_browser_that_is_not_able_is_told(visits, part):
    tab = visits.open(script=f"delete globalThis.{part}")
    expect(tab.locator("#error")).to_contain_text(f"it has no {part}")
    expect(tab.locator("#choose")).to_be_disabled()


def test_it_can_be_used_by_keyboard_alone(visits, dark):
    tab = visits.open()
    expect(tab.locator("html[data-ready]")).to_be_attached()
    tab.keyboard.press("Tab")
    expect(tab.locator("#choose")).to_be_focused()
    with tab.expect_file_chooser() as chooser:
        # A key takes another way to the page than the order to report choosers, and
        # may overtake it; what is evaluated takes the same way, and so waits for it.
        tab.evaluate("0")
        tab.keyboard.press("Space")
    data = encoded(dark[:90, :120])
    file = {"name": "key.png", "mimeType": "image/png", "buffer": data}
    chooser.value.set_files(file)
    settled(tab)
    tab.evaluate("document.activeElement.blur()")
    seen = []
    while "another" not in seen and len(seen) < 12:
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate("document.activeElement.id"))
        outline = tab.evaluate(
            """() => Math.max(...["", "::after"].map((part) => parseFloat(
                getComputedStyle(document.activeElement, part).outlineWidth)))"""
        )
        assert outline >= 2, seen[-1]  # the focus is seen
        if seen[-1] == "handle":
            tab.keyboard.press("PageUp")
        if seen[-1] == "strength":
            tab.keyboard.press("Home")
    assert seen == [
        *("handle", "strength", "exposure", "saturation", "format"),
        *("download", "restore", "another"),
    ]
    expect(tab.locator("#handle")).to_have_attribute("aria-valuenow", "60")
    expect(tab.locator("#strength")).to_have_attribute("aria-valuetext", "0 %")
    tab.keyboard.press("Enter")
    expect(tab.locator("#choose")).to_be_focused()


def test_what_is_dropped_too_early_does_not_take_the_pages_place(visits):
    tab = visits.open("about:blank")
    tab.context.route("**/page.js", lambda route: None)  # never answered
    tab.goto(visits.address, wait_until="commit")
    for kind in ("dragover", "drop"):
        until(tab, f"!dispatchEvent(new DragEvent('{kind}', {{ cancelable: true }}))")


def test_a_picture_that_no_canvas_takes_is_told(tab):
    wide = np.full((9, 70_000, 3), 40, np.uint8)
    brightened(tab, encoded(wide), "wide.png")
    tab.click("#download")
    expect(tab.locator("#error")).to_contain_text("cannot write a picture of", **ANY)
    expect(tab.locator("#download")).to_be_enabled()


def test_photos_are_dropped_pasted_and_taken(tab, dark):
    for event in ("drop", "paste"):
        tab.evaluate(
            """([text, event]) => {
                const transfer = new DataTransfer();
                const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                const kind = { type: "image/png" };
                transfer.items.add(new File([bytes], `${event}.png`, kind));
                const options = { bubbles: true, cancelable: true };
                document.body.dispatchEvent(event === "drop"
                  ? new DragEvent(event, { ...options, dataTransfer: transfer })
                  : new ClipboardEvent(event, { ...options, clipboardData: transfer }));
            }""",
            [base64.b64encode(encoded(dark[:60, :70])).decode(), event],
        )
        expect(tab.locator("#facts")).to_have_text(
            f"{event}.png · 70 \N{MULTIPLICATION SIGN} 60", **ANY
        )
        settled(tab)
    tab.click("#another")
    tab.click("#open-camera")
    until(tab, "document.querySelector('video').videoWidth")
    tab.click("dialog [value=take]")
    expect(tab.locator("#facts")).to_contain_text("camera.jpg", **ANY)
    settled(tab)


def luminance(colour):
    """Of WCAG 2: from a CSS rgb() text."""
    values = np.array([float(v) for v in re.findall(r"[\d.]+", colour)[:3]]) / 255
    light = np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )
    return light @ (0.2126, 0.7152, 0.0722)


# Of each text that is seen: itself, its colour, and that of what it lies on.
TEXTS = """() => {
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (!/^rgba.*, 0\\)$/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    return [...document.querySelectorAll("body *")]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((e) => e.checkVisibility() && !e.closest("#compare, dialog, noscript"))
        .map((e) => [e.textContent.trim(), getComputedStyle(e).color, ground(e)]);
}"""
# Of each control: its name for who does not see it, and its size.
CONTROLS = """() => [...document.querySelectorAll(
        "input, button, select, [role=slider]")]
    .filter((e) => e.checkVisibility())
    .map((e) => {
        const box = (e.closest("label") ?? e).getBoundingClientRect();
        const name = e.getAttribute("aria-label") || [...(e.labels ?? [])]
            .map((l) => l.textContent.trim()).join() || e.textContent.trim();
        return [name, e.id === "handle" ? 40 : Math.min(box.width, box.height)];
    })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_reach_it(visits, dark, scheme):
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
    tab = visits.open(
        color_scheme=scheme, reduced_motion="reduce", has_touch=True, **phone
    )
    assert tab.evaluate("document.documentElement.lang") == "en"
    expect(tab.locator("#take")).to_have_attribute("capture", "environment")
    readable(tab, least=4)
    choose(tab, b"no picture", "wrong.jpg")
    expect(tab.locator("#error")).to_be_visible(**ANY)
    readable(tab, least=5)
    tab.evaluate("document.getElementById('way').hidden = false")
    tab.evaluate("document.getElementById('way-text').textContent = 'Quick version'")
    brightened(tab, encoded(dark[:90, :120]), "phone.png")
    readable(tab, least=10)
    for image in tab.locator("img, [role=img]").all():
        assert image.get_attribute("aria-label")
    for width in (390, 320):
        tab.set_viewport_size({"width": width, "height": 700})
        assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert (
        tab.evaluate("getComputedStyle(document.querySelector('#busy')).animationName")
        == "none"
    )


def readable(tab, least):
    """WCAG 2.2 AA of what is seen: contrast of texts, names and sizes of controls."""
    texts = tab.evaluate(TEXTS)
    assert len(texts) >= least
    for text, colour, ground in texts:
        dim, bright = sorted(map(luminance, (colour, ground)))
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, colour, ground)
    for name, size in tab.evaluate(CONTROLS):
        assert name
        assert size >= 24, name


def test_the_lock_file_names_no_registry():
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    assert "node_modules/onnxruntime-web" in lock["packages"]
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-")
