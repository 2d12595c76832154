"""The typed request: what it keeps of the wire, and what it says of itself."""

from __future__ import annotations

import pytest
from msgspec import Raw

from mockglm.validation import Chat, Function, decode_chat, decode_json


def offered(text: bytes) -> Function:
    found = decode_chat(b'{"tools":[{"function":%b}]}' % text)
    assert isinstance(found, Chat)
    assert found.tools is not None
    assert found.tools[0].function is not None
    return found.tools[0].function


def test_a_schema_is_kept_as_it_was_written() -> None:
    function = offered(b'{"name":"get","parameters": {"type" : "object"} }')
    assert bytes(function.schema) == b'{"type" : "object"}'
    assert function.parameters == {"type": "object"}


@pytest.mark.parametrize("text", [b"{}", b'{"parameters":null}', b'{"parameters":"{}"}'])
def test_an_invalid_schema_gives_no_parameters(text: bytes) -> None:
    assert offered(text).parameters is None


@pytest.mark.parametrize(
    "text", [b'{"a":%b}' % (b"9" * 5000), b'{"items":' * 200_000 + b"1" + b"}" * 200_000]
)
def test_json_beyond_pythons_limits_is_none(text: bytes) -> None:
    assert Function(schema=Raw(text)).parameters is None
    assert decode_json(text) is None


def test_a_number_beyond_a_double_is_infinite() -> None:
    function = offered(b'{"parameters":{"maximum":1e999}}')
    assert function.parameters == {"maximum": float("inf")}
