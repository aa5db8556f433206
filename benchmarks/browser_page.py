"""The built browser page, served and driven in headless Chromium, for benchmarks."""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WEB = Path(__file__).parent.parent / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 1_800_000  # ms


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where `npm start` has the page that `npm run build` made."""
    if not (folder / "index.html").is_file():
        sys.exit(f"error: no page in {folder}: cd web && npm ci && npm run build")
    command = ["node", str(WEB / "serve.mjs"), str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium of this machine."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        sys.exit(f"error: needs a browser: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        # As root, in containers, Chromium has no sandbox to offer.
        running = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"]
        )
        yield running
        running.close()


@contextlib.contextmanager
def opened(running: Browser, address: str, **settings: Any) -> Iterator[Page]:
    """A window of its own, nothing cached, with the page's URL `settings`."""
    context = running.new_context(accept_downloads=True, service_workers="block")
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.goto(f"{address}?" + "&".join(f"{k}={v}" for k, v in settings.items()))
    yield tab
    context.close()


def choose(tab: Page, path: Path) -> None:
    """Give it the photo and wait for the first enhanced picture of it."""
    tab.set_input_files("#choose", path)
    tab.locator(f"#facts:has-text('{path.name}')").wait_for()
    tab.locator("#compare:not([data-empty])").wait_for()


def detail(tab: Page) -> None:
    """Ask for full detail of a large photo and wait for it."""
    tab.click("#more")
    tab.locator("#way-text:text-is('Full detail')").wait_for()
    tab.locator("#busy").wait_for(state="hidden")


def downloaded(tab: Page) -> np.ndarray:
    """The answer in full size, uint8 [h w 3]."""
    tab.locator("#busy").wait_for(state="hidden")
    tab.select_option("#format", "image/png")
    with tab.expect_download() as download:
        tab.click("#download")
    return np.asarray(Image.open(download.value.path()).convert("RGB"))
