"""How a run ends."""

from __future__ import annotations

import pytest

from mockglm.conformance.outcome import status

KEY = {"kind": "key", "blocking": True}
HTML = {"kind": "endpoint", "blocking": False}


@pytest.mark.parametrize(
    ("pytest_status", "summary", "cause", "strict", "expected"),
    [
        (0, {"pass": 9, "not_applicable": 1}, None, False, 0),
        (0, {"pass": 9, "warn": 1}, None, False, 0),
        (0, {"pass": 9, "expected": 1}, None, True, 0),
        (1, {"pass": 9, "fail": 1}, None, False, 1),
        (1, {"pass": 9, "stale": 1}, None, False, 1),
        (1, {"not_testable": 9}, HTML, False, 1),
        (1, {"not_testable": 9}, KEY, False, 6),
        (0, {"pass": 9, "not_exercised": 1}, None, False, 0),
        (0, {"pass": 9, "not_exercised": 1}, None, True, 6),
        (1, {"pass": 9}, None, False, 1),
        (1, {"pass": 9}, KEY, False, 6),
        (0, {"pass": 9, "error": 1}, None, False, 3),
        (1, {"fail": 9, "error": 1}, KEY, False, 3),
        (2, {"error": 1}, None, False, 3),
        (4, {"error": 1}, None, False, 4),
        (2, {"fail": 1}, KEY, False, 2),
        (3, {"fail": 1}, None, False, 3),
        (4, {}, None, False, 4),
        (5, {}, None, False, 5),
    ],
)
def test_the_worst_decides(
    pytest_status: int,
    summary: dict[str, int],
    cause: dict[str, object] | None,
    strict: bool,
    expected: int,
) -> None:
    report = {"summary": summary, "cause": cause}
    assert status(pytest_status, report, strict) == expected
