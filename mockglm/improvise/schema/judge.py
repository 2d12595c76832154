"""Validation of candidates by `jsonschema`, within the work budget of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from mockglm.improvise.schema.formats import FORMATS
from mockglm.improvise.schema.keywords import Schema, equal
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.schema.references import REFS, WorkBudget, resolve_reference

_judging: ContextVar[tuple[Any, WorkBudget]] = ContextVar("judging")
"""The document in which references are resolved, and the budget."""

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": lambda value: _is_number(value),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
ANNOTATIONS = frozenset(("description", "title", "default", "examples", "$schema", "nullable"))
"""Keywords that refuse no value."""
PAIRS_PER_UNIT = 2_000
"""Pairs of items compared for one unit of work."""


class _ExhaustedError(Exception):
    """The work budget is spent."""


def satisfies(value: Any, schema: Any, *, root: Any, budget: WorkBudget) -> bool:
    """True for a valid value, and for a schema that costs too much or cannot be applied."""
    if isinstance(schema, bool):
        return schema
    plain = schema.keys() - ANNOTATIONS
    if not isinstance(value, (dict, list)) and plain <= SCALAR.keys():
        return budget.spend(len(plain)) and _satisfies_scalar(value, schema, plain)
    return not budget.spend() or _validate(value, schema, root=root, budget=budget)


def _satisfies_scalar(value: Any, schema: Schema, keys: frozenset[str]) -> bool:
    return all(SCALAR[key](value, schema[key]) for key in keys)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e309


def _has_type(value: Any, names: Any) -> bool:
    listed = [names] if isinstance(names, str) else names
    return any(name not in TYPES or TYPES[name](value) for name in listed)


def _has_format(value: Any, name: str) -> bool:
    known = FORMATS.get(name)
    return known is None or not isinstance(value, str) or known.accepts(value)


SCALAR: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _has_type,
    "format": _has_format,
    "enum": lambda value, listed: any(equal(value, one) for one in listed),
    "const": equal,
    "minimum": lambda value, edge: not _is_number(value) or value >= edge,
    "maximum": lambda value, edge: not _is_number(value) or value <= edge,
    "minLength": lambda value, least: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda value, most: not isinstance(value, str) or len(value) <= most,
}
"""Keywords of a single value: nearly all parameters need no more, and no import of `jsonschema`."""


def _validate(value: Any, schema: Any, *, root: Any, budget: WorkBudget) -> bool:
    token = _judging.set((root, budget))
    try:
        return bool(_validator_class()(schema).is_valid(value))
    except Exception:
        # The budget is spent, or jsonschema cannot apply the schema.
        return True
    finally:
        _judging.reset(token)


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
    if not _has_format(value, name):
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
