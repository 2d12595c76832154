"""The inspector: time to open it over a long journal, and its cost for the chats it shows."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.figures import Figure
from benchmarks.load import Load, Plan
from benchmarks.servers import Server, mockglm

__all__ = ["inspected"]

ENTRIES = 10_000
SESSIONS = 10
"""A session keeps a thousand entries."""

RATE = 500
"""Requests a second while the page is open."""


def inspected(load: Load, size: Size) -> Iterator[Figure]:
    """A page over 10,000 entries, and chats at 500 a second with and without an open page."""
    request = asking.http(asking.SMALL)
    with mockglm(asking.plain(), request, "--speed", "0") as server:
        yield _followed(server, request, size)
    with mockglm(asking.plain(), request, "--speed", "0") as server:
        count = size.answers * ENTRIES // 2000
        for number in range(SESSIONS):
            path = f"/s/@inspected{number}{asking.PATH}"
            sessions = (asking.http(asking.SMALL, path),)
            load.ask(Plan(port=server.port, requests=sessions, count=count // SESSIONS))
        yield _opened(server, count)


def _followed(server: Server, request: bytes, size: Size) -> Figure:
    seconds = 10.0 if size.runs > 1 else 0.5
    alone: list[float] = []
    shown: list[float] = []
    for _ in range(size.runs):
        alone.append(_median_time(server.port, request, seconds / size.runs))
        with _feed(server.port):
            shown.append(_median_time(server.port, request, seconds / size.runs))
    before, after = statistics.median(alone), statistics.median(shown)
    about = f"{before * 1e6:.0f} → {after * 1e6:.0f} µs, median of {size.runs} runs"
    slower = (after / before - 1) * 100
    return Figure(
        case="inspected", name="time of a chat", value=slower, unit="%", target=5, about=about
    )


def _median_time(port: int, request: bytes, seconds: float) -> float:
    """The median time of an answer, at RATE requests a second over one connection."""
    times: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(int(seconds * RATE)):
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            sent = time.perf_counter()
            sock.sendall(request)
            head = sock.recv(65536)
            assert head.startswith(b"HTTP/1.1 200"), head[:100]
            times.append(time.perf_counter() - sent)
    return statistics.median(times)


@contextmanager
def _feed(port: int) -> Iterator[None]:
    """The feed of an open page, read by a process of its own until the block ends."""
    url = f"http://127.0.0.1:{port}/__mockglm__/events?session=*&batch=0.25"
    process = subprocess.Popen(["curl", "-sN", "-o", os.devnull, url])
    time.sleep(0.5)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _opened(server: Server, count: int) -> Figure:
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    name = f"page over {count:,} entries"
    if browser is None:
        return Figure(case="inspected", name=name, value=None, about="no Chromium is here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=browser, args=flags)
        page = chromium.new_page()
        times = []
        for _ in range(5):
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{server.port}/__mockglm__/")
            page.locator(".row").nth(5).wait_for()
            times.append(time.perf_counter() - began)
        page.get_by_text(f"{count + 1:,} exchanges").or_(
            page.get_by_text(f"{count:,} exchanges")
        ).first.wait_for(timeout=60_000)
        rows = page.locator(".row").count()
        chromium.close()
    about = f"slowest of {len(times)}: {max(times):.2f} s; {rows} rows in the document"
    value = statistics.median(times)
    return Figure(case="inspected", name=name, value=value, unit="s", target=1, about=about)
