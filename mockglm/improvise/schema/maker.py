"""Values made for a JSON Schema: the first candidate that satisfies it, the likeliest first.

Work and size are bounded for every schema. A value may not satisfy a schema that needs more, such
as a million items or an endless recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.schema.judge import is_additional, satisfies
from mockglm.improvise.schema.keywords import (
    REFS,
    IdentityMap,
    Schema,
    WorkBudget,
    equal,
    merge,
    normalize,
    resolve_reference,
)
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.schema.scalars import (
    ValuePath,
    last_index,
    number_candidates,
    string_candidates,
)

Given = Mapping[ValuePath, Any]
Candidates = Iterator[tuple[Any, bool]]
"""Values, and True for those that their schema built, which need no test."""

MAX_NODES = 2500
"""Schemas visited for one value."""
MAX_TRIES = 40
"""Candidates tested for one place."""
SHALLOW_DEPTH = 4
"""The length of a path above which the simplest schema is preferred."""
MAX_DEPTH = 24
"""The maximum length of a path and of a chain of references."""
MAX_MEMBERS = 200
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
"""Keywords that a built value satisfies by construction; combinations and counts are tested."""
ANY = ("string", "integer", "object", "array", "boolean", "null", "number")


def make_arguments(
    parameters: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> dict[str, Any]:
    """Make the arguments of a function, which are always an object.

    `given` has values by path; each is used if it satisfies the schema at its place.
    """
    schema = parameters if isinstance(parameters, Mapping) and parameters else {"type": "object"}
    made = make_value(schema, ids, given, budget=budget)
    return made if isinstance(made, dict) else {}


def make_value(
    schema: Any, ids: Ids, given: Given | None = None, *, budget: WorkBudget | None = None
) -> Any:
    """Make a JSON value for a schema, the same for the same ids."""
    root = normalize(schema)
    maker = SchemaMaker(root, ids, given=given or {}, budget=budget or WorkBudget())
    return maker.make(root, ())


class SchemaMaker:
    """Makes one value."""

    def __init__(self, root: Any, ids: Ids, *, given: Given, budget: WorkBudget) -> None:
        self.root, self.ids, self.given, self.budget = root, ids, given, budget
        self.nodes = WorkBudget(MAX_NODES)
        self.hopeless = IdentityMap()
        # A property is wanted if something is given at it or below.
        self.wanted = {path[:end] for path in given for end in range(len(path) + 1)}

    def make(self, schema: Any, path: ValuePath, taken: list[Any] | None = None) -> Any:
        """Make the first candidate that satisfies the schema and is not taken, else the first."""
        spare: list[Any] = []
        # Saves the work for other alternatives if no candidate satisfied this schema before.
        tries = 1 if self.hopeless.get(schema) and taken is None else MAX_TRIES
        for value, is_built in islice(self.candidates(schema, path), tries):
            if taken is not None and any(equal(value, old) for old in taken):
                continue
            if self.nodes.left < 0 or self.is_satisfied(value, schema, is_built=is_built):
                return value
            spare.append(value)
        self.hopeless[schema] = taken is None
        return spare[0] if spare and taken is None else None

    def is_satisfied(self, value: Any, schema: Any, *, is_built: bool) -> bool:
        if is_built and isinstance(schema, Mapping) and schema.keys() <= BUILT:
            return True
        return satisfies(value, schema, root=self.root, budget=self.budget)

    def candidates(self, schema: Any, path: ValuePath) -> Candidates:
        if path in self.given:
            yield self.given[path], False
        for plain in self.alternatives(schema, len(path)):
            yield from self.plain_candidates(plain, path)

    def alternatives(self, schema: Any, depth: int) -> Iterator[Schema]:
        """Yield the schema without references and combinations, once for each choice in them."""
        if schema is False or depth > MAX_DEPTH or not self.nodes.spend():
            return
        if not isinstance(schema, Mapping):
            yield {}
        elif any(key in schema for key in COMBINED):
            base = {key: value for key, value in schema.items() if key not in COMBINED}
            yield from self.join(base, self.groups(schema, depth), depth)
        else:
            yield schema

    def groups(self, schema: Schema, depth: int) -> list[list[Any]]:
        """Group the schemas of combinations; one of each group must hold."""
        is_far = any(key in schema for key in REFS)
        groups = [[resolve_reference(schema, self.root)]] if is_far else []
        groups += [[one] for one in schema.get("allOf", ())]
        # Null last, or at great depth the simplest first.
        order = _is_null if depth < SHALLOW_DEPTH else self.estimate_cost
        groups += [sorted(schema[key], key=order) for key in ("anyOf", "oneOf") if key in schema]
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

    def estimate_cost(self, schema: Any) -> int:
        """Estimate the size of the values that a schema describes."""
        if _is_null(schema) or self.nodes.left < 0:
            return 0
        is_far = isinstance(schema, Mapping) and any(key in schema for key in REFS)
        size = _count_values(resolve_reference(schema, self.root) if is_far else schema)
        self.nodes.spend(size // 8)
        return size

    def plain_candidates(self, schema: Schema, path: ValuePath) -> Candidates:
        """Yield candidates for a schema without combinations."""
        yield from ((value, False) for value in _listed_values(schema, last_index(path)))
        for name in _types(schema) if "enum" not in schema else ():
            match name:
                case "object":
                    yield from ((value, True) for value in self.object_candidates(schema, path))
                case "array":
                    yield from ((value, True) for value in self.list_candidates(schema, path))
                case _:
                    yield from ((v, False) for v in self.scalar_candidates(name, schema, path))

    def scalar_candidates(self, name: str, schema: Schema, path: ValuePath) -> Iterator[Any]:
        match name:
            case "string":
                yield from string_candidates(schema, path, self.ids, budget=self.budget)
            case "integer" | "number":
                yield from number_candidates(schema, path, is_whole=name == "integer")
            case "boolean":
                yield from (True, False)
            case "null":
                yield None

    def object_candidates(self, schema: Schema, path: ValuePath) -> Iterator[dict[str, Any]]:
        """Yield objects with the required and given properties, with all, and with one more."""
        held = schema.get("properties", {})
        wanted = {name for name in held if (*path, name) in self.wanted}
        few = _complete(schema, {*schema.get("required", ()), *wanted})
        yield self.make_object(schema, few, path)
        if few >= held.keys() or len(path) >= SHALLOW_DEPTH:
            return
        yield self.make_object(schema, few | held.keys(), path)
        for name in held:
            yield self.make_object(schema, few | {name}, path)

    def make_object(self, schema: Schema, names: set[str], path: ValuePath) -> dict[str, Any]:
        """Make an object with these properties, in the order of the schema, and more if needed."""
        added = [rule for key, rule in schema.get("dependentSchemas", {}).items() if key in names]
        if added:
            base = {key: value for key, value in schema.items() if key != "dependentSchemas"}
            schema = next(self.join(base, [[rule] for rule in added], len(names)), schema)
        names = names | {*schema.get("required", ())}
        held = schema.get("properties", {})
        order = [name for name in held if name in names]
        order += sorted(name for name in names if name not in held)
        made: dict[str, Any] = {}
        for name in order:
            made[name] = self.make(self.property_schema(schema, name), (*path, name))
        for number in range(len(made), len(made) + MAX_MEMBERS):
            if len(made) >= schema.get("minProperties", 0):
                break
            name = self.make(_schema_of_names(schema), (*path, "key", number), taken=[*made])
            if isinstance(name, str):
                made[name] = self.make(self.property_schema(schema, name), (*path, name))
        return made

    def property_schema(self, schema: Schema, name: str) -> Any:
        """The schema of a property, by its name, by patterns, or that of additional ones."""
        rules = [schema["properties"][name]] if name in schema.get("properties", ()) else []
        if not rules and is_additional(name, schema, self.budget):
            return schema.get("additionalProperties", True)
        by_pattern = islice(schema.get("patternProperties", {}).items(), MAX_MEMBERS)
        rules += [rule for pattern, rule in by_pattern if matches(pattern, name, self.budget)]
        return rules[0] if len(rules) == 1 else {"allOf": rules}

    def list_candidates(self, schema: Schema, path: ValuePath) -> Iterator[list[Any]]:
        """Yield lists of the least length, not empty except at great depth, and of others."""
        low = int(schema.get("minItems", 0))
        if "contains" in schema:
            low = max(low, int(schema.get("minContains", 1)))
        usual = max(low, len(schema.get("prefixItems", ())), int(len(path) < SHALLOW_DEPTH))
        high = int(schema.get("maxItems", MAX_MEMBERS))
        for length in dict.fromkeys((usual, low, low + 1, 0, 2)):
            yield self.make_list(schema, min(length, high, MAX_MEMBERS), path)

    def make_list(self, schema: Schema, length: int, path: ValuePath) -> list[Any]:
        made: list[Any] = []
        taken = made if schema.get("uniqueItems") is True else None
        for index in range(length):
            rule = _item_schema(schema, index)
            if rule is False or self.nodes.left < 0:
                break
            made.append(self.make(rule, (*path, index), taken=taken))
        return made


def _complete(schema: Schema, names: set[str]) -> set[str]:
    """Add the names that `dependentRequired` and `minProperties` require."""
    rules, waiting = schema.get("dependentRequired", {}), list(names)
    while waiting:
        more = {*rules.get(waiting.pop(), ())} - names
        names |= more
        waiting += more
    lack = int(schema.get("minProperties", 0)) - len(names)
    optional = [name for name in schema.get("properties", ()) if name not in names]
    return names | {*optional[: max(lack, 0)]}


def _schema_of_names(schema: Schema) -> Schema:
    """The schema of invented names of properties."""
    rules: list[Any] = [{"type": "string"}, schema.get("propertyNames", True)]
    if schema.get("additionalProperties") is False and "patternProperties" in schema:
        rules.append({"anyOf": [{"pattern": key} for key in schema["patternProperties"]]})
    return {"allOf": rules}


def _listed_values(schema: Schema, number: int) -> Iterator[Any]:
    """Yield the values that a schema lists; each item of a list begins with another one."""
    if "const" in schema:
        yield schema["const"]
    if "enum" in schema:
        start = number % len(schema["enum"])
        yield from (*schema["enum"][start:], *schema["enum"][:start])
        return
    if "default" in schema and not number:
        yield schema["default"]
    yield from schema.get("examples", ())[number:]


def _item_schema(schema: Schema, index: int) -> Any:
    """The schema of an item; the first `minContains` items also satisfy `contains`."""
    first = schema.get("prefixItems", ())
    rule = first[index] if index < len(first) else schema.get("items", True)
    is_contained = "contains" in schema and index - len(first) < schema.get("minContains", 1)
    if is_contained and rule is not False:
        return {"allOf": [schema["contains"], rule]}
    return rule


def _types(schema: Schema) -> tuple[str, ...]:
    """The types to try, null last; without `type` those that the keywords apply to."""
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    if named is not None:
        return tuple(sorted(named[: len(ANY)], key="null".__eq__))
    implied = [name for name, keys in IMPLIED.items() if any(key in schema for key in keys)]
    return tuple(dict.fromkeys((*implied, *ANY)))


def _count_values(value: Any, depth: int = 5) -> int:
    """Count the values in a JSON value, down to a depth."""
    if depth == 0 or not isinstance(value, (list, Mapping)):
        return 1
    inner = value.values() if isinstance(value, Mapping) else value
    return 1 + sum(_count_values(one, depth - 1) for one in inner)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"
