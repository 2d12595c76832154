"""Calls of an application's functions, chosen for each clause, in the steps of the text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import word_set
from mockglm.improvise.parameters import Parameter, assign, split_calls
from mockglm.improvise.schema import WorkBudget
from mockglm.improvise.tables import pattern
from mockglm.improvise.tools import ToolOffer, table_words
from mockglm.improvise.values import TextValues, find_values

MAX_STEPS, MAX_CALLS = 6, 8
THEN = pattern("function_calls", "then")
SENTENCE = re.compile(r"[。；;！!？?\n]|\.\s")
PART = pattern("function_calls", "part")
CHANGING = frozenset(("send", "delete", "write", "edit"))
"""Kinds of functions that a call needs permission for."""
RECEIVERS = ("email", "person", "direction", "id", "url")
CANCEL = pattern("function_calls", "cancel")
THRESHOLD = 1.0
"""The score above which a function is called."""
VALUE = 0.5
"""The weight of a value for a required parameter."""
WHOLE = 1.0
"""The weight of a whole name in the text."""
NAMED_ONLY = 6.0
"""The weight of a value that only one function accepts: a command, or a text to replace."""
READING_CONCEPTS = frozenset(("#read", "#fetch"))


class FunctionCall(Struct, frozen=True):
    """A planned call: the function, and the values of the text for it."""

    offer: ToolOffer
    values: TextValues


def call_functions(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> tuple[ToolCall, ...]:
    """Make the next calls; none if the results suffice for a reply."""
    text, results = conversation.request, conversation.results
    forced = _find_forced(conversation.chat.tool_choice, offers)
    held = [offer for offer in offers if offer.kind != "finish"]
    steps: Iterable[list[FunctionCall]] = ()
    if forced is not None:
        steps = [[FunctionCall(forced, find_values(text))]]
    elif held:
        words = word_set(text)
        steps = (
            [call for call in step if _is_permitted(call, words=words, text=text)]
            for step in _plan_steps(conversation, held)
        )
    budget = WorkBudget()
    made = [
        call.offer.make_call(assign(call.offer.parameters, call.values), ids, budget)
        for call in _find_open_step(steps, results)
    ]
    done = [(result.name, result.sent_arguments) for result in results]
    fresh = (call for call in made if (call.name, json.loads(call.arguments)) not in done)
    return tuple(dict.fromkeys(fresh))


def _find_forced(choice: Any, offers: Sequence[ToolOffer]) -> ToolOffer | None:
    """Find the function that `tool_choice` names."""
    named = choice.get("function") if isinstance(choice, Mapping) else None
    name = named.get("name") if isinstance(named, Mapping) else None
    return next((offer for offer in offers if offer.name == name), None)


def _plan_steps(
    conversation: Conversation, offers: Sequence[ToolOffer]
) -> list[list[FunctionCall]]:
    """Plan the calls of the whole turn: parallel within a step, the steps in sequence."""
    text, ranking = conversation.request, Ranking(offers)
    parts = [part for part in THEN.split(text) if part.strip()][:MAX_STEPS]
    steps = [step for part in parts if (step := _plan_step(part, text, ranking))]
    if steps:
        return steps
    score, best = ranking.best(text)
    finishers = table_words("names", "finish")
    finishes = any(function.name in finishers for function in conversation.functions)
    is_due = conversation.chat.tool_choice in ("required", "any") and not finishes
    given = assign(best.required, find_values(text)) if score else {}
    is_filled = given and all(one.kind and one.path in given for one in best.required)
    calls = _expand(best, text, text) if is_due or (len(offers) == 1 and is_filled) else []
    return [calls[:1] if is_due else calls]


def _plan_step(part: str, whole: str, ranking: Ranking) -> list[FunctionCall]:
    """Plan the calls of one step: the best function for each clause, else for all together.

    A clause without a function belongs to the one before it in its sentence, else to the next:
    `weather in Beijing` and `Shanghai`, 北京 and 上海的天气 are two cities of a function.
    """
    chosen: dict[str, ToolOffer] = {}
    texts: defaultdict[str, str] = defaultdict(str)
    for sentence in SENTENCE.split(part):
        name = waiting = ""
        for clause in filter(str.strip, PART.split(sentence)):
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
    calls = (call for name, offer in chosen.items() for call in _expand(offer, texts[name], whole))
    return [*islice(calls, MAX_CALLS)]


def _expand(offer: ToolOffer, part: str, whole: str) -> list[FunctionCall]:
    """Plan one call, or one for each of several values."""
    count = sum(one.is_number for one in offer.required)
    values = find_values(part).within(find_values(whole), count)
    return [FunctionCall(offer, one) for one in split_calls(offer.parameters, values)]


def _is_permitted(call: FunctionCall, *, words: frozenset[str], text: str) -> bool:
    """True unless a call writes, deletes or sends without a request for it and all its values."""
    offer = call.offer
    if offer.kind not in CHANGING:
        return True
    given = assign(offer.parameters, call.values)
    needed: Sequence[Parameter] = offer.required
    match offer.kind:
        case "send":
            needed = [one for one in needed if one.kind in RECEIVERS] or needed
            is_asked = bool(words & _verbs("send"))
        case "delete":
            is_asked = bool(words & _verbs("delete")) or CANCEL.search(text) is not None
        case _:
            quoted = [call.values.of(kind) for kind in ("quote", "fence", "code", "old", "new")]
            content = offer.parameter("content")
            is_asked = content is None or any(given.get(content.path) in held for held in quoted)
    return is_asked and all(one.path in given for one in needed)


def _verbs(kind: str) -> frozenset[str]:
    return word_set(" ".join(table_words("names", kind)))


def _find_open_step(
    steps: Iterable[list[FunctionCall]], results: Sequence[ToolResult]
) -> list[FunctionCall]:
    """The open calls of the first step that has some; a result without a name answers the next."""
    got = Counter(result.name for result in results)

    def is_open(call: FunctionCall) -> bool:
        key = call.offer.name if got[call.offer.name] else ""
        got[key] -= 1
        return got[key] < 0

    return next((calls for step in steps if (calls := [*filter(is_open, step)])), [])


class Ranking:
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
        scores = [
            (self._score(offer, words) + _score_values(offer, values), offer)
            for offer in self._offers
        ]
        return max(scores, key=lambda pair: pair[0])

    def _score(self, offer: ToolOffer, words: frozenset[str]) -> float:
        common = words & offer.weights.keys()
        if not common:
            return 0.0
        whole = WHOLE * len(common & offer.name_words) / (len(offer.name_words) or 1)
        return whole + sum(offer.weights[word] / self._shared[word] for word in common)


def _score_values(offer: ToolOffer, values: TextValues) -> float:
    """Score the values of a text for required parameters."""
    kinds = [one.kind for one in offer.required if one.kind]
    there = [kind for kind in kinds if values.of(kind)]
    # A text to replace cannot be invented.
    if any(kind in kinds and kind not in there for kind in ("old", "new")):
        return -math.inf
    if "command" in there or "old" in there:
        return NAMED_ONLY
    is_filled = len(there) == len(offer.required) > 0 and READING_CONCEPTS & offer.name_words
    is_sought = offer.is_seeking and values.of("sought")
    return THRESHOLD if is_filled or is_sought else VALUE if there else 0.0
