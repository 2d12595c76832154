"""Selection of checks by expression and by id."""

from __future__ import annotations

import pytest
from _pytest.mark import KeywordMatcher
from _pytest.mark.expression import Expression

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.selection import select_by_id, select_checks
from mockglm.errors import UsageError

EXPRESSIONS = (
    "SSE",
    "sse-05",
    "SSE or CHK",
    "SSE and not SSE-08",
    "not SSE",
    "not not SSE-01",
    "(SSE or CHK) and 01",
    "SSE or CHK and 01",
    "note or ERR-1",
    "must and (TOL or not (SSE or CHK))",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_selects_as_pytest_does(expression: str) -> None:
    compiled = Expression.compile(expression)
    names = {id: {id, check.level.lower()} for id, check in CHECKS.items()}
    expected = [id for id in CHECKS if compiled.evaluate(KeywordMatcher(names[id]))]
    found = [check.id for check in select_checks(expression, disruptive=True)]
    assert found == expected
    assert found


def test_no_expression_selects_all_but_disruptive_checks() -> None:
    assert len(select_checks(disruptive=True)) == len(CHECKS)
    ids = {check.id for check in select_checks()}
    assert CHECKS.keys() - ids == {f"LIM-0{n}" for n in range(1, 6)}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("SSE and", r"-k 'SSE and', column 8: a name is expected"),
        ("and SSE", r"column 1: a name is expected"),
        ("(SSE", r"column 5: a closing parenthesis is expected"),
        ("SSE CHK", r"column 5: the end is expected"),
        ("SSE)", r"column 4: the end is expected"),
        ("SSE = 5", r"column 5: a name, and, or, not or a parenthesis is expected"),
    ],
)
def test_an_invalid_expression_has_a_column(expression: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select_checks(expression)


def test_ids_select_in_the_order_of_the_catalogue() -> None:
    found = select_by_id(CHECKS.values(), ["tol-01", "SSE-05"])
    assert [check.id for check in found] == ["SSE-05", "TOL-01"]
    assert len(select_by_id(CHECKS.values(), [])) == len(CHECKS)


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"glm-v4::SSE-55; did you mean glm-v4::SSE-05\?"):
        select_by_id(CHECKS.values(), ["SSE-55"])


def test_an_id_of_a_disruptive_check_needs_the_option() -> None:
    with pytest.raises(UsageError, match="glm-v4::LIM-01 exceeds limits of the endpoint"):
        select_by_id(select_checks(), ["LIM-01"])
