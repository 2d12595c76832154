"""Which functions a request calls for, in which steps, and what of that is still to do."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.arguments import arguments
from mockglm.improvise.assign import assign, usual
from mockglm.improvise.findings import Findings, find
from mockglm.improvise.fit import THRESHOLD, Ranking, Tool, ranking
from mockglm.improvise.scene import Result, Scene
from mockglm.improvise.slots import spread
from mockglm.improvise.words import excerpt, language, words
from mockglm.validation.types import Function

__all__ = ["calls", "dump", "finisher", "is_finisher"]

MOST_STEPS = 6
MOST_CALLS = 8
MOST_CLAUSES = 12
MOST_READ = 100
"""Clauses of a step that are compared with the functions."""
MOST_TOOLS = 128
"""As many functions as the service takes (docs.bigmodel.cn, 对话补全)."""

THEN = re.compile(
    r"(?:然后|接着|之后再|随后|最后|再(?=[\u4e00-\u9fff])|\bthen\b|\bafter that\b|\bfinally\b)",
    re.I,
)
SENTENCE = re.compile(r"[。；;！!？?\n]|\.\s")
PART = re.compile(r"[，,、]|\band\b|\balso\b|\bplus\b|和|并且|并|以及|还有|同时", re.I)

FINISHER = re.compile(
    r"final_?(?:answer|result|response|output)|attempt_completion|respond_in_schema"
    r"|structured_?output|submit(?:_answer|_result)?|task_(?:complete|done)|finish|complete_task",
    re.I,
)
"""Functions by which an agent's framework wants the answer itself: smolagents, pydantic-ai, Roo."""


class Planned(Struct, frozen=True):
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
    usual = [tool for tool in tools if not is_finisher(tool.function)][:MOST_TOOLS]
    if not usual:
        return []
    rank = ranking(usual)
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


def _step(part: str, whole: str, rank: Ranking) -> list[Planned]:
    """The calls that one step asks for: the best function of each of its clauses, else of all."""
    claimed = [pair for clauses in _sentences(part) for pair in _claimed(clauses, rank)]
    chosen: dict[str, list[str]] = {}
    tools: dict[str, Tool] = {}
    for tool, clause in claimed[:MOST_CLAUSES]:
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


def _sentences(part: str) -> Iterator[list[str]]:
    """The clauses of each sentence."""
    left = MOST_READ
    for sentence in SENTENCE.split(part):
        clauses = [clause for clause in PART.split(sentence) if clause.strip()][:left]
        left -= len(clauses)
        yield clauses


def _claimed(clauses: Iterable[str], rank: Ranking) -> list[tuple[Tool, str]]:
    """The functions of a sentence's clauses, each with its words.

    A clause that calls for none goes to the one before in English and to the next in Chinese:
    `weather in Beijing` and `Shanghai`, 北京 and 上海的天气 are two cities of one function.
    """
    found: list[tuple[Tool, str]] = []
    waiting = ""
    for clause in clauses:
        score, tool = rank(clause)[0]
        if score >= THRESHOLD:
            found.append((tool, waiting + clause))
            waiting = ""
        elif found and language(clause) == "en":
            found[-1] = (found[-1][0], f"{found[-1][1]}，{clause}")
        else:
            waiting += f"{clause}，"
    if found and waiting:
        found[-1] = (found[-1][0], f"{found[-1][1]}，{waiting}")
    return found


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
    given = assign(needed, find(text), words(text)) if score and needed else {}
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
    given = {**usual(tool.required, planned.findings.text), **given}
    made = arguments(tool.function.parameters, ids, given)
    return ToolCall(tool.name, dump(made))


def dump(value: Any) -> str:
    """JSON as the models write it: compact, with Chinese as it is."""
    return msgspec.json.encode(value).decode()


def _signature(name: str, sent: Any) -> str:
    """A call for comparing: the arguments parsed, so that spaces and order do not count."""
    try:
        held = json.loads(sent) if isinstance(sent, str) else sent
        return f"{name}:{json.dumps(held, sort_keys=True)}"
    except (ValueError, RecursionError):
        return f"{name}:{sent}"
