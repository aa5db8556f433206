"""A real browser for the tests of pages; they are skipped where there is none."""

import contextlib
import shutil

import pytest
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@contextlib.contextmanager
def launched(*arguments):
    """Headless Chromium of this machine, with command line `arguments`."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        # As root, in containers, Chromium has no sandbox to offer.
        running = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", *arguments]
        )
        yield running
        running.close()
