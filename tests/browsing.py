"""One browser for all tests of pages, in a thread of its own.

Playwright's synchronous interface keeps an event loop running in its thread, in which no other
test could start one. A test that takes `browsing` therefore runs in that thread as a whole.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT = 60_000
"""Milliseconds after which the browser gives up to wait for something."""

expect.set_options(timeout=TIMEOUT)


class Browsing:
    """The browser and the thread in which it is used."""

    def __init__(self, executable: str) -> None:
        self.thread = ThreadPoolExecutor(1, "browser")
        self._executable = executable
        self.browser: Browser = self.thread.submit(self._start).result()

    def _start(self) -> Browser:
        expect.set_options(timeout=TIMEOUT)
        self._playwright = sync_playwright().start()
        return self._playwright.chromium.launch(executable_path=self._executable, args=FLAGS)

    def stop(self) -> None:
        self.thread.submit(self.browser.close).result()
        self.thread.submit(self._playwright.stop).result()
        self.thread.shutdown()


def find_browser() -> str | None:
    """The path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Watch:
    """The things that a page must not do: fetch from elsewhere, fail, or report errors."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()
        self.errors: list[str] = []

    def observe(self, page: Page) -> None:
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._read)
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def _read(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            self.errors.append(line.text)


def run_in_thread(test: pytest.Function, browsing: Browsing) -> None:
    """Run a test in the thread of the browser."""
    values = {name: test.funcargs[name] for name in signature(test.obj).parameters}
    browsing.thread.submit(test.obj, **values).result()
