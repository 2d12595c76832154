"""How well the functions that are offered fit a text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from msgspec import Struct

from mockglm.improvise.findings import Findings, find
from mockglm.improvise.slots import LONGEST_NAME, Slot, slots
from mockglm.improvise.words import words
from mockglm.validation.types import Function, decode_json

__all__ = ["THRESHOLD", "Ranking", "Tool", "ranking"]

THRESHOLD = 1.0
"""What a function must score for a text to call it."""

NAME, DESCRIPTION, PARAMETER, VALUE = 2.0, 0.8, 0.5, 0.5
"""What a shared word weighs by where it stands, and a value that a required parameter can take."""
WHOLE = 1.0
"""What it weighs that a whole name is said."""
TOLD = 6.0
"""What it weighs that something is told which only this function takes."""

TELLING = frozenset(("command", "old"))
"""Kinds of findings that are said for one function only: who names a command wants it run."""
GIVEN = frozenset(("old", "new"))
"""Kinds that cannot be made up: what to replace has to stand in the file."""
LOOKING = frozenset(("#read", "#fetch"))
"""What is done with a path or an address of which nothing else is said."""
LITERAL = re.compile(r"[A-Z_]{2,}|\S*[_(.:=]\S*")
LOCAL = frozenset(("#file", "#code", "#folder", "#repository"))
"""What is looked for here, not on the web."""


LONGEST_KEPT = 8000
"""Bytes of a schema whose parameters are kept: an agent sends the same with every request."""


@lru_cache(maxsize=256)
def _kept(schema: bytes) -> tuple[Slot, ...]:
    return slots(decode_json(schema))


class Tool(Struct, frozen=True, dict=True):
    """A function offered, with the words it is compared by."""

    function: Function

    @property
    def name(self) -> str:
        return self.function.name or ""

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        sent = self.function.schema
        is_short = len(bytes(sent)) <= LONGEST_KEPT
        return _kept(bytes(sent)) if is_short else slots(self.function.parameters)

    @cached_property
    def required(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.is_required)

    @cached_property
    def named(self) -> frozenset[str]:
        """The words of its name."""
        return words(self.name[:LONGEST_NAME].replace("-", " "))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Its words and what each weighs: most in the name, least in a parameter."""
        named = " ".join(str(step) for slot in self.slots for step in slot.path)
        described = " ".join(slot.description[:80] for slot in self.slots)
        weighed = dict.fromkeys(words(f"{named} {described}"), PARAMETER)
        weighed |= dict.fromkeys(words((self.function.description or "")[:300]), DESCRIPTION)
        return weighed | dict.fromkeys(self.named, NAME)


Ranking = Callable[[str], list[tuple[float, Tool]]]


def ranking(tools: Sequence[Tool]) -> Ranking:
    """Scores of all functions for a text, best first; a word that many share weighs less, and the
    verb it begins with most."""
    shared = Counter(word for tool in tools for word in tool.weights)

    def rank(text: str) -> list[tuple[float, Tool]]:
        found = find(text)
        said = words(text) - _literal(found)
        verb = words(" ".join(text.split()[:1])) if text.isascii() else frozenset()

        def score(tool: Tool) -> float:
            spoken = _score(tool, said, shared) + _score(tool, verb, shared)
            return spoken + _valued(tool, found) + _placed(tool, said, found)

        return sorted(((score(tool), tool) for tool in tools), key=lambda pair: -pair[0])

    return rank


def _score(tool: Tool, said: frozenset[str], shared: Mapping[str, int]) -> float:
    common = said & tool.weights.keys()
    whole = WHOLE * len(common & tool.named) / (len(tool.named) or 1)
    return whole + sum(tool.weights[word] / math.sqrt(shared[word]) for word in common)


def _literal(found: Findings) -> frozenset[str]:
    """The words of what is looked for, where it is a name and says nothing of what to call."""
    (sought,) = found.of("sought") or ("",)
    return words(sought) if LITERAL.fullmatch(sought) else frozenset()


def _valued(tool: Tool, found: Findings) -> float:
    """What it is worth that the text has values for required parameters, and lacks others."""
    kinds = [slot.kind for slot in tool.required if slot.kind]
    there = [kind for kind in kinds if found.of(kind)]
    if any(kind in GIVEN and kind not in there for kind in kinds):
        return -math.inf
    if TELLING.intersection(there):
        return TOLD
    if len(there) == len(tool.required) > 0 and LOOKING & tool.named:
        return THRESHOLD
    return VALUE if there else 0.0


def _placed(tool: Tool, said: frozenset[str], found: Findings) -> float:
    """What it is worth that a function searches where the text wants it searched."""
    wanted = "glob" if "glob" in tool.name.lower() else "sought"
    if not found.of(wanted) or not any(slot.seeks for slot in tool.required):
        return 0.0
    is_local = bool(LOCAL & said or found.of("path") or found.of("glob"))
    if is_local and "#web" not in said and "#web" in tool.named:
        return -TOLD
    return TOLD if wanted == "glob" else THRESHOLD
