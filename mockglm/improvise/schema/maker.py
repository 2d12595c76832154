"""Values made for a JSON Schema: the first candidate that satisfies it, the likeliest first.

Schemas that must hold together are kept side by side, and `jsonschema` judges the candidates that
are not valid by construction. Work and size are bounded for every schema: a value may not satisfy a
schema that needs more, such as a million items or an endless recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice, product
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.schema.judge import PLAIN, property_rules, satisfies
from mockglm.improvise.schema.keywords import (
    Schema,
    WorkBudget,
    resolve_reference,
    strictest,
    well_formed,
)
from mockglm.improvise.schema.scalars import (
    ValuePath,
    number_candidates,
    string_candidates,
)

Given = Mapping[ValuePath, Any]

MAX_TRIES, MAX_BUILT = 60, 12
"""Candidates tested for one place, and of them those built of one type for one choice."""
MAX_TOGETHER = 60
"""Schemas, and choices, that are looked at together."""
SHALLOW_DEPTH, MAX_DEPTH = 4, 24
"""The lengths of a path above which the simplest schema is preferred, and nothing is made."""
MAX_MEMBERS = 200
"""Items of the longest list, and invented properties of an object."""

TYPES = ("string", "number", "integer", "object", "array", "boolean", "null")
"""All types, in the order in which they are tried."""
IMPLIED = {"properties": "object", "required": "object", "items": "array", "minimum": "number"}
"""The types that keywords imply where none is named."""
_BUILT = (
    "properties required items additionalProperties minLength maxLength minimum maximum minItems "
    "maxItems format allOf $ref $defs definitions examples $id"
)
BUILT = PLAIN.union(_BUILT.split())
"""Keywords that a built value satisfies by construction."""


def make_arguments(
    schema: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> dict[str, Any]:
    """Make the arguments of a function, which are always an object; see `make_value`."""
    made = make_value(schema or {"type": "object"}, ids, given, budget=budget)
    return made if isinstance(made, dict) else {}


def make_value(
    schema: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> Any:
    """Make a JSON value for a schema, the same for the same ids.

    `given` has values by path; each is used if it satisfies the schema at its place.
    """
    maker = SchemaMaker(schema, ids, given=given or {}, budget=budget or WorkBudget())
    return maker.make([schema], ())


class SchemaMaker:
    """Makes one value."""

    def __init__(self, root: Any, ids: Ids, *, given: Given, budget: WorkBudget) -> None:
        self.root, self.ids, self.given, self.budget = root, ids, given, budget
        # A property is wanted if something is given at it or below.
        self.wanted = {path[:end] for path in given for end in range(len(path) + 1)}

    def make(self, schemas: Sequence[Any], path: ValuePath, taken: Sequence[Any] = ()) -> Any:
        """Make the first candidate that satisfies the schemas and is not taken, else the first."""
        spare: list[Any] = []
        for value, is_built in islice(self.candidates(schemas, path), MAX_TRIES):
            if value in taken:
                continue
            if is_built or satisfies(value, schemas, root=self.root, budget=self.budget):
                return value
            spare.append(value)
        return spare[0] if spare and not taken else None

    def candidates(self, schemas: Sequence[Any], path: ValuePath) -> Iterator[tuple[Any, bool]]:
        """Yield values, and True for those that are valid by construction."""
        if path in self.given:
            yield self.given[path], False
        for chosen in self.choices(schemas, len(path)):
            yield from ((value, False) for value in _listed_values(chosen))
            is_listed = any("enum" in one or "const" in one for one in chosen)
            is_built = all(one.keys() <= BUILT for one in chosen)
            for name in () if is_listed else _types(chosen):
                built = islice(self.build(name, chosen, path), MAX_BUILT)
                yield from ((value, is_built) for value in built)

    def choices(self, schemas: Sequence[Any], depth: int) -> Iterator[list[Schema]]:
        """Yield the schemas that hold together, once for each choice among alternatives."""
        together, chosen = [*schemas], list[Schema]()
        for index, schema in enumerate(islice(together, MAX_TOGETHER)):
            if schema is False or depth > MAX_DEPTH or not self.budget.spend():
                return
            if isinstance(schema, dict) and not any(schema is one for one in together[:index]):
                plain = well_formed(schema)
                chosen.append(plain)
                together += plain.get("allOf", ())
                if "$ref" in plain:
                    together.append(resolve_reference(plain["$ref"], self.root))
        # Null last, or at great depth the simplest first.
        is_deep = SHALLOW_DEPTH <= depth < MAX_DEPTH
        order = self.count_required if is_deep else lambda one: one == {"type": "null"}
        unions = [one[key] for one in chosen for key in ("anyOf", "oneOf") if key in one]
        if not unions:
            yield chosen
        groups = [sorted(union, key=order) for union in unions[:MAX_TOGETHER]]
        for picked in product(*groups) if groups else ():
            yield from ([*chosen, *more] for more in self.choices(picked, depth + 1))

    def count_required(self, schema: Any) -> int:
        chosen = next(self.choices([schema], MAX_DEPTH), [])
        return sum(len(one.get("required", ())) for one in chosen)

    def build(self, name: str, schemas: Sequence[Schema], path: ValuePath) -> Iterable[Any]:
        """Make values of a type."""
        if name == "object":
            return self.objects(schemas, path)
        if name == "array":
            return self.lists(schemas, path)
        if name == "string":
            return string_candidates(schemas, path, self.ids, budget=self.budget)
        if name in ("integer", "number"):
            return number_candidates(schemas, path, is_whole=name == "integer")
        return (True, False) if name == "boolean" else (None,)

    def objects(self, schemas: Sequence[Schema], path: ValuePath) -> Iterator[dict[str, Any]]:
        """Yield objects with the required and given properties, and with all."""

        @cache
        def make_property(name: str) -> Any:
            rules = (property_rules(one, name, self.budget) for one in schemas)
            return self.make([*chain.from_iterable(rules)], (*path, name))

        held = dict.fromkeys(name for one in schemas for name in one.get("properties", ()))
        few = {str(name) for one in schemas for name in one.get("required", ())}
        few |= {name for name in held if (*path, name) in self.wanted}
        least = min(int(strictest(schemas, "minProperties", 0)), MAX_MEMBERS)
        some = [] if least > len(few) else [few]
        more = [] if some and len(path) >= SHALLOW_DEPTH else [few | held.keys()]
        for names in (*some, *more):
            order = [*filter(names.__contains__, held), *sorted(names - held.keys())]
            while len(order) < least:
                order.append(self.invent_name(schemas, path, taken=order))
            yield {name: make_property(name) for name in order}

    def invent_name(self, schemas: Sequence[Schema], path: ValuePath, taken: Sequence[str]) -> str:
        patterns = [one["patternProperties"] for one in schemas if "patternProperties" in one]
        rules: list[Any] = [{"anyOf": [{"pattern": key} for key in held]} for held in patterns]
        rules += [one["propertyNames"] for one in schemas if "propertyNames" in one]
        return str(self.make([{"type": "string"}, *rules], (*path, "key", len(taken)), taken))

    def lists(self, schemas: Sequence[Schema], path: ValuePath) -> Iterator[list[Any]]:
        """Yield lists of the least length, not empty except at great depth, and of others."""
        low = int(strictest(schemas, "minItems", 0))
        high = int(strictest(schemas, "maxItems", MAX_MEMBERS))
        usual = max(low, int(len(path) < SHALLOW_DEPTH))
        is_unique = any(one.get("uniqueItems") is True for one in schemas)
        made: list[Any] = []
        for length in dict.fromkeys((min(usual, high), low, low + 1, 0, 2)):
            while len(made) < min(length, MAX_MEMBERS):
                rules = [_item_rule(one, len(made)) for one in schemas]
                if False in rules or self.budget.left < 0:
                    break
                made.append(self.make(rules, (*path, len(made)), made if is_unique else ()))
            if low <= length <= high:
                yield made[:length]


def _listed_values(schemas: Sequence[Schema]) -> Iterator[Any]:
    for one in schemas:
        yield from (one[key] for key in ("const", "default") if key in one)
        yield from (*one.get("enum", ()), *one.get("examples", ()))


def _item_rule(schema: Schema, index: int) -> Any:
    first = schema.get("prefixItems", ())
    return first[index] if index < len(first) else schema.get("items", True)


def _types(schemas: Sequence[Schema]) -> Iterator[str]:
    """Yield the types that all schemas allow, or that their keywords imply."""
    allowed = [one["type"] for one in schemas if "type" in one]
    implied = {IMPLIED[key]: key for one in schemas for key in one if key in IMPLIED}
    for name in implied if implied and not allowed else TYPES:
        # These are names or lists of names, none of which is a part of another.
        if all(name in one or (name == "integer" and "number" in one) for one in allowed):
            yield name
