"""The server at whose inspector the tests look, and its page in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browsing import TIMEOUT, Browsing, Watch
from tests.inspector.asking import Asking
from tests.serving import Served, serving

SCENARIO = """
format: 1
about: Replies of every kind.
interactions:
  - when: {user: paced}
    reply:
      reasoning: The user wants a paced answer.
      content: It arrives bit by bit.
      pace: {first: 0.02, every: 0.01}
      usage: {prompt_tokens: 20, completion_tokens: 12, total_tokens: 32,
        prompt_tokens_details: {cached_tokens: 5}}
  - when: {user: weather}
    reply:
      reasoning: I need the weather.
      tool_calls: [{name: get_weather, arguments: {city: Beijing}}]
  - when: {user: hold}
    reply: {content: It is held open., fault: {do: stall, at: 2 frames}}
  - when: {user: break}
    reply: {content: This never ends well., fault: {do: reset, at: 2 frames}}
  - when: {user: limit}
    reply: {error: 1302}
  - when: {user: hello}
    reply: {content: Hello!}
"""


@pytest.fixture(scope="session")
def inspected() -> Iterator[Served]:
    """A server at whose inspector the tests look; each has a session of its own."""
    with serving(SCENARIO, speed=1) as served:
        yield served


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
