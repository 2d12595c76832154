"""Keyword arguments of the handle, converted to the types of the file format and compiled.

The types are those of scenario files, so a keyword means what the key of that name means. A mistake
is reported at the line of the test that made it, with the name of the keyword.
"""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from traceback import walk_stack
from types import FrameType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect
from msgspec.structs import replace

from mockglm.completions import Renderer
from mockglm.errors import FileError, Problem, UsageError, nearest
from mockglm.exchange import Reply
from mockglm.matching import RequestView, When
from mockglm.scenarios import Step, compile_interaction, schema
from mockglm.testing.replies import CallableReply, CallbackErrors, guard_predicate

ReplyArgument = str | Mapping[str, Any] | Reply | Callable[[RequestView], Any]
"""One reply: its content, its keywords, the reply itself, or a function of the request."""

INTERNAL_PACKAGES = ("mockglm", "contextlib")

DELIVERY_KEYWORDS = frozenset(("fault", "pace", "times"))
"""Keywords about the delivery of a reply rather than its meaning."""

OVERLAY_KEYWORDS = DELIVERY_KEYWORDS | {"chunks", "headers"}
"""Keywords that go with a Reply, which is complete in itself."""

NUMBERS = (inspect.IntType, inspect.FloatType, inspect.BoolType)

# msgspec would turn these into text of its own: dates with a `T`, bytes as base64.
SCALARS = (bytes, bytearray, datetime.datetime, datetime.date, datetime.time, Decimal)

_PROBLEM = re.compile(r"(.+?)(?:, got `\w+`)?(?: - at `\$\.?(.*)`)?")
_PATH_PART = re.compile(r"[^.\[\]]+")

T = TypeVar("T")


class CallSite(Struct, frozen=True):
    """The line of a test that calls the handle."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def find_call_site() -> CallSite:
    """Find the nearest caller outside of mockglm; its path is relative where that is possible."""
    stack = walk_stack(sys._getframe())
    frame, line = next((frame, line) for frame, line in stack if not _is_internal(frame))
    path = Path(frame.f_code.co_filename)
    here = Path.cwd()
    return CallSite(str(path.relative_to(here) if path.is_relative_to(here) else path), line)


def _is_internal(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in INTERNAL_PACKAGES


def parse_pattern(
    predicate: Callable[[RequestView], object] | None,
    keywords: Mapping[str, Any],
    *,
    site: CallSite,
    errors: CallbackErrors,
) -> When:
    """Build the pattern of a rule. Raises FileError for keywords that are not valid."""
    written = _convert(keywords, schema.WhenSpec, site)
    interaction = schema.InteractionSpec(when=written, reply=schema.ReplySpec())
    when = compile_interaction(interaction, site.path, site.line).when or When()
    return replace(when, predicate=guard_predicate(predicate, errors)) if predicate else when


def parse_replies(
    replies: Sequence[ReplyArgument],
    keywords: Mapping[str, Any],
    *,
    site: CallSite,
    errors: CallbackErrors,
) -> tuple[Step, ...]:
    """Build one step for each reply. Keywords complete a single reply, or are the reply.

    Raises FileError for keywords that are not valid, UsageError where there is no reply, and where
    keywords stand beside several replies.
    """
    if not replies and not keywords:
        raise UsageError('a reply is missing: .reply("晴"), .reply(error=1302), .reply(function)')
    if len(replies) > 1 and keywords:
        names = ", ".join(keywords)
        problem = f"{names} cannot apply to {len(replies)} replies at once"
        raise UsageError(
            f'{problem}; give each its own: .reply({{"error": 1302, "times": 2}}, "晴")'
        )
    steps = (_step(reply, keywords, site, errors=errors) for reply in replies or ({},))
    return tuple(replace(step, where=str(site)) for step in steps)


def parse_response(keywords: Mapping[str, Any], site: CallSite) -> Step:
    """Build a verbatim step. Raises FileError for keywords that are not valid."""
    written = _convert(keywords, schema.ResponseSpec, site)
    step = _compile(schema.InteractionSpec(response=written), site)
    return replace(step, where=str(site))


def _step(
    reply: ReplyArgument, keywords: Mapping[str, Any], site: CallSite, *, errors: CallbackErrors
) -> Step:
    if isinstance(reply, str):
        if "content" in keywords:
            raise UsageError(f"content is given twice: {reply!r} and the keyword")
        return _described({"content": reply, **keywords}, site)
    if isinstance(reply, Mapping):
        return _described({**reply, **keywords}, site)
    if isinstance(reply, Reply):
        return _complete(reply, keywords, site)
    if callable(reply):
        return _callable(reply, keywords, site, errors=errors)
    raise UsageError(f"{reply!r} is not a reply; give a text, a mapping, a Reply or a function")


def _described(keywords: Mapping[str, Any], site: CallSite) -> Step:
    written = _convert(keywords, schema.ReplySpec, site)
    return _compile(schema.InteractionSpec(reply=written), site)


def _complete(reply: Reply, keywords: Mapping[str, Any], site: CallSite) -> Step:
    inner = sorted(keywords.keys() - OVERLAY_KEYWORDS)
    if inner:
        raise UsageError(f"a Reply is complete: set {', '.join(inner)} in the Reply itself")
    step = _described(keywords, site)
    rendering = replace(step.renderer or Renderer(reply), reply=reply)
    return replace(step, renderer=rendering)


def _callable(
    function: Callable[[RequestView], Any],
    keywords: Mapping[str, Any],
    site: CallSite,
    *,
    errors: CallbackErrors,
) -> Step:
    meaning = {name: value for name, value in keywords.items() if name not in DELIVERY_KEYWORDS}
    delivery = _described({name: keywords[name] for name in keywords.keys() - meaning.keys()}, site)
    return CallableReply(
        function=function,
        parse=lambda result: _step(result, meaning, site, errors=errors),
        errors=errors,
        pace=delivery.pace,
        faults=delivery.faults,
        times=delivery.times,
        speed=delivery.speed,
    )


def _compile(interaction: schema.InteractionSpec, site: CallSite) -> Step:
    (step,) = compile_interaction(interaction, site.path, site.line).steps
    # Times that a test writes itself are kept, whatever the speed of the session.
    is_timed = step.pace is not None or step.response is not None
    return replace(step, speed=1.0) if is_timed else step


def _convert(keywords: Mapping[str, Any], kind: type[T], site: CallSite) -> T:
    """Convert keywords to a type of the file format. Raises FileError with their mistakes."""
    plain: Any = None
    problems: list[str] = []
    try:
        plain = msgspec.to_builtins(dict(keywords), builtin_types=SCALARS, str_keys=True)
        plain = _fit(plain, _type_info(kind), "", problems=problems)
        if not problems:
            return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        problems.append(_explain(str(error), plain))
    except (TypeError, RecursionError) as error:
        problems.append(f"{', '.join(keywords)}: {error}")
    raise FileError(Problem(site.path, site.line, 1, problem) for problem in problems)


_type_info: Callable[[Any], inspect.Type] = cache(inspect.type_info)


def _fit(value: Any, kind: inspect.Type, name: str, *, problems: list[str]) -> Any:
    """Write numbers as text where the format has text, as in `error=1302`; note unknown names."""
    kinds = tuple(_members(kind))
    if isinstance(value, dict):
        structs = [one for one in kinds if isinstance(one, inspect.StructType)]
        if structs:
            return _fit_fields(value, structs[0], name, problems=problems)
        items = next((one.value_type for one in kinds if isinstance(one, inspect.DictType)), kind)
        return {
            key: _fit(item, items, f"{name}.{key}", problems=problems)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        types = _item_types(kinds, len(value)) or (kind,) * len(value)
        pairs = zip(value, types, strict=True)
        return [
            _fit(item, of, f"{name}[{n}]", problems=problems) for n, (item, of) in enumerate(pairs)
        ]
    if isinstance(value, str):
        _check_literal(value, kinds, name, problems=problems)
    elif _is_text(kinds) and value is not None and not isinstance(value, bytes | bytearray):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _fit_fields(
    value: dict[str, Any], kind: inspect.StructType, name: str, *, problems: list[str]
) -> dict[str, Any]:
    types = {field.encode_name: field.type for field in kind.fields}
    fitted = {}
    for key, item in value.items():
        path = f"{name}.{key}" if name else key
        if key in types:
            fitted[key] = _fit(item, types[key], path, problems=problems)
        else:
            hint = _did_you_mean(key, types) or f"; known here are {', '.join(types)}"
            problems.append(f"unknown key `{path}`{hint}")
    return fitted


def _members(kind: inspect.Type) -> Sequence[inspect.Type]:
    """The types of a union, or the one type, without their annotations."""
    if isinstance(kind, inspect.Metadata):
        return _members(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [member for one in kind.types for member in _members(one)]
    return (kind,)


def _item_types(kinds: Sequence[inspect.Type], count: int) -> Sequence[inspect.Type]:
    for kind in kinds:
        if isinstance(kind, inspect.ListType):
            return (kind.item_type,) * count
        if isinstance(kind, inspect.TupleType) and len(kind.item_types) == count:
            return kind.item_types
    return ()


def _is_text(kinds: Sequence[inspect.Type]) -> bool:
    has_text = any(isinstance(kind, inspect.StrType) for kind in kinds)
    return has_text and not any(isinstance(kind, NUMBERS) for kind in kinds)


def _check_literal(
    value: str, kinds: Sequence[inspect.Type], name: str, *, problems: list[str]
) -> None:
    literals = [
        one for kind in kinds if isinstance(kind, inspect.LiteralType) for one in kind.values
    ]
    if literals and value not in literals and not _is_text(kinds):
        known = [one for one in literals if isinstance(one, str)]
        hint = _did_you_mean(value, known)
        problems.append(f"`{name}`: expected one of {', '.join(known)}, found `{value}`{hint}")


def _did_you_mean(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = nearest(name, known)
    return f", did you mean `{near}`?" if near else ""


def _explain(message: str, value: Any) -> str:
    """Put msgspec's message behind the name of the keyword, with the value that was found."""
    match = _PROBLEM.fullmatch(message)
    assert match is not None
    problem, path = match[1][0].lower() + match[1][1:], match[2]
    if not path:
        return problem
    parts: list[str] = _PATH_PART.findall(path)
    for part in parts:
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return f"`{path}`: {problem}"
    return f"`{path}`: {problem}, found `{value}`"
