"""Recordings of the service in its current form break no requirement.

The recordings belong to others and are not part of this project; `GLM_SAMPLES` is their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.verdicts import judge_recordings
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange, Headers, Request, Response
from tests.conformance.commands import command, read_report

SAMPLES = os.environ.get("GLM_SAMPLES")
pytestmark = pytest.mark.skipif(SAMPLES is None, reason="GLM_SAMPLES is not set")


def _headers(raw: Mapping[str, list[str]] | None) -> Headers:
    return tuple((key, value) for key, values in (raw or {}).items() for value in values)


def _bytes(part: Mapping[str, Any]) -> bytes:
    """The body of a side, as go-vcr or as pydantic-ai's form of vcrpy has it."""
    if "parsed_body" in part:
        return json.dumps(part["parsed_body"], ensure_ascii=False).encode()
    body = part.get("body") or ""
    text = body.get("string", "") if isinstance(body, dict) else body
    return text if isinstance(text, bytes) else text.encode()


def _exchange(interaction: Mapping[str, Any]) -> Exchange:
    sent, got = interaction["request"], interaction["response"]
    status = got.get("code") or got["status"]["code"]
    request = Request(sent["method"], "/chat/completions", body=_bytes(sent))
    answer = Response(status, _headers(got.get("headers")), ((0.0, _bytes(got)),))
    return Exchange(request, answer, 0.0)


def _recorded(root: Path) -> Iterator[ExchangeView]:
    for path in sorted(root.rglob("*.yaml")):
        for number, interaction in enumerate(yaml.safe_load(path.read_text())["interactions"]):
            sent = interaction["request"]
            url = sent.get("url") or sent.get("uri")
            if url.endswith("/paas/v4/chat/completions"):
                yield ExchangeView(f"{path.stem}-{number}", _exchange(interaction))


@pytest.fixture(scope="module")
def recorded() -> tuple[ExchangeView, ...]:
    return tuple(_recorded(Path(SAMPLES or "")))


def test_the_recordings_have_every_kind_of_answer(recorded: tuple[ExchangeView, ...]) -> None:
    assert {view.kind for view in recorded} == {"stream", "plain", "refusal"}
    assert len(recorded) >= 25


def test_recordings_break_no_requirement(recorded: tuple[ExchangeView, ...]) -> None:
    results = [judge_recordings(check, recorded) for check in CHECKS.values()]
    broken = [r for r in results if r.findings and r.check.level != "NOTE"]
    assert broken == []
    assert {r.verdict for r in results} == {"pass", "not_applicable"}
    assert sum(r.verdict == "pass" for r in results) >= 50


def test_recordings_converted_to_cassettes_break_no_requirement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = sorted(str(path) for path in Path(SAMPLES or "").rglob("*.yaml"))
    assert command("convert", *sources, "--to", str(tmp_path / "cassettes")) == 0
    report = tmp_path / "out"

    assert command("check", str(tmp_path / "cassettes"), "--report", str(report)) == 0

    found = read_report(report)
    assert found["summary"].keys() == {"pass", "not_applicable"}
    assert found["exchanges"] >= 25
    assert found["summary"]["pass"] >= 50
    assert "glm-4.7-flash" in found["model"]
    assert "needs a live endpoint" in capsys.readouterr().out
