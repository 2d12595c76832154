"""The OpenAPI 3.1 description of the control API: a table of operations, and the types of results.

The types of bodies are those of the file format, so that a change of the format is a change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mockglm._version import __version__
from mockglm.scenarios import build_json_schema

BASE = "/__mockglm__"
COMPONENTS = "#/components/schemas/"


class ErrorResult(Struct, frozen=True):
    """The reason of a refusal."""

    error: str


class HealthResult(Struct, frozen=True):
    """The process answers."""

    status: str
    version: str


class ReadinessResult(Struct, frozen=True, omit_defaults=True):
    """`ready`, or `not ready` with the reasons."""

    status: str
    reasons: list[str] = []


class ScenarioResult(Struct, frozen=True):
    """A loaded or shipped scenario, and its number of interactions."""

    name: str
    about: str
    interactions: int


class SessionResult(Struct, frozen=True):
    """A session, with the numbers of its requests and queued replies."""

    session: str
    requests: int
    queued: int


class EntryResult(Struct, frozen=True):
    """An entry of the journal without bodies. Times are seconds, `at` is unix time; `usage` has the
    tokens `prompt`, `cached` and `completion`; `serial` is its number among all sessions."""

    ordinal: int
    session: str
    at: float
    surface: str
    method: str
    path: str
    model: str
    source: str
    status: int | None
    code: str
    finish: str
    outcome: str
    first: float | None
    total: float | None
    frames: int
    usage: dict[str, int]
    serial: int
    prompt: str
    passed: list[str]
    notes: list[str]


class ForgottenResult(Struct, frozen=True):
    """The session that was dropped, or the number of sessions."""

    forgot: str | int


class DroppedResult(Struct, frozen=True):
    """The number of items that were removed."""

    dropped: int


class QueueResult(Struct, frozen=True):
    """The number of queued replies."""

    queued: int


class FaultsResult(Struct, frozen=True):
    """The faults of every response, and those of the next ones."""

    standing: list[dict[str, Any]]
    next: list[list[dict[str, Any]]]


class FaultCountResult(Struct, frozen=True):
    """The numbers of responses that will break, and of faults of every response."""

    queued: int
    standing: int


class RuleCountResult(Struct, frozen=True):
    """The number of rules."""

    interactions: int


class ClockResult(Struct, frozen=True):
    """The session's unix time, and its distance from the system's in seconds."""

    now: float
    offset: float


class ClockMove(Struct, frozen=True):
    """One of the two: seconds to go on, or the unix time to set."""

    advance: float | None = None
    now: float | None = None


class ReplayResult(Struct, frozen=True):
    """The new entry of the journal."""

    session: str
    ordinal: int


class CodeResult(Struct, frozen=True, omit_defaults=True):
    """A request as code by tool, and the exchange as YAML."""

    curl: str
    openai: str = ""
    zai: str = ""
    anthropic: str = ""
    yaml: str = ""


class CatalogueResult(Struct, frozen=True):
    """The names that actions take, and the folder that files are written to."""

    faults: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    folder: str | None = None


Schema = Mapping[str, Any]
OBJECT: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": OBJECT}
TEXT: Schema = {"type": "string"}


def one_or_more(name: str) -> Schema:
    """The schema of an item of the file format, or of a list of them."""
    item = {"$ref": COMPONENTS + name}
    return {"oneOf": [item, {"type": "array", "items": item}]}


FAULTS: Schema = {"oneOf": [TEXT, OBJECT, {"type": "array", "items": {"oneOf": [TEXT, OBJECT]}}]}


class Operation(Struct, frozen=True, kw_only=True):
    """A method of a path: its query parameters, and the schemas of its body and its result.

    `type` is the media type of the result.
    """

    method: str
    path: str
    about: str
    query: tuple[str, ...] = ()
    body: type | Schema | None = None
    result: Any = None
    type: str = "application/json"
    errors: tuple[int, ...] = (400, 403, 404)


SESSION = ("session",)
FILTER = ("session", "last", "after", "before", "code", "outcome", "wait")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/health",
        about="Tell that the process answers",
        result=HealthResult,
        errors=(),
    ),
    Operation(
        method="get",
        path="/live",
        about="Tell that the process answers",
        result=HealthResult,
        errors=(),
    ),
    Operation(
        method="get",
        path="/ready",
        about="Tell if the server takes requests",
        result=ReadinessResult,
        errors=(503,),
    ),
    Operation(
        method="get",
        path="/metrics",
        about="Show metrics for Prometheus",
        result=TEXT,
        type="text/plain",
        errors=(403, 404),
    ),
    Operation(
        method="get",
        path="/openapi.json",
        about="Describe this API",
        result=OBJECT,
        errors=(403,),
    ),
    Operation(
        method="get",
        path="/scenarios",
        about="List the loaded and the shipped scenarios",
        result=list[ScenarioResult],
        errors=(403,),
    ),
    Operation(
        method="get",
        path="/sessions",
        about="List the sessions",
        result=list[SessionResult],
        errors=(403,),
    ),
    Operation(
        method="delete",
        path="/sessions",
        about="Drop a session with all of its state",
        query=SESSION,
        result=ForgottenResult,
    ),
    Operation(
        method="get",
        path="/journal",
        about="List the newest entries, oldest first",
        query=FILTER,
        result=list[EntryResult],
    ),
    Operation(
        method="delete",
        path="/journal",
        about="Empty the journal",
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}",
        about="Read an entry with its bodies",
        query=SESSION,
        result=OBJECT,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}/explanation",
        about="Explain why a request was answered so",
        query=SESSION,
        result=OBJECT,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}/code",
        about="Write a request as code",
        query=SESSION,
        result=CodeResult,
    ),
    Operation(
        method="post",
        path="/journal/{ordinal}/replay",
        about="Send a request again",
        query=SESSION,
        result=ReplayResult,
    ),
    Operation(
        method="get",
        path="/replies",
        about="List the queued replies",
        query=SESSION,
        result=OBJECTS,
    ),
    Operation(
        method="post",
        path="/replies",
        about="Queue replies, each for one request",
        query=SESSION,
        body=one_or_more("ReplySpec"),
        result=QueueResult,
    ),
    Operation(
        method="delete",
        path="/replies",
        about="Empty the queue",
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/faults",
        about="List the faults that are waiting",
        query=SESSION,
        result=FaultsResult,
    ),
    Operation(
        method="post",
        path="/faults",
        about="Break the next responses",
        query=("session", "times"),
        body=FAULTS,
        result=FaultCountResult,
    ),
    Operation(
        method="delete",
        path="/faults",
        about="Remove the faults",
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/interactions",
        about="List the rules",
        query=SESSION,
        result=OBJECTS,
    ),
    Operation(
        method="post",
        path="/interactions",
        about="Add rules",
        query=("session", "scenario"),
        body=one_or_more("InteractionSpec"),
        result=RuleCountResult,
    ),
    Operation(
        method="delete",
        path="/interactions",
        about="Remove all rules",
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get", path="/clock", about="Read the clock", query=SESSION, result=ClockResult
    ),
    Operation(
        method="post",
        path="/clock",
        about="Move the clock",
        query=SESSION,
        body=ClockMove,
        result=ClockResult,
    ),
    Operation(
        method="delete",
        path="/clock",
        about="Set the clock back to the system's",
        query=SESSION,
        result=ClockResult,
    ),
    Operation(
        method="post",
        path="/reset",
        about="Drop all sessions, or one",
        query=SESSION,
        result=ForgottenResult,
    ),
    Operation(
        method="get",
        path="/events",
        about="Follow the exchanges as they finish",
        query=("session", "batch"),
        result=TEXT,
        type="text/event-stream",
    ),
    Operation(
        method="get",
        path="/catalogue",
        about="List the faults and API errors",
        result=CatalogueResult,
        errors=(403,),
    ),
    Operation(
        method="post",
        path="/explain",
        about="Explain which interaction would answer a request",
        query=SESSION,
        body=OBJECT,
        result=OBJECT,
    ),
    Operation(
        method="post",
        path="/files",
        about="Write exchanges as a scenario or cassette",
        query=SESSION,
        body=OBJECT,
        result=TEXT,
        type="application/yaml",
    ),
)
"""Every route of the control API; `tests/control/test_openapi.py` compares them."""

PARAMETERS: Mapping[str, tuple[Schema, str]] = {
    "session": (TEXT, "The session: NAME, @LABEL or NAME@LABEL; empty for all loaded files"),
    "last": ({"type": "integer", "minimum": 0, "default": 100}, "The most entries"),
    "after": ({"type": "integer", "minimum": 0}, "Only entries after this one"),
    "before": ({"type": "integer", "minimum": 0}, "Only entries with a lower serial"),
    "code": (TEXT, "Only entries with this business code"),
    "outcome": ({"enum": ["open", "done", "cut", "gone"]}, "Only entries with this outcome"),
    "wait": (
        {"type": "number", "minimum": 0, "maximum": 60},
        "Seconds to wait for an entry",
    ),
    "times": (
        {"oneOf": [{"type": "integer", "minimum": 1}, {"const": "all"}]},
        "The number of responses",
    ),
    "scenario": (TEXT, "Also add the interactions of this scenario"),
    "batch": (
        {"type": "number", "minimum": 0, "maximum": 60},
        "Seconds in which exchanges are collected",
    ),
    "ordinal": ({"type": "integer", "minimum": 1}, "The number of the entry in its session"),
}
"""The schema and the meaning of each parameter."""

STATUSES: Mapping[int, str] = {
    400: "A mistake in the request",
    403: "The token is missing, or the request came from another site",
    404: "An unknown session, entry or scenario",
    503: "The server is stopping, or its store cannot be reached",
}


def describe_api() -> dict[str, Any]:
    """Return the description as JSON."""
    types = [*_types(), ErrorResult]
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENTS + "{name}")
    by_type = {str(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(f"{BASE}{operation.path}", {})
        path[operation.method] = _describe_operation(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mockglm control API", "version": __version__},
        "paths": paths,
        "security": [{}, {"token": []}],
        "components": {
            "schemas": {**_format_schemas(), **components},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types() -> list[Any]:
    """The types of all bodies and results, each once."""
    found = [one for operation in OPERATIONS for one in (operation.body, operation.result)]
    return list({str(one): one for one in found if not isinstance(one, Mapping | None)}.values())


def _describe_operation(operation: Operation, by_type: Mapping[str, Schema]) -> dict[str, Any]:
    in_path = ("ordinal",) if "{ordinal}" in operation.path else ()
    described: dict[str, Any] = {
        "summary": operation.about,
        "operationId": _make_id(operation),
        "parameters": [
            *(_describe_parameter(name, "path") for name in in_path),
            *(_describe_parameter(name, "query") for name in operation.query),
        ],
        "responses": {
            "200": {
                "description": "Done",
                "content": {operation.type: {"schema": _find_schema(operation.result, by_type)}},
            },
            **{
                str(status): {
                    "description": STATUSES[status],
                    "content": {"application/json": {"schema": _find_error(status, by_type)}},
                }
                for status in operation.errors
            },
        },
    }
    if operation.body is not None:
        schema = _find_schema(operation.body, by_type)
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _find_schema(one: Any, by_type: Mapping[str, Schema]) -> Schema:
    return one if isinstance(one, Mapping) else by_type[str(one)]


def _find_error(status: int, by_type: Mapping[str, Schema]) -> Schema:
    return by_type[str(ReadinessResult if status == 503 else ErrorResult)]


def _describe_parameter(name: str, place: str) -> dict[str, Any]:
    schema, about = PARAMETERS[name]
    described = {"name": name, "in": place, "description": about, "schema": schema}
    return {**described, "required": True} if place == "path" else described


def _make_id(operation: Operation) -> str:
    """The name that a generated client gives the operation, such as `postReplies`."""
    words = operation.path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    return operation.method + "".join(word.capitalize() for word in words)


def _format_schemas() -> dict[str, Any]:
    """The types of the file format, under the names of this document."""

    def move(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: _move_reference(key, move(one)) for key, one in value.items()}
        return [move(one) for one in value] if isinstance(value, list) else value

    schemas: dict[str, Any] = move(build_json_schema()["$defs"])
    return schemas


def _move_reference(key: str, value: Any) -> Any:
    is_reference = key == "$ref" and isinstance(value, str)
    return value.replace("#/$defs/", COMPONENTS) if is_reference else value
