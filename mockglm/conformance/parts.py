"""What a check points at: a JSON object with its place in the bytes, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

__all__ = ["Finding", "Part", "brief", "decode"]


class Finding(Struct, frozen=True):
    """One thing that is wrong: the byte it stands at and its JSON path, where there are such.

    `exchange` is the name of the exchange it was found in; the judge fills it in.
    """

    message: str
    at: int | None = None
    path: str | None = None
    expected: str | None = None
    actual: str | None = None
    exchange: str = ""


class Part(Struct, frozen=True):
    """A JSON object of an answer: bytes `at` to `end` hold it, `path` leads to it from there."""

    value: Mapping[str, Any]
    at: int
    end: int
    path: str = "$"

    def get(self, key: str) -> Any:
        """What stands under the key, None when nothing does."""
        return self.value.get(key)

    def inner(self, key: str) -> Part | None:
        """The object under the key, None when there is none."""
        found = self.value.get(key)
        if not isinstance(found, Mapping):
            return None
        return Part(found, self.at, self.end, f"{self.path}.{key}")

    def items(self, key: str) -> Iterator[Part]:
        """The objects of the list under the key; what is no object is left out."""
        found = self.value.get(key)
        for number, item in enumerate(found if isinstance(found, list) else ()):
            if isinstance(item, Mapping):
                yield Part(item, self.at, self.end, f"{self.path}.{key}[{number}]")


def decode(text: str | bytes) -> Any:
    """JSON as RFC 8259 has it, without NaN and Infinity. Raises ValueError (mostly with `pos`)."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep to be read") from error


def brief(value: object, size: int = 80) -> str:
    """A value as JSON, cut to a line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= size else text[: size - 1] + "…"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
