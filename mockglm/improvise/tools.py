"""The tools of a coding agent: their kinds, and calls of them for the steps of a plan.

A kind is derived from names, parameters and the first sentence of a description; no agent is
recognized by its name.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import word_set
from mockglm.improvise.parameters import MAX_NAME, Parameter, list_parameters, name_words
from mockglm.improvise.schema import WorkBudget, make_arguments
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.schema.scalars import ValuePath, split_name
from mockglm.improvise.tables import patterns, table
from mockglm.validation.types import Function, decode_json

PATTERNS = patterns("tools")
LOCAL_KINDS = frozenset(("list", "read", "search", "run", "edit", "write"))
"""Kinds of tools that work on the files of a project; a coding agent has three of them."""
MAX_TOOLS = 128
"""Functions that the service accepts (docs.bigmodel.cn, 对话补全)."""
MAX_RESULTS = 7
"""Results after which no more calls are made, so that an agent ends after eight turns."""
NAME, OTHER = 2.0, 0.6
"""The weights of a word that a text shares with a function, by its place."""
OPERATIONS = {"view": "read", "str_replace": "edit", "create": "write"}
"""Values of an enumeration that give one tool several kinds."""
SORTS = ("command", "path", "content", "old", "new", "query", "url")
"""Sorts of parameters, by the words of their names, that tell the kinds of tools."""


class ToolOffer(Struct, frozen=True, dict=True):
    """An offered function, its kind, and the argument that selects this kind of several."""

    name: str
    description: str
    schema: Any
    parameters: tuple[Parameter, ...]
    kind: str
    operation: Given = {}

    @cached_property
    def required(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.is_required)

    @cached_property
    def is_seeking(self) -> bool:
        return any(one.is_search for one in self.required)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        named = " ".join(f"{one.name} {one.description[:80]}" for one in self.parameters)
        weights = dict.fromkeys(word_set(f"{self.description[:300]} {named}"), OTHER)
        return weights | dict.fromkeys(word_set(self.name[:MAX_NAME].replace("-", " ")), NAME)

    def parameter(self, sort: str) -> Parameter | None:
        """Find the parameter of a sort (`path`, `content`, `old`), a required one first."""
        kind = "boolean" if sort == "all" else "string"
        omitted = name_words("old") if sort == "content" else frozenset()
        named = (one for one in self.parameters if one.words & name_words(sort))
        held = (one for one in named if one.type == kind and not one.words & omitted)
        return min(held, key=lambda one: (not one.is_required, len(one.path)), default=None)

    def make_call(self, given: Given, ids: Ids, budget: WorkBudget) -> ToolCall:
        made = make_arguments(self.schema, ids, given, budget=budget)
        return ToolCall(self.name, msgspec.json.encode(made).decode())


def read_offers(functions: Sequence[Function]) -> tuple[ToolOffer, ...]:
    """Find the kinds of functions; one with several operations is an offer for each."""
    found: list[ToolOffer] = []
    for one in functions[:MAX_TOOLS]:
        found += _read_offers(one.name or "", one.description or "", bytes(one.schema))
    return tuple(found)


# An agent sends the same functions with every request.
@lru_cache(maxsize=MAX_TOOLS)
def _read_offers(name: str, description: str, sent: bytes) -> Sequence[ToolOffer]:
    schema = decode_json(sent) or {}
    parameters = list_parameters(schema)
    first = re.split(r"[.\n]", description[:200])[0]
    kind = _find_kind(name[:MAX_NAME], first, parameters)
    offer = ToolOffer(name, description, schema, parameters, kind)
    for one in offer.required:
        listed = [value for value in OPERATIONS if value in one.schema.get("enum", ())]
        if len(listed) > 1:
            return [replace(offer, kind=OPERATIONS[v], operation={one.path: v}) for v in listed]
    return [offer]


def is_agent(offers: Sequence[ToolOffer]) -> bool:
    every = {offer.kind for offer in offers}
    is_shell = "run" in every and ("plan" in every or every <= {"run", "finish", "ask"})
    return len(every & LOCAL_KINDS) >= 3 or "edit" in every or is_shell


def _find_kind(name: str, first: str, parameters: Sequence[Parameter]) -> str:
    """The kind of a tool by its name, its description's first sentence and its parameters."""
    needed = [one for one in parameters if one.is_required]
    words = {*split_name(name), name.lower(), re.sub(r"[^a-z]+", "_", name.lower())}
    named = {kind for kind in table("names")["names"] if words & name_words(kind)}
    sorts = {sort for sort in SORTS if any(one.words & name_words(sort) for one in parameters)}
    about = words | {*split_name(first)} if not words & {"web", "internet"} else set()
    is_finder = bool(words & name_words("finders")) or words <= {"list", "dir", "tree"}
    is_local = is_finder or bool(about & name_words("files")) or "文件" in first or "目录" in first
    is_placed = all(one.kind == "path" or one.is_search for one in needed)
    is_url = any(one.words & name_words("url") for one in needed) and len(needed) <= 2
    rules = (
        ("plan", "others" in named),
        ("finish", "finish" in named),
        ("run", "run" in named and "command" in sorts and "plan" not in named),
        ("edit", {"old", "new"} <= sorts and all(one.name.lower() != "query" for one in needed)),
        ("delete", "delete" in named),
        ("send", "send" in named),
        ("write", "write" in named and {"path", "content"} <= sorts),
        ("plan", "plan" in named),
        ("ask", "ask" in named and "read" not in named),
        ("read", "read" in named and "path" in sorts),
        ("fetch", is_url or ("fetch" in named and "url" in sorts)),
        ("search", "search" in named and "query" in sorts and is_local),
        ("list", "list" in named and is_local and is_placed),
    )
    return next((kind for kind, is_met in rules if is_met), "other")


class PlanStep(Struct, frozen=True):
    """A goal of the user or a step to it: its kind, and values by the sort of parameter."""

    kind: str
    values: Mapping[str, Any] = {}

    @property
    def path(self) -> str:
        return str(self.values.get("path", ""))


class ToolProject:
    """A project that the tools of one request work on: makes calls for steps, finds results."""

    def __init__(self, conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids) -> None:
        self.conversation, self.offers, self.ids = conversation, offers, ids
        self.unused_results = iter(conversation.results)
        self.budget = WorkBudget()

    def answer(self, step: PlanStep) -> ToolCall | ToolResult | None:
        """Find the result of a step, or the call to make for it; None if no tool can do it.

        A step that failed by its path is tried once more with a corrected one.
        """
        is_over = len(self.conversation.results) >= MAX_RESULTS
        made, result = None, None
        corrected: PlanStep | None = step
        for _ in range(2):
            call = self.make_call(corrected) if corrected else None
            if call is None or call == made:
                break
            # The results of other tools before it are dropped.
            names = ("", call.name)
            found = next((one for one in self.unused_results if one.name in names), None)
            if found is None:
                return result if is_over else call
            made, result = call, found
            corrected = self.correct(step, result)
        return result

    def make_call(self, step: PlanStep) -> ToolCall | None:
        """Make the call for a step, with a tool of its kind or a command; None without both."""
        command = _as_command(step)
        ways = (step, PlanStep("run", {"command": command})) if command else (step,)
        for way in ways:
            held = [offer for offer in self.offers if offer.kind == way.kind]
            # One that needs the fewest parameters, and no pattern.
            offer = min(held, key=lambda one: (one.is_seeking, len(one.required)), default=None)
            given = self.fill(offer, way) if offer else None
            if offer is not None and given is not None:
                return offer.make_call(given, self.ids, self.budget)
        return None

    def fill(self, offer: ToolOffer, step: PlanStep) -> Given | None:
        """Assign the values of a step, by path; None if the tool has no parameter for one."""
        given: dict[ValuePath, Any] = dict(offer.operation)
        for sort, value in step.values.items():
            parameter = offer.parameter(sort)
            if parameter is not None:
                given[parameter.path] = self.shape_value(parameter, sort, value)
            elif sort not in ("path", "all"):
                return None
        if offer.kind == "list" and offer.is_seeking:
            given[offer.required[0].path] = "*"
        return given

    def shape_value(self, parameter: Parameter, sort: str, value: Any) -> Any:
        if sort == "path" and PATTERNS["absolute"].search(parameter.description):
            value = self.join(value)
        if not parameter.is_list:
            return value
        is_argv = sort == "command" and not parameter.name.endswith("s")
        return ["bash", "-lc", value] if is_argv else [value]

    def join(self, path: str) -> str:
        """Join a relative path to the working directory, if that is known."""
        base = self.conversation.directory
        if path.startswith(("/", "~")) or not base:
            return path
        return base if path in (".", "./") else f"{base}/{path.removeprefix('./')}"

    def correct(self, step: PlanStep, result: ToolResult) -> PlanStep | None:
        """Correct the path of a step after an error; None if no other path is likely."""
        path = step.values.get("path")
        if path is None or not result.is_error:
            return None
        meant = PATTERNS["meant"].search(result.text)
        sent = [str(value) for value in result.arguments.values()]
        ways = (meant[1] if meant else "", self.join(path), path)
        better = next((one for one in ways if one and one not in sent), None)
        return PlanStep(step.kind, {**step.values, "path": better}) if better else None


def _as_command(step: PlanStep) -> str:
    """The shell command for a step that destroys nothing, or an empty text."""
    held = {sort: str(value) for sort, value in step.values.items()}
    path = shlex.quote(held.get("path") or ".")
    match step.kind:
        case "read":
            return f"cat {path}"
        case "list":
            return f"ls {path}" if path != "." else "ls"
        case "search":
            return f"grep -rn -e {shlex.quote(held['query'])} {path}"
        case "edit" if "\n" not in held["old"] + held["new"]:
            flag = "g" if held.get("all") else ""
            old = re.sub(r"([][\\.*^$/])", r"\\\1", held["old"])
            new = re.sub(r"([\\&/])", r"\\\1", held["new"])
            return f"sed -i {shlex.quote(f's/{old}/{new}/{flag}')} {path}"
        case "write":
            text = shlex.quote(held["content"].rstrip("\n"))
            return f"test -e {path} || printf '%s\\n' {text} > {path}"
    return ""
