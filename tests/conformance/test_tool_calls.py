"""Tool calls: assembled from deltas, judged by their schema."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.verdicts import judge_recordings
from mockglm.conformance.view import ExchangeView
from tests.conformance.endpoint import Endpoint
from tests.conformance.reference import dump, exchange, view


def test_calls_of_a_stream_are_assembled_by_index() -> None:
    calls = view("tool-stream").calls
    assert [(c.index, c.name, c.arguments) for c in calls] == [
        (0, "get_weather", '{"city":"Beijing"}')
    ]
    assert calls[0].decoded == {"city": "Beijing"}
    assert len(calls[0].parts) == 3


def test_calls_of_a_plain_reply_are_whole() -> None:
    calls = view("tools-plain").calls
    assert [call.arguments for call in calls] == ['{"city":"Beijing"}', '{"city":"Shanghai"}']


UNUSABLE: tuple[object, ...] = (
    {"$ref": "#/$defs/x"},
    {"$ref": "#"},
    {"$ref": "other.json"},
    {"type": "objekt"},
    {"type": "object", "properties": {"city": {"$ref": "#/definitions/city"}}},
    {"properties": {"city": {"pattern": "("}}},
    {"$schema": 5},
    {"$id": "http://[", "$ref": "x"},
    ["object"],
    "object",
    5,
    {},
    None,
)


@pytest.mark.parametrize("schema", UNUSABLE, ids=str)
def test_an_unusable_schema_is_not_applicable(schema: object) -> None:
    result = judge_recordings(CHECKS["TOL-08"], [called(schema)])
    assert (result.verdict, result.findings) == ("not_applicable", ())


def test_a_schema_is_never_fetched(endpoint: Endpoint) -> None:
    schema = {"$ref": f"{endpoint.url}/schema.json"}
    result = judge_recordings(CHECKS["TOL-08"], [called(schema)])
    assert (result.verdict, endpoint.probes) == ("not_applicable", [])


@pytest.mark.parametrize(
    ("schema", "verdict"),
    [
        ({"type": "object", "required": ["city"]}, "pass"),
        (
            {"$defs": {"c": {"type": "string"}}, "properties": {"city": {"$ref": "#/$defs/c"}}},
            "pass",
        ),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "required": ["town"]}, "warn"),
        ({"$schema": "http://nobody.example/schema", "required": ["town"]}, "warn"),
    ],
)
def test_arguments_are_judged_by_their_schema(schema: object, verdict: str) -> None:
    assert judge_recordings(CHECKS["TOL-08"], [called(schema)]).verdict == verdict


def called(schema: object) -> ExchangeView:
    """A recorded call of a function that has this schema."""
    good = exchange("tools-plain")
    sent = json.loads(good.request.body)
    sent["tools"][0]["function"]["parameters"] = schema
    return ExchangeView("a", replace(good, request=replace(good.request, body=dump(sent))))
