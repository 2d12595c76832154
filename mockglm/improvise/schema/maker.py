"""A value made for a JSON Schema: candidates in order of likelihood, the first that satisfies it.

Bounded in work and size whatever the schema: when it is, the value may not satisfy a schema that
asks for more (a million items, an endless recursion).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.schema.judge import is_additional, satisfies
from mockglm.improvise.schema.keywords import Schema, equal, merge, normalise
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.schema.references import REFS, WorkBudget, follow
from mockglm.improvise.schema.scalars import ValuePlace, numbers, strings

ValuePath = tuple[str | int, ...]
Given = Mapping[ValuePath, Any]

NODES = 2500
"""Schemas looked at for one value."""
TRIES = 40
"""Candidates judged for one place."""
DEEP = 4
"""The length of a path from which on the simplest is preferred."""
DEEPEST = 24
"""The length of a path, and of a chain of references, at which it ends."""
MOST = 200
"""Items of the longest list, properties of the largest object, patterns for a property."""

COMBINED = (*REFS, "allOf", "anyOf", "oneOf", "if", "then", "else")
IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_BUILT = (
    "type properties required items additionalProperties $defs title description $schema default"
)
BUILT = frozenset(_BUILT.split())
"""Keywords that what is built after them satisfies; combinations and counts are judged."""
ANY = ("string", "integer", "object", "array", "boolean", "null", "number")


def make_arguments(
    parameters: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> dict[str, Any]:
    """The arguments for a function: always an object, as the wire wants it.

    `given` holds values for places, by path; each is used where it satisfies the schema there.
    """
    schema = parameters if isinstance(parameters, Mapping) and parameters else {"type": "object"}
    made = make_value(schema, ids, given, budget=budget)
    return made if isinstance(made, dict) else {}


def make_value(
    schema: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> Any:
    """A JSON value for a schema, the same for the same ids."""
    root = normalise(schema)
    return SchemaMaker(root, ids, given or {}, budget or WorkBudget()).make(root, ValuePlace())


class SchemaMaker:
    """Makes one value: the document, the given values, and the work left."""

    def __init__(self, root: Any, ids: Ids, given: Given, budget: WorkBudget) -> None:
        self.root, self.ids, self.given, self.budget = root, ids, given, budget
        self.nodes = WorkBudget(NODES)
        # by identity, and kept, so that no other schema comes to have that
        self.hopeless: dict[int, Any] = {}
        self.built: dict[int, Any] = {}
        # a property is wanted when something is given at it or below
        self.wanted = {path[:end] for path in given for end in range(len(path) + 1)}

    def make(self, schema: Any, place: ValuePlace) -> Any:
        """The first candidate that satisfies the schema, else the first there is."""
        spare: list[Any] = []
        # the work is needed for other ways where nothing satisfied before
        tries = 1 if id(schema) in self.hopeless else TRIES
        for value in islice(self.candidates(schema, place), tries):
            if self.nodes.left < 0 or self.is_satisfied(value, schema):
                return value
            spare.append(value)
        self.hopeless[id(schema)] = schema
        return spare[0] if spare else None

    def is_satisfied(self, value: Any, schema: Any) -> bool:
        """Judge a value, unless it was built after this very schema."""
        if id(value) in self.built and isinstance(schema, Mapping) and schema.keys() <= BUILT:
            return True
        return satisfies(value, schema, self.root, self.budget)

    def make_other(self, schema: Any, place: ValuePlace, taken: list[Any]) -> Any:
        """As `make`, but other than the values taken, as unique items must be."""
        values = islice(self.candidates(schema, place), TRIES)
        others = (value for value in values if not any(equal(value, old) for old in taken))
        return next((value for value in others if self.is_satisfied(value, schema)), None)

    def candidates(self, schema: Any, place: ValuePlace) -> Iterator[Any]:
        if place.path in self.given:
            yield self.given[place.path]
        for plain in self.alternatives(schema, len(place.path)):
            yield from self.plain_candidates(plain, place)

    def alternatives(self, schema: Any, depth: int) -> Iterator[Schema]:
        """The schema without references and combinations: one for each way through them."""
        if schema is False or depth > DEEPEST or not self.nodes.spend():
            return
        if not isinstance(schema, Mapping):
            yield {}
        elif any(key in schema for key in COMBINED):
            base = {key: value for key, value in schema.items() if key not in COMBINED}
            yield from self.join(base, self.groups(schema, depth), depth)
        else:
            yield schema

    def groups(self, schema: Schema, depth: int) -> list[list[Any]]:
        """The schemas that must hold besides the own keywords: one schema of each group."""
        groups = [[follow(schema, self.root)]] if any(key in schema for key in REFS) else []
        groups += [[one] for one in schema.get("allOf", ())]
        groups += [self.ordered(schema[key], depth) for key in ("anyOf", "oneOf") if key in schema]
        if "if" in schema:
            met = {"allOf": [schema["if"], schema.get("then", True)]}
            groups.append([schema.get("else", True), met, schema.get("then", True)])
        return groups

    def join(self, base: Schema, groups: list[list[Any]], depth: int) -> Iterator[Schema]:
        if not groups:
            yield base
            return
        for plain in (plain for one in groups[0] for plain in self.alternatives(one, depth + 1)):
            merged = merge(base, plain)
            if merged is not None and self.nodes.spend():
                yield from self.join(merged, groups[1:], depth + 1)

    def ordered(self, branches: Iterable[Any], depth: int) -> list[Any]:
        """Branches in the order to try them: null last, but deep down the simplest first."""
        return sorted(branches, key=_is_null if depth < DEEP else self.cost)

    def cost(self, schema: Any) -> int:
        """How much would have to be made for a schema, roughly."""
        if _is_null(schema) or self.nodes.left < 0:
            return 0
        is_far = isinstance(schema, Mapping) and any(key in schema for key in REFS)
        size = _size(follow(schema, self.root) if is_far else schema)
        self.nodes.spend(size // 8)
        return size

    def plain_candidates(self, schema: Schema, place: ValuePlace) -> Iterator[Any]:
        """Candidates for a schema without combinations."""
        if "const" in schema:
            yield schema["const"]
        if "enum" in schema:
            start = place.number % len(schema["enum"])
            yield from (*schema["enum"][start:], *schema["enum"][:start])
            return
        yield from (schema[key] for key in ("default",) if key in schema and not place.number)
        yield from schema.get("examples", ())[place.number :]
        for name in _types(schema):
            yield from self.typed_candidates(name, schema, place)

    def typed_candidates(self, name: str, schema: Schema, place: ValuePlace) -> Iterator[Any]:
        match name:
            case "object":
                yield from self.objects(schema, place)
            case "array":
                yield from self.lists(schema, place)
            case "string":
                yield from strings(schema, place, self.ids, budget=self.budget)
            case "integer" | "number":
                yield from numbers(schema, place, is_whole=name == "integer")
            case "boolean":
                yield from (True, False)
            case "null":
                yield None

    def objects(self, schema: Schema, place: ValuePlace) -> Iterator[dict[str, Any]]:
        """With the required and wanted properties, then with all, then with one more each."""
        held = schema.get("properties", {})
        wanted = {name for name in held if (*place.path, name) in self.wanted}
        few = self.completed(schema, {*schema.get("required", ()), *wanted})
        yield self.make_object(schema, few, place)
        if few >= held.keys() or len(place.path) >= DEEP:
            return
        yield self.make_object(schema, few | held.keys(), place)
        for name in held:
            yield self.make_object(schema, few | {name}, place)

    def completed(self, schema: Schema, names: set[str]) -> set[str]:
        """The names and those they bring with them, until there are enough."""
        rules, waiting = schema.get("dependentRequired", {}), list(names)
        while waiting:
            more = {*rules.get(waiting.pop(), ())} - names
            names |= more
            waiting += more
        lack = int(schema.get("minProperties", 0)) - len(names)
        optional = [name for name in schema.get("properties", ()) if name not in names]
        return names | {*optional[: max(lack, 0)]}

    def make_object(self, schema: Schema, names: set[str], place: ValuePlace) -> dict[str, Any]:
        """An object with these properties, in the schema's order, and more if it needs more."""
        added = [rule for key, rule in schema.get("dependentSchemas", {}).items() if key in names]
        if added:
            base = {key: value for key, value in schema.items() if key != "dependentSchemas"}
            schema = next(self.join(base, [[rule] for rule in added], len(names)), schema)
        names = names | {*schema.get("required", ())}
        held = schema.get("properties", {})
        order = [name for name in held if name in names]
        order += sorted(name for name in names if name not in held)
        made = {
            name: self.make(self.property_schema(schema, name), place.below(name)) for name in order
        }
        for name in islice(self.invented_names(schema, made, place), MOST):
            if len(made) >= schema.get("minProperties", 0):
                break
            made[name] = self.make(self.property_schema(schema, name), place.below(name))
        self.built[id(made)] = made
        return made

    def property_schema(self, schema: Schema, name: str) -> Any:
        """Its own, those whose pattern its name matches, or the rest's."""
        rules = [schema["properties"][name]] if name in schema.get("properties", ()) else []
        if not rules and is_additional(name, schema, self.budget):
            return schema.get("additionalProperties", True)
        by_pattern = islice(schema.get("patternProperties", {}).items(), MOST)
        rules += [rule for pattern, rule in by_pattern if matches(pattern, name, self.budget)]
        return rules[0] if len(rules) == 1 else {"allOf": rules}

    def invented_names(
        self, schema: Schema, made: Mapping[str, Any], place: ValuePlace
    ) -> Iterator[str]:
        """Names for properties that the schema does not name."""
        if len(made) >= schema.get("minProperties", 0):
            return
        rules: list[Any] = [{"type": "string"}, schema.get("propertyNames", True)]
        if schema.get("additionalProperties") is False and "patternProperties" in schema:
            rules.append({"anyOf": [{"pattern": key} for key in schema["patternProperties"]]})
        for number in range(len(made), len(made) + MOST):
            below = place.below("key").below(number)
            name = self.make_other({"allOf": rules}, below, [*made])
            if isinstance(name, str):
                yield name

    def lists(self, schema: Schema, place: ValuePlace) -> Iterator[list[Any]]:
        """As long as it must be, but not empty unless deep down; then shorter and longer."""
        low = int(schema.get("minItems", 0))
        if "contains" in schema:
            low = max(low, int(schema.get("minContains", 1)))
        usual = max(low, len(schema.get("prefixItems", ())), int(len(place.path) < DEEP))
        high = int(schema.get("maxItems", MOST))
        for length in dict.fromkeys((usual, low, low + 1, 0, 2)):
            yield self.make_list(schema, min(length, high, MOST), place)

    def make_list(self, schema: Schema, length: int, place: ValuePlace) -> list[Any]:
        made: list[Any] = []
        for index in range(length):
            rule = _item_schema(schema, index)
            if rule is False or self.nodes.left < 0:
                break
            below = place.below(index)
            is_unique = schema.get("uniqueItems") is True
            made.append(self.make_other(rule, below, made) if is_unique else self.make(rule, below))
        self.built[id(made)] = made
        return made


def _item_schema(schema: Schema, index: int) -> Any:
    """The schema for an item; the first `minContains` also are those that must be contained."""
    first = schema.get("prefixItems", ())
    rule = first[index] if index < len(first) else schema.get("items", True)
    is_contained = "contains" in schema and index - len(first) < schema.get("minContains", 1)
    if is_contained and rule is not False:
        return {"allOf": [schema["contains"], rule]}
    return rule


def _types(schema: Schema) -> tuple[str, ...]:
    """The types to try, null last; without a type those its keywords speak of."""
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    if named is not None:
        return tuple(sorted(named[: len(ANY)], key="null".__eq__))
    implied = [name for name, keys in IMPLIED.items() if any(key in schema for key in keys)]
    return tuple(dict.fromkeys((*implied, *ANY)))


def _size(value: Any, depth: int = 5) -> int:
    """How many values a JSON value is made of, down to a depth."""
    if depth == 0 or not isinstance(value, (list, Mapping)):
        return 1
    inner = value.values() if isinstance(value, Mapping) else value
    return 1 + sum(_size(one, depth - 1) for one in inner)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"
