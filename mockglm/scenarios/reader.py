"""Readers that convert YAML nodes to the types of the file.

The types are msgspec's, so that the JSON Schema comes from the same source. msgspec does not
convert them, because text is read as it was written (`1.10`, `1302`, `2026-09-09`), and because all
mistakes of a file are reported together, with line and column.
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

MAX_INTEGER = 2**63 - 1
"""Larger integers overflow when they are converted to floats."""


class _Wrong:
    """The value of a node with a mistake."""


WRONG: Final = _Wrong()


class NodeReader(Struct, frozen=True):
    """Functions that read one type from each kind of node; None for a kind that does not fit.

    `expected` describes the type in messages. `read_scalar` returns WRONG for a scalar that does
    not fit. `choices` are the only values, if there are few.
    """

    expected: str
    read_scalar: Callable[[yaml.ScalarNode], Any] | None = None
    read_mapping: Callable[[yaml.MappingNode, Problems], Any] | None = None
    read_sequence: Callable[[yaml.SequenceNode, Problems], Any] | None = None
    choices: tuple[str, ...] = ()

    def read(self, node: yaml.Node, problems: Problems) -> Any:
        """Read a node; report a mistake and return WRONG if it does not fit."""
        if isinstance(node, yaml.ScalarNode):
            value = WRONG if self.read_scalar is None else self.read_scalar(node)
            if value is not WRONG:
                return value
        elif isinstance(node, yaml.MappingNode) and self.read_mapping is not None:
            return self.read_mapping(node, problems)
        elif isinstance(node, yaml.SequenceNode) and self.read_sequence is not None:
            return self.read_sequence(node, problems)
        hint = suggestion(node.value, self.choices) if isinstance(node, yaml.ScalarNode) else ""
        problems.add(node, f"expected {self.expected}, found {_describe_node(node)}{hint}")
        return WRONG


_Field = tuple[str, NodeReader, bool]
"""The attribute that a key is read into, its reader, and True if it is required."""


@cache
def reader_for(kind: Any) -> NodeReader:
    """The reader of a Struct or of another type that msgspec knows."""
    return _make_reader(inspect.type_info(kind))


def read_fields(kind: Any, node: yaml.Node, problems: Problems) -> dict[str, Any]:
    """Read the fields of a Struct by name; fields with a mistake are WRONG."""
    if isinstance(node, yaml.MappingNode):
        return _read_known_fields(node, _fields_of(kind), problems)
    problems.add(node, f"expected a mapping, found {_describe_node(node)}")
    return {}


def valid_items(items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """The items of a list without mistakes, with their indexes."""
    return ((index, item) for index, item in enumerate(items) if item is not WRONG)


def _make_reader(info: inspect.Type) -> NodeReader:
    if isinstance(info, inspect.Metadata):
        return _make_reader(info.type)
    return _MAKERS[type(info)](info)


def _text_reader(info: inspect.StrType) -> NodeReader:
    def read(node: yaml.ScalarNode) -> Any:
        return WRONG if is_null(node) else node.value

    return NodeReader("text", read)


def _integer_reader(info: inspect.IntType) -> NodeReader:
    def read(node: yaml.ScalarNode) -> Any:
        value = _parse_number(node, int, info)
        return WRONG if value is WRONG or abs(value) > MAX_INTEGER else value

    return NodeReader(f"a whole number{_describe_range(info)}", read)


def _float_reader(info: inspect.FloatType) -> NodeReader:
    def read(node: yaml.ScalarNode) -> Any:
        value = _parse_number(node, int | float, info)
        return WRONG if value is WRONG or abs(value) > sys.float_info.max else float(value)

    return NodeReader(f"a number{_describe_range(info)}", read)


def _bool_reader(info: inspect.BoolType) -> NodeReader:
    def read(node: yaml.ScalarNode) -> Any:
        value = parse_scalar(node.value) if node.tag == PLAIN else None
        return value if isinstance(value, bool) else WRONG

    return NodeReader("true or false", read)


def _null_reader(info: inspect.NoneType) -> NodeReader:
    return NodeReader("null", lambda node: None if is_null(node) else WRONG)


def _any_reader(info: inspect.AnyType) -> NodeReader:
    def read(node: yaml.Node, problems: Problems | None = None) -> Any:
        return to_python(node)

    return NodeReader("anything", read, read, read)


def _literal_reader(info: inspect.LiteralType) -> NodeReader:
    values = {str(value): value for value in info.values}

    def read(node: yaml.ScalarNode) -> Any:
        return values.get(node.value, WRONG)

    words = next(iter(values)) if len(values) == 1 else f"one of {', '.join(values)}"
    return NodeReader(words, read, choices=tuple(values))


def _list_reader(info: inspect.ListType) -> NodeReader:
    item = _make_reader(info.item_type)

    def read_sequence(node: yaml.SequenceNode, problems: Problems) -> Any:
        return [item.read(child, problems) for child in node.value]

    return NodeReader(f"a list of {_plural(item.expected)}", read_sequence=read_sequence)


def _tuple_reader(info: inspect.TupleType) -> NodeReader:
    items = tuple(map(_make_reader, info.item_types))
    words = f"[{', '.join(item.expected for item in items)}]"

    def read_sequence(node: yaml.SequenceNode, problems: Problems) -> Any:
        if len(node.value) != len(items):
            problems.add(node, f"expected {words}, found a list of {len(node.value)}")
            return WRONG
        pairs = zip(items, node.value, strict=True)
        return tuple(item.read(child, problems) for item, child in pairs)

    return NodeReader(words, read_sequence=read_sequence)


def _dict_reader(info: inspect.DictType) -> NodeReader:
    item = _make_reader(info.value_type)

    def read_mapping(node: yaml.MappingNode, problems: Problems) -> Any:
        return {key.value: item.read(value, problems) for key, value in node.value}

    words = "a mapping" if item.expected == "anything" else f"a mapping to {item.expected}"
    return NodeReader(words, read_mapping=read_mapping)


def _union_reader(info: inspect.UnionType) -> NodeReader:
    # Text is tried last, for every scalar is text.
    members = sorted(map(_make_reader, info.types), key=lambda reader: reader.expected == "text")
    scalar_readers = [reader.read_scalar for reader in members if reader.read_scalar is not None]

    def read(node: yaml.ScalarNode) -> Any:
        values = (read(node) for read in scalar_readers)
        return next((value for value in values if value is not WRONG), WRONG)

    return NodeReader(
        " or ".join(
            reader.expected for reader in map(_make_reader, info.types) if reader.expected != "null"
        ),
        read,
        next((reader.read_mapping for reader in members if reader.read_mapping is not None), None),
        next(
            (reader.read_sequence for reader in members if reader.read_sequence is not None), None
        ),
        tuple(name for reader in members for name in reader.choices),
    )


def _struct_reader(info: inspect.StructType) -> NodeReader:
    # Inspected when the first one is read, for most files use few of the types.
    fields = cache(lambda: _fields(info))

    def read_mapping(node: yaml.MappingNode, problems: Problems) -> Any:
        before = len(problems)
        values = _read_known_fields(node, fields(), problems)
        return info.cls(**values) if len(problems) == before else WRONG

    return NodeReader("a mapping", read_mapping=read_mapping)


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


def _read_known_fields(
    node: yaml.MappingNode, fields: Mapping[str, _Field], problems: Problems
) -> dict[str, Any]:
    values = {}
    for key, child in node.value:
        field = fields.get(key.value)
        if field is None:
            problems.add(key, f"unknown key `{key.value}`{_hint_at_keys(key.value, fields)}")
        else:
            values[field[0]] = field[1].read(child, problems)
    for name, (attribute, _, is_required) in fields.items():
        if is_required and attribute not in values:
            problems.add(node, f"`{name}` is missing")
    return values


_MAKERS: dict[type[inspect.Type], Callable[[Any], NodeReader]] = {
    inspect.AnyType: _any_reader,
    inspect.BoolType: _bool_reader,
    inspect.DictType: _dict_reader,
    inspect.FloatType: _float_reader,
    inspect.IntType: _integer_reader,
    inspect.ListType: _list_reader,
    inspect.LiteralType: _literal_reader,
    inspect.NoneType: _null_reader,
    inspect.StrType: _text_reader,
    inspect.StructType: _struct_reader,
    inspect.TupleType: _tuple_reader,
    inspect.UnionType: _union_reader,
}


def _parse_number(
    node: yaml.ScalarNode, kind: Any, info: inspect.IntType | inspect.FloatType
) -> Any:
    value = parse_scalar(node.value) if node.tag == PLAIN else None
    if not isinstance(value, kind) or isinstance(value, bool):
        return WRONG
    is_low = info.ge is not None and value < info.ge
    is_high = info.le is not None and value > info.le
    return WRONG if is_low or is_high else value


def _describe_range(info: inspect.IntType | inspect.FloatType) -> str:
    if info.ge is None:
        return ""
    return f" of at least {info.ge:g}" if info.le is None else f" from {info.ge:g} to {info.le:g}"


def _hint_at_keys(name: str, known: Iterable[str]) -> str:
    return suggestion(name, known) or f"; known here are {', '.join(known)}"


def _plural(words: str) -> str:
    return {"a mapping": "mappings", "anything": "anything"}.get(words, words)


def _describe_node(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if is_null(node):
        return "nothing"
    text = node.value if len(node.value) <= 40 else node.value[:40] + "…"
    return f"`{text}`"
