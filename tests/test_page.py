"""The page's requests: results, limits, and what it refuses."""

import contextlib
import functools
import http.client
import io
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile
import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from test_web_in_node import shown

from lled_jax import page, photos, pretrained
from lled_jax.errors import InputError
from lled_jax.look import Look
from lled_jax.page import server
from lled_jax.page.cache import Cache
from lled_jax.page.darkroom import adjusted, reduced

PLAIN = Look()
HOME = "http://127.0.0.1:7860"


class StandIn:
    """Twice as bright, by the strength; it counts its calls."""

    def __init__(self):
        self.calls = 0

    def enhance(self, image, look=PLAIN):
        self.calls += 1
        most = np.iinfo(image.dtype).max
        bright = image * (1.0 + look.strength)
        return np.minimum(np.round(bright), most).astype(image.dtype)


class Held(StandIn):
    """Its calls wait until they are let go; it notes how many there were at once."""

    def __init__(self):
        super().__init__()
        self.let_go, self.entered = threading.Event(), threading.Semaphore(0)
        self.inside = self.most_inside = 0

    def enhance(self, image, look=PLAIN):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.entered.release()
        assert self.let_go.wait(60)
        self.inside -= 1
        return super().enhance(image, look)


@pytest.fixture
def enhancer():
    return StandIn()


@pytest.fixture
def client(enhancer):
    return client_of(enhancer)


def client_of(enhancer, **limits):
    app = page.build_app(enhancer, page.Limits(**limits), names={"darkroom.example"})
    return TestClient(app, base_url=HOME, raise_server_exceptions=False)


@contextlib.contextmanager
def served(enhancer, **limits):
    """The page on a real socket: the host and port of its address."""
    with server.listen("127.0.0.1", 0) as sock:
        app = page.build_app(enhancer, page.Limits(**limits))
        config = uvicorn.Config(app, lifespan="off", log_level="warning")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            yield sock.getsockname()
        finally:
            running.should_exit = True
            thread.join(30)
        assert not thread.is_alive()


def pixels(height=40, width=60, channels=3):
    shape = (height, width, channels)
    return np.random.default_rng(height).integers(0, 100, shape, dtype=np.uint8)


def file_of(kind="PNG", **options):
    array = options.pop("array", None)
    file = io.BytesIO()
    image = Image.fromarray(pixels() if array is None else array)
    image.save(file, format=kind, **options)
    return file.getvalue()


def sideways():
    """A JPEG [40 60] of a camera that was held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    return file_of("JPEG", exif=exif, quality=95)


def sixteen_bit():
    file = io.BytesIO()
    array = pixels().astype(np.uint16) * 301
    tifffile.imwrite(file, array, photometric="rgb")
    return file.getvalue()


def written(data, name, look=PLAIN, enhancer=None):
    """What `lled enhance` writes."""
    photo = photos.read_bytes(data, name)
    file = io.BytesIO()
    photos.write(photo, (enhancer or StandIn()).enhance(photo.pixels, look), file)
    return file.getvalue()


def decoded(response):
    return np.asarray(Image.open(io.BytesIO(response.content)))


FILES = {
    "grau é.PNG": file_of,
    "IMG_1.jpeg": sideways,
    "deep.tif": sixteen_bit,
    "glass.png": lambda: file_of(array=pixels(channels=4)),
    "grey.webp": lambda: file_of("WEBP", lossless=True),
}


# Results


@pytest.mark.parametrize("name", FILES)
def test_the_download_is_what_the_command_writes(client, name):
    data = FILES[name]()
    expected = written(data, name, Look(strength=0.5))
    query = {"name": name, "strength": "0.5"}
    whole = client.post("/enhance", params=query, content=data)
    assert whole.status_code == 200, whole.text
    assert whole.content == expected
    key = client.post("/open", params={"name": name}, content=data).json()["photo"]
    again = client.post("/enhance", params={**query, "photo": key})
    assert again.content == expected


@pytest.mark.parametrize(
    ("name", "download"),
    [
        ("IMG_1.jpeg", "IMG_1_enhanced.jpeg"),
        ("../../etc/x y.JPG", "x%20y_enhanced.JPG"),
        ("C:\\photos\\ü.jpg", "%C3%BC_enhanced.jpg"),
        ('a";\r\nSet-Cookie: b=c.jpg', "a%22%3BSet-Cookie%3A%20b%3Dc_enhanced.jpg"),
    ],
)
def test_the_download_has_the_photos_name(client, name, download):
    response = client.post("/enhance", params={"name": name}, content=sideways())
    header = response.headers["content-disposition"]
    assert header == f"attachment; filename*=UTF-8''{download}"
    assert response.headers["content-type"] == "image/jpeg"
    assert "set-cookie" not in response.headers


def test_the_downloads_type_needs_no_table_of_the_system(client, monkeypatch):
    monkeypatch.setattr("mimetypes.guess_type", lambda name: (None, None))
    for name, download in (
        ("scan", "scan_enhanced.webp"),
        ("A.WEBP", "A_enhanced.WEBP"),
    ):
        response = client.post(
            "/enhance", params={"name": name}, content=file_of("WEBP")
        )
        assert response.headers["content-disposition"].endswith(f"''{download}")
        assert response.headers["content-type"] == "image/webp"


def test_a_format_that_is_not_written_becomes_another_by_name_too(client):
    response = client.post("/enhance?name=a.GIF", content=file_of("GIF"))
    assert response.headers["content-disposition"].endswith("''a_enhanced.png")
    assert response.headers["content-type"] == "image/png"
    assert photos.read_bytes(response.content, "a_enhanced.png").format == "PNG"


def test_open_tells_what_the_photo_is(client):
    facts = client.post("/open?name=a.jpg", content=sideways()).json()
    assert (facts["width"], facts["height"], facts["bits"]) == (40, 60, 8)
    assert facts["format"] == "JPEG"


def test_the_page_is_told_what_it_may_send_and_what_it_shows_smaller():
    for preview, reduced_ in ((59, True), (60, False)):
        client = client_of(StandIn(), upload_bytes=12345, preview=preview)
        about = client.get("/about").json()
        assert about["uploadBytes"] == 12345
        assert {".jpg", ".dng", ".heic"} <= set(about["suffixes"])
        facts = client.post("/open?name=a.png", content=file_of()).json()
        assert facts["reduced"] is reduced_


def test_previews_are_the_photo_reduced(enhancer):
    client = client_of(enhancer, preview=30)
    data = file_of(array=np.full((40, 60, 3), (30, 60, 90), np.uint8))
    query = {"name": "a.png"}
    before, after = (
        client.post("/preview", params={**query, "side": side}, content=data)
        for side in ("before", "after")
    )
    assert decoded(before).shape == decoded(after).shape == (20, 30, 3)
    np.testing.assert_allclose(
        decoded(before), np.full((20, 30, 3), (30, 60, 90)), atol=3
    )
    np.testing.assert_allclose(
        decoded(after), np.full((20, 30, 3), (60, 120, 180)), atol=3
    )


def test_previews_show_16_bit_and_transparency(client):
    deep = client.post("/preview?name=a.tif&side=before", content=sixteen_bit())
    expected = pixels() * (301 / 257)
    assert np.abs(decoded(deep) - expected).mean() < 8  # JPEG of noise
    array = pixels(channels=4)
    glass = client.post("/preview?name=a.png&side=before", content=file_of(array=array))
    np.testing.assert_array_equal(decoded(glass), array)


def test_sliders_need_no_network(client, enhancer):
    key = client.post("/open?name=a.jpg", content=sideways()).json()["photo"]
    seen = {
        client.post("/preview", params={"photo": key, **look}).content
        for look in ({}, {"strength": 0.3}, {"exposure": -1}, {"saturation": 2})
    }
    assert len(seen) == 4
    assert enhancer.calls == 1


def test_strength_0_shows_the_photo_as_it_was(client):
    data = sideways()
    before = client.post("/preview?name=a.jpg&side=before", content=data)
    after = client.post("/preview?name=a.jpg&strength=0", content=data)
    assert after.content == before.content
    bright = file_of(array=np.full((20, 20, 3), 200, np.uint8))
    spared = client.post("/preview?name=a.png&spare_bright=1", content=bright)
    assert decoded(spared).mean() == pytest.approx(200, abs=1)


def test_a_previews_first_look_is_not_kept(client):
    """The network's answer is: that to the photo, in the look of nobody."""
    data = file_of()
    for look in ({"strength": 0.3}, {}):
        shown = client.post("/preview", params={"name": "a.png", **look}, content=data)
        fresh = client_of(StandIn()).post("/preview?name=a.png", content=data)
        assert (shown.content == fresh.content) == (look == {})


@settings(max_examples=20, deadline=None)  # it compiles for the kinds of looks
@given(
    st.builds(
        Look,
        strength=st.floats(0, 1),
        exposure=st.floats(-3, 0),
        saturation=st.floats(0, 1.5),
        denoise=st.sampled_from([0.0, 0.5]),
        spare_bright=st.booleans(),
    )
)
def test_a_previews_look_is_the_enhancers(look):
    """Up to the rounding of the network's answer, which is reused."""
    network = real_network()
    low = pixels(24, 36)
    shown = adjusted(low, network.enhance(low), look)
    np.testing.assert_allclose(shown, network.enhance(low, look) * 1.0, atol=2)


@functools.cache
def real_network():
    return pretrained.load("student")


def test_reduced_keeps_small_photos():
    photo = photos.read_bytes(file_of(), "a.png")
    np.testing.assert_array_equal(reduced(photo, 60).pixels, photo.pixels)
    assert reduced(photo, 59).pixels.shape == (39, 59, 3)


# What is wrong with a request


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"strength": "2"}, "strength"),
        ({"strength": "nan"}, "strength"),
        ({"exposure": "bright"}, "'bright'"),
        ({"spare_bright": "perhaps"}, "'perhaps'"),
        ({"side": "left"}, "'left'"),
    ],
)
def test_a_wrong_parameter_is_named(client, query, word):
    response = client.post("/preview", params=query, content=file_of())
    assert response.status_code == 400
    assert word in response.text
    assert "\n" not in response.text


@pytest.mark.parametrize(
    "data", [b"", b"no picture", sideways()[:300], b"\x89PNG\r\n\x1a\n" + b"\0" * 99]
)
def test_a_damaged_file_gets_one_line(client, data):
    response = client.post("/open?name=holiday.jpg", content=data)
    assert response.status_code == 400
    assert "holiday.jpg" in response.text
    assert "\n" not in response.text
    assert response.headers["content-type"].startswith("text/plain")


def test_a_defect_of_ours_shows_no_inner_life(client, enhancer, monkeypatch):
    monkeypatch.setattr(enhancer, "enhance", lambda *_: 1 / 0)
    response = client.post("/enhance?name=a.png", content=file_of())
    assert response.status_code == 500
    assert response.text == "Internal Server Error"


def test_a_forgotten_photo_is_asked_for_again(client):
    response = client.post("/preview?photo=" + "0" * 64)
    assert response.status_code == 410
    assert "send it again" in response.text


# Limits


def test_a_file_may_be_as_large_as_allowed():
    data = file_of()
    client = client_of(StandIn(), upload_bytes=len(data))
    assert client.post("/open?name=a.png", content=data).status_code == 200
    for body in (data + b"\0", iter([data, b"\0"])):  # said before, found on the way
        response = client.post("/open?name=a.png", content=body)
        assert response.status_code == 413
        assert "too large" in response.text


def test_many_pixels_are_refused_before_decoding(monkeypatch):
    client = client_of(StandIn(), pixels=40 * 60 - 1)
    monkeypatch.setattr(photos, "read_bytes", lambda *_: pytest.fail("decoded"))
    response = client.post("/open?name=a.png", content=file_of())
    assert response.status_code == 400
    assert "a.png: 60 x 40 pixels" in response.text


def test_photos_make_room_for_others_and_come_back():
    client = client_of(StandIn(), cache_bytes=2 * 40 * 60 * 3)
    first, second = file_of(), sideways()
    key = client.post("/open?name=a.png", content=first).json()["photo"]
    assert client.post("/enhance", params={"photo": key}).status_code == 200
    client.post("/preview?name=b.jpg", content=second)
    assert client.post("/enhance", params={"photo": key}).status_code == 410
    again = client.post("/enhance", params={"name": "a.png"}, content=first)
    assert again.content == written(first, "a.png")


def test_what_a_photo_says_takes_memory_too():
    """Else small pictures with megabytes of EXIF would stay for ever."""
    client = client_of(StandIn(), cache_bytes=100_000)
    keys = [
        client.post("/open?name=a.png", content=file_of("PNG", exif=exif)).json()
        for exif in (b"II*\0" + bytes([n]) * 60_000 for n in (1, 2))
    ]
    status = [
        client.post("/enhance", params={"photo": key["photo"]}).status_code
        for key in keys
    ]
    assert status == [410, 200]


@pytest.mark.parametrize(("less", "status"), [(0, 200), (1, 410)])
def test_transparency_takes_memory_too(less, status):
    client = client_of(StandIn(), cache_bytes=40 * 60 * 4 - less)
    data = file_of(array=pixels(channels=4))
    key = client.post("/open?name=a.png", content=data).json()["photo"]
    assert client.post("/enhance", params={"photo": key}).status_code == status


def test_photos_that_begin_alike_are_two(client):
    array = pixels(channels=3)
    first = file_of("BMP", array=array)
    array[0, -1] += 1  # in a BMP the first row is the last
    second = file_of("BMP", array=array)
    assert first[:7000] == second[:7000]
    keys = [
        client.post("/open?name=a.bmp", content=data).json()["photo"]
        for data in (first, second)
    ]
    for key, data in zip(keys, (first, second), strict=True):
        answer = client.post("/enhance", params={"photo": key, "name": "a.bmp"})
        assert answer.content == written(data, "a.bmp")


def test_a_photo_too_large_to_keep_is_still_enhanced():
    client = client_of(StandIn(), cache_bytes=1000)
    data = file_of()
    response = client.post("/enhance?name=a.png", content=data)
    assert response.content == written(data, "a.png")
    assert client.post("/preview?name=a.png", content=data).status_code == 200


def test_one_photo_at_a_time_and_the_page_stays_alive():
    enhancer, answers = Held(), queue.Queue()

    def post(address):
        answers.put(exchange(address, "POST", "/enhance?name=a.png", file_of()))

    with served(enhancer, requests=3) as address:
        threads = [threading.Thread(target=post, args=(address,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        # One is worked on, two wait, two are turned away.
        for _ in range(2):
            status, text = answers.get(timeout=60)
            assert status == 503
            assert b"try again" in text
        assert enhancer.entered.acquire(timeout=60)
        assert exchange(address, "GET", "/")[0] == 200
        assert answers.empty()
        enhancer.let_go.set()
        assert [answers.get(timeout=60)[0] for _ in range(3)] == [200] * 3
        for thread in threads:
            thread.join(60)
        assert exchange(address, "POST", "/open?name=a.png", file_of())[0] == 200
    assert enhancer.most_inside == 1


def test_an_upload_may_not_last_and_what_is_said_to_be_too_large_is_not_awaited():
    with served(StandIn(), upload_seconds=0.1, upload_bytes=1000) as address:
        for length, status in ((10, 408), (1001, 413)):
            connection = http.client.HTTPConnection(*address[:2], timeout=20)
            connection.putrequest("POST", "/open?name=a.png")
            connection.putheader("Content-Length", str(length))
            connection.endheaders()  # and no body
            assert connection.getresponse().status == status
            connection.close()


def test_who_left_while_waiting_is_not_worked_for():
    enhancer = Held()
    with served(enhancer, requests=2) as address:
        first = threading.Thread(
            target=exchange, args=(address, "POST", "/enhance?name=a.png", file_of())
        )
        first.start()
        assert enhancer.entered.acquire(timeout=60)
        second = http.client.HTTPConnection(*address[:2], timeout=60)
        second.request("POST", "/enhance?name=b.png", file_of())
        while exchange(address, "POST", "/open?name=c.png", file_of())[0] != 503:
            pass  # until the second one waits
        second.close()
        assert exchange(address, "GET", "/")[0] == 200
        enhancer.let_go.set()
        first.join(60)
        while exchange(address, "POST", "/enhance?name=a.png", file_of())[0] == 503:
            pass
    assert enhancer.calls == 2


@example(3, [(0, 1, True), (1, 2, True), (0, 0, False), (2, 1, True)])
@given(
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), st.booleans())),
)
def test_the_cache_keeps_the_last_that_fit(capacity, uses):
    cache, expected = Cache(capacity), {}  # a dict in order of use
    for key, size, put in uses:
        if put:
            cache.put(key, size, size)
            expected.pop(key, None)
            if size <= capacity:
                expected[key] = size
            while sum(expected.values()) > capacity:
                del expected[next(iter(expected))]
        else:
            assert cache.get(key) == expected.get(key)
            if key in expected:
                expected[key] = expected.pop(key)
        assert cache.used == sum(expected.values()) <= capacity


def test_nothing_is_written_to_the_disk(client):
    opened = []

    def audit(event, arguments):
        if opened is not None and event == "open":
            _, mode, flags = arguments
            if (mode and set(mode) & set("wax+")) or (flags or 0) & 3:
                opened.append(arguments)

    client.get("/")
    sys.addaudithook(audit)
    for name, make in FILES.items():
        data = make()
        for path in ("/open", "/preview", "/enhance"):
            assert client.post(path, params={"name": name}, content=data).is_success
    found, opened = opened, None
    assert not [f for f in found if f[0] not in (os.devnull, "/dev/urandom")]


# Who is answered


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:7860",
        "127.0.0.1:1",
        "[::1]:7860",
        "192.168.0.7",
        "darkroom.example:80",
    ],
)
def test_own_names_and_addresses_are_answered(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:7860",
        "evil.example:127",
        "[::1",
        "",
        "2130706433",
    ],
)
def test_foreign_names_are_refused(client, host):
    """A name that someone points to this machine: DNS rebinding."""
    for method, path in (("GET", "/"), ("POST", "/open"), ("GET", "/none")):
        assert client.request(method, path, headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:7861"},
        {"origin": "http://[x"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": HOME},
    ],
)
@pytest.mark.parametrize("path", ["/open", "/preview", "/enhance"])
def test_other_sites_pages_are_refused(client, enhancer, headers, path):
    response = client.post(path + "?name=a.png", content=file_of(), headers=headers)
    assert response.status_code == 403
    assert enhancer.calls == 0
    own = {"origin": HOME, "sec-fetch-site": "same-origin"}
    own_answer = client.post(path + "?name=a.png", content=file_of(), headers=own)
    assert own_answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/page.js"),
        ("GET", "/none"),
        ("POST", "/open"),
        ("GET", "/enhance"),
        ("POST", "/enhance?strength=7"),
    ],
)
def test_every_answer_is_fenced_in(client, method, path):
    headers = client.request(method, path).headers
    policy = headers["content-security-policy"].split("; ")
    assert "default-src 'self'" in policy
    forbidden = ("frame-ancestors", "base-uri", "form-action", "object-src")
    assert {f"{what} 'none'" for what in forbidden} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def exchange(address, method, path, body=None):
    """A request with the path as it is: no library tidies it up."""
    connection = http.client.HTTPConnection(*address[:2], timeout=60)
    connection.request(method, path, body)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_no_other_file_can_be_reached():
    ours = (Path(page.__file__).parent / "static").iterdir()
    parts = {"/" if f.name == "index.html" else f"/{f.name}": f for f in ours}
    up = [f"/{start}{'../' * n}etc/passwd" for start in ("", "static/") for n in (1, 9)]
    tried = [*up, *(path.replace("/", "%2f").replace(".", "%2e") for path in up)]
    tried += ["/static", "/static/", "/index.html/", "//", "/etc/passwd", "/app.py"]
    tried += ["/..%5capp.py", "/page.js/../../app.py", "/%00", "/page.css%00.html"]
    with served(StandIn()) as address:
        for path, file in parts.items():
            assert exchange(address, "GET", path) == (200, file.read_bytes())
        for path in tried:
            target = "/" + path.removeprefix("/")
            assert exchange(address, "GET", target) == (404, b"Not Found"), path


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")],
)
def test_the_browser_may_take_each_part_for_what_it_is(client, path, kind):
    """It was told not to guess."""
    assert client.get(path).headers["content-type"].split(";")[0] == kind


def test_the_page_asks_for_nothing_from_elsewhere():
    for file in (Path(page.__file__).parent / "static").iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")  # a name
        assert "//" not in re.sub(r"(^|\s)//.*", "", text, flags=re.M), file.name
        assert " style=" not in text  # the policy would drop it


# What its scripts do


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The page's scripts, where Node takes them for modules."""
    folder = tmp_path_factory.mktemp("page")
    static = Path(page.__file__).parent / "static"
    shutil.copytree(static, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def test_after_a_broken_answer_the_page_goes_on(scripts):
    broken, again, fetching, failed = shown(scripts, "broken")
    assert "lost on the way" in broken["error"]
    assert again["error"] == ""
    assert again["asked"] == []  # the second photo's previews were all fetched
    assert "download" not in fetching["can"]
    assert "lost on the way" in failed["error"]
    assert "download" in failed["can"]


def test_a_second_click_does_not_open_a_second_camera(scripts):
    clicked_twice, later = shown(scripts, "camera")
    assert clicked_twice["films"] == [True]
    assert later["films"] == [False, True]


# Starting it


def test_a_port_in_use_has_a_cure():
    with server.listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(InputError, match=rf"127.0.0.1:{port}: the port is in use"):
            page.serve(port=port)


@pytest.mark.parametrize(
    ("host", "port", "cure"),
    [
        ("no.such.host.invalid", 0, "use 127.0.0.1"),
        ("192.0.2.1", 0, "use 127.0.0.1"),
        ("127.0.0..1", 0, r"^host '127.0.0..1' is no host's name; use 127.0.0.1$"),
        ("127.0.0.1", 65536, "from 0 to 65535"),
        ("127.0.0.1", -1, "from 0 to 65535"),
    ],
)
def test_a_place_that_cannot_be_had_has_a_cure(host, port, cure):
    with pytest.raises(InputError, match=cure):
        page.serve(host=host, port=port)


def test_what_was_asked_for_is_served(monkeypatch):
    def load(weights, backend):
        asked.append((weights, backend))
        return StandIn()

    def listen(host, port):
        asked.append((host, port))
        return socket_for("127.0.0.1", 0)

    asked, socket_for = [], server.listen
    monkeypatch.setattr(pretrained, "load", load)
    monkeypatch.setattr(server, "listen", listen)
    monkeypatch.setattr(
        server._Server, "run", lambda self, sockets: asked.append(self.config.app)
    )
    page.serve("darkroom.example", 81, "own", "openvino")
    *asked, app = asked
    assert asked == [("darkroom.example", 81), ("own", "openvino")]
    for host, status in (("darkroom.example:81", 200), ("evil.example", 403)):
        client = TestClient(app, base_url=f"http://{host}")
        assert client.get("/").status_code == status


def test_other_machines_may_call_this_one_by_its_name(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Attic")
    monkeypatch.setattr("socket.getfqdn", lambda: "attic.house.example")
    app = page.build_app(StandIn(), names=server._names("0.0.0.0"))
    for name in ("attic", "attic.local:7860", "Attic.house.example"):
        assert TestClient(app).get("/", headers={"host": name}).status_code == 200
    assert server._names("localhost") == {"localhost"}


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_library_has_a_cure(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from lled_jax import page\n"
        "from lled_jax.errors import InputError\n"
        "try: page.serve()\n"
        "except InputError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    line = f"the package {missing} is missing: pip install 'lled-jax[demo]'\n"
    assert out.stdout == line, out.stderr


def test_it_says_where_it_is_and_stops_quietly():
    code = (
        "import webbrowser; webbrowser.open = print\n"
        "from lled_jax import page; page.serve(port=0)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        line = child.stdout.readline()
        assert line.startswith("the page is at http://127.0.0.1:"), child.stderr.read()
        port = int(line.split("/")[2].rpartition(":")[2])
        assert exchange(("127.0.0.1", port), "GET", "/")[0] == 200
        child.send_signal(signal.SIGINT)
        rest, errors = child.communicate(timeout=60)
    assert (child.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize("host", ["localhost", "::1", "0.0.0.0"])
def test_the_address_can_be_opened(host):
    try:
        sock = server.listen(host, 0)
    except InputError:
        pytest.skip(f"this machine has no {host}")
    with sock:
        port = sock.getsockname()[1]
        url = server._url(host, port)
    assert url in (f"http://localhost:{port}/", f"http://[::1]:{port}/")
    client = TestClient(
        page.build_app(StandIn(), names=server._names(host)), base_url=url
    )
    assert client.get("/").status_code == 200
