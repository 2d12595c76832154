"""Live checks of recorded traffic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.live import LiveChecker, broken_checks
from mockglm.conformance.probes import PROBES
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Request
from tests.conformance.changes import sub
from tests.conformance.message_reference import exchange as message_exchange
from tests.conformance.mutants import MESSAGE_MUTANTS, MUTANTS
from tests.conformance.reference import ANSWERS, exchange, view

CHAT = [name for name, probe in PROBES.items() if probe.path == "/chat/completions"]


def test_the_reference_breaks_no_check() -> None:
    assert [broken_checks(view(name)) for name in CHAT] == [()] * len(CHAT)


def test_a_broken_exchange_has_results_with_findings() -> None:
    results = broken_checks(ExchangeView("1", exchange("tools", MUTANTS["TOL-05"][0].answer())))
    assert [result.check.id for result in results] == ["TOL-05"]
    assert results[0].findings[0].exchange == "1"


def test_each_broken_requirement_is_one_line() -> None:
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    checker.add(exchange("plain"))
    checker.add(exchange("stream", MUTANTS["SSE-06"][1].answer()))
    checker.add(exchange("tools", MUTANTS["TOL-05"][0].answer()))
    checker.add(exchange("tools", MUTANTS["TOL-05"][0].answer()))
    assert not checker.close()
    assert lines[0].startswith(
        "SSE-06 MUST [DONE] ends the stream, once and bare. Exchange 2 at byte "
    )
    assert lines[1] == (
        "TOL-05 MUST The ids of calls are distinct and not empty. "
        "Exchange 3 at byte 880: the id is empty or taken: call_417fb00c5b2d4aada7fa6660"
    )
    assert lines[-1] == "checked: 4 exchanges, broken: SSE-06 in 1, TOL-05 in 2"


def test_a_broken_should_is_conformant() -> None:
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    checker.add(exchange("stream", MUTANTS["CHK-03"][0].answer()))
    assert checker.close()
    assert lines[0].endswith(", and 12 more")
    assert lines[-1] == "checked: 1 exchanges, broken: CHK-03 in 1"


def test_a_bug_of_the_kit_is_not_conformant(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(view: ExchangeView) -> Iterator[CheckFinding]:
        yield CheckFinding(view.name[99])

    monkeypatch.setitem(CHECKS, "SSE-05", replace(CHECKS["SSE-05"], run=broken))
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    checker.add(exchange("stream"))
    assert not checker.close()
    assert lines[0].startswith("SSE-05 internal error, please report it: IndexError: ")


def test_half_a_character_is_escaped() -> None:
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    half = sub(b'"content":"one "', b'"content":["\\ud83d"]')(ANSWERS["stream"])
    checker.add(exchange("stream", half))
    assert not checker.close()
    assert "\n".join(lines).encode().count(b"\\ud83d") == 1


def test_exchanges_of_other_paths_are_ignored() -> None:
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    stray = exchange("stream", MUTANTS["SSE-06"][0].answer())
    checker.add(replace(stray, request=Request("POST", "/files", body=stray.request.body)))
    assert checker.close()
    assert lines == ["nothing was judged"]


def test_messages_are_judged_by_their_own_set() -> None:
    lines: list[str] = []
    checker = LiveChecker(lines.append)
    mutant = MESSAGE_MUTANTS["EVT-03"][0]
    for name in ("message", "message-stream", "message-count", "message-models"):
        checker.add(message_exchange(name))
    checker.add(exchange("plain"))
    checker.add(message_exchange("message-stream", mutant.answer()))
    assert not checker.close()
    assert lines == [
        "EVT-03 MUST The event field of each event is the type of its data. "
        "Exchange 4 at byte 411: no name: ",
        "checked: 4 exchanges, broken: EVT-03 in 1",
    ]
