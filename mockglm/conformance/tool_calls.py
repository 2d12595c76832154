"""Tool calls of a reply, assembled from its deltas, and their arguments judged by a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from mockglm.conformance.json_path import JSONNode, decode_json


class AssembledCall(Struct, frozen=True):
    """One tool call: its index (None unless it is an integer) and the parts it came in."""

    index: int | None
    parts: tuple[JSONNode, ...]

    @property
    def id(self) -> Any:
        """The first id of its parts."""
        return next((part.get("id") for part in self.parts if part.get("id") is not None), None)

    @property
    def name(self) -> Any:
        """The first name of its parts."""
        names = (function.get("name") for function in self.functions)
        return next((name for name in names if name is not None), None)

    @property
    def arguments(self) -> str:
        """The text of all fragments, joined."""
        pieces = (function.get("arguments") for function in self.functions)
        return "".join(piece for piece in pieces if isinstance(piece, str))

    @property
    def decoded(self) -> Any:
        """The value of the arguments; None unless they are JSON."""
        try:
            return decode_json(self.arguments)
        except ValueError:
            return None

    @property
    def functions(self) -> Iterator[JSONNode]:
        """The object under `function` of each part that has one."""
        for part in self.parts:
            function = part.child("function")
            if function is not None:
                yield function


def calls_of_message(message: JSONNode) -> tuple[AssembledCall, ...]:
    """The calls of a plain reply, each in one part."""
    return tuple(AssembledCall(_index(part), (part,)) for part in message.items("tool_calls"))


def assemble_calls(deltas: Iterable[JSONNode]) -> tuple[AssembledCall, ...]:
    """The calls of a stream, in the order they began; deltas with the same index are one call."""
    grouped: dict[int | None, list[JSONNode]] = {}
    for delta in deltas:
        grouped.setdefault(_index(delta), []).append(delta)
    return tuple(AssembledCall(index, tuple(parts)) for index, parts in grouped.items())


def schema_error(value: Any, schema: Any) -> str | None:
    """The worst violation of a schema, in a sentence; empty for a value that satisfies it.

    None without a schema, and for one that cannot be used. References to other documents are not
    fetched: judging opens no connection.
    """
    # Imported here: few exchanges have tool calls.
    from jsonschema import SchemaError
    from jsonschema.exceptions import best_match
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if not isinstance(schema, dict) or not schema:
        return None
    if not isinstance(schema.get("$schema", ""), str):
        return None
    validator = validator_for(schema, default=Draft202012Validator)
    try:
        validator.check_schema(schema)
        error = best_match(validator(schema, registry=Registry()).iter_errors(value))
    # ValueError: a $id that is not a URL
    except (SchemaError, Unresolvable, RecursionError, ValueError):
        return None
    return error.message if error else ""


def _index(part: JSONNode) -> int | None:
    index = part.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None
