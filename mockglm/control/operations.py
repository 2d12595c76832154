"""The operations of the control API, with the types of their results and their parameters.

The types of bodies are those of the file format, so that a change of the format is a change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

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

    `about` is its summary, `takes` describes the body and `returns` the result; `type` is the media
    type of the result.
    """

    method: str
    path: str
    about: str
    returns: str
    takes: str = ""
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
        returns='`{"status": "ok", "version"}`; needs no token',
        result=HealthResult,
        errors=(),
    ),
    Operation(
        method="get",
        path="/live",
        about="Tell that the process answers",
        returns="The same as `/health`; needs no token",
        result=HealthResult,
        errors=(),
    ),
    Operation(
        method="get",
        path="/ready",
        about="Tell if the server takes requests",
        returns=(
            '`{"status": "ready"}`, or 503 with the `reasons` if the server is stopping or its '
            "store is away; needs no token"
        ),
        result=ReadinessResult,
        errors=(503,),
    ),
    Operation(
        method="get",
        path="/metrics",
        about="Show metrics for Prometheus",
        returns="The metrics, with `mockglm serve --metrics`",
        result=TEXT,
        type="text/plain",
        errors=(403, 404),
    ),
    Operation(
        method="get",
        path="/openapi.json",
        about="Describe this API",
        returns="This description, as OpenAPI 3.1",
        result=OBJECT,
        errors=(403,),
    ),
    Operation(
        method="get",
        path="/scenarios",
        about="List the loaded and the shipped scenarios",
        returns='`[{"name", "about", "interactions"}]`',
        result=list[ScenarioResult],
        errors=(403,),
    ),
    Operation(
        method="get",
        path="/sessions",
        about="List the sessions",
        returns='`[{"session", "requests", "queued"}]`',
        result=list[SessionResult],
        errors=(403,),
    ),
    Operation(
        method="delete",
        path="/sessions",
        about="Drop a session with all of its state",
        returns=(
            '`{"forgot": name}`: its sequences, queue, rules, accounts, clock and journal are '
            "dropped"
        ),
        query=SESSION,
        result=ForgottenResult,
    ),
    Operation(
        method="get",
        path="/journal",
        about="List the newest entries, oldest first",
        returns=(
            "The entries without bodies; with `wait`, as soon as there is one, or `[]` when the "
            "time is over"
        ),
        query=FILTER,
        result=list[EntryResult],
    ),
    Operation(
        method="delete",
        path="/journal",
        about="Empty the journal",
        returns='`{"dropped": N}`',
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}",
        about="Read an entry with its bodies",
        returns=(
            "The entry with its request and response, redacted; `conversation` and `reply` are "
            "their meaning, on either surface, and `timeline` has the frames with their times, "
            "kinds and defects"
        ),
        query=SESSION,
        result=OBJECT,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}/explanation",
        about="Explain why a request was answered so",
        returns=(
            "The handlers that it passed, the interactions that were considered, with each "
            "condition, expected and actual, the rules that were waived, and the limits of the "
            "key with their use"
        ),
        query=SESSION,
        result=OBJECT,
    ),
    Operation(
        method="get",
        path="/journal/{ordinal}/code",
        about="Write a request as code",
        returns="`curl`, `zai` and `openai` or `anthropic` (Python), and the exchange as `yaml`",
        query=SESSION,
        result=CodeResult,
    ),
    Operation(
        method="post",
        path="/journal/{ordinal}/replay",
        about="Send a request again",
        returns='`{"session", "ordinal"}`: the new entry, of the same request with the key it had',
        query=SESSION,
        result=ReplayResult,
    ),
    Operation(
        method="get",
        path="/replies",
        about="List the queued replies",
        returns=(
            "Of each reply `content`, `reasoning`, names of `tool_calls` and `finish_reason`, or "
            "`error`, `status` or `template`"
        ),
        query=SESSION,
        result=OBJECTS,
    ),
    Operation(
        method="post",
        path="/replies",
        about="Queue replies, each for one request",
        takes="A reply or a list of them, as in a scenario file",
        returns=(
            '`{"queued": N}`. Each reply answers one POST below a base path, or as many as its '
            "`times`, before anything else; replies that only a chat can give wait for one"
        ),
        query=SESSION,
        body=one_or_more("ReplySpec"),
        result=QueueResult,
    ),
    Operation(
        method="delete",
        path="/replies",
        about="Empty the queue",
        returns='`{"dropped": N}`',
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/faults",
        about="List the faults that are waiting",
        returns=(
            '`{"standing": […], "next": [[…], …]}`: the faults of every response, and those of '
            "the next ones"
        ),
        query=SESSION,
        result=FaultsResult,
    ),
    Operation(
        method="post",
        path="/faults",
        about="Break the next responses",
        takes="A fault or a list of them, as under `fault:` in a scenario file",
        returns=(
            '`{"queued", "standing"}`. The next response breaks, or as many as `times` says: a '
            "reply, a recording or a refusal. Several faults are applied to the same response. "
            "An error that lacks the broken part, such as frames, stays as it is"
        ),
        query=("session", "times"),
        body=FAULTS,
        result=FaultCountResult,
    ),
    Operation(
        method="delete",
        path="/faults",
        about="Remove the faults",
        returns='`{"dropped": N}`',
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/interactions",
        about="List the rules",
        returns='`[{"when" or "request", "reply", "used"}]`',
        query=SESSION,
        result=OBJECTS,
    ),
    Operation(
        method="post",
        path="/interactions",
        about="Add rules",
        takes="An interaction or a list of them, as in a scenario file; `[]` for none",
        returns='`{"interactions": N}`; rules come before the interactions of files',
        query=("session", "scenario"),
        body=one_or_more("InteractionSpec"),
        result=RuleCountResult,
    ),
    Operation(
        method="delete",
        path="/interactions",
        about="Remove all rules",
        returns='`{"dropped": N}`',
        query=SESSION,
        result=DroppedResult,
    ),
    Operation(
        method="get",
        path="/clock",
        about="Read the clock",
        returns='`{"now", "offset"}`',
        query=SESSION,
        result=ClockResult,
    ),
    Operation(
        method="post",
        path="/clock",
        about="Move the clock",
        takes='`{"advance": seconds}` or `{"now": unix time}`',
        returns='`{"now", "offset"}`',
        query=SESSION,
        body=ClockMove,
        result=ClockResult,
    ),
    Operation(
        method="delete",
        path="/clock",
        about="Set the clock back to the system's",
        returns='`{"now", "offset"}`',
        query=SESSION,
        result=ClockResult,
    ),
    Operation(
        method="post",
        path="/reset",
        about="Drop all sessions, or one",
        returns='`{"forgot": N}`',
        query=SESSION,
        result=ForgottenResult,
    ),
    Operation(
        method="get",
        path="/events",
        about="Follow the exchanges as they finish",
        returns=(
            "Server-sent events: an `exchange` for each finished exchange, as in the journal; "
            "with `batch`, lists of those that began or ended as `exchanges`. The feed continues "
            "after a reset"
        ),
        query=("session", "batch"),
        result=TEXT,
        type="text/event-stream",
    ),
    Operation(
        method="get",
        path="/catalogue",
        about="List the faults and API errors",
        returns=(
            '`{"faults", "errors", "folder"}`: the names that actions take, and the folder of '
            "written files"
        ),
        result=CatalogueResult,
        errors=(403,),
    ),
    Operation(
        method="post",
        path="/explain",
        about="Explain which interaction would answer a request",
        takes='`{"body": …}` (JSON or text), and `method`, `path` and `headers` if they matter',
        returns="The explanation, as of an entry; the request is handled in a copy of the session",
        query=SESSION,
        body=OBJECT,
        result=OBJECT,
    ),
    Operation(
        method="post",
        path="/files",
        about="Write exchanges as a scenario or cassette",
        takes=(
            '`{"as": "scenario" or "cassette", "entries": [{"session", "ordinal"}, …]}`; with '
            '`"write": "name.yaml"` it is written beside the file of `--cassette`'
        ),
        returns='The file as YAML, or `{"written": path}`',
        query=SESSION,
        body=OBJECT,
        result=TEXT,
        type="application/yaml",
    ),
)
"""Every route of the control API; `tests/control/test_openapi.py` compares them."""

PARAMETERS: Mapping[str, tuple[Schema, str]] = {
    "session": (
        TEXT,
        "The session: NAME, @LABEL or NAME@LABEL; empty for all loaded files; `*` in the journal "
        "and the feed for all sessions",
    ),
    "last": (
        {"type": "integer", "minimum": 0, "default": 100},
        "The most entries, the newest ones, oldest first",
    ),
    "after": ({"type": "integer", "minimum": 0}, "Only entries after this one"),
    "before": (
        {"type": "integer", "minimum": 0},
        "Only entries with a lower `serial`, their number among all sessions",
    ),
    "code": (TEXT, "Only entries with this business code"),
    "outcome": ({"enum": ["open", "done", "cut", "gone"]}, "Only entries with this outcome"),
    "wait": (
        {"type": "number", "minimum": 0, "maximum": 60},
        "Seconds to wait for an entry",
    ),
    "times": (
        {"oneOf": [{"type": "integer", "minimum": 1}, {"const": "all"}]},
        "The number of responses; `all` is every one from now on",
    ),
    "scenario": (TEXT, "Also add the interactions of this loaded or shipped scenario"),
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
