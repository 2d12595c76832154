"""What a request of the control API asks for: its query and its body, read and held to bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mockglm.errors import UsageError
from mockglm.journal import Entry, Outcome
from mockglm.scenarios import Interaction, parse_interaction

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


async def written(
    request: Request, wrap: Callable[[Any], Mapping[str, Any]]
) -> tuple[Interaction, ...]:
    """Interactions in the words of the file, from a body with one or a list of them."""
    value = await body(request)
    several = value if isinstance(value, list) else [value]
    return tuple(parse_interaction(wrap(one), "body") for one in several)


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
