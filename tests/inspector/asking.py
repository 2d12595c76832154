"""Requests of a test, beside the thread of the browser."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.serving import KEY, Served


class Asking:
    """Requests of a session of a test's own, which do not disturb the thread of the browser."""

    def __init__(self, served: Served, label: str) -> None:
        self.label = label
        self.base = served.base(f"@{label}")
        self.thread = ThreadPoolExecutor(1)

    def __call__(self, text: str, **body: Any) -> None:
        self.thread.submit(self._ask, text, body).result()

    @contextmanager
    def holding(self, text: str) -> Iterator[None]:
        """Ask for a stream, and leave at the end of the block."""
        response = self.thread.submit(self._begin, text).result()
        try:
            yield
        finally:
            self.thread.submit(response.close).result()
            self.thread.submit(self._client.close).result()

    def _begin(self, text: str) -> httpx.Response:
        self._client = httpx.Client(timeout=30, trust_env=False)
        message = {"role": "user", "content": text}
        request = self._client.build_request(
            "POST",
            f"{self.base}/chat/completions",
            json={"model": "glm-4.6", "stream": True, "messages": [message]},
            headers={"Authorization": f"Bearer {KEY}"},
        )
        response = self._client.send(request, stream=True)
        # Kept, for a generator that is dropped closes its connection.
        self._received = response.iter_raw()
        next(self._received)
        return response

    def _ask(self, text: str, body: dict[str, Any]) -> None:
        asked = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **body}
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:
            try:
                client.post(f"{self.base}/chat/completions", json=asked)
            except httpx.TransportError:
                assert text.startswith("break")


def open_exchange(page: Page, ask: Asking, text: str) -> None:
    page.goto("./")
    page.fill("#text", ask.label)
    page.click(f".row:has-text('{text}')")
    expect(page.locator(".timeline-figure")).to_be_visible()
