"""The registry of faults: those of all modules together, parsed from names and applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mockglm.errors import FaultError, nearest
from mockglm.exchange import Response
from mockglm.faults import (
    arguments,
    calls,
    finish,
    head,
    identity,
    lines,
    message_parts,
    refusals,
    sequence,
    shapes,
    texts,
    thoughts,
    usage,
    wire,
)
from mockglm.faults.fault import Fault, FaultSpec, Target
from mockglm.faults.frames import TooLargeError, check_size, documents, is_framed, is_opaque
from mockglm.faults.position import Position, locate
from mockglm.surfaces import recognise

MAX_FAULTS = 8
"""The most faults that a URL or a file lays over one answer: each reads all of it and may make it
larger."""

_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")
"""The separator in a fault's word; a dot between digits is a decimal point."""

_STREAM = (sequence, lines)
_MEANING = (
    *(finish, texts, thoughts, calls, arguments, usage, identity, shapes, refusals),
    message_parts,
)


def index_by_name(faults: Iterable[Fault]) -> Mapping[str, Fault]:
    """Faults by their names. Raises ValueError where two have the same."""
    rows: dict[str, Fault] = {}
    for fault in faults:
        if rows.setdefault(fault.name, fault) is not fault:
            raise ValueError(f"two faults are called {fault.name}")
    return MappingProxyType(rows)


CATALOGUE: Mapping[str, Fault] = index_by_name(
    fault for module in (wire, head, *_STREAM, *_MEANING) for fault in module.FAULTS
)
"""Every fault by its name, those of a kind together."""


def parse(spec: str | Mapping[str, Any] | Sequence[Any]) -> tuple[FaultSpec, ...]:
    """The faults that a file or a URL asks for, in the order they are laid.

    A mapping has `do`, `at` where it takes a place, `chance`, and the fault's options:
    `{at: 3 frames, do: stall, for: 30s}`. A text has the name, then what else there is after dots,
    blanks as hyphens, as it stands in a base URL: `stall.3-frames.for-30s`. A sequence has either.
    Raises FaultError, which names the nearest fault where there is none of that name, and where
    there are more than MAX_FAULTS.
    """
    if isinstance(spec, str):
        return (_read(*_parse_word(spec)),)
    if isinstance(spec, Mapping):
        written = dict(spec)
        return (_read(str(written.pop("do", "")), written),)
    if len(spec) > MAX_FAULTS:
        raise FaultError(str(spec[MAX_FAULTS]), too_many(len(spec)))
    return tuple(laid for one in spec for laid in parse(one))


def too_many(count: int) -> str:
    """Say that so many faults are more than can be laid over one answer."""
    return f"there are {count} faults; at most {MAX_FAULTS} can apply to one response"


def apply(answer: Response, faults: Iterable[FaultSpec], *, key: str = "") -> Response:
    """The answer with these faults laid over it, one after the other.

    Every byte before the place of a fault stays as it was, and at its time; times that a fault
    adds are in seconds as they were written, so an answer is paced before. `key` is the request's,
    for the fault that echoes it. Raises FaultError where a fault cannot be done, or would change
    nothing.
    """
    for laid in faults:
        answer = _apply_one(answer, laid, key)
    return answer


def _apply_one(answer: Response, laid: FaultSpec, key: str) -> Response:
    fault = laid.fault
    surface = recognise(answer).name
    if surface not in fault.surfaces:
        raise FaultError(fault.name, no_form(surface))
    if not _FITS[fault.on](answer):
        raise FaultError(fault.name, f"it applies to {fault.on}")
    if is_opaque(answer) and fault.kind != "wire":
        raise FaultError(fault.name, "the body is framed or coded already; name this fault before")
    place = fault.position if laid.position is None else laid.position
    spot = locate(answer, place)
    if spot is None:
        raise FaultError(fault.name, f"the answer has no {place}")
    options = dict(laid.options)
    if "key" in fault.options:
        options["key"] = options["key"] or key
    try:
        changed = fault.change(answer, spot, options)
    except TooLargeError as error:
        raise FaultError(fault.name, str(error)) from error
    if changed == answer:
        raise FaultError(fault.name, f"this answer is without {fault.needs or 'what it changes'}")
    if _size(changed) > _size(answer):
        check_size(fault.name, size=_size(changed))
    return changed


def no_form(surface: str) -> str:
    """Say that a fault cannot break the responses of a surface."""
    return f"it has no form on the {surface.capitalize()} surface"


def _size(answer: Response) -> int:
    return sum(len(piece) for _, piece in answer.chunks)


_FITS: Mapping[Target, Callable[[Response], bool]] = {
    "any response": lambda answer: True,
    "a stream": is_framed,
    "a JSON response": lambda answer: answer.status < 400 and not answer.is_stream,
    "a completion": lambda answer: answer.status < 400,
    "an error": lambda answer: answer.status >= 400 or _is_error(answer),
}


def _is_error(answer: Response) -> bool:
    return not is_framed(answer) and any("error" in doc.value for doc in documents(answer))


def _parse_word(text: str) -> tuple[str, dict[str, Any]]:
    """Name and parameters of a fault in one word."""
    name, *parts = _DOT.split(text.strip())
    written: dict[str, Any] = {}
    for part in parts:
        option, _, value = part.partition("-")
        is_own = name in CATALOGUE and option in CATALOGUE[name].options
        written |= {option: value} if is_own or option == "chance" else {"at": part}
    return name, written


def _read(name: str, written: dict[str, Any]) -> FaultSpec:
    fault = _find(name)
    at, chance = written.pop("at", None), written.pop("chance", 1.0)
    unknown = next((key for key in written if key not in fault.options), None)
    if unknown is not None:
        known = ", ".join(fault.options) or "none"
        raise FaultError(name, f"it has no option {unknown}; there are {known}")
    try:
        options = {
            key: option.read(written[key]) if key in written else option.default
            for key, option in fault.options.items()
        }
        return FaultSpec(fault, _read_position(fault, at), options, _share(chance))
    except ValueError as error:
        raise FaultError(name, str(error)) from error


def _find(name: str) -> Fault:
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = nearest(name, CATALOGUE)
    hint = f"did you mean {near}?" if near else "`mockglm faults` lists what there is"
    raise FaultError(name, f"there is no such fault; {hint}")


def _read_position(fault: Fault, written: Any) -> Position | None:
    if written is None:
        return None
    if not fault.positions:
        raise ValueError("it takes no place")
    place = Position.read(written)
    if place.unit not in fault.positions:
        raise ValueError(f"it cannot be done at {place}")
    return place


def _share(written: Any) -> float:
    share = -1.0 if isinstance(written, bool) else _float(written)
    if not 0 <= share <= 1:
        raise ValueError(f"{written!r} is not a chance between 0 and 1")
    return share


def _float(written: Any) -> float:
    try:
        return float(written)
    except (TypeError, ValueError):
        return -1.0
