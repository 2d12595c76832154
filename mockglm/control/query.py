"""What a request of the control API asks for: its query and its body, read and held to bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import msgspec
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mockglm.errors import FileError, UsageError
from mockglm.journal import Entry, Outcome
from mockglm.scenarios import Interaction, parse_interaction
from mockglm.scenarios.yaml_nodes import MOST_BUILT, is_larger

LARGEST_WRITTEN = 4 * 1024 * 1024
LONGEST_NUMBER = 15
"""Digits of a number, more than there are of anything here."""

LONGEST_WAIT = 60.0
OUTCOMES = get_args(Outcome)


def number(text: str) -> int | None:
    """A number of few digits and nothing else; None for any other text."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None


def count(params: QueryParams, name: str, default: int) -> int:
    """A number of entries. Raises UsageError for what is none."""
    text = params.get(name, str(default))
    found = number(text)
    if found is None:
        raise UsageError(f"{name}={text[:LONGEST_NUMBER]}: a number of entries is meant")
    return found


def seconds(params: QueryParams, name: str) -> float:
    """A time to wait, 0 where none is asked for. Raises UsageError for what is none."""
    text = params.get(name, "0")
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_WAIT:
        raise UsageError(f"{name}={text[:LONGEST_NUMBER]}: from 0 to {LONGEST_WAIT:g} seconds")
    return found


def wanted(params: QueryParams) -> Callable[[Entry], bool]:
    """Whether an entry is one of those a query wants. Raises UsageError for what it cannot mean."""
    after = count(params, "after", 0)
    code, outcome = params.get("code"), params.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise UsageError(f"outcome={outcome}: there are {', '.join(OUTCOMES)}")

    def holds(entry: Entry) -> bool:
        is_new = entry.ordinal > after
        return is_new and code in (None, entry.code) and outcome in (None, entry.outcome)

    return holds


def read_move(body: Any) -> tuple[str, float]:
    """The move of a clock: `advance` or `now`, and seconds, which are infinite for a number that is
    too large for a float. Raises UsageError for anything else."""
    for name in ("advance", "now"):
        value = body.get(name) if isinstance(body, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return name, float(value)
            except OverflowError:
                return name, math.inf if value > 0 else -math.inf
    raise UsageError('write {"advance": seconds} or {"now": unix time}')


async def written(
    request: Request, wrap: Callable[[Any], Any], *, most: int
) -> tuple[Interaction, ...]:
    """Interactions in the words of the file, from a body with one or a list of them.

    Raises UsageError for more than `most`, before the first is read, and FileError for a mistake,
    with its place in the body.
    """
    value = await body(request)
    if isinstance(value, list) and len(value) > most:
        raise UsageError(f"at most {most} in a list, not {len(value)}")
    if is_larger(value, MOST_BUILT):
        raise UsageError(f"body: more than {MOST_BUILT:,} values")
    if not isinstance(value, list):
        return (parse_interaction(wrap(value), "body"),)
    return tuple(_compile_item(wrap(one), index) for index, one in enumerate(value))


def _compile_item(written: Any, index: int) -> Interaction:
    try:
        return parse_interaction(written, "body")
    except FileError as error:
        raise FileError(
            replace(problem, path=problem.path.replace("body", f"body[{index}]", 1))
            for problem in error.problems
        ) from error


async def body(request: Request) -> Any:
    """The JSON of a body. Raises UsageError for what is none, HTTPException for too much."""
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_WRITTEN:
            raise HTTPException(413, f"the body has more than {LARGEST_WRITTEN} bytes")
    try:
        return msgspec.json.decode(b"".join(pieces))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the body is no JSON: {error}") from error
