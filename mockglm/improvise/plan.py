"""Which functions a request calls for, in which steps, and what of that is still to do."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.arguments import arguments
from mockglm.improvise.assign import assign
from mockglm.improvise.findings import Findings, find
from mockglm.improvise.scene import Result, Scene
from mockglm.improvise.slots import Slot, slots, spread
from mockglm.improvise.words import excerpt, words
from mockglm.request.types import Function

__all__ = ["calls", "dump", "finisher", "is_finisher"]

THRESHOLD = 1.0
"""What a function must score for a text to call it."""
MOST_STEPS = 6
MOST_CALLS = 8
MOST_CLAUSES = 12

NAME, DESCRIPTION, PARAMETER, VALUE = 2.0, 0.8, 0.5, 0.5
"""What a shared word weighs by where it stands, and a value that a required parameter can take."""

THEN = re.compile(
    r"(?:然后|接着|之后再|随后|最后|再(?=[\u4e00-\u9fff])|\bthen\b|\bafter that\b|\bfinally\b)",
    re.I,
)
PART = re.compile(r"[，,。；;！!？?\n]|\band\b|\balso\b|\bplus\b|和|并且|并|以及|还有|同时", re.I)

FINISHER = re.compile(
    r"final_?(?:answer|result|response|output)|attempt_completion|respond_in_schema"
    r"|structured_?output|submit(?:_answer|_result)?|task_(?:complete|done)|finish|complete_task",
    re.I,
)
"""Functions by which an agent's framework wants the answer itself: smolagents, pydantic-ai, Roo."""


@dataclass(frozen=True)
class Tool:
    """A function offered, with the words it is compared by."""

    function: Function

    @property
    def name(self) -> str:
        return self.function.name or ""

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        return slots(self.function.parameters)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Its words and what each weighs: most in the name, least in a parameter."""
        named = " ".join(str(step) for slot in self.slots for step in slot.path)
        described = " ".join(slot.description[:80] for slot in self.slots)
        weighed = dict.fromkeys(words(f"{named} {described}"), PARAMETER)
        weighed |= dict.fromkeys(words((self.function.description or "")[:300]), DESCRIPTION)
        return weighed | dict.fromkeys(words(self.name.replace("-", " ")), NAME)


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to make: the function and the findings its arguments take."""

    tool: Tool
    findings: Findings


def calls(scene: Scene, ids: Ids) -> tuple[ToolCall, ...]:
    """The calls to make now; none when the answer is due."""
    tools = tuple(Tool(function) for function in scene.functions)
    choice = scene.chat.tool_choice
    if not tools or choice == "none":
        return ()
    planned = _remaining(_steps(scene, tools), scene.results)
    made = tuple(_call(one, index, ids) for index, one in enumerate(planned))
    done = {_signature(result.name, result.arguments) for result in scene.results}
    fresh = {_signature(call.name, call.arguments): call for call in made}
    return tuple(call for key, call in fresh.items() if key not in done)


def is_finisher(function: Function) -> bool:
    """Whether a function takes the answer itself, by its name."""
    return FINISHER.search(function.name or "") is not None


def finisher(scene: Scene) -> Function | None:
    """The function that takes the final answer, when one is offered and was not called yet."""
    called = {result.name for result in scene.results}
    choice = scene.chat.tool_choice
    if choice == "none" or isinstance(choice, Mapping):
        return None
    named = filter(is_finisher, scene.functions)
    return next((one for one in named if one.name not in called), None)


def _steps(scene: Scene, tools: Sequence[Tool]) -> list[list[Planned]]:
    """What the whole turn calls for: calls at once within a step, steps one after another."""
    forced = _forced(scene.chat.tool_choice, tools)
    if forced is not None:
        return [[Planned(forced, find(excerpt(scene.text)))]]
    usual = [tool for tool in tools if not is_finisher(tool.function)]
    if not usual:
        return []
    rank = _ranking(usual)
    text = excerpt(scene.text)
    asked = [part for part in THEN.split(text) if part.strip()][:MOST_STEPS]
    steps = [step for part in asked if (step := _step(part, text, rank))]
    if steps:
        return steps
    return _fallback(scene, usual, rank)


def _forced(choice: Any, tools: Sequence[Tool]) -> Tool | None:
    """The function that `tool_choice` names."""
    named = choice.get("function") if isinstance(choice, Mapping) else None
    name = named.get("name") if isinstance(named, Mapping) else None
    return next((tool for tool in tools if tool.name == name), None)


Ranking = Callable[[str], list[tuple[float, Tool]]]


def _ranking(tools: Sequence[Tool]) -> Ranking:
    """Scores of all functions for a text, best first; a word that many share weighs less."""
    shared = Counter(word for tool in tools for word in tool.weights)

    def rank(text: str) -> list[tuple[float, Tool]]:
        said = words(text)
        found = find(text)
        scored = [(_score(tool, said, shared) + _valued(tool, found), tool) for tool in tools]
        return sorted(scored, key=lambda pair: -pair[0])

    return rank


def _score(tool: Tool, said: frozenset[str], shared: Mapping[str, int]) -> float:
    common = said & tool.weights.keys()
    return sum(tool.weights[word] / math.sqrt(shared[word]) for word in common)


def _valued(tool: Tool, found: Findings) -> float:
    """What it is worth that the text has a value for a required parameter; little by itself."""
    kinds = [slot.kind for slot in tool.slots if slot.is_required and slot.kind]
    return VALUE if any(found.of(kind) for kind in kinds) else 0.0


def _step(part: str, whole: str, rank: Ranking) -> list[Planned]:
    """The calls that one step asks for: the best function of each of its clauses, else of all."""
    clauses = [clause for clause in PART.split(part) if clause.strip()][:MOST_CLAUSES]
    best = [(rank(clause)[0], clause) for clause in clauses]
    chosen: dict[str, list[str]] = {}
    tools: dict[str, Tool] = {}
    for (score, tool), clause in best:
        if score >= THRESHOLD:
            chosen.setdefault(tool.name, []).append(clause)
            tools[tool.name] = tool
    if not chosen:
        score, tool = rank(part)[0]
        return _expand(tool, part, whole) if score >= THRESHOLD else []
    return [
        one
        for name, held in chosen.items()
        for one in _expand(tools[name], part if len(chosen) == 1 else " ， ".join(held), whole)
    ][:MOST_CALLS]


def _expand(tool: Tool, part: str, whole: str) -> list[Planned]:
    """One call, or one for each of several values."""
    numeric = [slot for slot in tool.slots if slot.is_required and slot.is_number]
    found = find(part).within(find(whole), len(numeric))
    return [Planned(tool, one) for one in spread(tool.slots, found)]


def _fallback(scene: Scene, tools: Sequence[Tool], rank: Ranking) -> list[list[Planned]]:
    """When nothing fits: what must be called, or the only function if the text fills it."""
    text = excerpt(scene.text)
    score, best = rank(text)[0]
    if scene.chat.tool_choice in ("required", "any") and finisher(scene) is None:
        return [_expand(best, text, text)[:1]]
    needed = [slot for slot in best.slots if slot.is_required]
    given = assign(needed, find(excerpt(scene.text)), words(scene.text)) if score and needed else {}
    filled = needed and all(slot.kind and slot.path in given for slot in needed)
    return [_expand(best, text, text)] if len(tools) == 1 and filled else []


def _remaining(steps: Iterable[list[Planned]], results: Sequence[Result]) -> list[Planned]:
    """The first step with calls that have no result yet; a result without a name takes the next."""
    got = Counter(result.name for result in results)
    for step in steps:
        open_calls = [one for one in step if not _spend(got, one.tool.name)]
        if open_calls:
            return open_calls
    return []


def _spend(got: Counter[str], name: str) -> bool:
    key = name if got[name] else ""
    got[key] -= 1
    return got[key] >= 0


def _call(planned: Planned, index: int, ids: Ids) -> ToolCall:
    tool = planned.tool
    given = assign(tool.slots, planned.findings, words(planned.findings.text))
    made = arguments(tool.function.parameters, ids, given)
    return ToolCall(tool.name, dump(made))


def dump(value: Any) -> str:
    """JSON as the models write it: compact, with Chinese as it is."""
    return msgspec.json.encode(value).decode()


def _signature(name: str, sent: Any) -> str:
    """A call for comparing: the arguments parsed, so that spaces and order do not count."""
    if isinstance(sent, str):
        try:
            sent = json.loads(sent)
        except (ValueError, RecursionError):
            return f"{name}:{sent}"
    return f"{name}:{json.dumps(sent, sort_keys=True)}"
