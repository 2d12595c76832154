"""Validation of candidates by `jsonschema`, within the work budget of the request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from mockglm.improvise.schema.keywords import REFS, TYPES, Schema, WorkBudget, resolve_reference
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.tables import table

_judging: ContextVar[tuple[Any, WorkBudget]] = ContextVar("judging")
"""The document in which references are resolved, and the budget."""
PLAIN = frozenset(("type", "enum", "description", "title", "default", "$schema"))
PLAIN_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
MAX_PATTERNS = 100
"""Patterns of names in one schema."""
PAIRS_PER_UNIT = 2_000
"""Pairs of items compared for one unit of work."""


def satisfies(value: Any, schemas: Iterable[Any], *, root: Any, budget: WorkBudget) -> bool:
    """True for a value that is valid by all schemas; those that cannot be applied do not count."""
    token = _judging.set((root, budget))
    try:
        return all(
            _is_plain(value, schema) or _make_validator()(schema).is_valid(value)
            for schema in schemas
        )
    except Exception:
        # The budget is spent, or jsonschema cannot apply a schema.
        return True
    finally:
        _judging.reset(token)


def _is_plain(value: Any, schema: Any) -> bool:
    """True for the most common values, which are valid without an import of `jsonschema`."""
    if schema is True or not schema.keys() <= PLAIN:
        return schema is True
    types = PLAIN_TYPES.get(str(schema.get("type")), ())
    return type(value) in types and value in schema.get("enum", (value,))


@lru_cache(maxsize=1)
def _make_validator() -> Any:
    """A validator of draft 2020-12, and of draft 7 for the keywords that only that has.

    Each keyword has a price, and patterns are bounded. `jsonschema` would fetch references for the
    keywords of unevaluated values, which are left out.
    """
    from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    new, old = dict(Draft202012Validator.VALIDATORS), dict(Draft7Validator.VALIDATORS)
    checks = {
        **old,
        **new,
        **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties"), lambda *_: ()),
        **dict.fromkeys(REFS, _check_reference),
        **dict.fromkeys(("patternProperties", "additionalProperties"), _check_properties),
        "items": lambda _, rule, *more: (old if isinstance(rule, list) else new)["items"](
            _, rule, *more
        ),
        "pattern": _check_pattern,
    }
    priced = {key: partial(_check_within, key, check) for key, check in checks.items()}
    formats = FormatChecker(Draft202012Validator.FORMAT_CHECKER.checkers)
    for name, form in table("formats")["patterns"].items():
        formats.checks(name)(partial(_has_form, form))
    make: Any = extend
    return partial(make(Draft202012Validator, priced), format_checker=formats)


def _has_form(form: str, value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(form, value) is not None


def _check_within(key: str, check: Any, *call: Any) -> Any:
    _, rule, value, _ = call
    price = 1 + (len(rule) if isinstance(rule, (list, dict)) else 0) // 4
    if rule is True and isinstance(value, list):
        price += len(value) ** 2 // PAIRS_PER_UNIT
    if not _judging.get()[1].spend(price):
        raise TimeoutError("the work budget is spent")
    return check(*call) if isinstance(rule, TYPES.get(key, object)) else ()


def _check_reference(validator: Any, _: str, value: Any, schema: Any) -> Iterator[Any]:
    # Resolved within the document only, so that nothing is fetched.
    yield from validator.descend(value, resolve_reference(schema, _judging.get()[0]))


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
    by_pattern = islice(schema.get("patternProperties", {}).items(), MAX_PATTERNS)
    rules += [rule for pattern, rule in by_pattern if matches(pattern, name, budget)]
    return rules or [schema.get("additionalProperties", True)]
