"""`lled demo`: from the options to the page."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lled_jax import page
from lled_jax.cli.main import app
from lled_jax.errors import InputError
from lled_jax.shipped import DEFAULT, SHIPPED


def demo(*arguments):
    return CliRunner().invoke(app, ["demo", *arguments])


@pytest.fixture
def served(monkeypatch):
    """The calls of `page.serve`, which returns at once."""
    calls = []
    monkeypatch.setattr(
        page, "serve", lambda *a, **options: calls.append((a, options)), raising=False
    )
    return calls


def test_by_default_only_this_machine_sees_it(served):
    assert demo().exit_code == 0
    weights = SHIPPED[DEFAULT].path()
    assert served == [(("127.0.0.1", 7860, weights, "jax"), {"open_browser": False})]


def test_the_options_reach_the_page(served, tmp_path):
    ckpt = tmp_path / "own.safetensors"
    ckpt.touch()
    arguments = ["--host", "0.0.0.0", "--port", "0", "--ckpt", str(ckpt), "--browser"]
    assert demo(*arguments, "--backend", "openvino").exit_code == 0
    expected = ("0.0.0.0", 0, Path(ckpt), "openvino")
    assert served == [(expected, {"open_browser": True})]


def test_errors_take_one_line(monkeypatch):
    def serve(*arguments, **options):
        raise InputError("the port is in use")

    monkeypatch.setattr(page, "serve", serve, raising=False)
    result = demo()
    assert (result.exit_code, result.stderr) == (1, "error: the port is in use\n")
    assert demo("--port", "70000").exit_code == 2
    assert demo("--model", "x", "--ckpt", "y").exit_code == 2


def test_a_missing_package_is_named(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("lled_jax.page.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ["starlette", *(n for n in sys.modules if n.startswith("starlette."))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("app", "server"):
        monkeypatch.delattr(page, name, raising=False)
    result = demo("--port", "0")
    assert result.exit_code == 1
    assert "pip install 'lled-jax[demo]'" in result.stderr
