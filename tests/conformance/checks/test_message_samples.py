"""Captures of the service's Anthropic surface break no requirement.

The captures belong to others and are not part of this project; `GLM_SAMPLES` is their folder. Most
are bodies without their headers, a stream without its `event:` lines: those are added here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockglm.conformance.checks import MESSAGE_CHECKS
from mockglm.conformance.message_view import MESSAGES, MessageView
from mockglm.conformance.verdicts import judge_recordings
from mockglm.exchange import Exchange, Request, Response
from tests.conformance.message_reference import JSON_TYPE, STREAM_TYPE

SAMPLES = os.environ.get("GLM_SAMPLES")
pytestmark = pytest.mark.skipif(SAMPLES is None, reason="GLM_SAMPLES is not set")

LACKING = {
    "text_nonstream_glm-4.6_asked-claude-3-5-sonnet_2025-10-13": set(),
    "text_nonstream_glm-5.2_2026-08-06": set(),
    "tool_use_nonstream_glm-4.7_2026-01-07": set(),
    "claude_code_messages_glm-4.7_2026-02-04.EXCERPT-1": {"STP-01"},
    "claude_code_messages_glm-4.7_2026-02-04.EXCERPT-2": set(),
    "context_overflow_glm-5.2_2026-07-23.ID-ELIDED": {"MSG-02"},
    "text_stream_glm-4-air_2026-01-03.payloads": set(),
    "web_search_prime_stream_bigmodel_2026-10-01.SHORTENED.payloads": {
        *("EVT-05", "MSG-01", "MSG-02", "MSG-03", "THK-03", "TOK-01", "TOK-02", "TOK-04"),
    },
}
"""Captures of whole messages, and the checks of what their sources left out or shortened. Claude
Code writes one block at a time, before it knows the stop_reason."""


def view(name: str, body: bytes, *, stream: bool = False, status: int = 200) -> MessageView:
    request = Request("POST", MESSAGES, body=json.dumps({"stream": stream}).encode())
    headers = (STREAM_TYPE if stream else JSON_TYPE,)
    return MessageView(name, Exchange(request, Response(status, headers, ((0.0, body),)), 0.0))


def named(payloads: list[str]) -> bytes:
    """A stream of payloads, each named by its type."""
    frames = (f"event: {json.loads(one)['type']}\ndata: {one}\n\n" for one in payloads)
    return "".join(frames).encode()


def messages() -> Iterator[MessageView]:
    folder = Path(SAMPLES or "") / "anthropic"
    for path in sorted(folder.glob("*.json")):
        body = path.read_bytes().strip()
        if b'"role"' in body:
            yield view(path.stem, body)
    for path in sorted(folder.glob("*payloads.jsonl")):
        payloads = path.read_text(encoding="utf-8").splitlines()
        yield view(path.stem, named([one for one in payloads if one.strip()]), stream=True)
    for path in sorted(folder.glob("claude_code*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield view(f"{path.stem}-{number}", line.encode())


def errors() -> Iterator[tuple[dict[str, Any], MessageView]]:
    path = Path(SAMPLES or "") / "anthropic" / "errors.jsonl"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        is_whole = row["mark"] == "captured" and "body" in row and row["where"] == "response"
        if is_whole and "[…]" not in row["body"]:
            yield row, view(f"error-{number}", row["body"].encode(), status=row["http_status"])


def broken(found: MessageView) -> set[str]:
    results = (judge_recordings(check, [found]) for check in MESSAGE_CHECKS.values())
    return {
        result.check.id
        for result in results
        if result.verdict == "error" or (result.findings and result.check.level != "NOTE")
    }


def test_captured_messages_break_only_the_excluded_checks() -> None:
    found = {one.name: broken(one) for one in messages()}
    assert found == LACKING


def test_captured_refusals_break_nothing() -> None:
    found = list(errors())
    assert {row["http_status"] for row, _ in found} >= {400, 401, 422, 429, 529}
    assert [one.name for _, one in found if broken(one)] == []


def test_a_captured_overload_is_judged_and_another_status_reported() -> None:
    row, overload = next((row, one) for row, one in errors() if row["http_status"] == 529)
    check = MESSAGE_CHECKS["ENV-06"]
    assert judge_recordings(check, [overload]).exchanges == (overload.name,)
    other = view("other", row["body"].encode(), status=429)
    assert judge_recordings(check, [other]).verdict == "fail"


def test_a_captured_error_in_a_stream_breaks_nothing() -> None:
    folder = Path(SAMPLES or "") / "anthropic"
    rows = map(json.loads, (folder / "errors.jsonl").read_text(encoding="utf-8").splitlines())
    row = next(row for row in rows if row["where"] == "stream: event: error" and "body" in row)
    path = next(folder.glob("text_stream*payloads.jsonl"))
    payloads = path.read_text(encoding="utf-8").splitlines()[:6]
    found = view("broken off", named([*payloads, row["body"]]), stream=True)
    assert broken(found) == set()
    assert judge_recordings(MESSAGE_CHECKS["ENV-07"], [found]).verdict == "pass"
