"""The JSON Schema of the file, for editors; made from the types that read it."""

from __future__ import annotations

from typing import Any

import msgspec

from mockglm.scenarios.schema import FileSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of scenarios and cassettes, draft 2020-12."""
    made = msgspec.json.schema(FileSpec)
    return {"$schema": DIALECT, "title": "A scenario or cassette of mockglm", **_opened(made)}


def _opened(value: Any) -> Any:
    """The schema with text open to what reads as text without quotes: numbers, true and false."""
    if isinstance(value, list):
        return [_opened(item) for item in value]
    if not isinstance(value, dict):
        return value
    opened = {key: _opened(item) for key, item in value.items() if key != "x-text"}
    return opened | {"type": ["string", "number", "boolean"]} if "x-text" in value else opened
