"""Calls of an application's functions, chosen for each clause, in the steps of the text."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import word_set
from mockglm.improvise.parameters import TextValues, assign, find_values, name_words, split_calls
from mockglm.improvise.planner import remove_unwanted
from mockglm.improvise.schema import WorkBudget
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.tables import patterns
from mockglm.improvise.tools import ToolOffer

PATTERNS = patterns("function_calls")
MAX_STEPS, MAX_CALLS = 6, 8
RECEIVERS = ("email", "person", "direction", "id", "url")
QUOTED_KINDS = ("quote", "fence", "code")
THRESHOLD = 1.0
"""The score above which a function is called."""
VALUE, COMMAND = 0.5, 6.0
"""The weights of a value for a required parameter, and of a command, which few functions take."""


class _FunctionCall(Struct, frozen=True):
    """A planned call: the function, and the values for its parameters."""

    offer: ToolOffer
    given: Given


def call_functions(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> tuple[ToolCall, ...]:
    """Make the next calls; none if the results suffice for a reply."""
    text, choice = conversation.request, conversation.chat.tool_choice
    if isinstance(choice, Mapping):
        # `tool_choice` names a function.
        named = choice.get("function")
        name = named.get("name") if isinstance(named, Mapping) else None
        steps = [_expand(one, text, text)[:1] for one in offers if one.name == name]
    else:
        steps = _plan_steps(conversation, offers)
    budget, results = WorkBudget(), conversation.results
    open_calls = _find_open_step(steps, results)
    made = [call.offer.make_call(call.given, ids, budget) for call in open_calls]
    done = [(result.name, result.arguments) for result in results]
    fresh = (call for call in made if (call.name, json.loads(call.arguments)) not in done)
    return tuple(dict.fromkeys(fresh))


def _plan_steps(
    conversation: Conversation, offers: Sequence[ToolOffer]
) -> list[list[_FunctionCall]]:
    """Plan the calls of the whole turn: parallel within a step, the steps in sequence."""
    others = [offer for offer in offers if offer.kind != "finish"]
    if not others:
        return []
    text, ranking = conversation.request, _Ranking(others)
    parts = [part for part in PATTERNS["then"].split(text) if part.strip()][:MAX_STEPS]
    steps = [step for part in parts if (step := _plan_step(part, text, ranking))]
    score, best = ranking.best(text)
    calls = [] if steps else _expand(best, text, text)
    is_due = conversation.chat.tool_choice in ("required", "any") and len(others) == len(offers)
    if calls and is_due:
        steps = [calls[:1]]
    elif calls and score and len(others) == 1 and best.required:
        # The only function is called if the text has a value of the right kind for each parameter.
        is_filled = all(one.kind and one.path in calls[0].given for one in best.required)
        steps = [calls] if is_filled else []
    return [[call for call in step if _is_permitted(call, text)] for step in steps]


def _plan_step(part: str, whole: str, ranking: _Ranking) -> list[_FunctionCall]:
    """Plan the calls of one step: the best function for each clause, else for all together.

    A clause without a function belongs to the one before it in its sentence, else to the next:
    `weather in Beijing` and `Shanghai`, 北京 and 上海的天气 are two cities of a function.
    """
    chosen: dict[str, ToolOffer] = {}
    texts: defaultdict[str, str] = defaultdict(str)
    for sentence in PATTERNS["sentence"].split(part):
        name = waiting = ""
        for clause in filter(str.strip, PATTERNS["part"].split(sentence)):
            score, offer = ranking.best(clause)
            if score >= THRESHOLD:
                name = offer.name
                chosen[name] = offer
            waiting = f"{waiting}{clause}，"
            if name:
                texts[name] += waiting
                waiting = ""
    if len(chosen) <= 1:
        score, offer = ranking.best(part)
        chosen = chosen or ({offer.name: offer} if score >= THRESHOLD else {})
        texts.update(dict.fromkeys(chosen, part))
    calls = [call for name, offer in chosen.items() for call in _expand(offer, texts[name], whole)]
    return calls[:MAX_CALLS]


def _expand(offer: ToolOffer, part: str, whole: str) -> list[_FunctionCall]:
    values = find_values(part).within(find_values(whole))
    split = split_calls(offer.parameters, values)
    return [_FunctionCall(offer, assign(offer.parameters, one)) for one in split]


def _is_permitted(call: _FunctionCall, text: str) -> bool:
    """True unless a call writes, deletes or sends without a request for it and all its values."""
    kind, given, needed = call.offer.kind, call.given, call.offer.required
    if kind not in ("send", "delete", "write"):
        return True
    text = remove_unwanted(text)
    is_asked = bool(word_set(text) & word_set(" ".join(name_words(kind))))
    if kind == "write":
        content = call.offer.parameter("content")
        quoted = [value for one in QUOTED_KINDS for value in find_values(text).of(one)]
        is_asked = content is None or given.get(content.path) in quoted
    if kind == "send":
        needed = tuple(one for one in needed if one.kind in RECEIVERS) or needed
    is_named = all(str(given.get(one.path)) in text for one in needed if one.kind == "path")
    return bool(is_asked) and is_named and all(one.path in given for one in needed)


def _find_open_step(
    steps: Iterable[list[_FunctionCall]], results: Sequence[ToolResult]
) -> list[_FunctionCall]:
    """The open calls of the first step that has some; a result without a name answers the next."""
    got = Counter(result.name for result in results)

    def is_open(call: _FunctionCall) -> bool:
        key = call.offer.name if got[call.offer.name] else ""
        got[key] -= 1
        return got[key] < 0

    return next((calls for step in steps if (calls := [*filter(is_open, step)])), [])


class _Ranking:
    """Scores of functions for a text, by shared words and by the values for their parameters.

    Words that many functions have weigh less.
    """

    def __init__(self, offers: Sequence[ToolOffer]) -> None:
        self._offers = offers
        counted = Counter(word for offer in offers for word in offer.weights)
        self._shared = {word: math.sqrt(count) for word, count in counted.items()}

    def best(self, text: str) -> tuple[float, ToolOffer]:
        # Most texts share no word with most functions.
        words, values = word_set(text) & self._shared.keys(), find_values(text)
        scores = [(self._score(offer, words, values), offer) for offer in self._offers]
        return max(scores, key=lambda pair: pair[0])

    def _score(self, offer: ToolOffer, words: frozenset[str], values: TextValues) -> float:
        common = words & offer.weights.keys()
        there = [one.kind for one in offer.required if values.of(one.kind)]
        score = COMMAND if "command" in there else VALUE if there else 0.0
        if offer.is_seeking and values.of("sought"):
            score = THRESHOLD
        return score + sum(offer.weights[word] / self._shared[word] for word in common)
