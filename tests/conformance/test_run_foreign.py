"""Runs against endpoints that differ from GLM: each ends with a report and fair verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.exchange import End, Response
from tests.conformance.changes import use_crlf
from tests.conformance.commands import check, read_report
from tests.conformance.endpoint import Endpoint
from tests.conformance.reference import ANSWERS, STREAM_TYPE, dump, refusal

NO_ANSWER = "got no answer: "
Choose = Callable[[str], Response]


@dataclass(frozen=True)
class Outcome:
    """The exit status of a run, its verdicts and causes by check."""

    code: int
    verdicts: Mapping[str, str]
    causes: Mapping[str, str]

    def ids(self, verdict: str) -> set[str]:
        return {id for id, found in self.verdicts.items() if found == verdict}


def judge(endpoint: Endpoint, choose: Choose, *options: str) -> Outcome:
    """A run against an endpoint that answers so; it writes every form of the report."""
    endpoint.answer_with(choose)
    code = check(endpoint, "--report", "out", "--pause", "0", *options)
    assert Path("out/report.html").read_text(encoding="utf-8").endswith("</html>")
    checks = read_report()["checks"]
    verdicts = {c["id"]: c["verdict"] for c in checks}
    return Outcome(code, verdicts, {c["id"]: c["cause"] for c in checks})


def streaming(name: str) -> Response:
    """The answers of a gateway that ignores `stream: false`."""
    answer = ANSWERS[name]
    is_plain = name in ("tools-plain", "thinking-plain", "length-plain")
    if answer.status != 200:
        return answer
    return ANSWERS[
        name.removesuffix("-plain") if is_plain else name if _streams(name) else "stream"
    ]


def _streams(name: str) -> bool:
    return STREAM_TYPE in ANSWERS[name].headers


def whole(name: str) -> Response:
    """The answers of a gateway that ignores `stream: true`."""
    answer = ANSWERS[name]
    return ANSWERS.get(f"{name}-plain", ANSWERS["plain"]) if _streams(name) else answer


def test_a_gateway_that_always_streams_breaks_plain_replies(endpoint: Endpoint) -> None:
    run = judge(endpoint, streaming)
    assert run.code == 1
    assert run.ids("error") == set()
    assert "TRN-03" in run.ids("fail")
    assert {"AUT-03", "AUT-04", "ERR-11", "RSN-07", "SSE-05"} <= run.ids("pass")
    assert run.verdicts["EQV-05"] == "not_testable"
    said = "plain requested a plain reply, got text/event-stream"
    assert {run.causes[id] for id in ("EQV-01", "EQV-05", "JSN-01")} == {said}


def test_a_gateway_that_never_streams_breaks_streams(endpoint: Endpoint) -> None:
    run = judge(endpoint, whole)
    assert run.code == 1
    assert run.ids("error") == set()
    assert "TRN-02" in run.ids("fail")
    assert {"TRN-03", "JSN-01", "AUT-03"} <= run.ids("pass")
    assert run.causes["SSE-05"] == "stream requested a stream, got application/json"


@pytest.mark.parametrize("end", ["close", "reset"])
def test_unanswered_requests_are_not_testable(endpoint: Endpoint, end: End) -> None:
    left = replace(ANSWERS["stream"], chunks=(), head=None, end=end)
    numbers = count(1)
    run = judge(endpoint, lambda name: left if next(numbers) % 3 == 0 else ANSWERS[name])
    assert run.code == 1
    assert run.ids("error") == run.ids("fail") == set()
    assert "SSE-05" in run.ids("pass")
    assert run.ids("not_testable") == {id for id, cause in run.causes.items() if NO_ANSWER in cause}


def test_an_outage_is_not_a_refusal(endpoint: Endpoint) -> None:
    down = Response(502, (("Content-Type", "text/html"),), ((0.0, b"<html>Bad Gateway</html>"),))
    away = {"replay", "tool-result", "jwt", "afterwards", "bad-json"}
    run = judge(endpoint, lambda name: down if name in away else ANSWERS[name])
    assert run.code == 1
    assert run.ids("not_testable") == {"RSN-07", "TOL-09", "AUT-04", "ERR-11"}
    assert run.ids("fail") | run.ids("warn") == {"ERR-05"}
    assert run.causes["RSN-07"] == "replay was answered 502, as by a gateway alone"


def openai(name: str) -> Response:
    """A server with no role, no index, `finish_reason` null, CRLF and comments, keys of its own,
    no [DONE], and refusals without a code of digits."""
    answer = ANSWERS[name]
    if answer.status != 200:
        error = {"message": "no such thing", "type": "invalid_request_error", "code": None}
        body = dump({"error": error})
        return replace(refusal(400, "", ""), chunks=((0.1, body),))
    if not _streams(name):
        return answer
    frames = [(at, _otherwise(piece)) for at, piece in answer.chunks if b"[DONE]" not in piece]
    return use_crlf(replace(answer, chunks=((0.3, b": ping\n\n"), *frames)))


def _otherwise(piece: bytes) -> bytes:
    chunk = json.loads(piece[6:])
    choices = chunk.get("choices", [])
    for choice in choices:
        choice.pop("index")
        choice.setdefault("finish_reason", None)
        choice["logprobs"] = None
        choice["delta"].pop("role", None)
    return b"data: " + dump({**chunk, "system_fingerprint": "fp_1"}) + b"\n\n"


def test_a_server_in_the_style_of_openai_is_judged_to_the_end(endpoint: Endpoint) -> None:
    run = judge(endpoint, openai, "--failing")
    assert run.code == 1
    assert run.ids("error") == set()
    assert {"SSE-06", "CHK-04", "CHK-06", "ERR-03", "AUT-02"} <= run.ids("fail")
    assert {"SSE-03", "SSE-04", "SSE-05", "FIN-02", "USE-02", "TOL-03"} <= run.ids("pass")


def halves(name: str) -> Response:
    """A server that cuts an emoji between two chunks, each half an escape."""
    pieces: Iterator[tuple[float, bytes]] = (
        (at, piece.replace(b'"content":"one "', b'"content":["\\ud83d"]'))
        for at, piece in ANSWERS[name].chunks
    )
    return replace(ANSWERS[name], chunks=tuple(pieces))


def test_half_a_character_can_be_reported(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    run = judge(endpoint, halves)
    assert run.code == 1
    assert "CHK-05" in run.ids("fail")
    assert "\\ud83d" in capsys.readouterr().out
