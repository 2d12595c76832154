"""JSON objects with their place in an answer: byte range and JSON path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


class CheckFinding(Struct, frozen=True):
    """One violation with its evidence: the byte and the JSON path it stands at, if there are any.

    A check leaves `exchange` empty; `verdicts` sets it to the name of the exchange.
    """

    message: str
    at: int | None = None
    path: str | None = None
    expected: str | None = None
    actual: str | None = None
    exchange: str = ""


class JSONNode(Struct, frozen=True):
    """A JSON object of an answer: bytes `at` to `end` hold it, `path` leads to it from there."""

    value: Mapping[str, Any]
    at: int
    end: int
    path: str = "$"

    def get(self, key: str) -> Any:
        return self.value.get(key)

    def child(self, key: str) -> JSONNode | None:
        """The object under the key; None for any other value."""
        found = self.value.get(key)
        if not isinstance(found, Mapping):
            return None
        return JSONNode(found, self.at, self.end, f"{self.path}.{key}")

    def items(self, key: str) -> Iterator[JSONNode]:
        """The objects of the list under the key, without its other values."""
        found = self.value.get(key)
        for number, item in enumerate(found if isinstance(found, list) else ()):
            if isinstance(item, Mapping):
                yield JSONNode(item, self.at, self.end, f"{self.path}.{key}[{number}]")


def decode_json(text: str | bytes) -> Any:
    """The value of a JSON text by RFC 8259, which has no NaN and no Infinity.

    Raises ValueError, with `pos` for an error of syntax.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deep to be read") from error


def shorten(value: object, size: int = 80) -> str:
    """A value as one line of JSON of at most `size` characters; a string as it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= size else text[: size - 1] + "…"


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
