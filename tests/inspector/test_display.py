"""The page as people read it: languages, colours, widths, keyboards, and texts of clients."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mockglm.inspector.words import LANGUAGES, WORDS
from tests.inspector.asking import Asking, open_exchange
from tests.serving import Served

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A picture of one pixel, as PNG."""

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "javascript:alert(4)",
    "{{ 7 * 7 }}${alert(5)}",
    "</script><script>alert(6)</script>",
    "<b>bold</b>\u202e\u0000",
)


@pytest.mark.parametrize("options", [{"locale": "zh-CN"}], indirect=True)
def test_the_page_is_in_chinese_for_a_chinese_browser(page: Page, ask: Asking) -> None:
    ask("hello")
    open_exchange(page, ask, "hello")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#tab-conversation")).to_have_text("对话")
    page.select_option("#language", "en")
    expect(page.locator("#tab-conversation")).to_have_text("Conversation")


def test_every_word_is_in_both_languages() -> None:
    assert LANGUAGES == ("en", "zh-CN")
    for key, (english, chinese) in WORDS.items():
        assert english, key
        assert chinese, key
        assert english.count("{") == chinese.count("{"), key


def background(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


def test_the_page_follows_the_colour_scheme_and_the_choice(page: Page) -> None:
    page.goto("./")
    light = background(page)
    page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert light != dark
    page.click("#theme")
    assert (page.locator("html").get_attribute("data-theme"), background(page)) == ("light", light)
    page.reload()
    assert background(page) == light


def test_a_phone_shows_the_list_or_an_exchange(page: Page, ask: Asking) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask("weather", stream=True)
    open_exchange(page, ask, "weather")
    expect(page.locator("#list")).to_be_hidden()
    for name in ("conversation", "raw", "why", "code"):
        page.click(f"#tab-{name}")
        expect(page.locator("#tab-panel > *")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        wide = "(e) => e.scrollWidth - e.clientWidth"
        assert page.locator("#detail").evaluate(wide) <= 0, name
    page.click(".back")
    expect(page.locator("#list")).to_be_visible()


def test_everything_is_done_by_keyboard_alone(page: Page, ask: Asking) -> None:
    ask("hello")
    ask("limit")
    page.goto("./")
    page.keyboard.press("/")
    page.keyboard.type(ask.label)
    expect(page.locator(".row")).to_have_count(2)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#selected")).to_contain_text("1")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_contain_text("Hello!")
    page.locator("#tab-conversation").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-raw")).to_be_focused()
    expect(page.locator(".raw")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#list")).to_be_focused()
    expect(page.locator(".hint")).to_be_visible()


def test_texts_of_clients_are_no_markup(page: Page, ask: Asking) -> None:
    text = "".join(SCRIPTS)
    # An error, a dialog or a request to elsewhere fails the test when the page is closed.
    tool = {"type": "function", "function": {"name": text, "parameters": {}}}
    ask(text, model=text, stream=True, user_id=text, tools=[tool], extra={text: text})
    call = {"id": text, "type": "function", "function": {"name": text, "arguments": text}}
    image = {"type": "image_url", "image_url": {"url": text}}
    messages: list[dict[str, Any]] = [
        {"role": text, "content": text, "reasoning_content": text},
        {"role": "user", "content": [{"type": "text", "text": text}, image]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": text, "content": json.dumps({text: text})},
        {"role": "user", "content": "hello"},
    ]
    ask("", messages=messages)
    page.goto("./")
    page.fill("#text", f"@{ask.label}")
    expect(page.locator(".row")).to_have_count(2)
    for row in range(2):
        page.locator(".row").nth(row).click()
        expect(page.locator(".timeline-figure, .hint")).to_be_visible()
        for name in ("raw", "why", "code", "conversation"):
            page.click(f"#tab-{name}")
            expect(page.locator("#tab-panel > *")).to_be_visible()
    assert page.locator("#detail script, #detail svg svg, #detail b b, #list b").count() == 0
    for image_address in page.locator("img").evaluate_all("(all) => all.map((one) => one.src)"):
        assert image_address.startswith(("http://127.0.0.1", "data:image/png"))


def test_a_picture_of_a_request_is_shown(page: Page, ask: Asking, inspected: Served) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    content = [{"type": "text", "text": "hello picture"}, image]
    ask("", model="glm-4.5v", messages=[{"role": "user", "content": content}])
    open_exchange(page, ask, "hello picture")
    picture = page.locator(".picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("(one) => one.naturalWidth") == 1


def test_thousands_of_exchanges_are_a_window_of_rows(page: Page, ask: Asking) -> None:
    page.goto("./")
    page.evaluate(
        """async () => {
          const { put } = await import("./static/store.js");
          const entry = (serial) => ({
            ordinal: serial, session: "many", serial, at: serial, surface: "chat", method: "POST",
            path: "/chat/completions", model: "glm-4.6", source: "improvised", status: 200,
            code: "", finish: "stop", outcome: "done", first: 0.1, total: 0.2, frames: 3,
            usage: {}, passed: [], notes: [], prompt: `number ${serial}`,
          });
          put(Array.from({ length: 10_000 }, (_, index) => entry(1_000_000 + index)));
        }"""
    )
    page.select_option("#session", "many")
    expect(page.locator("#count")).to_contain_text("10,000")
    assert page.locator(".row").count() < 60
    page.locator("#list").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.current")).to_contain_text("number 1000000")
    expect(page.locator(".row.current")).to_have_attribute("aria-posinset", "10000")
