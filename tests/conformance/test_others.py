"""Endpoints that are not GLM's: each run ends with a report, and with what may be said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.conformance.command import main
from mockglm.exchange import End, Response
from tests.conformance.mutants import crlf
from tests.conformance.reference import ANSWERS, HEADERS, STREAM_TYPE, dump, refusal
from tests.conformance.server import serving

LEFT = "got no answer: "
Choose = Callable[[str], Response]


pytestmark = pytest.mark.usefixtures("key")


@dataclass(frozen=True)
class Run:
    """How a run ended, its verdicts by check, and why those that were not judged were not."""

    code: int
    verdicts: Mapping[str, str]
    causes: Mapping[str, str]

    def having(self, verdict: str) -> set[str]:
        return {id for id, found in self.verdicts.items() if found == verdict}


def judged(choose: Choose, **options: object) -> Run:
    """A run against a server that answers so. It writes every form of the report."""
    with serving(choose) as (url, _):
        code = main([url], {"model": "glm-4.6", "report": "out", "pause": 0, **options})
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert Path("out/report.html").read_text(encoding="utf-8").endswith("</html>")
    checks = report["checks"]
    return Run(code, {c["id"]: c["verdict"] for c in checks}, {c["id"]: c["cause"] for c in checks})


def streaming(name: str) -> Response:
    """As a gateway answers that does not know `stream: false`."""
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
    """As a gateway answers that does not know `stream: true`."""
    answer = ANSWERS[name]
    return ANSWERS.get(f"{name}-plain", ANSWERS["plain"]) if _streams(name) else answer


def test_who_always_streams_breaks_the_form_of_plain_replies() -> None:
    run = judged(streaming)
    assert run.code == 1
    assert run.having("error") == set()
    assert "TRN-03" in run.having("fail")
    assert {"AUT-03", "AUT-04", "ERR-11", "RSN-07", "SSE-05"} <= run.having("pass")
    assert run.verdicts["EQV-05"] == "not_testable"
    said = "plain asked for a plain reply, got text/event-stream"
    assert {run.causes[id] for id in ("EQV-01", "EQV-05", "JSN-01")} == {said}


def test_who_never_streams_breaks_the_form_of_streams() -> None:
    run = judged(whole)
    assert run.code == 1
    assert run.having("error") == set()
    assert "TRN-02" in run.having("fail")
    assert {"TRN-03", "JSN-01", "AUT-03"} <= run.having("pass")
    assert run.causes["SSE-05"] == "stream asked for a stream, got application/json"


@pytest.mark.parametrize("end", ["close", "reset"])
def test_who_leaves_every_third_request_is_judged_by_the_others(end: End) -> None:
    left = replace(ANSWERS["stream"], chunks=(), head=None, end=end)
    numbers = count(1)
    run = judged(lambda name: left if next(numbers) % 3 == 0 else ANSWERS[name])
    assert run.code == 1
    assert run.having("error") == run.having("fail") == set()
    assert "SSE-05" in run.having("pass")
    assert run.having("not_testable") == {id for id, cause in run.causes.items() if LEFT in cause}


def test_an_outage_in_between_is_not_a_refusal() -> None:
    down = Response(502, (("Content-Type", "text/html"),), ((0.0, b"<html>Bad Gateway</html>"),))
    away = {"replay", "tool-result", "jwt", "afterwards", "bad-json"}
    run = judged(lambda name: down if name in away else ANSWERS[name])
    assert run.code == 1
    assert run.having("not_testable") == {"RSN-07", "TOL-09", "AUT-04", "ERR-11"}
    assert run.having("fail") | run.having("warn") == {"ERR-05"}
    assert run.causes["RSN-07"] == "replay was answered 502, as by a gateway alone"


def openai(name: str) -> Response:
    """A server of another style: no role, no index, `finish_reason` null, CRLF and comments, keys
    of its own, usage apart, no [DONE]; refusals whose code is no text of digits."""
    answer = ANSWERS[name]
    if answer.status != 200:
        error = {"message": "no such thing", "type": "invalid_request_error", "code": None}
        body = dump({"error": error})
        return replace(refusal(400, "", ""), chunks=((0.1, body),))
    if not _streams(name):
        return answer
    frames = [(at, _otherwise(piece)) for at, piece in answer.chunks if b"[DONE]" not in piece]
    return crlf(replace(answer, chunks=((0.3, b": ping\n\n"), *frames)))


def _otherwise(piece: bytes) -> bytes:
    chunk = json.loads(piece[6:])
    choices = chunk.get("choices", [])
    for choice in choices:
        choice.pop("index")
        choice.setdefault("finish_reason", None)
        choice["logprobs"] = None
        choice["delta"].pop("role", None)
    return b"data: " + dump({**chunk, "system_fingerprint": "fp_1"}) + b"\n\n"


def test_a_server_of_another_style_is_judged_to_the_end() -> None:
    run = judged(openai, failing=True)
    assert run.code == 1
    assert run.having("error") == set()
    assert {"SSE-06", "CHK-04", "CHK-06", "ERR-03", "AUT-02"} <= run.having("fail")
    assert {"SSE-03", "SSE-04", "SSE-05", "FIN-02", "USE-02", "TOL-03"} <= run.having("pass")


def halves(name: str) -> Response:
    """A server that cuts an emoji between two chunks, each half an escape."""
    pieces: Iterator[tuple[float, bytes]] = (
        (at, piece.replace(b'"content":"one "', b'"content":["\\ud83d"]'))
        for at, piece in ANSWERS[name].chunks
    )
    return replace(ANSWERS[name], chunks=tuple(pieces))


def test_half_a_character_can_be_reported(capsys: pytest.CaptureFixture[str]) -> None:
    run = judged(halves)
    assert run.code == 1
    assert "CHK-05" in run.having("fail")
    assert "\\ud83d" in capsys.readouterr().out


def test_no_cookie_and_no_header_of_a_gateway_is_in_a_report() -> None:
    def cookie(name: str) -> Response:
        answer = ANSWERS[name]
        return replace(answer, headers=(*answer.headers, ("Set-Cookie", "session=s3cr3t-of-them")))

    run = judged(cookie, header=("x-gateway-key=gw-5ecret-5ecret", "x-team=a"))
    assert run.code == 0
    for path in Path("out").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t-of-them" not in text
        assert "gw-5ecret-5ecret" not in text
    assert HEADERS[0][1] in Path("out/report.html").read_text(encoding="utf-8")
