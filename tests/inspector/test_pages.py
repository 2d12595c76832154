"""The page in a browser: exchanges appear, are filtered, and open."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.inspector.asking import Asking, open_exchange
from tests.serving import KEY

WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}


def test_exchanges_appear_while_they_are_streamed(page: Page, ask: Asking) -> None:
    page.goto("./")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.fill("#text", f"@{ask.label}")
    rows = page.locator(".row")
    expect(rows).to_have_count(0)
    with ask.holding("hold it"):
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("open")
        rows.click()
        expect(page.locator(".timeline-figure")).to_be_visible()
    expect(rows).to_contain_text("broken off")
    expect(page.locator(".facts")).to_contain_text("broken off")
    ask("paced", stream=True)
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("20 → 12")


def test_filters_choose_by_text_and_outcome(page: Page, ask: Asking) -> None:
    for text in ("hello", "limit", "break it"):
        ask(text, stream=True)
    page.goto("./")
    rows = page.locator(".row")
    page.fill("#text", f"@{ask.label}")
    expect(rows).to_have_count(3)
    page.click("[data-outcome=error]")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("429 1302")
    page.click("[data-outcome=broken]")
    expect(rows).to_have_count(2)
    page.click("[data-outcome=broken]")
    page.click("[data-outcome=error]")
    page.fill("#text", f"@{ask.label} hello")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("hello")


def test_an_exchange_is_shown_as_a_chat(page: Page, ask: Asking) -> None:
    ask("weather", stream=True, tools=[WEATHER])
    open_exchange(page, ask, "weather")
    reply = page.locator(".reply")
    expect(page.locator(".message.user")).to_contain_text("weather")
    expect(reply.locator(".function")).to_have_text("get_weather")
    expect(reply.locator("pre")).to_have_text('{\n  "city": "Beijing"\n}')
    thought = reply.locator(".reasoning .said")
    expect(thought).to_be_hidden()
    reply.locator("summary").click()
    expect(thought).to_have_text("I need the weather.")


def test_the_timeline_shows_frames_by_kind_and_the_break(page: Page, ask: Asking) -> None:
    ask("paced", stream=True)
    open_exchange(page, ask, "paced")
    drawing = page.locator(".timeline")
    assert drawing.locator(".frame.reasoning").count() > 2
    assert drawing.locator(".frame.content").count() > 2
    expect(drawing.locator(".cut")).to_have_count(0)
    ask("break", stream=True)
    page.click(".row:has-text('break')")
    expect(page.locator("path.cut")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("connection reset (RST) (reset)")


def test_the_bytes_are_shown_without_keys(page: Page, ask: Asking) -> None:
    ask("hello")
    open_exchange(page, ask, "hello")
    page.click("#tab-raw")
    raw = page.locator(".raw")
    expect(raw).to_contain_text("authorization: REDACTED")
    expect(raw).to_contain_text('"content":"Hello!"')
    assert KEY not in page.content()
