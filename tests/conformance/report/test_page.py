"""The page: complete in itself, with every text intact."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mockglm.conformance.abort_reasons import AbortReason
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.document import count_verdicts
from mockglm.conformance.report.drawing import draw_timeline
from mockglm.conformance.report.exchanges import describe_exchange
from mockglm.conformance.report.marks import MARKS, WORDS
from mockglm.conformance.report.page import render_page
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import view
from tests.conformance.report.reports import make_report

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


@pytest.fixture(scope="module")
def parsed() -> Balance:
    balance = Balance()
    balance.feed(render_page(*make_report("SSE-05", "TOL-03", "CHK-03")))
    return balance


def test_the_page_is_well_formed(parsed: Balance) -> None:
    assert parsed.open == []


def test_the_page_needs_no_network(parsed: Balance) -> None:
    assert parsed.links - {"data:,"} <= {f"#{id}" for id in parsed.ids}
    text = render_page(*make_report())
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(|<script src|<img", text)


def test_chinese_text_is_intact(parsed: Balance) -> None:
    assert "模型不存在，请检查模型代码。" in parsed.text
    assert "你好 😀" in parsed.text


def test_the_page_has_every_check_and_exchange(parsed: Balance) -> None:
    assert set(CHECKS) <= parsed.ids
    assert {"x-stream", "x-burst-2", "x-bad-json"} <= parsed.ids


def test_text_of_the_endpoint_is_escaped() -> None:
    said = b"<script>alert(1)</script>"
    mutant = MUTANTS["ERR-10"][0]
    answer = mutant.change(mutant.answer())
    broken = type(answer)(400, answer.headers, ((0.1, said),))
    text = render_page(make_report()[0], [describe_exchange(view("bad-model", broken))])
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_timeline_runs_from_the_request_to_the_last_piece() -> None:
    found = draw_timeline({"head": 0.5, "pieces": [[1.0, "a"], [1.0, "b"], [2.0, "c"]]})
    (lane,) = found["lanes"]
    assert [(place, kind) for place, kind, _ in lane["ticks"]] == [(525, "other"), (960, "other")]
    assert found["head"] == 307.5
    assert [text for _, text in found["marks"]] == ["0 ms", "500 ms", "1.00 s", "1.50 s", "2.00 s"]
    assert found["marks"][-1][0] == 960.0
    assert found["text"] == "3 pieces in 2.00 s"


def test_a_timeline_has_a_lane_for_each_kind_of_frame_and_finds_a_byte() -> None:
    delta = 'data: {"choices":[{"index":0,"delta":{"%s":"x"}}]}\n\n'
    first, second = delta % "reasoning_content", delta % "content"
    pieces = [[1.0, first], [2.0, second], [3.0, "data: [DONE]\n\n"]]
    headers = [["content-type", "text/event-stream"]]
    found = draw_timeline({"head": 0.5, "status": 200, "headers": headers, "pieces": pieces})
    assert [lane["kind"] for lane in found["lanes"]] == ["reasoning", "content", "other"]
    assert found["lanes"][2]["ticks"][0][:2] == (960, "done")
    assert [found["place"](at) for at in (0, len(first) - 1, len(first))] == [380, 380, 670]


def test_an_empty_timeline_is_drawn() -> None:
    assert draw_timeline({"head": None, "pieces": []})["text"] == "0 pieces in 0 ms"


def test_the_page_shows_the_cause() -> None:
    cause = AbortReason.of("key", "The key was refused: 401")
    assert "The key was refused: 401" in render_page(*make_report(cause=cause))


def test_the_page_shows_every_verdict() -> None:
    told, exchanges = make_report()
    checks = [{**c, "verdict": v} for c, v in zip(told["checks"], MARKS, strict=False)]
    text = render_page({**told, "checks": checks, "summary": count_verdicts(checks)}, exchanges)
    assert all(f'title="{words}">{MARKS[verdict]}<' in text for verdict, words in WORDS.items())
