"""A value made for a JSON Schema: candidates in order of likelihood, the first that satisfies it.

Bounded in work and size whatever the schema: when it is, what comes out may not satisfy a schema
that asks for more (a million items, an endless recursion).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.arguments.judge import equal, fits, is_other
from mockglm.improvise.arguments.leaves import Place, numbers, strings
from mockglm.improvise.arguments.merge import merge
from mockglm.improvise.arguments.patterns import matches
from mockglm.improvise.arguments.refs import REFS, Fuel, follow
from mockglm.improvise.arguments.shapes import Schema, shaped

__all__ = ["Given", "Path", "arguments", "make"]

Path = tuple[str | int, ...]
Given = Mapping[Path, Any]

NODES = 3000
"""Schemas looked at for one value."""
WORK = 30_000
"""What judging the candidates for one value may cost altogether."""
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
ANY = ("string", "integer", "object", "array", "boolean", "null", "number")


def arguments(parameters: Any, ids: Ids, given: Given | None = None) -> dict[str, Any]:
    """The arguments for a function: always an object, as the wire wants it.

    `given` holds values for places, by path; each is used where it satisfies the schema there.
    """
    made = make(parameters or {"type": "object"}, ids, given)
    if isinstance(made, dict):
        return made
    made = _Maker(parameters, ids, given or {}).make({"type": "object"}, Place())
    return made if isinstance(made, dict) else {}


def make(schema: Any, ids: Ids, given: Given | None = None) -> Any:
    """A JSON value for a schema, the same for the same ids."""
    return _Maker(schema, ids, given or {}).make(schema, Place())


class _Maker:
    """Makes one value: the document, what is given, and the work left."""

    def __init__(self, root: Any, ids: Ids, given: Given) -> None:
        self.root, self.ids, self.given = root, ids, given
        self.fuel, self.work = Fuel(NODES), Fuel(WORK)
        # by identity, and kept, so that no other schema comes to have that
        self.hopeless: dict[int, Any] = {}
        # a property is wanted when something is given at it or below
        self.wanted = {path[:end] for path in given for end in range(len(path) + 1)}

    def make(self, schema: Any, place: Place) -> Any:
        """The first candidate that satisfies the schema, else the first there is."""
        spare: list[Any] = []
        for value in islice(self.candidates(schema, place), self.tries(schema)):
            if self.fuel.left < 0 or self.is_fit(value, schema):
                return value
            spare.append(value)
        self.hopeless[id(schema)] = schema
        return spare[0] if spare else None

    def tries(self, schema: Any) -> int:
        """One for what nothing satisfied elsewhere: the work is needed for other ways."""
        return 1 if id(schema) in self.hopeless else TRIES

    def is_fit(self, value: Any, schema: Any) -> bool:
        return fits(value, schema, self.root, fuel=self.work)

    def several(self, schema: Any, place: Place, taken: list[Any]) -> Any:
        """As `make`, but other than the values taken, as unique items must be."""
        values = islice(self.candidates(schema, place), TRIES)
        others = (value for value in values if not any(equal(value, old) for old in taken))
        return next((value for value in others if self.is_fit(value, schema)), None)

    def candidates(self, schema: Any, place: Place) -> Iterator[Any]:
        if place.path in self.given:
            yield self.given[place.path]
        for plain in self.alternatives(schema, len(place.path)):
            yield from self.plain(plain, place)

    def alternatives(self, schema: Any, depth: int) -> Iterator[Schema]:
        """The schema without references and combinations: one for each way through them."""
        if schema is False or depth > DEEPEST or not self.fuel.burn():
            return
        if not isinstance(schema, Mapping):
            yield {}
            return
        schema = shaped(schema)
        base = {key: value for key, value in schema.items() if key not in COMBINED}
        yield from self.join(base, self.groups(schema, depth), depth)

    def groups(self, schema: Schema, depth: int) -> list[list[Any]]:
        """What a schema must hold in besides its own keywords: one schema of each group."""
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
        plains = (plain for one in groups[0] for plain in self.alternatives(one, depth + 1))
        for plain in plains:
            merged = merge(base, plain)
            if merged is not None:
                yield from self.join(merged, groups[1:], depth + 1)

    def ordered(self, branches: Iterable[Any], depth: int) -> list[Any]:
        """Branches in the order to try them: null last, but deep down the simplest first."""
        if depth < DEEP:
            return sorted(branches, key=_is_null)
        return sorted(branches, key=self.cost)

    def cost(self, schema: Any) -> int:
        """How much would have to be made for a schema, roughly."""
        if _is_null(schema) or self.work.left < 0:
            return 0
        is_far = isinstance(schema, Mapping) and any(key in schema for key in REFS)
        size = _size(follow(schema, self.root) if is_far else schema)
        self.work.burn(size)
        return size

    def plain(self, schema: Schema, place: Place) -> Iterator[Any]:
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
            yield from self.typed(name, schema, place)

    def typed(self, name: str, schema: Schema, place: Place) -> Iterator[Any]:
        match name:
            case "object":
                yield from self.objects(schema, place)
            case "array":
                yield from self.lists(schema, place)
            case "string":
                yield from strings(schema, place, self.ids, fuel=self.work)
            case "integer" | "number":
                yield from numbers(schema, place, whole=name == "integer")
            case "boolean":
                yield from (True, False)
            case "null":
                yield None

    def objects(self, schema: Schema, place: Place) -> Iterator[dict[str, Any]]:
        """With what is required or wanted, then with all properties, then with the least."""
        held = schema.get("properties", {})
        needed = list(schema.get("required", ()))
        wanted = [name for name in held if (*place.path, name) in self.wanted]
        few = self.filled(schema, {*needed, *wanted})
        yield self.object(schema, few, place)
        if few >= held.keys() or len(place.path) >= DEEP:
            return
        yield self.object(schema, few | held.keys(), place)
        for name in held:
            yield self.object(schema, few | {name}, place)

    def filled(self, schema: Schema, names: set[str]) -> set[str]:
        """The names and what they bring with them, until there are enough."""
        rules = {**schema.get("dependencies", {}), **schema.get("dependentRequired", {})}
        names, waiting = set(names), list(names)
        while waiting:
            brought = rules.get(waiting.pop())
            more = (
                {name for name in brought if isinstance(name, str)} - names
                if isinstance(brought, list)
                else set()
            )
            names |= more
            waiting += more
        lack = int(schema.get("minProperties", 0)) - len(names)
        optional = [name for name in schema.get("properties", ()) if name not in names]
        return names | {*optional[: max(lack, 0)]}

    def object(self, schema: Schema, names: set[str], place: Place) -> dict[str, Any]:
        """An object with these properties, in the schema's order, and more if it needs more."""
        schema = self.dependent(schema, names)
        names |= {*schema.get("required", ())}
        held = schema.get("properties", {})
        order = [name for name in held if name in names]
        order += sorted(name for name in names if name not in held)
        made = {name: self.make(self.property(schema, name), place.below(name)) for name in order}
        for name in islice(self.invented(schema, made, place), MOST):
            if len(made) >= schema.get("minProperties", 0):
                break
            made[name] = self.make(self.property(schema, name), place.below(name))
        return made

    def property(self, schema: Schema, name: str) -> Any:
        """The schema for a property: its own, those whose pattern its name matches, or the
        rest's."""
        rules = [schema["properties"][name]] if name in schema.get("properties", ()) else []
        if not rules and is_other(name, schema, self.work):
            return schema.get("additionalProperties", True)
        by_pattern = islice(schema.get("patternProperties", {}).items(), MOST)
        rules += [rule for pattern, rule in by_pattern if matches(pattern, name, self.work)]
        return rules[0] if len(rules) == 1 else {"allOf": rules}

    def dependent(self, schema: Schema, names: set[str]) -> Schema:
        """The schema with those that the presence of some properties adds."""
        held = {**schema.get("dependencies", {}), **schema.get("dependentSchemas", {})}
        added = [rule for key, rule in held.items() if key in names and isinstance(rule, Mapping)]
        base = {key: value for key, value in schema.items() if key != "dependentSchemas"}
        plain = self.join(base, [[rule] for rule in added], len(names))
        return next(plain, schema) if added else schema

    def invented(self, schema: Schema, made: Mapping[str, Any], place: Place) -> Iterator[str]:
        """Names for properties that the schema does not name."""
        rule: list[Any] = [{"pattern": key} for key in schema.get("patternProperties", ())]
        rule = [{"anyOf": rule}] if rule and schema.get("additionalProperties") is False else rule
        names = {"allOf": [{"type": "string"}, schema.get("propertyNames", True), *rule[:1]]}
        for number in range(len(made), len(made) + MOST):
            name = self.several(names, place.below("key").below(number), [*made])
            if isinstance(name, str):
                yield name

    def lists(self, schema: Schema, place: Place) -> Iterator[list[Any]]:
        """As long as it must be, but not empty unless deep down; then shorter and longer."""
        first = schema.get("prefixItems", ())
        low = int(schema.get("minItems", 0))
        if "contains" in schema:
            low = max(low, int(schema.get("minContains", 1)))
        usual = max(low, len(first), int(len(place.path) < DEEP))
        high = int(schema.get("maxItems", MOST))
        for length in dict.fromkeys((usual, low, low + 1, 0, 2)):
            yield self.list(schema, min(length, high, MOST), place)

    def list(self, schema: Schema, length: int, place: Place) -> list[Any]:
        made: list[Any] = []
        for index in range(length):
            rule = item_of(schema, index)
            if rule is False or self.fuel.left < 0:
                return made
            below = place.below(index)
            unique = schema.get("uniqueItems")
            made.append(self.several(rule, below, made) if unique else self.make(rule, below))
        return made


def item_of(schema: Schema, index: int) -> Any:
    """The schema for an item; the first `minContains` also are what the list must contain."""
    rest = schema.get("items", True)
    first = rest if isinstance(rest, list) else schema.get("prefixItems", [])
    if isinstance(rest, list):
        rest = schema.get("additionalItems", True)
    rule = first[index] if index < len(first) else rest
    is_contained = "contains" in schema and index - len(first) < schema.get("minContains", 1)
    if is_contained and rule is not False:
        return {"allOf": [schema["contains"], rule]}
    return rule


def _types(schema: Schema) -> tuple[str, ...]:
    """The types to try, null last; without a type those its keywords speak of."""
    named = schema.get("type")
    if named is not None:
        names = (named,) if isinstance(named, str) else tuple(named)
        return tuple(sorted(names, key="null".__eq__))
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
