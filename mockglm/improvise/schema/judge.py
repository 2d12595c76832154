"""Validation of candidates by `jsonschema`, within the work budget of the request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any

from mockglm.improvise.schema.keywords import TYPES, Schema, WorkBudget, resolve_reference
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.tables import table

_judging: ContextVar[tuple[Any, WorkBudget]] = ContextVar("judging")
"""The document in which references are resolved, and the budget."""
PLAIN = frozenset(("type", "description", "title", "default", "$schema"))
"""Keywords that any text of type `string` satisfies."""
UNCHECKED = ("$dynamicRef", "unevaluatedItems", "unevaluatedProperties")


def satisfies(value: Any, schemas: Iterable[Any], *, root: Any, budget: WorkBudget) -> bool:
    """True for a value that is valid by all schemas; those that cannot be applied do not count."""
    token = _judging.set((root, budget))
    try:
        judged = [one for one in schemas if not _is_plain(value, one)]
        return not judged or _make_validator()({"allOf": judged}).is_valid(value)
    except Exception:
        # The budget is spent, or jsonschema cannot apply a schema.
        return True
    finally:
        _judging.reset(token)


def _is_plain(value: Any, schema: Any) -> bool:
    """True for the most common texts, which are valid without an import of `jsonschema`."""
    is_text = isinstance(value, str) and schema is not True and schema.get("type") == "string"
    return schema is True or (is_text and schema.keys() <= PLAIN)


@lru_cache(maxsize=1)
def _make_validator() -> Any:
    """A validator of draft 2020-12 that spends the budget, and searches patterns in bounded time.

    Keywords for which `jsonschema` might fetch a reference are left out.
    """
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    checks = {
        **Draft202012Validator.VALIDATORS,
        **dict.fromkeys(UNCHECKED, lambda *_: ()),
        **dict.fromkeys(("patternProperties", "additionalProperties"), _check_properties),
        "$ref": _check_reference,
        "pattern": _check_pattern,
    }
    priced = {key: partial(_check_within, key, check) for key, check in checks.items()}
    formats = FormatChecker()
    for name, form in table("formats")["patterns"].items():
        formats.checks(name)(partial(_has_form, form))
    make: Any = extend
    return partial(make(Draft202012Validator, priced), format_checker=formats)


def _has_form(form: str, value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(form, value) is not None


def _check_within(key: str, check: Any, *call: Any) -> Any:
    _, rule, value, _ = call
    if not _judging.get()[1].spend(_size(rule) + _size(value)):
        raise TimeoutError("the work budget is spent")
    return check(*call) if isinstance(rule, TYPES.get(key, object)) else ()


def _size(held: Any) -> float:
    return 0.5 + (len(held) / 4 if isinstance(held, (list, dict)) else 0)


def _check_reference(validator: Any, ref: str, value: Any, _: Any) -> Iterator[Any]:
    yield from validator.descend(value, resolve_reference(ref, _judging.get()[0]))


def _check_pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[Any]:
    if isinstance(value, str) and not matches(pattern, value, _judging.get()[1]):
        yield from validator.descend(value, False)


def _check_properties(validator: Any, _: Any, value: Any, schema: Any) -> Iterator[Any]:
    for name, held in value.items() if isinstance(value, dict) else ():
        for rule in property_rules(schema, name, _judging.get()[1]):
            yield from validator.descend(held, rule)


def property_rules(schema: Schema, name: str, budget: WorkBudget) -> list[Any]:
    """The schemas of a property: by its name, by patterns, or that of additional ones."""
    rules = [schema["properties"][name]] if name in schema.get("properties", ()) else []
    by_pattern = schema.get("patternProperties", {}).items()
    rules += [rule for pattern, rule in by_pattern if matches(pattern, name, budget)]
    return rules or [schema.get("additionalProperties", True)]
