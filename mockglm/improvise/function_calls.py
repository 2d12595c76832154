"""Calls of an application's functions, chosen for each clause, in the steps of the text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import detect_language, word_set
from mockglm.improvise.parameters import Parameter, assign, split_calls, usual_values
from mockglm.improvise.schema import WorkBudget, make_arguments
from mockglm.improvise.tables import pattern
from mockglm.improvise.tools import ToolOffer, encode_compact, table_words
from mockglm.improvise.values import TextValues, find_values

MAX_STEPS, MAX_CALLS, MAX_CLAUSES = 6, 8, 100
THEN = pattern("function_calls", "then")
SENTENCE = re.compile(r"[。；;！!？?\n]|\.\s")
PART = pattern("function_calls", "part")
CHANGING = frozenset(("send", "delete", "write", "edit"))
"""Kinds of functions that a call needs permission for."""
RECEIVERS = ("email", "person", "id", "url")
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

Scored = tuple[float, ToolOffer]


class FunctionCall(Struct, frozen=True):
    """A planned call: the function, and the values of the text for it."""

    offer: ToolOffer
    values: TextValues


def call_functions(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> tuple[ToolCall, ...]:
    """Make the next calls; none if the results suffice for a reply."""
    text = conversation.request
    forced = _find_forced(conversation.chat.tool_choice, offers)
    held = [offer for offer in offers if offer.kind != "finish"]
    if forced is not None:
        steps = [[FunctionCall(forced, find_values(text))]]
    elif held:
        is_permitted = partial(_is_permitted, words=word_set(text), text=text)
        steps = [[*filter(is_permitted, step)] for step in _plan_steps(conversation, held)]
    else:
        return ()
    budget = WorkBudget()
    made = [_make_call(one, ids, budget) for one in _find_open_step(steps, conversation.results)]
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
    text, ranking = conversation.request, Ranking(offers)
    parts = [part for part in THEN.split(text) if part.strip()][:MAX_STEPS]
    steps = [step for part in parts if (step := _plan_step(part, text, ranking))]
    if steps:
        return steps
    score, best = ranking.best(text)
    finishers = table_words("names", "finish")
    finishes = any(function.name in finishers for function in conversation.functions)
    if conversation.chat.tool_choice in ("required", "any") and not finishes:
        return [_expand(best, text, text)[:1]]
    given = assign(best.required, find_values(text)) if score and best.required else {}
    is_filled = best.required and all(one.kind and one.path in given for one in best.required)
    return [_expand(best, text, text)] if len(offers) == 1 and is_filled else []


def _plan_step(part: str, whole: str, ranking: Ranking) -> list[FunctionCall]:
    """Plan the calls of one step: the best function for each clause, else for all together."""
    chosen: dict[str, tuple[ToolOffer, list[str]]] = {}
    for offer, clause in _choose_functions(part, ranking):
        chosen.setdefault(offer.name, (offer, []))[1].append(clause)
    if not chosen:
        score, offer = ranking.best(part)
        return _expand(offer, part, whole) if score >= THRESHOLD else []
    texts = [
        (offer, part if len(chosen) == 1 else " ， ".join(held)) for offer, held in chosen.values()
    ]
    return [call for offer, text in texts for call in _expand(offer, text, whole)][:MAX_CALLS]


def _choose_functions(part: str, ranking: Ranking) -> Iterator[tuple[ToolOffer, str]]:
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
            score, offer = ranking.best(clause)
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


def _make_call(call: FunctionCall, ids: Ids, budget: WorkBudget) -> ToolCall:
    given = assign(call.offer.parameters, call.values)
    given = {**usual_values(call.offer.required, call.values.text), **given}
    made = make_arguments(call.offer.schema, ids, given, budget=budget)
    return ToolCall(call.offer.name, encode_compact(made))


def _signature(name: str, sent: Any) -> str:
    """A text to compare calls by, without regard to spaces and the order of arguments."""
    try:
        held = json.loads(sent) if isinstance(sent, str) else sent
        return f"{name}:{json.dumps(held, sort_keys=True)}"
    except (ValueError, RecursionError):
        return f"{name}:{sent}"


class Ranking:
    """Scores of functions for a text, by shared words and by the values for their parameters.

    Words that many functions have weigh less, and the verb at the beginning weighs twice.
    """

    def __init__(self, offers: Sequence[ToolOffer]) -> None:
        self._offers = offers
        counted = Counter(word for offer in offers for word in offer.weights)
        self._shared = {word: math.sqrt(count) for word, count in counted.items()}

    def best(self, text: str) -> Scored:
        values, words = find_values(text), word_set(text)
        verb = word_set(" ".join(text.split()[:1])) if text.isascii() else frozenset()
        # Most texts share no word with most functions.
        known, verb = words & self._shared.keys(), verb & self._shared.keys()
        scores = [
            (
                self._score(offer, known)
                + (self._score(offer, verb) if verb else 0.0)
                + _score_values(offer, values),
                offer,
            )
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
    kinds = offer.needed_kinds
    there = [kind for kind in kinds if values.of(kind)]
    # A text to replace cannot be invented.
    if any(kind in kinds and kind not in there for kind in ("old", "new")):
        return -math.inf
    if "command" in there or "old" in there:
        return NAMED_ONLY
    is_filled = len(there) == len(offer.required) > 0 and READING_CONCEPTS & offer.name_words
    is_sought = offer.is_seeking and values.of("sought")
    return THRESHOLD if is_filled or is_sought else VALUE if there else 0.0
