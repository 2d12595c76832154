"""Traffic is judged as it passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.parts import Finding
from mockglm.conformance.passing import Passing, broken
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen
from mockglm.exchange import Request
from tests.conformance.mutants import MUTANTS, sub
from tests.conformance.reference import ANSWERS, exchange

CHAT = [name for name, probe in PROBES.items() if probe.path == "/chat/completions"]


@pytest.mark.parametrize("name", CHAT)
def test_good_traffic_passes(name: str) -> None:
    assert broken(Seen("1", exchange(name))) == ()


def test_what_breaks_in_traffic_is_told() -> None:
    results = broken(Seen("1", exchange("tools", MUTANTS["TOL-05"][0].answer())))
    assert [result.check.id for result in results] == ["TOL-05"]
    assert results[0].findings[0].exchange == "1"


def test_each_broken_requirement_is_a_line() -> None:
    told: list[str] = []
    passing = Passing(told.append)
    passing.see(exchange("plain"))
    passing.see(exchange("stream", MUTANTS["SSE-06"][1].answer()))
    passing.see(exchange("tools", MUTANTS["TOL-05"][0].answer()))
    passing.see(exchange("tools", MUTANTS["TOL-05"][0].answer()))
    assert not passing.close()
    assert told[0].startswith(
        "SSE-06 MUST [DONE] ends the stream, once and bare. Exchange 2 at byte "
    )
    assert told[1] == (
        "TOL-05 MUST The ids of calls are distinct and not empty. "
        "Exchange 3 at byte 880: no id of its own: call_417fb00c5b2d4aada7fa6660"
    )
    assert told[-1] == "checked: 4 exchanges, broken: SSE-06 in 1, TOL-05 in 2"


def test_a_should_is_told_and_forgiven() -> None:
    told: list[str] = []
    passing = Passing(told.append)
    passing.see(exchange("stream", MUTANTS["CHK-03"][0].answer()))
    assert passing.close()
    assert told[0].endswith(", and 12 more")
    assert told[-1] == "checked: 1 exchanges, broken: CHK-03 in 1"


def test_a_bug_of_the_kit_is_told_and_is_not_good(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(seen: Seen) -> Iterator[Finding]:
        yield Finding(seen.name[99])

    monkeypatch.setitem(CHECKS, "SSE-05", replace(CHECKS["SSE-05"], run=broken))
    told: list[str] = []
    passing = Passing(told.append)
    passing.see(exchange("stream"))
    assert not passing.close()
    assert told[0].startswith("SSE-05 a bug of the kit, please report it: IndexError: ")


def test_half_a_character_can_be_told() -> None:
    told: list[str] = []
    passing = Passing(told.append)
    half = sub(b'"content":"one "', b'"content":["\\ud83d"]')(ANSWERS["stream"])
    passing.see(exchange("stream", half))
    assert not passing.close()
    assert "\n".join(told).encode().count(b"\\ud83d") == 1


def test_what_other_paths_answer_is_not_judged() -> None:
    told: list[str] = []
    passing = Passing(told.append)
    stray = exchange("stream", MUTANTS["SSE-06"][0].answer())
    passing.see(replace(stray, request=Request("POST", "/files", body=stray.request.body)))
    assert passing.close()
    assert told == ["nothing was judged"]
