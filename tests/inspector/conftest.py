"""One browser for all tests of the inspector, in a thread of its own.

Playwright's synchronous interface keeps an event loop running in its thread, in which no other
test could start one. A test that takes a `page` therefore runs in that thread as a whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.inspector.asking import Asking
from tests.serving import Served, serving

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT = 20_000
"""Milliseconds after which the browser gives up to wait for something."""

SCENARIO = """
format: 1
about: Replies of every kind.
interactions:
  - when: {user: paced}
    reply:
      reasoning: The user wants a paced answer.
      content: It arrives bit by bit.
      pace: {first: 0.2, every: 0.1}
      usage: {prompt_tokens: 20, completion_tokens: 12, total_tokens: 32,
        prompt_tokens_details: {cached_tokens: 5}}
  - when: {user: weather}
    reply:
      reasoning: I need the weather.
      tool_calls: [{name: get_weather, arguments: {city: Beijing}}]
  - when: {user: break}
    reply: {content: This never ends well., fault: {do: reset, at: 2 frames}}
  - when: {user: limit}
    reply: {error: 1302}
  - when: {user: hello}
    reply: {content: Hello!}
"""


class Browsing:
    """The browser and the thread in which it is used."""

    def __init__(self, executable: str) -> None:
        self.thread = ThreadPoolExecutor(1, "browser")
        self._executable = executable
        self.browser: Browser = self.thread.submit(self._start).result()

    def _start(self) -> Browser:
        self._playwright = sync_playwright().start()
        return self._playwright.chromium.launch(executable_path=self._executable, args=FLAGS)

    def stop(self) -> None:
        self.thread.submit(self.browser.close).result()
        self.thread.submit(self._playwright.stop).result()
        self.thread.shutdown()


@pytest.fixture(scope="session")
def browsing() -> Iterator[Browsing]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium is here")
    browsing = Browsing(executable)
    yield browsing
    browsing.stop()


@pytest.fixture(scope="session")
def inspected() -> Iterator[Served]:
    """A server at whose inspector the tests look; each has a session of its own."""
    with serving(SCENARIO, speed=1) as served:
        yield served


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


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of the browser's context; a test may have others by its parameter."""
    usual = {"viewport": {"width": 1300, "height": 850}, "locale": "en-GB"}
    return {**usual, **getattr(request, "param", {})}


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def page(
    browsing: Browsing, inspected: Served, watch: Watch, options: dict[str, Any]
) -> Iterator[Page]:
    """The page of the inspector in a new profile; at the end it must have had no error."""

    def begin() -> Page:
        context = browsing.browser.new_context(base_url=f"{inspected.host}/__mockglm__/", **options)
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        watch.observe(page)
        return page

    page = browsing.thread.submit(begin).result()
    yield page
    browsing.thread.submit(page.context.close).result()
    assert watch.errors == []
    assert watch.hosts <= {urlsplit(inspected.host).netloc, ""}


@pytest.fixture
def ask(inspected: Served, label: str) -> Iterator[Asking]:
    asking = Asking(inspected, label)
    yield asking
    asking.thread.shutdown()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a test that uses the browser in the browser's thread."""
    if "page" not in pyfuncitem.fixturenames:
        return None
    names = signature(pyfuncitem.obj).parameters
    values = {name: pyfuncitem.funcargs[name] for name in names}
    browsing = pyfuncitem.funcargs["browsing"]
    assert isinstance(browsing, Browsing)
    browsing.thread.submit(pyfuncitem.obj, **values).result()
    return True
