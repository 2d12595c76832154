"""Nodes read as the types of the file: the value, or what was expected there and what is there.

The types are msgspec's, so that the JSON Schema comes from the same source; they are not converted
by msgspec because text is read as it was written (`1.10`, `1302`, `2026-09-09`), because every
mistake is to be told at once, and with its line and column.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import yaml
from msgspec import Struct, inspect

from mockglm.scenarios.problems import Problems, suggestion
from mockglm.scenarios.yaml_nodes import is_null, parse_scalar, to_python
from mockglm.yaml_documents import PLAIN

LARGEST = 2**63 - 1
"""The largest whole number; Python's arithmetic with larger ones and floats can overflow."""


class _Wrong:
    """What is read where a mistake was noted."""


WRONG: Final = _Wrong()


class NodeReader(Struct, frozen=True):
    """How one type is read from each kind of node; None where that kind is not of the type.

    `words` say what is expected; `take` gives WRONG for a scalar that does not fit.
    """

    words: str
    take: Callable[[yaml.ScalarNode], Any] | None = None
    mapping: Callable[[yaml.MappingNode, Problems], Any] | None = None
    sequence: Callable[[yaml.SequenceNode, Problems], Any] | None = None
    known: tuple[str, ...] = ()

    def read(self, node: yaml.Node, notes: Problems) -> Any:
        """The value of a node; WRONG, and a note, where it has none."""
        if isinstance(node, yaml.ScalarNode):
            value = WRONG if self.take is None else self.take(node)
            if value is not WRONG:
                return value
        elif isinstance(node, yaml.MappingNode) and self.mapping is not None:
            return self.mapping(node, notes)
        elif isinstance(node, yaml.SequenceNode) and self.sequence is not None:
            return self.sequence(node, notes)
        hint = suggestion(node.value, self.known) if isinstance(node, yaml.ScalarNode) else ""
        notes.add(node, f"expected {self.words}, found {_found(node)}{hint}")
        return WRONG


_Field = tuple[str, NodeReader, bool]
"""The attribute a key of the file is read into, its shape, and whether it has to be there."""


@cache
def reader_for(kind: Any) -> NodeReader:
    """The shape of a type: a Struct, or anything msgspec knows that a file is made of."""
    return _make_reader(inspect.type_info(kind))


def read_fields(kind: Any, node: yaml.Node, notes: Problems) -> dict[str, Any]:
    """The fields of a Struct as far as they can be read, by name, WRONG among them."""
    if isinstance(node, yaml.MappingNode):
        return _read(node, _fields_of(kind), notes)
    notes.add(node, f"expected a mapping, found {_found(node)}")
    return {}


def valid_items(items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """The items of a list that could be read, with their places in it."""
    return ((index, item) for index, item in enumerate(items) if item is not WRONG)


def _make_reader(info: inspect.Type) -> NodeReader:
    if isinstance(info, inspect.Metadata):
        return _make_reader(info.type)
    return _MAKERS[type(info)](info)


def _text(info: inspect.StrType) -> NodeReader:
    def take(node: yaml.ScalarNode) -> Any:
        return WRONG if is_null(node) else node.value

    return NodeReader("text", take)


def _whole(info: inspect.IntType) -> NodeReader:
    def take(node: yaml.ScalarNode) -> Any:
        value = _number(node, int, info)
        return WRONG if value is WRONG or abs(value) > LARGEST else value

    return NodeReader(f"a whole number{_range(info)}", take)


def _float(info: inspect.FloatType) -> NodeReader:
    def take(node: yaml.ScalarNode) -> Any:
        value = _number(node, int | float, info)
        return WRONG if value is WRONG or abs(value) > sys.float_info.max else float(value)

    return NodeReader(f"a number{_range(info)}", take)


def _bool(info: inspect.BoolType) -> NodeReader:
    def take(node: yaml.ScalarNode) -> Any:
        value = parse_scalar(node.value) if node.tag == PLAIN else None
        return value if isinstance(value, bool) else WRONG

    return NodeReader("true or false", take)


def _null(info: inspect.NoneType) -> NodeReader:
    return NodeReader("null", lambda node: None if is_null(node) else WRONG)


def _any(info: inspect.AnyType) -> NodeReader:
    def take(node: yaml.Node, notes: Problems | None = None) -> Any:
        return to_python(node)

    return NodeReader("anything", take, take, take)


def _literal(info: inspect.LiteralType) -> NodeReader:
    values = {str(value): value for value in info.values}

    def take(node: yaml.ScalarNode) -> Any:
        return values.get(node.value, WRONG)

    words = next(iter(values)) if len(values) == 1 else f"one of {', '.join(values)}"
    return NodeReader(words, take, known=tuple(values))


def _list(info: inspect.ListType) -> NodeReader:
    item = _make_reader(info.item_type)

    def sequence(node: yaml.SequenceNode, notes: Problems) -> Any:
        return [item.read(child, notes) for child in node.value]

    return NodeReader(f"a list of {_plural(item.words)}", sequence=sequence)


def _tuple(info: inspect.TupleType) -> NodeReader:
    items = tuple(map(_make_reader, info.item_types))
    words = f"[{', '.join(item.words for item in items)}]"

    def sequence(node: yaml.SequenceNode, notes: Problems) -> Any:
        if len(node.value) != len(items):
            notes.add(node, f"expected {words}, found a list of {len(node.value)}")
            return WRONG
        pairs = zip(items, node.value, strict=True)
        return tuple(item.read(child, notes) for item, child in pairs)

    return NodeReader(words, sequence=sequence)


def _dict(info: inspect.DictType) -> NodeReader:
    item = _make_reader(info.value_type)

    def mapping(node: yaml.MappingNode, notes: Problems) -> Any:
        return {key.value: item.read(value, notes) for key, value in node.value}

    words = "a mapping" if item.words == "anything" else f"a mapping to {item.words}"
    return NodeReader(words, mapping=mapping)


def _union(info: inspect.UnionType) -> NodeReader:
    # Text comes last among scalars, for it takes whatever the others leave.
    members = sorted(map(_make_reader, info.types), key=lambda shape: shape.words == "text")
    takes = [shape.take for shape in members if shape.take is not None]

    def take(node: yaml.ScalarNode) -> Any:
        values = (take(node) for take in takes)
        return next((value for value in values if value is not WRONG), WRONG)

    return NodeReader(
        " or ".join(
            shape.words for shape in map(_make_reader, info.types) if shape.words != "null"
        ),
        take,
        next((shape.mapping for shape in members if shape.mapping is not None), None),
        next((shape.sequence for shape in members if shape.sequence is not None), None),
        tuple(name for shape in members for name in shape.known),
    )


def _struct(info: inspect.StructType) -> NodeReader:
    # Most files have few kinds of what there is: a struct is looked at when one is met.
    fields = cache(lambda: _fields(info))

    def mapping(node: yaml.MappingNode, notes: Problems) -> Any:
        before = len(notes.problems)
        values = _read(node, fields(), notes)
        return info.cls(**values) if len(notes.problems) == before else WRONG

    return NodeReader("a mapping", mapping=mapping)


@cache
def _fields_of(kind: Any) -> Mapping[str, _Field]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return _fields(info)


def _fields(info: inspect.StructType) -> Mapping[str, _Field]:
    return {
        field.encode_name: (field.name, _make_reader(field.type), field.required)
        for field in info.fields
    }


def _read(node: yaml.MappingNode, fields: Mapping[str, _Field], notes: Problems) -> dict[str, Any]:
    values = {}
    for key, child in node.value:
        field = fields.get(key.value)
        if field is None:
            notes.add(key, f"unknown key `{key.value}`{_known(key.value, fields)}")
        else:
            values[field[0]] = field[1].read(child, notes)
    for name, (attribute, _, is_required) in fields.items():
        if is_required and attribute not in values:
            notes.add(node, f"`{name}` is missing")
    return values


_MAKERS: dict[type[inspect.Type], Callable[[Any], NodeReader]] = {
    inspect.AnyType: _any,
    inspect.BoolType: _bool,
    inspect.DictType: _dict,
    inspect.FloatType: _float,
    inspect.IntType: _whole,
    inspect.ListType: _list,
    inspect.LiteralType: _literal,
    inspect.NoneType: _null,
    inspect.StrType: _text,
    inspect.StructType: _struct,
    inspect.TupleType: _tuple,
    inspect.UnionType: _union,
}


def _number(node: yaml.ScalarNode, kind: Any, info: inspect.IntType | inspect.FloatType) -> Any:
    value = parse_scalar(node.value) if node.tag == PLAIN else None
    if not isinstance(value, kind) or isinstance(value, bool):
        return WRONG
    is_low = info.ge is not None and value < info.ge
    is_high = info.le is not None and value > info.le
    return WRONG if is_low or is_high else value


def _range(info: inspect.IntType | inspect.FloatType) -> str:
    if info.ge is None:
        return ""
    return f" of at least {info.ge:g}" if info.le is None else f" from {info.ge:g} to {info.le:g}"


def _known(name: str, known: Iterable[str]) -> str:
    return suggestion(name, known) or f"; known here are {', '.join(known)}"


def _plural(words: str) -> str:
    return {"a mapping": "mappings", "anything": "anything"}.get(words, words)


def _found(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if is_null(node):
        return "nothing"
    text = node.value if len(node.value) <= 40 else node.value[:40] + "…"
    return f"`{text}`"
