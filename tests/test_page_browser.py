"""The page in a real browser: a photo goes in, its look is chosen, the file comes out.

Slow for its kind: the network compiles, about 40 s on two busy cores.
"""

import base64
import contextlib
import io
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import skimage.data
import uvicorn
from browser_for_tests import CAMERA, launched
from PIL import Image
from playwright.sync_api import expect

from lled_jax import page, photos, pretrained
from lled_jax.look import Look
from lled_jax.page import server

ROOT = str(Path(__file__).parent.parent)
PATIENCE = 120_000  # ms; a limit, not a measurement


@pytest.fixture(scope="module")
def enhancer():
    return pretrained.load()


@pytest.fixture(scope="module")
def address(enhancer):
    """Where the page is, with little allowed, so that limits are met."""
    with server.listen("127.0.0.1", 0) as sock:
        app = page.build_app(enhancer, page.Limits(upload_bytes=2**20))
        config = uvicorn.Config(app, lifespan="off", log_level="warning")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]})
        thread.start()
        yield "http://{}:{}/".format(*sock.getsockname())
        running.should_exit = True
        thread.join(60)


@pytest.fixture(scope="module")
def browser():
    with launched(*CAMERA) as running:
        yield running


@pytest.fixture
def visit(browser, address):
    """Opens the page in a new window; at the end nothing may have gone wrong in it."""
    wrong, asked, expected, opened = [], [], [], []
    with contextlib.ExitStack() as stack:

        def visit(**options):
            context = stack.enter_context(
                contextlib.closing(browser.new_context(**options))
            )
            context.set_default_timeout(PATIENCE)
            context.on("request", lambda request: asked.append(request.url))
            tab = context.new_page()
            opened.append(tab)
            tab.on("console", lambda m: wrong.append(m.text) if m.type != "log" else 0)
            tab.on("pageerror", lambda error: wrong.append(str(error)))
            tab.goto(address)
            # The limits have come, the last thing that the page waits for.
            expect(tab.locator("#choose")).to_have_attribute("accept", WEBP, **ANY)
            return tab

        visit.expected = expected
        yield visit
    assert [w for w in wrong if not any(e in w for e in expected)] == []
    assert asked or not opened  # a test that was skipped opened nothing
    for url in map(urlsplit, asked):
        own = f"{url.scheme}://{url.netloc}/" == address
        assert own or url.scheme in ("blob", "data"), url.geturl()


ANY = {"timeout": PATIENCE}
WEBP = re.compile(r"\.webp")


def dark(name="astronaut", kind="JPEG", **options):
    """A file of a picture darkened, with EXIF."""
    picture = getattr(skimage.data, name)()[::2, ::2, :3] / 255
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    file = io.BytesIO()
    image = Image.fromarray(np.uint8(255 * (0.3 * picture**2) + 0.5))
    image.save(file, kind, exif=exif, **options)
    return file.getvalue()


def choose(tab, data, name="dark.jpg", wait=True):
    kind = "image/" + name.rpartition(".")[2].replace("jpg", "jpeg")
    tab.set_input_files("#choose", {"name": name, "mimeType": kind, "buffer": data})
    if wait:
        settled(tab)


def settled(tab):
    """The photo is there, and the look that was asked for."""
    expect(tab.locator("#after[src^='blob:']")).to_be_visible(**ANY)
    quiet(tab)


def quiet(tab):
    # Longer than the page waits for a slider to come to rest.
    tab.wait_for_timeout(300)
    expect(tab.locator("#busy")).to_be_hidden(**ANY)
    expect(tab.locator("#error")).to_be_hidden()


def shown(tab, side):
    """The pixels of the picture `before` or `after` as the browser has them."""
    width, height, data = tab.evaluate(
        """(id) => {
            const image = document.getElementById(id);
            const canvas = document.createElement("canvas");
            const size = [image.naturalWidth, image.naturalHeight];
            [canvas.width, canvas.height] = size;
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            let text = "";
            for (const value of context.getImageData(0, 0, ...size).data)
                text += String.fromCharCode(value);
            return [...size, btoa(text)];
        }""",
        side,
    )
    pixels = np.frombuffer(base64.b64decode(data), np.uint8)
    return pixels.reshape(height, width, 4)[..., :3].astype(np.float64)


def downloaded(tab):
    with tab.expect_download() as download:
        tab.click("#download")
    name = download.value.suggested_filename
    return name, download.value.path().read_bytes()


def written(enhancer, data, name, look):
    photo = photos.read_bytes(data, name)
    file = io.BytesIO()
    photos.write(photo, enhancer.enhance(photo.pixels, look), file)
    return file.getvalue()


def written_by_command(folder, data):
    """As a person would run it."""
    (folder / "dark.jpg").write_bytes(data)
    command = [sys.executable, "-m", "lled_jax", "enhance", "dark.jpg", "-o", "out"]
    subprocess.run(
        command, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": ROOT}
    )
    return (folder / "out" / "dark.jpg").read_bytes()


def put(tab, slider, value):
    tab.locator(f"#{slider}").fill(str(value))


@pytest.mark.parametrize("real", [False, True], ids=["made", "real"])
def test_from_a_photo_to_the_file(visit, enhancer, request, tmp_path, real):
    data = dark()
    if real:
        folder = request.getfixturevalue("shared") / "data" / "unpaired"
        data = (folder / "NPE_birds.jpg").read_bytes()
    tab = visit(accept_downloads=True)
    choose(tab, data)
    before, after = shown(tab, "before"), shown(tab, "after")
    source = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64)
    assert np.abs(before - source).mean() < 2
    assert after.mean() > 1.3 * before.mean()

    name, content = downloaded(tab)
    assert name == "dark_enhanced.jpg"
    assert content == written(enhancer, data, "dark.jpg", Look())
    if not real:
        assert content == written_by_command(tmp_path, data)
    look = Look(strength=0.5, exposure=0.4, saturation=1.25, denoise=0.3)
    for name in ("strength", "exposure", "saturation", "denoise"):
        put(tab, name, getattr(look, name))
    quiet(tab)
    expected = written(enhancer, data, "dark.jpg", look)
    assert downloaded(tab)[1] == expected
    drawn = np.asarray(Image.open(io.BytesIO(expected)).convert("RGB"), np.float64)
    assert np.abs(shown(tab, "after") - drawn).mean() < 2

    tab.click("#restore")
    quiet(tab)
    np.testing.assert_array_equal(shown(tab, "after"), after)
    put(tab, "strength", 0)
    quiet(tab)
    np.testing.assert_array_equal(shown(tab, "after"), before)


def test_the_line_moves_by_mouse_and_by_keyboard(visit):
    tab = visit()
    choose(tab, dark())
    handle, box = tab.locator("#handle"), tab.locator("#compare").bounding_box()
    at = handle.get_attribute

    def colour(x):
        """Mean of the screen, a bit of it at that part of the width."""
        clip = {"x": box["x"] + x * box["width"] - 10, "y": box["y"] + 20}
        image = tab.screenshot(clip={**clip, "width": 20, "height": box["height"] / 4})
        return np.asarray(Image.open(io.BytesIO(image)).convert("L")).mean()

    assert at("aria-valuenow") == "50"
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.9 * box["width"], middle, steps=5)
    tab.mouse.up()
    assert at("aria-valuenow") == "90"
    assert at("aria-valuetext") == "90 percent before"
    dark_there = colour(0.7)
    tab.mouse.move(box["x"], middle)  # without a button it stays
    assert at("aria-valuenow") == "90"
    tab.mouse.click(box["x"] + 0.25 * box["width"], middle)
    assert at("aria-valuenow") == "25"
    assert colour(0.7) > 1.2 * dark_there
    expect(handle).to_be_focused()
    for key, expected in [
        *(("ArrowLeft", "23"), ("ArrowRight", "25"), ("PageUp", "35"), ("End", "100")),
        *(("ArrowRight", "100"), ("Home", "0"), ("ArrowLeft", "0")),
    ]:
        tab.keyboard.press(key)
        assert at("aria-valuenow") == expected


def test_photos_are_dropped_and_pasted(visit):
    tab = visit()
    for event in ("drop", "paste"):
        browsers_own = tab.evaluate(
            """([data, event]) => {
                const transfer = new DataTransfer();
                const bytes = new Uint8Array(data);
                transfer.items.add(new File([bytes], event + ".webp"));
                const options = { bubbles: true, cancelable: true };
                const made = event === "drop"
                  ? new DragEvent(event, { ...options, dataTransfer: transfer })
                  : new ClipboardEvent(event, { ...options, clipboardData: transfer });
                return document.body.dispatchEvent(made);
            }""",
            [list(dark("coffee", "WEBP")), event],
        )
        assert browsers_own == (event == "paste")  # it would open what is dropped
        expect(tab.locator("#facts")).to_have_text(
            re.compile(rf"{event}.webp · 300 . 200 · 8.bit WEBP"), **ANY
        )
        settled(tab)


def test_a_photo_is_taken_with_the_camera(visit):
    tab = visit()
    expect(tab.locator("#phone-camera")).to_be_hidden()
    tab.click("#open-camera")
    while not tab.evaluate("document.querySelector('video').videoWidth"):
        tab.wait_for_timeout(50)
    tab.click("dialog [value=take]")
    settled(tab)
    expect(tab.locator("#facts")).to_contain_text("camera.jpg")
    expect(tab.locator("dialog")).to_be_hidden()
    assert tab.evaluate("document.querySelector('video').srcObject") is None


def test_what_is_wrong_is_said_and_the_page_goes_on(visit):
    visit.expected.append("status of 400")  # the browser's own note
    tab, error = visit(), None
    error = tab.locator("#error")
    choose(tab, b"no picture", "holiday.jpg", wait=False)
    expect(error).to_contain_text("holiday.jpg", **ANY)
    expect(tab.locator("#work")).to_be_hidden()
    choose(tab, bytes(2**20 + 1), "large.jpg", wait=False)
    expect(error).to_contain_text("too large; this page takes up to 1 MiB", **ANY)
    choose(tab, dark())
    choose(tab, b"no picture", "again.jpg", wait=False)
    expect(error).to_contain_text("again.jpg", **ANY)
    expect(tab.locator("#start")).to_be_visible()


def test_a_forgotten_photo_is_sent_again(visit, enhancer, monkeypatch):
    visit.expected.append("status of 410")
    tab, data = visit(accept_downloads=True), dark()
    choose(tab, data)
    forget = page.darkroom.Cache.get
    monkeypatch.setattr(page.darkroom.Cache, "get", lambda *_: None)
    assert downloaded(tab)[1] == written(enhancer, data, "dark.jpg", Look())
    monkeypatch.setattr(page.darkroom.Cache, "get", forget)


def test_a_phone_has_its_own_camera_and_no_sideways_scrolling(visit):
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True}
    tab = visit(**phone, has_touch=True, color_scheme="dark")
    expect(tab.locator("#phone-camera")).to_be_visible()
    expect(tab.locator("#take")).to_have_attribute("capture", "environment")
    expect(tab.locator("#open-camera")).to_be_hidden()
    choose(tab, dark())
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    content, window = tab.evaluate(wide)
    assert content == window == 360
    box = tab.locator("#compare").bounding_box()
    tab.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + 50)
    expect(tab.locator("#handle")).to_have_attribute("aria-valuenow", "80")
