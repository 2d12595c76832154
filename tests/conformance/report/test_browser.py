"""The pages of reports in a browser: filters, links, languages, and no requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.matrix import render_matrix
from mockglm.conformance.report.page import render_page
from tests.browsing import TIMEOUT, Browsing, Watch
from tests.conformance.report.reports import make_report

BROKEN = ("SSE-05", "TOL-03", "ERR-13")
VIOLATED = ["SSE-05", "EQV-07", "TOL-03"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report that has three broken requirements, and a matrix."""
    folder = tmp_path_factory.mktemp("reports")
    report, exchanges = make_report(*BROKEN)
    (folder / "report.html").write_text(render_page(report, exchanges), "utf-8")
    (folder / "matrix.html").write_text(render_matrix([report, make_report()[0]]), "utf-8")
    return folder


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"locale": "en-GB", **getattr(request, "param", {})}


@pytest.fixture
def page(browsing: Browsing, files: Path, options: dict[str, Any]) -> Iterator[Page]:
    """A page in a new profile; it must have fetched nothing and had no error."""
    watch = Watch()

    def begin() -> Page:
        context = browsing.browser.new_context(base_url=f"{files.as_uri()}/", **options)
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        watch.observe(page)
        return page

    page = browsing.thread.submit(begin).result()
    yield page
    browsing.thread.submit(page.context.close).result()
    assert (watch.errors, watch.hosts) == ([], {""})


def shown(page: Page) -> list[str]:
    checks = page.locator(".check:not([hidden])")
    found: list[str] = checks.evaluate_all("(all) => all.map((one) => one.id)")
    return found


def test_every_check_is_shown_and_violations_come_first(page: Page) -> None:
    page.goto("report.html")
    assert sorted(shown(page)) == sorted(CHECKS)
    assert shown(page)[: len(VIOLATED)] == VIOLATED
    opened = page.locator(".check[open]").evaluate_all("(all) => all.map((one) => one.id)")
    assert opened == VIOLATED
    expect(page.locator(".verdict-card")).to_contain_text("Not conformant")


def test_verdicts_categories_and_texts_filter(page: Page) -> None:
    page.goto("report.html")
    page.click("[data-verdict=fail]:visible >> nth=0")
    assert shown(page) == VIOLATED
    page.click("button[data-verdict=warn]")
    assert shown(page) == [*VIOLATED, "TOL-08", "ERR-13"]
    page.click("button[data-verdict=warn]")
    page.click("button[data-verdict=fail]")
    page.select_option("#category", "usage")
    assert shown(page) == [id for id in CHECKS if id.startswith("USE")]
    page.select_option("#category", "")
    page.fill("#text", "bare")
    assert shown(page) == ["SSE-06"]


def test_a_violation_shows_its_place_in_bytes_and_time(page: Page) -> None:
    page.goto("report.html")
    check = page.locator("#TOL-03")
    expect(check.locator("mark")).to_be_visible()
    expect(check.locator(".wanted")).to_contain_text("one JSON object")
    expect(check.locator(".got")).to_contain_text("Beij")
    expect(check.locator("path.place")).to_be_visible()
    expect(check.locator(".repeat pre")).to_contain_text("curl -N")


def test_a_finding_leads_to_its_exchange_and_its_times(page: Page) -> None:
    page.goto("report.html")
    expect(page.locator("#x-stream > div")).to_be_hidden()
    page.click('#SSE-05 .finding a[href="#x-stream"]')
    expect(page.locator("#x-stream svg")).to_be_visible()
    assert page.locator("#x-stream svg .tick").count() == 14
    page.click("#x-bad-model summary")
    expect(page.locator("#x-bad-model .pieces")).to_contain_text("模型不存在，请检查模型代码。")


@pytest.mark.parametrize("options", [{"locale": "zh-CN"}], indirect=True)
def test_reports_are_in_chinese_for_a_chinese_browser(page: Page) -> None:
    page.goto("report.html")
    expect(page.locator(".verdict-card")).to_contain_text("不符合要求")
    page.click("#language")
    expect(page.locator(".verdict-card")).to_contain_text("Not conformant")
    page.goto("matrix.html")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("#language")
    expect(page.locator("h1")).to_have_text("多个端点的一致性对比")


def test_a_matrix_has_a_column_for_each_report(page: Page) -> None:
    page.goto("matrix.html")
    expect(page.locator("thead th")).to_have_count(3)
    row = page.locator("tr", has_text="SSE-05").locator("td")
    assert [text.split() for text in row.all_inner_texts()] == [["✗", "failed"], ["✓", "passed"]]


@pytest.mark.parametrize("name", ["report.html", "matrix.html"])
def test_pages_fit_a_phone_and_follow_the_colour_scheme(page: Page, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) != light
    page.click("#theme")
    assert page.evaluate(colour) == light
