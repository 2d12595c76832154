"""The page acts: each action makes the call that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from mockglm.app import App
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.browsing import Browsing, Watch
from tests.inspector.asking import Asking, open_exchange
from tests.serving import KEY, Served, serving

TOKEN = "a-token-for-this-test-only"


def open_action(page: Page, name: str, session: str) -> None:
    page.goto("./")
    page.click("#open-act")
    box = page.locator(f"[data-action={name}]")
    box.locator("summary").click()
    if box.locator("[data-field=session]").count():
        box.locator("[data-field=session]").fill(session)


def send(page: Page, name: str) -> str:
    """Make the call of an action; returns the command that was shown."""
    box = page.locator(f"[data-action={name}]")
    shown = box.locator(".call").inner_text()
    box.locator(".actions button").click()
    expect(box.locator(".result")).to_contain_text("{")
    expect(box.locator(".result")).to_have_class("result good")
    return shown


def test_a_reply_is_queued_by_the_call_shown(page: Page, ask: Asking) -> None:
    session = f"@{ask.label}"
    open_action(page, "reply", session)
    page.fill("[data-action=reply] [data-field=content]", "It's queued")
    shown = send(page, "reply")
    assert shown.startswith("curl 'http://127.0.0.1:")
    assert f"replies?session=%40{ask.label}" in shown
    ask("anything")
    page.click("[aria-label=Close]")
    page.fill("#text", session)
    expect(page.locator(".row")).to_have_count(1)
    page.click(".row")
    expect(page.locator(".reply")).to_contain_text("It's queued")


def test_a_rule_and_a_fault_change_the_next_response(page: Page, ask: Asking) -> None:
    session = f"@{ask.label}"
    open_action(page, "rule", session)
    box = page.locator("[data-action=rule]")
    box.locator("[data-field=when_user]").fill("strange")
    box.locator("[data-field=error]").select_option("1305")
    send(page, "rule")
    fault = page.locator("[data-action=fault]")
    fault.locator("summary").click()
    fault.locator("[data-field=session]").fill(session)
    fault.locator("[data-field=fault]").select_option("stall")
    fault.locator("[data-field=position]").fill("1 frames")
    fault.locator("[data-field=options]").fill("for: 0.3")
    assert '"do":"stall"' in send(page, "fault")
    ask("strange")
    ask("hello", stream=True)
    page.click("[aria-label=Close]")
    page.fill("#text", session)
    rows = page.locator(".row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("1305")
    expect(rows.nth(0)).to_contain_text("faults: stall")


def test_a_mistake_is_shown_beside_its_call(page: Page, ask: Asking, watch: Watch) -> None:
    open_action(page, "fault", f"@{ask.label}")
    box = page.locator("[data-action=fault]")
    box.locator("[data-field=position]").fill("nowhere")
    with page.expect_response("**/faults*") as response:
        box.locator(".actions button").click()
    assert response.value.status == 400
    expect(box.locator(".result.bad")).to_contain_text("nowhere")
    (error,) = watch.errors
    assert "400 (Bad Request)" in error
    watch.errors.clear()


def test_sessions_are_reset(page: Page, ask: Asking, inspected: Served) -> None:
    ask("hello")
    open_action(page, "reset", "")
    box = page.locator("[data-action=reset]")
    box.locator("[data-field=which]").select_option(f"=@{ask.label}")
    send(page, "reset")
    assert inspected.sessions.find(f"@{ask.label}") is None


def test_why_shows_conditions_expected_and_actual(page: Page, ask: Asking) -> None:
    ask("hello")
    open_exchange(page, ask, "hello")
    page.click("#tab-why")
    why = page.locator(".why")
    expect(why.locator(".interaction").first).to_contain_text("answers")
    expect(why.locator(".pipeline .answered")).to_have_text("Interactions: answered")
    failed = why.locator(".conditions .failed").first
    expect(failed).to_contain_text("user")
    expect(failed).to_contain_text('"hello"')


def test_a_pasted_body_is_explained(page: Page, ask: Asking) -> None:
    page.goto("./")
    page.click("#open-explain")
    body = '{"model": "glm-4.6", "messages": [{"role": "user", "content": "limit me"}]}'
    page.fill("[data-field=body]", body)
    page.click("dialog .primary")
    expect(page.locator("dialog .verdict")).to_contain_text("429 1302")


@pytest.mark.parametrize("form", ["scenario", "cassette"])
def test_a_saved_exchange_answers_the_same_request(
    page: Page, ask: Asking, form: str, tmp_path: Path
) -> None:
    ask("hello", stream=True)
    open_exchange(page, ask, "hello")
    page.click(f".detail-head button:has-text('{form}')")
    with page.expect_download() as download:
        page.click("#download")
    file = tmp_path / "saved.yaml"
    download.value.save_as(file)
    assert download.value.suggested_filename.endswith(".yaml")
    with serving(file, on_miss="error") as again:
        assert "Hello!" in again.ask("hello").text


def test_several_exchanges_are_saved_together(page: Page, ask: Asking) -> None:
    for text in ("hello", "limit", "weather"):
        ask(text)
    page.goto("./")
    page.fill("#text", f"@{ask.label}")
    expect(page.locator(".row")).to_have_count(3)
    for index in (0, 2):
        page.locator(".row").nth(index).hover()
        page.locator(".row .check").nth(index).click()
    expect(page.locator("#selected")).to_have_text("2 selected")
    page.click("#save-scenario")
    saved = page.locator("[data-file=scenario]")
    expect(saved).to_contain_text("text: hello")
    expect(saved).to_contain_text("name: get_weather")


def test_code_is_copied(page: Page, ask: Asking) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask("hello")
    open_exchange(page, ask, "hello")
    page.click("#tab-code")
    page.locator(".code section").first.locator("button").click()
    expect(page.locator("#notice")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -N http://127")


def test_a_request_is_sent_again(page: Page, ask: Asking) -> None:
    ask("hello")
    open_exchange(page, ask, "hello")
    page.click("button:has-text('Send again')")
    expect(page.locator("h2")).to_contain_text("#2")
    expect(page.locator(".reply")).to_contain_text("Hello!")


def test_charts_are_drawn(page: Page, ask: Asking) -> None:
    ask("hello", stream=True)
    page.goto("./")
    page.click("#open-charts")
    charts = page.locator(".chart")
    expect(charts).to_have_count(4)
    expect(charts.nth(2)).to_contain_text("200:")
    expect(charts.nth(3)).to_contain_text("p95")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    """A server that asks for a token, as one beyond loopback does."""
    sessions = Sessions(Settings(speed=0))
    background = BackgroundServer(App(sessions, token=TOKEN), grace=0.2)
    background.start()
    yield Served(background, sessions)
    background.stop()


@pytest.fixture
def stranger(guarded: Served) -> Iterator[httpx.Client]:
    base = f"{guarded.host}/__mockglm__/"
    with httpx.Client(base_url=base, trust_env=False) as client:
        yield client


def test_the_token_is_asked_once(
    browsing: Browsing, page: Page, guarded: Served, options: dict[str, object]
) -> None:
    host = f"{guarded.host}/__mockglm__/"
    context = browsing.browser.new_context(base_url=host)
    other = context.new_page()
    other.goto("./")
    other.fill("#token", "wrong")
    other.click("button")
    expect(other.locator("#wrong")).to_be_visible()
    other.fill("#token", TOKEN)
    other.click("button")
    expect(other.locator("#live")).to_have_attribute("data-state", "live")
    other.reload()
    expect(other.locator("#live")).to_have_attribute("data-state", "live")
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert TOKEN not in cookie["value"]
    other.click("#open-act")
    other.locator("[data-action=clear] summary").click()
    other.locator("[data-action=clear] .actions button").click()
    expect(other.locator("[data-action=clear] .result.good")).to_be_visible()
    context.close()


def test_a_cookie_alone_changes_nothing(stranger: httpx.Client, guarded: Served) -> None:
    assert stranger.get("./").headers["location"] == "login"
    assert stranger.get("journal").status_code == 403
    origin = {"Origin": guarded.host}
    entered = stranger.post("login", data={"token": TOKEN}, headers=origin)
    assert (entered.status_code, entered.headers["location"]) == (303, "./")
    assert stranger.get("journal").status_code == 200
    for headers in ({}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}):
        assert stranger.post("reset", headers=headers).status_code == 403
    assert stranger.post("reset", headers=origin).status_code == 200
    crossed = {"Sec-Fetch-Site": "same-site"}
    assert stranger.get("journal", headers=crossed).status_code == 403


def test_a_token_of_another_page_is_not_taken(stranger: httpx.Client) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}):
        answer = stranger.post("login", data={"token": TOKEN}, headers=headers)
        assert answer.headers["location"] == "login?wrong"
        assert "set-cookie" not in answer.headers


def test_the_page_is_for_this_machine_only(inspected: Served) -> None:
    with httpx.Client(base_url=f"{inspected.host}/__mockglm__", trust_env=False) as client:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
        page = client.get("/")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert KEY not in page.text
        assert client.get("/static/../pages.py").status_code == 404
        assert client.get("/static/pages.py").status_code == 404
