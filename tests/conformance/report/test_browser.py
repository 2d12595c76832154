"""The page in a browser: filters, links, and no requests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.page import render_page
from tests.conformance.packages import install
from tests.conformance.report.reports import make_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCRIPT = Path(__file__).with_name("browse.mjs")
PICTURE = 10_000
"""Bytes that a picture of a page with something on it has at least."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def seen(pictures: Path) -> Any:
    """The observations of a browser over a report with three broken requirements."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium is here")
    modules = install(pictures, "playwright-core@1")
    file = pictures / "report.html"
    file.write_text(render_page(*make_report("SSE-05", "TOL-03", "ERR-13")), encoding="utf-8")
    command = ["node", str(SCRIPT), str(modules), browser, str(file), str(pictures)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_check_is_shown(seen: Any) -> None:
    assert seen["all"] == seen["again"] == list(CHECKS)


def test_a_verdict_filters(seen: Any) -> None:
    assert seen["fail"] == ["SSE-05", "EQV-07", "TOL-03"]
    assert seen["failOrWarn"] == ["SSE-05", "EQV-07", "TOL-03", "TOL-08", "ERR-13"]


def test_categories_and_texts_filter_the_page(seen: Any) -> None:
    assert seen["usage"] == [id for id in CHECKS if id.startswith("USE")]
    assert seen["bare"] == ["SSE-06"]


def test_failures_are_open_and_the_rest_opens(seen: Any) -> None:
    assert set(seen["open"]) == {"SSE-05", "EQV-07", "TOL-03"}
    assert (seen["folded"], seen["unfolded"]) == (False, True)


def test_a_finding_leads_to_its_exchange_and_its_times(seen: Any) -> None:
    assert (seen["before"], seen["stream"]) == (False, True)
    assert seen["ticks"] == 14


def test_chinese_is_intact(seen: Any) -> None:
    assert "模型不存在，请检查模型代码。" in seen["chinese"]


def test_nothing_is_wider_than_the_window(seen: Any) -> None:
    assert seen["width"] <= 0


def test_the_page_follows_the_colour_scheme(seen: Any) -> None:
    assert (seen["light"], seen["dark"]) == ("rgb(255, 255, 255)", "rgb(20, 23, 31)")


def test_nothing_is_fetched_and_nothing_fails(seen: Any) -> None:
    assert [url for url in seen["asked"] if not url.startswith(("file://", "data:"))] == []
    assert len([url for url in seen["asked"] if url.startswith("file://")]) == 1
    assert seen["failed"] == []


def test_the_pictures_are_not_empty(seen: Any, pictures: Path) -> None:
    for name in ("failures", "exchange", "dark"):
        assert (pictures / f"{name}.png").stat().st_size > PICTURE
