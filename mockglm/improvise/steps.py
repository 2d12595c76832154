"""Calls of a coding agent: steps of a plan, made into calls of the offered tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.capabilities import Kind, ToolOffer
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import topic
from mockglm.improvise.parameters import Parameter, name_words
from mockglm.improvise.schema import WorkBudget, make_arguments
from mockglm.improvise.schema.scalars import ValuePath

ABSOLUTE = re.compile(r"\babsolute\b|绝对路径", re.I)
RELATIVE = re.compile(r"\brelative\b|相对", re.I)
MEANT = re.compile(
    r"(?:did you mean|maybe you meant|similar)[^\n]{0,80}?[\s\"'`]((?:[\w@.-]*/)*[\w@-]+\.\w+)",
    re.I | re.S,
)
LIST_OF_WORDS = re.compile(r"\bargv\b|execvp|as an array|array of arguments", re.I)


class PlanStep(Struct, frozen=True):
    """One step: the kind of tool, and the values of its parameters by their sort."""

    kind: Kind
    values: Mapping[str, Any]


class StepCaller:
    """Makes the calls for the steps of one request."""

    def __init__(self, conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids) -> None:
        self.conversation, self.offers, self.ids = conversation, offers, ids
        self.budget = WorkBudget()

    def find(self, kind: Kind, *, by_pattern: bool = False) -> ToolOffer | None:
        """Find the tool of a kind with the fewest required parameters."""
        held = [offer for offer in self.offers if offer.kind == kind]
        # A listing by pattern only for a step with a pattern.
        return min(
            held,
            key=lambda one: (_is_by_pattern(one) != by_pattern, len(one.required)),
            default=None,
        )

    def make(self, step: PlanStep) -> ToolCall | None:
        """Make the call for a step, with a tool of its kind or a command; None without both."""
        offer = self.find(step.kind, by_pattern="query" in step.values and step.kind == "list")
        if offer is None:
            command = as_command(step)
            offer = self.find("run") if command else None
            step = PlanStep("run", {"command": command})
        if offer is None:
            return None
        given = self.fill(offer, step)
        if given is None:
            return None
        made = make_arguments(offer.function.parameters, self.ids, given, budget=self.budget)
        return ToolCall(offer.name, encode_compact(made))

    def fill(self, offer: ToolOffer, step: PlanStep) -> Mapping[ValuePath, Any] | None:
        """Assign the values of a step, by path; None if the tool has no parameter for one."""
        given: dict[ValuePath, Any] = dict(offer.operation)
        for sort, value in step.values.items():
            parameter = offer.parameter(sort)
            if parameter is None and sort in ("path", "all"):
                continue
            if parameter is None and sort == "query" and offer.kind == "list":
                continue
            if parameter is None:
                return None
            given[parameter.path] = self.shape_value(parameter, sort, value)
        if offer.kind == "list" and _is_by_pattern(offer) and "query" not in step.values:
            given[offer.required[0].path] = "*"
        for one in offer.required:
            if one.path not in given and one.type == "string" and "enum" not in one.schema:
                self.fill_explanation(one, given)
        return given

    def shape_value(self, parameter: Parameter, sort: str, value: Any) -> Any:
        if sort == "path":
            value = self.shape_path(value, parameter.description)
        if not parameter.is_list:
            return value
        is_argv = sort == "command" and not parameter.name.endswith("s")
        return ["bash", "-lc", value] if is_argv else [value]

    def shape_path(self, path: str, description: str = "") -> str:
        """Make a path absolute if the description of its parameter wants that."""
        is_absolute = ABSOLUTE.search(description) and not RELATIVE.search(description)
        return self.join(path) if is_absolute else path

    def join(self, path: str) -> str:
        base = self.conversation.directory
        if path.startswith(("/", "~")) or not base:
            return path
        return base if path in (".", "./") else f"{base}/{path.removeprefix('./')}"

    def fill_explanation(self, one: Parameter, given: dict[ValuePath, Any]) -> None:
        """Fill a required reason or description with the words of the user."""
        if not one.kind and one.name.lower() in name_words("explained"):
            given[one.path] = topic(self.conversation.request, 60)

    def correct(self, step: PlanStep, result: ToolResult) -> PlanStep | None:
        """Correct the path of a step after an error; None if no other path is likely."""
        path = step.values.get("path")
        if path is None or not result.is_error:
            return None
        meant = MEANT.search(result.text)
        sent = [str(value) for value in result.sent_arguments.values()]
        ways = (meant[1] if meant else "", self.join(path), path)
        better = next((one for one in ways if one and one not in sent), None)
        return PlanStep(step.kind, {**step.values, "path": better}) if better else None


def _is_by_pattern(offer: ToolOffer) -> bool:
    return offer.kind == "list" and any(one.is_search for one in offer.required)


def as_command(step: PlanStep) -> str:
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
        case "edit":
            flag = "g" if held.get("all") else ""
            old = re.sub(r"([][\\.*^$/])", r"\\\1", held["old"])
            new = re.sub(r"([\\&/])", r"\\\1", held["new"])
            is_plain = "\n" not in held["old"] + held["new"]
            return f"sed -i {shlex.quote(f's/{old}/{new}/{flag}')} {path}" if is_plain else ""
        case "write":
            text = shlex.quote(held["content"].rstrip("\n"))
            return f"test -e {path} || printf '%s\\n' {text} > {path}"
        case "run":
            return held["command"]
    return ""


def encode_compact(value: Any) -> str:
    """Encode JSON as the models write it: compact, without escapes of Chinese."""
    return msgspec.json.encode(value).decode()
