"""Whether a value satisfies a JSON Schema: the keywords of draft 2020-12, and those before it.

Made to pick among candidates, so it is bounded: a schema that costs too much to judge is taken to
be satisfied. `unevaluated*`, content keywords and vocabularies are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import combinations, starmap
from typing import Any

from mockglm.improvise.arguments import patterns
from mockglm.improvise.arguments.formats import FORMATS
from mockglm.improvise.arguments.refs import REFS, Fuel, follow
from mockglm.improvise.arguments.shapes import Schema, shaped

__all__ = ["equal", "fits"]

STEPS = 8_000
DEPTH = 64
MOST_COMPARED = 250
"""Lists and objects that are compared with each other."""


def fits(value: Any, schema: Any, root: Any = None, *, fuel: Fuel | None = None) -> bool:
    """Whether a JSON value satisfies a schema; `root` is the document its references are in, and
    `fuel` is shared by all judgements that together must cost no more."""
    judge = _Judge(schema if root is None else root, Fuel(STEPS) if fuel is None else fuel)
    return judge.fits(value, schema)


def equal(one: Any, two: Any) -> bool:
    """Equality of JSON: 1 and 1.0 are equal, 1 and true are not, at any level."""
    if one is two:
        return True
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    return bool(one == two)


def is_a(value: Any, name: str) -> bool:
    """Whether a value is of a type of JSON Schema; 1.0 is an integer."""
    return name not in TYPES or TYPES[name](value)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


class _Judge:
    """One judgement at one level: the document, the work left for all of it, the levels above."""

    def __init__(self, root: Any, fuel: Fuel, depth: int = 0) -> None:
        self.root, self.fuel, self.depth = root, fuel, depth

    def fits(self, value: Any, schema: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping) or self.depth > DEPTH:
            return True
        if not self.fuel.burn(_width(schema)):
            return True
        schema = shaped(schema)
        below = _Judge(self.root, self.fuel, self.depth + 1)
        held = (KEYWORDS[name] for name in schema if name in KEYWORDS)
        return all(keyword(below, value, schema) for keyword in held)

    def count(self, value: Any, schemas: Any) -> int:
        """How many of the schemas the value satisfies."""
        return sum(self.fits(value, schema) for schema in schemas)


def _width(schema: Schema) -> int:
    """What it costs to look at a schema: all that its keywords list."""
    return 1 + sum(len(held) for held in schema.values() if isinstance(held, (list, Mapping)))


Keyword = Callable[[_Judge, Any, Schema], bool]


def _reference(judge: _Judge, value: Any, schema: Schema) -> bool:
    return judge.fits(value, follow(schema, judge.root))


def _type(_: _Judge, value: Any, schema: Schema) -> bool:
    names = schema["type"]
    return any(is_a(value, name) for name in ([names] if isinstance(names, str) else names))


def _compare(name: str, kind: type | tuple[type, ...], test: Callable[[Any, Any], bool]) -> Keyword:
    """A keyword that compares a value of one kind with its own number."""

    def keyword(_: _Judge, value: Any, schema: Schema) -> bool:
        wrong = not isinstance(value, kind) or isinstance(value, bool)
        return wrong or test(value, schema[name])

    return keyword


def _is_multiple(value: Any, step: Any) -> bool:
    if not step or abs(value) > 1e300:
        return True
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    return float(value / step).is_integer()


def _pattern(judge: _Judge, value: Any, schema: Schema) -> bool:
    return not isinstance(value, str) or patterns.matches(schema["pattern"], value, judge.fuel)


def _format(_: _Judge, value: Any, schema: Schema) -> bool:
    known = FORMATS.get(schema["format"])
    return known is None or not isinstance(value, str) or known.accepts(value)


def _properties(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, Mapping):
        return True
    held = schema["properties"]
    return all(judge.fits(value[key], held[key]) for key in held if key in value)


def _by_pattern(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, Mapping):
        return True
    pairs = [(key, sub) for sub in schema["patternProperties"].items() for key in value]
    return all(
        judge.fits(value[key], sub)
        for key, (pattern, sub) in pairs
        if patterns.matches(pattern, key, judge.fuel)
    )


def _others(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, Mapping):
        return True
    rest = schema["additionalProperties"]
    return all(judge.fits(value[key], rest) for key in value if is_other(key, schema, judge.fuel))


def is_other(key: str, schema: Schema, fuel: Fuel) -> bool:
    """Whether a property is one that `additionalProperties` speaks of."""
    if key in schema.get("properties", ()):
        return False
    held = schema.get("patternProperties", ())
    return not any(patterns.matches(pattern, key, fuel) for pattern in held)


def _names(judge: _Judge, value: Any, schema: Schema) -> bool:
    rule = schema["propertyNames"]
    return not isinstance(value, Mapping) or all(judge.fits(key, rule) for key in value)


def _required(_: _Judge, value: Any, schema: Schema) -> bool:
    return not isinstance(value, Mapping) or value.keys() >= {*schema["required"]}


def _dependents(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, Mapping):
        return True
    held = {**schema.get("dependencies", {}), **schema.get("dependentRequired", {})}
    held.update(schema.get("dependentSchemas", {}))
    rules = [rule for key, rule in held.items() if key in value]
    wanted = {str(name) for rule in rules if isinstance(rule, list) for name in rule}
    schemas = [rule for rule in rules if not isinstance(rule, list)]
    return value.keys() >= wanted and judge.count(value, schemas) == len(schemas)


def _prefix(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, list):
        return True
    pairs = zip(value, schema["prefixItems"], strict=False)
    return all(judge.fits(item, rule) for item, rule in pairs)


def _items(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, list):
        return True
    rule = schema["items"]
    if isinstance(rule, list):  # a tuple, before 2020-12
        return all(judge.fits(item, one) for item, one in zip(value, rule, strict=False))
    rest = value[len(schema.get("prefixItems", ())) :]
    return all(judge.fits(item, rule) for item in rest)


def _contains(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not isinstance(value, list):
        return True
    found = sum(judge.fits(item, schema["contains"]) for item in value)
    return bool(schema.get("minContains", 1) <= found <= schema.get("maxContains", len(value)))


def is_unique(values: Sequence[Any]) -> bool:
    """Whether no two of the values are equal."""
    with suppress(TypeError):
        plain = {(type(value) is bool, value) for value in values}
        return len(plain) == len(values)
    pairs = combinations(values[:MOST_COMPARED], 2)
    return not any(starmap(equal, pairs))


def _unique(judge: _Judge, value: Any, schema: Schema) -> bool:
    if not schema["uniqueItems"] or not isinstance(value, list):
        return True
    return not judge.fuel.burn(len(value)) or is_unique(value)


def _condition(judge: _Judge, value: Any, schema: Schema) -> bool:
    branch = "then" if judge.fits(value, schema["if"]) else "else"
    return judge.fits(value, schema.get(branch, True))


NUMBER = (int, float)
SIZED = (Mapping,)

KEYWORDS: Mapping[str, Keyword] = {
    **dict.fromkeys(REFS, _reference),
    "type": _type,
    "const": lambda _, value, schema: equal(value, schema["const"]),
    "enum": lambda _, value, schema: any(equal(value, one) for one in schema["enum"]),
    "minimum": _compare("minimum", NUMBER, lambda value, edge: value >= edge),
    "maximum": _compare("maximum", NUMBER, lambda value, edge: value <= edge),
    "exclusiveMinimum": _compare("exclusiveMinimum", NUMBER, lambda value, edge: value > edge),
    "exclusiveMaximum": _compare("exclusiveMaximum", NUMBER, lambda value, edge: value < edge),
    "multipleOf": _compare("multipleOf", NUMBER, _is_multiple),
    "minLength": _compare("minLength", str, lambda value, edge: len(value) >= edge),
    "maxLength": _compare("maxLength", str, lambda value, edge: len(value) <= edge),
    "minItems": _compare("minItems", list, lambda value, edge: len(value) >= edge),
    "maxItems": _compare("maxItems", list, lambda value, edge: len(value) <= edge),
    "minProperties": _compare("minProperties", SIZED, lambda value, edge: len(value) >= edge),
    "maxProperties": _compare("maxProperties", SIZED, lambda value, edge: len(value) <= edge),
    "pattern": _pattern,
    "format": _format,
    "required": _required,
    "properties": _properties,
    "patternProperties": _by_pattern,
    "additionalProperties": _others,
    "propertyNames": _names,
    "dependencies": _dependents,
    "dependentRequired": _dependents,
    "dependentSchemas": _dependents,
    "prefixItems": _prefix,
    "items": _items,
    "contains": _contains,
    "uniqueItems": _unique,
    "allOf": lambda judge, value, schema: all(judge.fits(value, one) for one in schema["allOf"]),
    "anyOf": lambda judge, value, schema: any(judge.fits(value, one) for one in schema["anyOf"]),
    "oneOf": lambda judge, value, schema: judge.count(value, schema["oneOf"]) == 1,
    "not": lambda judge, value, schema: not judge.fits(value, schema["not"]),
    "if": _condition,
}
