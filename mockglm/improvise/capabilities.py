"""The kinds of the tools of a request: read, edit, run, …

A kind is derived from names, parameters and the first sentence of a description; no agent is
recognized by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from msgspec import Struct

from mockglm.improvise.parameters import MAX_NAME, Parameter, list_parameters
from mockglm.improvise.schema.scalars import split_name
from mockglm.improvise.tables import table
from mockglm.validation.types import Function, decode_json

Kind = Literal[
    "list", "read", "search", "run", "edit", "write",
    "fetch", "ask", "plan", "finish", "delete", "send", "other",
]  # fmt: skip
LOCAL_KINDS = ("list", "read", "search", "run", "edit", "write")
"""Kinds of tools that work on the files of a project."""
AGENT_KINDS = 3
"""Local kinds of tools that a coding agent has at least."""
MAX_TOOLS = 128
"""Functions that the service accepts (docs.bigmodel.cn, 对话补全)."""
MAX_CACHED_SCHEMA = 20_000
"""Bytes of a schema whose parameters are cached; an agent sends the same with every request."""
OPERATIONS: Mapping[Kind, tuple[str, ...]] = {
    "read": ("view", "read"),
    "edit": ("str_replace", "replace"),
    "write": ("create",),
}
"""Values of an enumeration that give one tool several kinds."""


@lru_cache(maxsize=512)
def _list_cached_parameters(schema: bytes) -> tuple[Parameter, ...]:
    return list_parameters(decode_json(schema))


@lru_cache(maxsize=64)
def table_words(section: str, name: str) -> frozenset[str]:
    return frozenset(table("tools")[section][name].split())


class ToolOffer(Struct, frozen=True, dict=True):
    """An offered function, its kind, and the argument that selects this kind of several."""

    function: Function
    kind: Kind
    operation: Mapping[tuple[str | int, ...], Any] = {}

    @property
    def name(self) -> str:
        return self.function.name or ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        return read_parameters(self.function)

    @cached_property
    def required(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.is_required)

    def parameter(self, sort: str) -> Parameter | None:
        """Find the parameter of a sort (`path`, `content`, `old`), a required one first."""
        words = table_words("parameters", sort)
        kind = "boolean" if sort == "all" else "string"
        held = [one for one in self.parameters if one.words & words and one.type == kind]
        if sort == "content":
            held = [one for one in held if not one.words & table_words("parameters", "old")]
        return min(held, key=lambda one: (not one.is_required, len(one.path)), default=None)


def read_parameters(function: Function) -> tuple[Parameter, ...]:
    sent = bytes(function.schema)
    return (
        _list_cached_parameters(sent)
        if len(sent) <= MAX_CACHED_SCHEMA
        else list_parameters(function.parameters)
    )


def read_offers(functions: Sequence[Function]) -> tuple[ToolOffer, ...]:
    """Find the kinds of functions; one with several operations is an offer for each."""
    return tuple(offer for one in functions[:MAX_TOOLS] for offer in _read_offer(one))


def is_agent(offers: Sequence[ToolOffer]) -> bool:
    """True for the tools of a coding agent."""
    kinds = {offer.kind for offer in offers if offer.kind in LOCAL_KINDS}
    every = {offer.kind for offer in offers}
    is_shell = "run" in kinds and ("plan" in every or every <= {"run", "finish", "ask"})
    return len(kinds) >= AGENT_KINDS or "edit" in kinds or is_shell


def _read_offer(function: Function) -> list[ToolOffer]:
    parameters = read_parameters(function)
    for one in parameters:
        values = one.schema.get("enum", ())
        if one.is_required and "view" in values and {"str_replace", "replace"} & {*values}:
            pairs = (
                (kind, next((v for v in names if v in values), None))
                for kind, names in OPERATIONS.items()
            )
            return [ToolOffer(function, kind, {one.path: v}) for kind, v in pairs if v]
    name = (function.name or "")[:MAX_NAME]
    first = re.split(r"[.\n]", (function.description or "")[:200])[0]
    sent = bytes(function.schema)
    kind = _find_kind(name, first, sent) if len(sent) <= MAX_CACHED_SCHEMA else "other"
    return [ToolOffer(function, kind)]


@lru_cache(maxsize=512)
def _find_kind(name: str, first: str, schema: bytes) -> Kind:
    """The kind of a tool by its name, its description's first sentence and its parameters."""
    parameters = _list_cached_parameters(schema)
    words = {*split_name(name), name.lower()}
    if words & table_words("things", "others"):
        return "plan"
    sorts = {sort for sort in table("tools")["parameters"] if _has_sort(parameters, sort)}
    tests = {kind: bool(words & table_words("names", kind)) for kind in table("tools")["names"]}
    if tests["finish"] or re.sub(r"[^a-z]+", "_", name.lower()) in table_words("names", "finish"):
        return "finish"
    needed = [one for one in parameters if one.is_required]
    if tests["run"] and "command" in sorts and not words & table_words("names", "plan"):
        return "run"
    if {"old", "new"} <= sorts and not _has_sort(needed, "query", exact=True):
        return "edit"
    for kind in ("delete", "send"):
        if tests[kind]:
            return kind
    return _kind_by_name(tests, sorts, needed, is_local=_is_local(first, words))


def _kind_by_name(
    tests: Mapping[str, bool], sorts: set[str], needed: Sequence[Parameter], *, is_local: bool
) -> Kind:
    if tests["write"] and "path" in sorts and "content" in sorts:
        return "write"
    if tests["plan"] or (tests["ask"] and not tests["read"]):
        return "plan" if tests["plan"] else "ask"
    if tests["read"] and "path" in sorts:
        return "read"
    if (tests["fetch"] and "url" in sorts) or (_has_sort(needed, "url") and len(needed) <= 2):
        return "fetch"
    if tests["search"] and "query" in sorts and is_local:
        return "search"
    if (tests["list"] and is_local) and all(one.kind == "path" or one.is_search for one in needed):
        return "list"
    return "other"


def _is_local(first: str, words: set[str]) -> bool:
    """True for a tool for files, by its name or its description's first sentence."""
    said = words | {*split_name(first)} if not words & {"web", "internet"} else set()
    is_short = bool(words & {"grep", "glob", "ls", "rg"}) or words <= {"list", "dir", "tree"}
    return (
        bool(said & table_words("things", "files"))
        or is_short
        or "文件" in first
        or "目录" in first
    )


def _has_sort(parameters: Sequence[Parameter], sort: str, *, exact: bool = False) -> bool:
    words = table_words("parameters", sort)
    held = ({one.name.lower()} if exact else one.words for one in parameters)
    return any(words & one for one in held)
