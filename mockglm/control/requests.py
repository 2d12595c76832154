"""Requests to the control API: query parameters and bodies, all within bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast, get_args

import msgspec
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mockglm import faults
from mockglm.errors import FileError, UsageError
from mockglm.journal import EntryFilter, Outcome
from mockglm.scenarios import Interaction, Scenario, parse_interaction
from mockglm.scenarios.yaml_nodes import MAX_VALUES, has_more_values
from mockglm.server import QueuedFaults, Session, Sessions

MAX_BODY = 4 * 1024 * 1024

MAX_DIGITS = 15
"""Digits of a number, more than any count or ordinal has."""

MAX_WAIT = 60.0
OUTCOMES = get_args(Outcome)


def find_session(sessions: Sessions, request: Request) -> Session:
    """Find the session of a request's query. Raises HTTPException for an unknown scenario."""
    return find_session_by_name(sessions, request.query_params.get("session", ""))


def find_session_by_name(sessions: Sessions, name: str) -> Session:
    try:
        return sessions.get_by_name(name)
    except UsageError as error:
        raise HTTPException(404, str(error)) from error


def find_scenario(sessions: Sessions, name: str) -> Scenario:
    """Find a loaded or shipped scenario. Raises HTTPException for an unknown name."""
    try:
        return sessions.find_scenario(name)
    except UsageError as error:
        raise HTTPException(404, str(error)) from error


def parse_number(text: str) -> int | None:
    """Parse a text of a few decimal digits; return None for any other text."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if is_number else None


def read_count(params: QueryParams, name: str, default: int) -> int:
    """Read a number of entries. Raises UsageError."""
    text = params.get(name, str(default))
    found = parse_number(text)
    if found is None:
        raise UsageError(f"{name}={text[:MAX_DIGITS]}: expected a number of entries")
    return found


def read_times(params: QueryParams) -> int | None:
    """Read the number of responses to break, 1 if it is not given; None for `all`."""
    if params.get("times") == "all":
        return None
    count = read_count(params, "times", 1)
    if count < 1:
        raise UsageError("times=0: expected a number of responses, or all")
    return count


def read_seconds(params: QueryParams, name: str) -> float:
    """Read a time to wait, 0 if it is not given. Raises UsageError."""
    text = params.get(name, "0")
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= MAX_WAIT:
        raise UsageError(f"{name}={text[:MAX_DIGITS]}: expected 0 to {MAX_WAIT:g} seconds")
    return found


def read_filter(params: QueryParams) -> EntryFilter:
    """Read a filter of journal entries. Raises UsageError for an unknown outcome."""
    outcome = params.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise UsageError(f"outcome={outcome}: expected one of {', '.join(OUTCOMES)}")
    return EntryFilter(
        after=read_count(params, "after", 0),
        before=read_count(params, "before", 0),
        code=params.get("code"),
        outcome=cast("Outcome | None", outcome),
    )


def parse_clock_move(body: Any) -> tuple[str, float]:
    """Parse a move of the clock: `advance` or `now`, and seconds.

    The seconds are infinite for an integer too large for a float. Raises UsageError.
    """
    for name in ("advance", "now"):
        value = body.get(name) if isinstance(body, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return name, float(value)
            except OverflowError:
                return name, math.inf if value > 0 else -math.inf
    raise UsageError('write {"advance": seconds} or {"now": unix time}')


async def read_interactions(
    request: Request, wrap: Callable[[Any], Any], *, limit: int
) -> tuple[Interaction, ...]:
    """Read interactions in the file format from a body with one or a list of them.

    Raises UsageError for more than `limit`, before the first is read, and FileError for a mistake,
    with its place in the body.
    """
    value = await read_json(request)
    if isinstance(value, list) and len(value) > limit:
        raise UsageError(f"at most {limit} in a list, not {len(value)}")
    if has_more_values(value, MAX_VALUES):
        raise UsageError(f"body: more than {MAX_VALUES:,} values")
    if not isinstance(value, list):
        return (_with_source(parse_interaction(wrap(value), "body"), value),)
    return tuple(
        _with_source(_compile_item(wrap(one), index), one) for index, one in enumerate(value)
    )


def _with_source(interaction: Interaction, written: Any) -> Interaction:
    """Keep the JSON of an interaction, from which other processes read it."""
    return replace(interaction, written=msgspec.json.encode(written))


def _compile_item(written: Any, index: int) -> Interaction:
    try:
        return parse_interaction(written, "body")
    except FileError as error:
        raise FileError(
            replace(problem, path=problem.path.replace("body", f"body[{index}]", 1))
            for problem in error.problems
        ) from error


async def read_faults(request: Request) -> QueuedFaults:
    """Read the faults of one response, as they stand under `fault:` in a file.

    Raises UsageError for another body and FaultError for a fault that is not in the catalogue.
    """
    value = await read_json(request)
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str | dict) for one in listed):
        raise UsageError(
            'write a fault or a list of them: "glue", {"do": "reset", "at": "3 frames"}'
        )
    return QueuedFaults(faults.parse(listed), written=msgspec.json.encode(listed))


async def read_json(request: Request) -> Any:
    """Read a body of JSON. Raises UsageError for other bodies, HTTPException for too large ones."""
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            raise HTTPException(413, f"the body has more than {MAX_BODY} bytes")
    try:
        return msgspec.json.decode(b"".join(chunks))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the body is not JSON: {error}") from error
