"""What of web/ needs no browser: how it is built and served, and what its page shows.

The network and ONNX Runtime are stand-ins here; test_web_page.py has the real ones.
"""

import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILT = re.compile(r'^const VERSION = "[0-9a-f]{16}";$', re.MULTILINE)


@functools.cache
def program():
    """Node, if it is here and not too old."""
    found = shutil.which("node")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True)
    major, minor, *_ = map(int, version.stdout.strip().removeprefix("v").split("."))
    return found if (major, minor) >= (20, 11) else None


def node(*arguments, **environment):
    """What Node made of it: its exit status, output and errors."""
    if program() is None:
        pytest.skip("needs Node 20.11 or newer")
    return subprocess.run(
        [program(), *map(str, arguments)],
        env={**os.environ, "PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def refused(done):
    """The one line that says what is wrong."""
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.fixture
def web(tmp_path):
    """A copy of web/ with stand-ins for what takes long or comes from elsewhere."""
    out = shutil.ignore_patterns("node_modules", "dist")
    web = shutil.copytree(ROOT / "web", tmp_path / "web", ignore=out)
    static = "lled_jax/page/static"
    shutil.copytree(ROOT / static, tmp_path / static)
    script = "import sys; open(sys.argv[1], 'w').write('a network')"
    (web / "export_model.py").write_text(script)
    runtime = web / "node_modules/onnxruntime-web/dist"
    runtime.mkdir(parents=True)
    for name in re.findall(r'"(ort[\w.-]+)"', (web / "build.mjs").read_text()):
        (runtime / name).write_text("a runtime")
    return web


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*")}


def test_the_build_replaces_its_own_folders_and_no_others(web, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sw.js").write_text("// somebody's own")
    (own / "notes.txt").write_text("of years")
    # The sources have our sw.js, but one that was not built.
    for folder in (own, web / "src"):
        before = contents(folder)
        line = refused(node(web / "build.mjs", folder))
        assert f"{folder} is no earlier build of the page" in line
        assert contents(folder) == before

    page = tmp_path / "page"
    page.mkdir()
    for _ in range(2):
        done = node(web / "build.mjs", page)
        assert done.returncode == 0, done.stderr
        assert BUILT.search((page / "sw.js").read_text())
        assert not (page / "old.js").exists()
        (page / "old.js").touch()
    assert f"built {page}" in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"lled_jax", "own", "page", "web"}


def test_a_build_that_fails_says_why_and_leaves_the_page_as_it_was(web):
    assert node(web / "build.mjs").returncode == 0
    before = contents(web)
    line = refused(node(web / "build.mjs", PYTHON="no-such-python"))
    assert "no-such-python cannot be run (ENOENT); PYTHON=... names another" in line
    assert contents(web) == before

    (web / "export_model.py").write_text("import sys; sys.exit(3)")
    line = refused(node(web / "build.mjs"))
    assert f"{sys.executable} did not write the network, see above; PYTHON=" in line

    shutil.rmtree(web / "node_modules")
    line = refused(node(web / "build.mjs"))
    assert f"ort.wasm.min.mjs; run npm ci in {web}" in line
    dist = {path: data for path, data in before.items() if path.parts[0] == "dist"}
    assert contents(web / "dist") == {p.relative_to("dist"): d for p, d in dist.items()}
    assert not list(web.glob(".dist*"))


@pytest.mark.skipif(sys.platform == "win32", reason="python has that name elsewhere")
def test_python_is_python3_where_nothing_else_is_said(web, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    command = "delete process.env.PYTHON; import(process.argv[1])"
    done = node("-e", command, web / "build.mjs", PATH=str(programs))
    assert done.returncode == 0, done.stderr


def test_hidden_files_are_no_part_of_the_page(web):
    (web / "src" / ".DS_Store").write_text("a desktop's")
    assert node(web / "build.mjs").returncode == 0
    assert not list((web / "dist").glob(".*"))
    assert "DS_Store" not in (web / "dist" / "sw.js").read_text()


def test_a_port_that_cannot_be_had_is_said():
    serve = ROOT / "web" / "serve.mjs"
    for port in ("abc", "65536", "-1", ""):
        line = refused(node(serve, f"--port={port}"))
        assert line == f"error: --port {port}: a port is a number from 0 to 65535"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused(node(serve, "--port", port))
    assert line.startswith(f"error: port {port} cannot be used: another program has it")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page's modules as the build puts them together, without the rest."""
    folder = tmp_path_factory.mktemp("page")
    build = (ROOT / "web/build.mjs").read_text()
    names = re.findall(r'"([\w.]+)"', re.search(r"SHARED = \[([^]]+)\]", build)[1])
    shared = [ROOT / "lled_jax/page/static" / name for name in names]
    for script in (*(ROOT / "web/src").glob("*.js"), *shared):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def shown(page, scenario):
    """What the page shows after each step of a scenario of page_in_node.mjs."""
    done = node(Path(__file__).parent / "page_in_node.mjs", page, scenario)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def test_a_photo_that_is_decoded_late_does_not_replace_a_newer_one(page, tmp_path):
    src = shutil.copytree(page, tmp_path / "src")
    (src / "engine.js").write_text(
        "export const MEANS = [6, 48];\n"
        "const run = async (low) => ({ bright: low.map((value) => value + 100) });\n"
        "export const start = async (kind) => ({ kind, threads: 1, run });\n"
    )
    done = node(Path(__file__).parent / "worker_in_node.mjs", src)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    assert written == {"opened": "b.jpg", "width": 20, "value": 160}


def test_full_detail_that_was_cancelled_does_not_end_the_next(page):
    offered, again, ended, going_on, done = shown(page, "again")
    assert offered["way"].startswith("Quick version")
    assert offered["can"] == ["more", "download"]
    for step, part in ((again, 0), (ended, 0), (going_on, 0.3)):
        assert step["way"] == "Full detail, piece by piece"
        assert step["can"] == ["cancel", "download"]
        assert step["part"] == part  # of this run alone
    assert done["way"] == "Full detail"
    assert done["can"] == ["download"]
    assert done["asked"][-1] == "show"


def test_nothing_can_be_done_with_a_photo_while_the_next_is_read(page):
    before, reading = shown(page, "next")
    assert before["can"] == ["cancel", "download"]
    assert reading["asked"][-1] == "open"
    assert reading["way"] == "Reading the photo"
    assert reading["can"] == []


def test_the_page_is_not_loaded_again_while_it_reads_a_photo(page):
    unused, reading = shown(page, "reload")
    assert unused["reloads"] == 1
    assert reading["asked"][-1] == "open"
    assert reading["reloads"] == 1


# The service worker of the page in a folder, over one that was there before: the names
# of the caches that are left, and what was asked of the host and how.
SERVICE = """
import { readFileSync } from "node:fs";
import vm from "node:vm";

const names = new Set(JSON.parse(process.argv[2]));
const asked = [];
const cache = { addAll: async (requests) => asked.push(...requests) };
const caches = {
  keys: async () => [...names],
  delete: async (name) => names.delete(name),
  open: async (name) => names.add(name) && cache,
};
const hear = {};
const scope = "https://host/here/";
vm.runInNewContext(readFileSync(process.argv[1], "utf8"), {
  caches, URL, location: new URL(`sw.js?engine=${process.argv[3]}`, scope),
  registration: { scope },
  clients: { claim: async () => {} },
  addEventListener: (type, listener) => (hear[type] = listener),
  Request: function (url, { cache }) { Object.assign(this, { url, cache }); },
});
for (const type of ["install", "activate"]) {
  await new Promise((done) => hear[type]({ waitUntil: (work) => done(work) }));
}
console.log(JSON.stringify({ names: [...names], asked }));
"""


@pytest.mark.parametrize("engine", ["wasm", "webgpu", "unheard of"])
def test_the_service_worker_takes_fresh_files_and_leaves_others_caches(web, engine):
    assert node(web / "build.mjs").returncode == 0
    sw = web / "dist" / "sw.js"
    old = "lled https://host/here/ 0123456789abcdef wasm"
    others = [
        "lled https://host/here/too/ 0123456789abcdef wasm",
        "lled https://host/there/ 0123456789abcdef wasm",
        "another page's",
    ]
    names = json.dumps([old, *others])
    done = node("--input-type=module", "-e", SERVICE, sw, names, engine)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    version = BUILT.search(sw.read_text())[0].split('"')[1]
    ours = f"lled https://host/here/ {version} {engine}"
    assert sorted(answer["names"]) == sorted([ours, *others])
    assert {request["cache"] for request in answer["asked"]} == {"no-cache"}
    asked = [request["url"] for request in answer["asked"]]
    assert len(set(asked)) == len(asked)
    # WebAssembly always: WebGPU may not start.
    always = {"./", "index.html", "page.js", "ort/ort.wasm.min.js", "student.onnx"}
    assert always <= set(asked)
    assert ("ort/ort.jspi.min.js" in asked) == (engine == "webgpu")


def test_what_a_person_did_wrong_has_one_class():
    folders = (ROOT / "web/src", ROOT / "lled_jax/page/static")
    sources = [path.read_text() for folder in folders for path in folder.glob("*.js")]
    assert sum(text.count("class Refused") for text in sources) == 1


def test_the_node_that_is_asked_for_knows_its_own_folder():
    """`import.meta.dirname` came with Node 20.11."""
    for name in ("package.json", "package-lock.json"):
        asked = json.loads((ROOT / "web" / name).read_text())
        asked = asked.get("packages", {"": asked})[""]
        assert asked["engines"]["node"] == ">=20.11"
    assert "Node 20.11 or newer" in (ROOT / "web/README.md").read_text()
