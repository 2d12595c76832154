"""Validation of candidates by `jsonschema`, within the work budget of the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from mockglm.improvise.schema.formats import FORMATS
from mockglm.improvise.schema.keywords import (
    REFS,
    Schema,
    WorkBudget,
    equal,
    is_number,
    resolve_reference,
)
from mockglm.improvise.schema.patterns import matches

_judging: ContextVar[tuple[Any, WorkBudget]] = ContextVar("judging")
"""The document in which references are resolved, and the budget."""
PLAIN = frozenset(("type", "enum", "description", "title", "default", "$schema", "nullable"))
"""Keywords of most parameters; without others, no import of `jsonschema` is needed."""
TYPES: Mapping[str, Any] = {"string": str, "boolean": bool, "object": dict, "array": list}
PAIRS_PER_UNIT = 2_000
"""Pairs of items compared for one unit of work."""


class _ExhaustedError(Exception):
    """The work budget is spent."""


def satisfies(value: Any, schema: Any, *, root: Any, budget: WorkBudget) -> bool:
    """True for a valid value, and for a schema that costs too much or cannot be applied."""
    if isinstance(schema, bool):
        return schema
    if schema.keys() <= PLAIN and not isinstance(value, (dict, list)):
        listed = schema.get("enum", (value,))
        return has_type(value, schema) and any(equal(value, one) for one in listed)
    if not budget.spend():
        return True
    token = _judging.set((root, budget))
    try:
        return bool(_validator_class()(schema).is_valid(value))
    except Exception:
        # The budget is spent, or jsonschema cannot apply the schema.
        return True
    finally:
        _judging.reset(token)


def has_type(value: Any, schema: Schema) -> bool:
    named = schema.get("type", ())
    listed = [named] if isinstance(named, str) else named
    return not listed or any(_is_of_type(value, name) for name in listed)


def _is_of_type(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        return is_number(value) and (name == "number" or value == int(value))
    return value is None if name == "null" else isinstance(value, TYPES.get(name, object))


@lru_cache(maxsize=1)
def _validator_class() -> Any:
    """The validator of draft 2020-12 with a price for each keyword and bounded patterns."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    own = {
        **dict.fromkeys(REFS, _check_reference),
        "pattern": _check_pattern,
        "format": _check_format,
        "patternProperties": _check_pattern_properties,
        "additionalProperties": _check_additional,
    }
    checks = {**Draft202012Validator.VALIDATORS, **own}
    make: Any = extend
    return make(Draft202012Validator, {key: _priced(check) for key, check in checks.items()})


def _priced(check: Any) -> Any:
    def check_within(validator: Any, rule: Any, value: Any, schema: Any) -> Any:
        price = 1 + (len(rule) if isinstance(rule, (list, Mapping)) else 0) // 4
        if rule is True and isinstance(value, list):
            price += len(value) ** 2 // PAIRS_PER_UNIT
        if not _judging.get()[1].spend(price):
            raise _ExhaustedError
        return check(validator, rule, value, schema)

    return check_within


def _refuse(text: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(text)


def _check_reference(validator: Any, _: str, value: Any, schema: Any) -> Iterator[Any]:
    # Resolved within the document only, so that nothing is fetched.
    yield from validator.descend(value, resolve_reference(schema, _judging.get()[0]))


def _check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[Any]:
    if isinstance(value, str) and not matches(pattern, value, _judging.get()[1]):
        yield _refuse("pattern")


def _check_format(_: Any, name: str, value: Any, __: Any) -> Iterator[Any]:
    if name in FORMATS and isinstance(value, str) and not FORMATS[name].accepts(value):
        yield _refuse("format")


def _check_pattern_properties(validator: Any, rules: Any, value: Any, _: Any) -> Iterator[Any]:
    for pattern, rule in rules.items() if isinstance(value, dict) else ():
        for key, sub in value.items():
            if matches(pattern, key, _judging.get()[1]):
                yield from validator.descend(sub, rule)


def _check_additional(validator: Any, rule: Any, value: Any, schema: Any) -> Iterator[Any]:
    for key, sub in value.items() if isinstance(value, dict) else ():
        if is_additional(key, schema, _judging.get()[1]):
            yield from validator.descend(sub, rule)


def is_additional(key: str, schema: Schema, budget: WorkBudget) -> bool:
    """True if `additionalProperties` applies to a property."""
    if key in schema.get("properties", ()):
        return False
    return not any(matches(one, key, budget) for one in schema.get("patternProperties", ()))
