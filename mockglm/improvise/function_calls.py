"""Calls of an application's functions, chosen for each clause, in the steps of the text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.assignment import assign, usual_values
from mockglm.improvise.capabilities import ToolOffer, table_words
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import detect_language, word_set
from mockglm.improvise.parameters import split_calls
from mockglm.improvise.ranking import THRESHOLD, Ranking, rank_functions
from mockglm.improvise.schema import WorkBudget, make_arguments
from mockglm.improvise.steps import encode_compact
from mockglm.improvise.values import TextValues, find_values

MAX_STEPS, MAX_CALLS, MAX_CLAUSES = 6, 8, 100
THEN = re.compile(
    r"(?:然后|接着|之后再|随后|最后|再(?=[\u4e00-\u9fff])|\bthen\b|\bafter that\b|\bfinally\b)",
    re.I,
)
SENTENCE = re.compile(r"[。；;！!？?\n]|\.\s")
PART = re.compile(r"[，,、]|\band\b|\balso\b|\bplus\b|和|及|并且|并|还有|同时", re.I)
RECEIVERS = ("email", "person", "id", "url")
CANCEL = re.compile(r"取消|\bcancel", re.I)


class FunctionCall(Struct, frozen=True):
    """A planned call: the function, and the values of the text for it."""

    offer: ToolOffer
    values: TextValues


def call_functions(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> tuple[ToolCall, ...]:
    """Make the next calls; none if the results suffice for a reply."""
    choice = conversation.chat.tool_choice
    forced = _find_forced(choice, offers)
    held = [offer for offer in offers if offer.kind != "finish"]
    if forced is None and not held:
        return ()
    text = conversation.request
    if forced is not None:
        steps = [[FunctionCall(forced, find_values(text))]]
    else:
        steps = [
            [*filter(_permission_rule(text), step)] for step in _plan_steps(conversation, held)
        ]
    budget = WorkBudget()
    planned = _find_open_step(steps, conversation.results)
    made = [_make_call(one, ids, budget) for one in planned]
    done = {_signature(result.name, result.arguments) for result in conversation.results}
    fresh = {_signature(call.name, call.arguments): call for call in made}
    return tuple(call for key, call in fresh.items() if key not in done)


def _find_forced(choice: Any, offers: Sequence[ToolOffer]) -> ToolOffer | None:
    """Find the function that `tool_choice` names."""
    named = choice.get("function") if isinstance(choice, Mapping) else None
    name = named.get("name") if isinstance(named, Mapping) else None
    return next((offer for offer in offers if offer.name == name), None)


def _plan_steps(
    conversation: Conversation, offers: Sequence[ToolOffer]
) -> list[list[FunctionCall]]:
    """Plan the calls of the whole turn: parallel within a step, the steps in sequence."""
    text, rank = conversation.request, rank_functions(offers)
    parts = [part for part in THEN.split(text) if part.strip()][:MAX_STEPS]
    steps = [step for part in parts if (step := _plan_step(part, text, rank))]
    if steps:
        return steps
    score, best = rank(text)[0]
    finishes = any(
        function.name in table_words("names", "finish") for function in conversation.functions
    )
    if conversation.chat.tool_choice in ("required", "any") and not finishes:
        return [_expand(best, text, text)[:1]]
    needed = [one for one in best.parameters if one.is_required]
    given = assign(needed, find_values(text)) if score and needed else {}
    is_filled = needed and all(one.kind and one.path in given for one in needed)
    return [_expand(best, text, text)] if len(offers) == 1 and is_filled else []


def _plan_step(part: str, whole: str, rank: Ranking) -> list[FunctionCall]:
    """Plan the calls of one step: the best function for each clause, else for all together."""
    chosen: dict[str, tuple[ToolOffer, list[str]]] = {}
    for offer, clause in _choose_functions(part, rank):
        chosen.setdefault(offer.name, (offer, []))[1].append(clause)
    if not chosen:
        score, offer = rank(part)[0]
        return _expand(offer, part, whole) if score >= THRESHOLD else []
    texts = {
        name: part if len(chosen) == 1 else " ， ".join(held) for name, (_, held) in chosen.items()
    }
    calls = [_expand(offer, texts[name], whole) for name, (offer, _) in chosen.items()]
    return [call for several in calls for call in several][:MAX_CALLS]


def _choose_functions(part: str, rank: Ranking) -> Iterator[tuple[ToolOffer, str]]:
    """Choose functions for the clauses of a step, each with the text of its clauses.

    A clause without a function belongs to the one before it in English and to the next one in
    Chinese: `weather in Beijing` and `Shanghai`, 北京 and 上海的天气 are two cities of a function.
    """
    left = MAX_CLAUSES
    for sentence in SENTENCE.split(part):
        found: list[tuple[ToolOffer, str]] = []
        waiting = ""
        clauses = [clause for clause in PART.split(sentence) if clause.strip()][:left]
        left -= len(clauses)
        for clause in clauses:
            score, offer = rank(clause)[0]
            if score >= THRESHOLD:
                found.append((offer, waiting + clause))
                waiting = ""
            elif found and detect_language(clause) == "en":
                found[-1] = (found[-1][0], f"{found[-1][1]}，{clause}")
            else:
                waiting += f"{clause}，"
        if found and waiting:
            found[-1] = (found[-1][0], f"{found[-1][1]}，{waiting}")
        yield from found


def _expand(offer: ToolOffer, part: str, whole: str) -> list[FunctionCall]:
    """Plan one call, or one for each of several values."""
    numeric = [one for one in offer.required if one.is_number]
    values = find_values(part).within(find_values(whole), len(numeric))
    return [FunctionCall(offer, one) for one in split_calls(offer.parameters, values)]


def _permission_rule(text: str) -> Any:
    """The rule that calls may write, delete or send only on request, with all values given."""
    words = word_set(text)

    def judge(call: FunctionCall) -> bool:
        offer = call.offer
        if offer.kind not in ("write", "edit", "delete", "send"):
            return True
        given = assign(offer.parameters, call.values)
        if offer.kind == "send":
            receivers = [one for one in offer.required if one.kind in RECEIVERS]
            needed, is_asked = receivers or offer.required, bool(words & _verbs("send"))
        elif offer.kind == "delete":
            is_asked = bool(words & _verbs("delete")) or bool(CANCEL.search(text))
            needed = offer.required
        else:
            quoted = {
                one
                for kind in ("quote", "fence", "code", "old", "new")
                for one in call.values.of(kind)
            }
            content = offer.parameter("content")
            is_asked = content is None or given.get(content.path) in quoted
            needed = offer.required
        return is_asked and all(one.path in given for one in needed)

    return judge


def _verbs(kind: str) -> frozenset[str]:
    return word_set(" ".join(table_words("names", kind)))


def _find_open_step(
    steps: Iterable[list[FunctionCall]], results: Sequence[ToolResult]
) -> list[FunctionCall]:
    """The open calls of the first step that has some; a result without a name answers the next."""
    got = Counter(result.name for result in results)
    for step in steps:
        open_calls = [one for one in step if not _take_result(got, one.offer.name)]
        if open_calls:
            return open_calls
    return []


def _take_result(got: Counter[str], name: str) -> bool:
    key = name if got[name] else ""
    got[key] -= 1
    return got[key] >= 0


def _make_call(call: FunctionCall, ids: Ids, budget: WorkBudget) -> ToolCall:
    given = assign(call.offer.parameters, call.values)
    given = {**usual_values(call.offer.required, call.values.text), **given}
    made = make_arguments(call.offer.function.parameters, ids, given, budget=budget)
    return ToolCall(call.offer.name, encode_compact(made))


def _signature(name: str, sent: Any) -> str:
    """A text to compare calls by, without regard to spaces and the order of arguments."""
    try:
        held = json.loads(sent) if isinstance(sent, str) else sent
        return f"{name}:{json.dumps(held, sort_keys=True)}"
    except (ValueError, RecursionError):
        return f"{name}:{sent}"
