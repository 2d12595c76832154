"""The page of a measurement: whole, escaped, and without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from mockglm.measurement.page import draw_empty_stops, draw_firsts, render_page
from mockglm.measurement.ramp import RampResult
from tests.measurement.reports import make_measured

EMPTY_TAGS = frozenset(("meta", "link", "br", "input"))


class Tags(HTMLParser):
    """Counts the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in EMPTY_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def test_a_page_is_well_formed_and_needs_no_network() -> None:
    ramp = RampResult(5, "refused", 6, "1302")
    page = render_page(make_measured(ramp=ramp, sizes=(150_000,)))
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("svg") == 2
    assert tags.seen.count("circle") == 5 * 3
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "default-src 'none'" in page
    assert "the next one was refused with 1302" in page


def test_text_of_the_endpoint_is_escaped() -> None:
    page = render_page(make_measured(target="http://<script>/v1"))
    assert "<script>" not in page
    assert "http://&lt;script&gt;/v1" in page


def test_a_page_without_figures_says_why() -> None:
    page = render_page(make_measured(text="format: 1\ninteractions: [{reply: {error: 1113}}]"))
    assert "the endpoint refused a request with 1113" in page
    assert "no stream was read" in page


def test_points_are_on_one_scale() -> None:
    series: list[dict[str, Any]] = [
        {"name": "a", "points": [1.0, 2.0], "first": {"p50": 1.5}},
        {"name": "b", "points": [], "first": {"p50": None}},
    ]
    plot = draw_firsts(series)
    assert plot["rows"][0]["dots"] == [536.0, 952.0]
    assert (plot["rows"][0]["median"], plot["rows"][1]["median"]) == (744.0, None)
    assert plot["marks"][0] == (120.0, "0.0 ms")
    assert plot["marks"][-1] == (952.0, "2.00 s")


@pytest.mark.parametrize(("share", "width"), [(0.0, 0.0), (0.56, 397.6), (1.0, 710.0)])
def test_a_bar_is_as_wide_as_its_share(share: float, width: float) -> None:
    row = {"from": 160_000, "to": 180_000, "measured": 25, "empty": 14, "share": share}
    (bar,) = draw_empty_stops([row])["rows"]
    assert (bar["width"], bar["full"], bar["label"]) == (width, 710, "below 180,000")
