"""Values made for a JSON Schema: the first candidate that satisfies it, the likeliest first.

Work and size are bounded for every schema. A value may not satisfy a schema that needs more, such
as a million items or an endless recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.improvise.schema.judge import is_additional, satisfies
from mockglm.improvise.schema.keywords import IdentityMap, Schema, equal, merge, normalize
from mockglm.improvise.schema.patterns import matches
from mockglm.improvise.schema.references import REFS, WorkBudget, resolve_reference
from mockglm.improvise.schema.scalars import ValuePlace, number_candidates, string_candidates

ValuePath = tuple[str | int, ...]
Given = Mapping[ValuePath, Any]

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
    return maker.make(root, ValuePlace())


class Candidate(Struct, frozen=True):
    """A candidate for a value; `is_built` if it was built by the keywords of the schema."""

    value: Any
    is_built: bool = False


class SchemaMaker:
    """Makes one value."""

    def __init__(self, root: Any, ids: Ids, *, given: Given, budget: WorkBudget) -> None:
        self.root, self.ids, self.given, self.budget = root, ids, given, budget
        self.nodes = WorkBudget(MAX_NODES)
        self.hopeless = IdentityMap()
        # A property is wanted if something is given at it or below.
        self.wanted = {path[:end] for path in given for end in range(len(path) + 1)}

    def make(self, schema: Any, place: ValuePlace) -> Any:
        """Make the first candidate that satisfies the schema, else the first one."""
        spare: list[Any] = []
        # Saves the work for other alternatives if no candidate satisfied this schema before.
        tries = 1 if schema in self.hopeless else MAX_TRIES
        for candidate in islice(self.candidates(schema, place), tries):
            if self.nodes.left < 0 or self.is_satisfied(candidate, schema):
                return candidate.value
            spare.append(candidate.value)
        self.hopeless[schema] = True
        return spare[0] if spare else None

    def is_satisfied(self, candidate: Candidate, schema: Any) -> bool:
        """Test a candidate, unless it was built by this schema."""
        if candidate.is_built and isinstance(schema, Mapping) and schema.keys() <= BUILT:
            return True
        return satisfies(candidate.value, schema, root=self.root, budget=self.budget)

    def make_other(self, schema: Any, place: ValuePlace, taken: list[Any]) -> Any:
        """Make a value that differs from those taken, for unique items."""
        candidates = islice(self.candidates(schema, place), MAX_TRIES)
        others = (one for one in candidates if not any(equal(one.value, old) for old in taken))
        return next((one.value for one in others if self.is_satisfied(one, schema)), None)

    def candidates(self, schema: Any, place: ValuePlace) -> Iterator[Candidate]:
        if place.path in self.given:
            yield Candidate(self.given[place.path])
        for plain in self.alternatives(schema, len(place.path)):
            yield from self.plain_candidates(plain, place)

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
        groups = (
            [[resolve_reference(schema, self.root)]] if any(key in schema for key in REFS) else []
        )
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
        """Sort branches: null last, or at great depth the simplest first."""
        return sorted(branches, key=_is_null if depth < SHALLOW_DEPTH else self.estimate_cost)

    def estimate_cost(self, schema: Any) -> int:
        """Estimate the size of the values that a schema describes."""
        if _is_null(schema) or self.nodes.left < 0:
            return 0
        is_far = isinstance(schema, Mapping) and any(key in schema for key in REFS)
        size = _count_values(resolve_reference(schema, self.root) if is_far else schema)
        self.nodes.spend(size // 8)
        return size

    def plain_candidates(self, schema: Schema, place: ValuePlace) -> Iterator[Candidate]:
        """Yield candidates for a schema without combinations."""
        yield from map(Candidate, _listed_values(schema, place.number))
        if "enum" in schema:
            return
        for name in _types(schema):
            if name == "object":
                values: Iterator[Any] = self.object_candidates(schema, place)
            elif name == "array":
                values = self.list_candidates(schema, place)
            else:
                values = self.scalar_candidates(name, schema, place)
            is_built = name in ("object", "array")
            yield from (Candidate(value, is_built=is_built) for value in values)

    def scalar_candidates(self, name: str, schema: Schema, place: ValuePlace) -> Iterator[Any]:
        match name:
            case "string":
                yield from string_candidates(schema, place, self.ids, budget=self.budget)
            case "integer" | "number":
                yield from number_candidates(schema, place, is_whole=name == "integer")
            case "boolean":
                yield from (True, False)
            case "null":
                yield None

    def object_candidates(self, schema: Schema, place: ValuePlace) -> Iterator[dict[str, Any]]:
        """Yield objects with the required and given properties, with all, and with one more."""
        held = schema.get("properties", {})
        wanted = {name for name in held if (*place.path, name) in self.wanted}
        few = self.completed(schema, {*schema.get("required", ()), *wanted})
        yield self.make_object(schema, few, place)
        if few >= held.keys() or len(place.path) >= SHALLOW_DEPTH:
            return
        yield self.make_object(schema, few | held.keys(), place)
        for name in held:
            yield self.make_object(schema, few | {name}, place)

    def completed(self, schema: Schema, names: set[str]) -> set[str]:
        """Add the names that `dependentRequired` and `minProperties` require."""
        rules, waiting = schema.get("dependentRequired", {}), list(names)
        while waiting:
            more = {*rules.get(waiting.pop(), ())} - names
            names |= more
            waiting += more
        lack = int(schema.get("minProperties", 0)) - len(names)
        optional = [name for name in schema.get("properties", ()) if name not in names]
        return names | {*optional[: max(lack, 0)]}

    def make_object(self, schema: Schema, names: set[str], place: ValuePlace) -> dict[str, Any]:
        """Make an object with these properties, in the order of the schema, and more if needed."""
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
        for name in islice(self.invented_names(schema, made, place), MAX_MEMBERS):
            if len(made) >= schema.get("minProperties", 0):
                break
            made[name] = self.make(self.property_schema(schema, name), place.below(name))
        return made

    def property_schema(self, schema: Schema, name: str) -> Any:
        """The schema of a property, by its name, by patterns, or that of additional ones."""
        rules = [schema["properties"][name]] if name in schema.get("properties", ()) else []
        if not rules and is_additional(name, schema, self.budget):
            return schema.get("additionalProperties", True)
        by_pattern = islice(schema.get("patternProperties", {}).items(), MAX_MEMBERS)
        rules += [rule for pattern, rule in by_pattern if matches(pattern, name, self.budget)]
        return rules[0] if len(rules) == 1 else {"allOf": rules}

    def invented_names(
        self, schema: Schema, made: Mapping[str, Any], place: ValuePlace
    ) -> Iterator[str]:
        """Invent names of properties that the schema does not name."""
        if len(made) >= schema.get("minProperties", 0):
            return
        rules: list[Any] = [{"type": "string"}, schema.get("propertyNames", True)]
        if schema.get("additionalProperties") is False and "patternProperties" in schema:
            rules.append({"anyOf": [{"pattern": key} for key in schema["patternProperties"]]})
        for number in range(len(made), len(made) + MAX_MEMBERS):
            below = place.below("key").below(number)
            name = self.make_other({"allOf": rules}, below, [*made])
            if isinstance(name, str):
                yield name

    def list_candidates(self, schema: Schema, place: ValuePlace) -> Iterator[list[Any]]:
        """Yield lists of the least length, not empty except at great depth, and of others."""
        low = int(schema.get("minItems", 0))
        if "contains" in schema:
            low = max(low, int(schema.get("minContains", 1)))
        usual = max(low, len(schema.get("prefixItems", ())), int(len(place.path) < SHALLOW_DEPTH))
        high = int(schema.get("maxItems", MAX_MEMBERS))
        for length in dict.fromkeys((usual, low, low + 1, 0, 2)):
            yield self.make_list(schema, min(length, high, MAX_MEMBERS), place)

    def make_list(self, schema: Schema, length: int, place: ValuePlace) -> list[Any]:
        made: list[Any] = []
        for index in range(length):
            rule = _item_schema(schema, index)
            if rule is False or self.nodes.left < 0:
                break
            below = place.below(index)
            is_unique = schema.get("uniqueItems") is True
            made.append(self.make_other(rule, below, made) if is_unique else self.make(rule, below))
        return made


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
