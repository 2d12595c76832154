"""Selection of checks: by an expression as of pytest's -k, by level, by id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from mockglm.conformance.probes import PROBES
from mockglm.conformance.registry import Check
from mockglm.conformance.sets import CHAT_SET, CheckSet
from mockglm.errors import UsageError, nearest

_Predicate: TypeAlias = Callable[[frozenset[str]], bool]

# As pytest has them, so that the command and pytest select alike.
_TOKEN = re.compile(r"\s*(\(|\)|[\w:+\-.\[\]\\/]+|$)")
_OPERATORS = ("and", "or", "not", "(", ")")


def select_checks(
    expression: str = "", *, disruptive: bool = False, check_set: CheckSet = CHAT_SET
) -> tuple[Check, ...]:
    """The checks of a set that match, in its order; an empty expression matches all.

    Checks of disruptive probes are left out unless they are wanted. Raises UsageError for an
    expression that cannot be read.
    """
    matches = _Parser(expression).parse() if expression.strip() else None
    return tuple(
        check
        for check in check_set.checks.values()
        if (disruptive or not is_disruptive(check)) and (matches is None or matches(_names(check)))
    )


def is_disruptive(check: Check) -> bool:
    """True if one of the probes of a check exceeds limits."""
    return any(PROBES[name].disruptive for name in check.probes)


def select_by_id(
    checks: Iterable[Check], ids: Iterable[str], check_set: CheckSet = CHAT_SET
) -> tuple[Check, ...]:
    """The checks with these ids; all of them for no id.

    Raises UsageError for an id that is not in the set, and for one of a disruptive check
    that is not among the checks.
    """
    found = {check.id: check for check in checks}
    wanted = [id.upper() for id in ids]
    group = check_set.group
    for id in wanted:
        if id not in check_set.checks:
            near = nearest(id, check_set.checks)
            hint = f"; did you mean {group}::{near}?" if near else ""
            raise UsageError(f"there is no check {group}::{id}{hint}")
        if id not in found:
            raise UsageError(f"{group}::{id} exceeds limits of the endpoint: add --glm-disruptive")
    return tuple(check for id, check in found.items() if not wanted or id in wanted)


def _names(check: Check) -> frozenset[str]:
    return frozenset((check.id.lower(), check.level.lower()))


class _Parser:
    """A recursive descent over `or`, `and`, `not`, parentheses and names."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._at = 0
        self._token = ""
        self._advance()

    def parse(self) -> _Predicate:
        found = self._or()
        if self._token:
            raise self._error("the end")
        return found

    def _or(self) -> _Predicate:
        parts = [self._and()]
        while self._token == "or":
            self._advance()
            parts.append(self._and())
        return lambda names: any(part(names) for part in parts)

    def _and(self) -> _Predicate:
        parts = [self._not()]
        while self._token == "and":
            self._advance()
            parts.append(self._not())
        return lambda names: all(part(names) for part in parts)

    def _not(self) -> _Predicate:
        if self._token == "not":
            self._advance()
            inner = self._not()
            return lambda names: not inner(names)
        if self._token == "(":
            self._advance()
            inner = self._or()
            if self._token != ")":
                raise self._error("a closing parenthesis")
            self._advance()
            return inner
        return self._name()

    def _name(self) -> _Predicate:
        word = self._token.lower()
        if not word or word in _OPERATORS:
            raise self._error("a name")
        self._advance()
        return lambda names: any(word in name for name in names)

    def _advance(self) -> None:
        match = _TOKEN.match(self._expression, self._at)
        if match is None:
            self._token = ""
            self._at = len(self._expression) - len(self._expression[self._at :].lstrip())
            raise self._error("a name, and, or, not or a parenthesis")
        self._token, self._at = match[1], match.end()

    def _error(self, expected: str) -> UsageError:
        column = self._at - len(self._token) + 1
        return UsageError(f"-k {self._expression!r}, column {column}: {expected} is expected")
