"""The page: complete in itself, with every text intact."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from mockglm.conformance.cause import because
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from mockglm.conformance.report.badge import badge
from mockglm.conformance.report.described import described
from mockglm.conformance.report.document import document, entry, head, summary
from mockglm.conformance.report.marks import MARKS, WORDS
from mockglm.conformance.report.page import page, timeline
from mockglm.conformance.seen import Seen
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import STARTED, evidence, exchange

VOID = {"meta", "link", "br", "input"}


class Balance(HTMLParser):
    """Open elements, ids and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if found.get("href"):
            self.links.add(str(found["href"]))
        assert not found.get("src"), "the page loads nothing"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that ends where it starts, as those of the drawing do."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report(*ids: str, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A report over the reference with the first mutant of each of these checks."""
    mutants = [MUTANTS[id][0] for id in ids]
    found = evidence({m.probe: exchange(m.probe, m.answer()) for m in mutants})
    named = {seen.name: seen for seen in found}
    url = "http://127.0.0.1:9/api/paas/v4"
    entries = [entry(judge(check, found), named, url) for check in CHECKS.values()]
    told = head(target=url, model="glm-4.6", started=STARTED, requests=26, tokens=300, **more)
    return document(told, entries), [described(seen) for seen in found]


@pytest.fixture(scope="module")
def parsed() -> Balance:
    balance = Balance()
    balance.feed(page(*report("SSE-05", "TOL-03", "CHK-03")))
    return balance


def test_the_page_is_well_formed(parsed: Balance) -> None:
    assert parsed.open == []


def test_the_page_needs_no_network(parsed: Balance) -> None:
    assert parsed.links - {"data:,"} <= {f"#{id}" for id in parsed.ids}
    text = page(*report())
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(|<script src|<img", text)


def test_chinese_stays_chinese(parsed: Balance) -> None:
    assert "模型不存在，请检查模型代码。" in parsed.text
    assert "你好 😀" in parsed.text


def test_every_check_and_every_exchange_is_on_it(parsed: Balance) -> None:
    assert set(CHECKS) <= parsed.ids
    assert {"x-stream", "x-burst-2", "x-bad-json"} <= parsed.ids


def test_what_an_endpoint_says_is_no_markup() -> None:
    said = b"<script>alert(1)</script>"
    mutant = MUTANTS["ERR-10"][0]
    answer = mutant.change(mutant.answer())
    broken = exchange("bad-model", type(answer)(400, answer.headers, ((0.1, said),)))
    text = page(report()[0], [described(Seen("bad-model", broken))])
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_timeline_runs_from_the_request_to_the_last_piece() -> None:
    found = timeline({"head": 0.5, "pieces": [[1.0, "a"], [1.0, "b"], [2.0, "c"]]})
    assert found["ticks"] == [480.0, 960.0]
    assert found["head"] == 240.0
    assert [text for _, text in found["marks"]] == ["0 ms", "500 ms", "1.00 s", "1.50 s", "2.00 s"]
    assert found["marks"][-1][0] == 960.0
    assert found["text"] == "3 pieces in 2.00 s"


def test_a_timeline_of_nothing_is_drawn_too() -> None:
    assert timeline({"head": None, "pieces": []})["text"] == "0 pieces in 0 ms"


def test_a_cause_stands_on_the_page() -> None:
    cause = because("key", "The key was refused: 401")
    assert "The key was refused: 401" in page(*report(cause=cause))


@pytest.mark.parametrize(
    ("ids", "message", "color"),
    [
        ((), "MUST 72/72 · SHOULD 21/21", "brightgreen"),
        (("CHK-03",), "MUST 72/72 · SHOULD 20/21", "brightgreen"),
        (("CHK-02",), "MUST 71/72 · SHOULD 21/21", "red"),
    ],
)
def test_the_badge_counts_what_applied(ids: tuple[str, ...], message: str, color: str) -> None:
    found = badge(report(*ids)[0])
    assert (found["message"], found["color"]) == (message, color)


@pytest.mark.parametrize(
    ("verdict", "message", "color"),
    [
        ("expected", "MUST 71/72 · SHOULD 21/21", "yellow"),
        ("stale", "MUST 71/72 · SHOULD 21/21", "red"),
        ("not_testable", "MUST 71/72 · SHOULD 21/21", "red"),
        ("error", "could not judge", "lightgrey"),
    ],
)
def test_the_badge_is_red_where_the_run_fails(verdict: str, message: str, color: str) -> None:
    told = report()[0]
    checks = [
        {**c, "verdict": verdict if c["id"] == "CHK-02" else c["verdict"]} for c in told["checks"]
    ]
    found = badge({**told, "checks": checks, "summary": summary(checks)})
    assert (found["message"], found["color"]) == (message, color)


def test_every_verdict_can_be_shown() -> None:
    told, exchanges = report()
    checks = [{**c, "verdict": v} for c, v in zip(told["checks"], MARKS, strict=False)]
    text = page({**told, "checks": checks, "summary": summary(checks)}, exchanges)
    assert all(f'title="{words}">{MARKS[verdict]}<' in text for verdict, words in WORDS.items())


def test_the_badge_of_what_could_not_be_judged_is_grey() -> None:
    cause = because("transport", "No answer came.")
    assert badge(report(cause=cause)[0])["message"] == "could not judge"
