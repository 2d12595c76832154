"""The OpenAPI description: every route, and results that have the described form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator

from mockglm.control import ControlAPI
from mockglm.control.openapi import describe_api
from mockglm.control.operations import BASE, OPERATIONS, Operation
from mockglm.server import Sessions, Settings
from tests.serving import KEY, Served, serving

BODIES: dict[tuple[str, str], Any] = {
    ("post", "/replies"): [{"content": "晴"}, {"error": 1302}],
    ("post", "/faults"): {"do": "reset", "at": "3 frames"},
    ("post", "/interactions"): {"when": {"user": "天气"}, "reply": {"content": "晴"}},
    ("post", "/clock"): {"advance": 5},
    ("post", "/explain"): {"body": {"model": "glm-4.6", "messages": []}},
    ("post", "/files"): {"as": "cassette", "entries": [1]},
}
OWN = ("/metrics", "/events")
"""Paths with tests of their own: one needs an option, one never ends."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server with one exchange in its journal."""
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def described(served: Served) -> dict[str, Any]:
    """The description as the server shows it."""
    with httpx.Client(trust_env=False) as client:
        value: dict[str, Any] = client.get(f"{served.host}{BASE}/openapi.json").json()
    return value


def test_the_description_has_every_route() -> None:
    routes = {
        (method.lower(), route.path)
        for route in ControlAPI(Sessions(Settings())).routes
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {(one.method, one.path) for one in OPERATIONS} == routes


def test_references_and_ids_are_sound(described: dict[str, Any]) -> None:
    assert described == describe_api()
    text = msgspec.json.encode(described).decode()
    names = described["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= names.keys()
    assert "#/$defs/" not in text
    for schema in names.values():
        Draft202012Validator.check_schema(schema)
    ids = [one["operationId"] for path in described["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.path not in OWN],
    ids=lambda one: f"{one.method}-{one.path}",
)
def test_a_result_has_the_described_form(
    served: Served, described: dict[str, Any], operation: Operation
) -> None:
    label = f"@openapi{OPERATIONS.index(operation)}"
    served.ask("你好", base=served.base(label), headers={"Authorization": KEY})
    body = BODIES.get((operation.method, operation.path))
    path = operation.path.replace("{ordinal}", "1")
    with httpx.Client(trust_env=False, base_url=f"{served.host}{BASE}") as client:
        sent = client.request(operation.method, path, params={"session": label}, json=body)
    assert sent.status_code == 200, sent.text
    assert sent.headers["content-type"].startswith(operation.type)
    found = described["paths"][f"{BASE}{operation.path}"][operation.method]
    schema = found["responses"]["200"]["content"][operation.type]["schema"]
    value = sent.json() if operation.type == "application/json" else sent.text
    whole = {**schema, "components": described["components"]}
    Draft202012Validator(whole).validate(value)
    if operation.result is not None and not isinstance(operation.result, dict):
        # Every key of a result is described.
        strict = msgspec.json.decode(sent.content)
        assert msgspec.to_builtins(msgspec.convert(strict, operation.result)) == strict


def test_a_wrong_method_is_answered_with_those_that_are_allowed(served: Served) -> None:
    with httpx.Client(trust_env=False, base_url=f"{served.host}{BASE}") as client:
        sent = client.request("TRACE", "/clock")
    assert (sent.status_code, sent.json()) == (405, {"error": "Method Not Allowed"})
    assert sent.headers["allow"] == "DELETE, GET, HEAD, POST"


def test_a_mistake_has_the_described_form(served: Served) -> None:
    with httpx.Client(trust_env=False, base_url=f"{served.host}{BASE}") as client:
        for sent in (client.post("/replies", content=b"{"), client.get("/journal/9999")):
            assert sent.status_code in (400, 404)
            assert list(sent.json()) == ["error"]


def test_the_types_of_the_example_have_every_operation() -> None:
    folder = Path(__file__).parents[2] / "examples" / "node"
    types = (folder / "control-types.d.ts").read_text("utf-8")
    for path, operations in describe_api()["paths"].items():
        assert f'"{path}": {{' in types
        for operation in operations.values():
            assert f"    {operation['operationId']}: {{" in types
