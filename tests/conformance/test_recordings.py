"""Judged as cassettes, recordings of the service in today's form break no requirement.

The recordings are other people's and not part of this project; `GLM_SAMPLES` says where they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockglm.cli import main
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import review
from mockglm.conformance.seen import Seen
from mockglm.exchange import Exchange, Headers, Request, Response

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


def _recorded(root: Path) -> Iterator[Seen]:
    for path in sorted(root.rglob("*.yaml")):
        for number, interaction in enumerate(yaml.safe_load(path.read_text())["interactions"]):
            sent = interaction["request"]
            url = sent.get("url") or sent.get("uri")
            if url.endswith("/paas/v4/chat/completions"):
                yield Seen(f"{path.stem}-{number}", _exchange(interaction))


@pytest.fixture(scope="module")
def recorded() -> tuple[Seen, ...]:
    return tuple(_recorded(Path(SAMPLES or "")))


def test_there_are_recordings_of_every_kind(recorded: tuple[Seen, ...]) -> None:
    kinds = {seen.kind for seen in recorded}
    assert kinds == {"stream", "plain", "refusal"}
    assert len(recorded) >= 25


@pytest.mark.parametrize("id", CHECKS)
def test_recordings_break_no_requirement(id: str, recorded: tuple[Seen, ...]) -> None:
    result = review(CHECKS[id], recorded)
    if CHECKS[id].level == "NOTE":
        return
    assert result.findings == ()
    assert result.verdict in ("pass", "not_applicable")


def test_most_checks_have_something_to_judge(recorded: tuple[Seen, ...]) -> None:
    passed = [id for id, check in CHECKS.items() if review(check, recorded).verdict == "pass"]
    assert len(passed) >= 50


def test_converted_to_cassettes_they_break_none_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = sorted(str(path) for path in Path(SAMPLES or "").rglob("*.yaml"))
    assert ended("convert", *sources, "--to", str(tmp_path / "cassettes")) == 0
    report = tmp_path / "out" / "report.json"

    assert ended("check", str(tmp_path / "cassettes"), "--report", str(report.parent)) == 0

    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["summary"].keys() == {"pass", "not_applicable"}
    assert found["exchanges"] >= 25
    assert found["summary"]["pass"] >= 50
    assert "glm-4.7-flash" in found["model"]
    assert "cannot tell" in capsys.readouterr().out


def ended(*arguments: str) -> object:
    """The exit status of `mockglm …`."""
    with pytest.raises(SystemExit) as exit:
        main(list(arguments))
    return exit.value.code or 0
