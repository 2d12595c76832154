"""The checks in words."""

from __future__ import annotations

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.listing import explain_check, list_checks
from mockglm.errors import UsageError


def test_an_explanation_has_the_requirement_and_its_sources() -> None:
    for check in CHECKS.values():
        text = explain_check(check.id)
        assert check.title in text
        assert all(str(source) in text for source in check.sources)


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"there is no check sse-55; did you mean SSE-05\?"):
        explain_check("sse-55")


def test_a_retired_id_has_a_reason() -> None:
    with pytest.raises(UsageError, match="tool_choice"):
        explain_check("TOL-12")


def test_the_list_has_a_row_for_each_check() -> None:
    rows = list_checks()
    assert len(rows) == len(CHECKS)
    assert rows[0] == ("TRN-01", "MUST", "A valid request for a stream is answered 200.")
