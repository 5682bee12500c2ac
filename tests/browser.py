"""A real Chromium for the tests of pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_binary() -> str | None:
    """A Chromium or Chrome of this machine."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def a_browser() -> Iterator[Any]:
    """One browser; the test is skipped where there is none. A second cannot be driven beside it,
    so it is to end with the file of tests that uses it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    binary = browser_binary()
    if binary is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium): page not tested")
    # Chromium's own sandbox does not start for root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=binary, args=flags)
        yield browser
        browser.close()
