"""The pattern of an interaction: its `when`, compiled to conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any

from msgspec import Struct

from mockglm.exchange import JSONObject
from mockglm.matching.conditions import (
    Comparison,
    Condition,
    HeaderCondition,
    Predicate,
    Search,
    Secret,
    Subset,
    UserSpeaksLast,
)
from mockglm.matching.difference import Difference
from mockglm.matching.expression import Expression
from mockglm.matching.relation import (
    ALL_OF,
    CONTAINS,
    EQUALS,
    ONE_OF,
    Relation,
    among,
    is_expression,
    read_expression,
)
from mockglm.matching.view import RequestView
from mockglm.redaction import is_secret_header
from mockglm.surfaces import SURFACES

Texts = str | Sequence[str]

_SURFACE_NAMES = tuple(surface.name for surface in SURFACES)


class When(Struct, frozen=True, kw_only=True, dict=True):
    """A pattern: it holds where all that is given holds. The fields are the keys of the file.

    * `model`, `key`: the model asked for, the account's key; a shell pattern or several, of which
      one must match.
    * `surface`: the surface that the request came by, `chat` or `anthropic`.
    * `stream`, `thinking`: whether asked for. Thinking is unless disabled.
    * `user`, `system`, `assistant`, `tool`: the last message of that role contains the text, or,
      written `/…/` or `/…/i`, the expression finds something in it; of several texts, all.
    * `text`: the last user message is the text.
    * `after_tool`: the last message is the result of that function.
    * `tools`: functions that are offered, all of them.
    * `body`: a part of the JSON: of a mapping the keys given, at any depth; a list is of the same
      length, item against item; null is absence; 1 is 1.0.
    * `header`: by name, in any case, the value, or `/…/` for an expression that finds something.
    * `chance`: holds in that share of the requests in which all else holds, 0 to 1.
    * `predicate`: a function of the View; for Python only.

    `user` or `text` without `after_tool` or `tool` holds only while the last user message is the
    last message at all, so that a loop of tools goes on. Raises ValueError, `key: what is wrong`,
    for what cannot be a pattern.
    """

    model: Texts | None = None
    surface: str | None = None
    stream: bool | None = None
    thinking: bool | None = None
    user: Texts | None = None
    system: Texts | None = None
    assistant: Texts | None = None
    tool: Texts | None = None
    text: str | None = None
    after_tool: str | None = None
    tools: Texts | None = None
    body: JSONObject | None = None
    header: Mapping[str, str] | None = None
    key: Texts | None = None
    chance: float | None = None
    predicate: Callable[[RequestView], bool] | None = None

    def __post_init__(self) -> None:
        if self.chance is not None and not 0 <= _number("chance", self.chance) <= 1:
            raise ValueError(f"chance: from 0 to 1, not {self.chance}")
        _ = self.conditions  # where a mistake shows

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that a request has to satisfy."""
        return tuple(_conditions(self))

    def matches(self, view: RequestView, draw: float | Callable[[], float] = 0.0) -> bool:
        """Return True if all conditions hold.

        `draw`, from 0 to below 1, decides a `chance`; a function is called only if all else holds,
        so that its calls count the evaluations.
        """
        for claim in self.conditions:
            if not claim.holds(view):
                return False
        if self.chance is None:
            return True
        return (draw() if callable(draw) else draw) < self.chance

    def differences(self, view: RequestView) -> tuple[Difference, ...]:
        """Return the differences of the request from the pattern, in order; chance left out."""
        return differences(self.failed(view), view)

    def failed(self, view: RequestView) -> tuple[Condition, ...]:
        """The claims that do not hold."""
        return tuple(claim for claim in self.conditions if not claim.holds(view))

    @property
    def models(self) -> tuple[str | None, ...]:
        """The models the pattern is bound to by their full names; only None where it is not."""
        for claim in self.conditions:
            if isinstance(claim, Comparison) and claim.name == "model" and claim.relation is ONE_OF:
                return tuple(dict.fromkeys(claim.expected))
        return (None,)

    @property
    def words(self) -> tuple[str, ...]:
        """The plain texts that the last user message must contain."""
        texts = () if self.user is None else _texts("user", self.user)
        return tuple(text for text in texts if not is_expression(text))


def differences(claims: Iterable[Condition], view: RequestView) -> tuple[Difference, ...]:
    """Describe the differences of conditions that do not hold."""
    return tuple(chain.from_iterable(claim.differences(view) for claim in claims))


def _conditions(when: When) -> Iterator[Condition]:
    for name, compiled in _COMPILED.items():
        value = getattr(when, name)
        if value is not None:
            yield from compiled(name, value)
    loops = when.after_tool is not None or when.tool is not None
    for name in ("text", "user"):
        if getattr(when, name) is not None and not loops:
            yield UserSpeaksLast(name)
            return


def _names(name: str, value: Any) -> Iterator[Condition]:
    texts = _texts(name, value)
    if not all(texts):
        raise ValueError(f"{name}: an empty name matches nothing")
    yield _fact(name, *among(texts))


def _keys(name: str, value: Any) -> Iterator[Condition]:
    return map(Secret, _names(name, value))


def _flag(name: str, value: Any) -> Iterator[Condition]:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false, not {value!r}")
    yield _fact(name, EQUALS, value)


def _said(name: str, value: Any) -> Iterator[Condition]:
    for text in _texts(name, value):
        found = _read_expression(name, text)
        yield Search(name, _FACTS[name], found) if found else _fact(name, CONTAINS, text)


def _exactly(name: str, value: Any) -> Iterator[Condition]:
    yield _fact(name, EQUALS, _text(name, value))


def _surface(name: str, value: Any) -> Iterator[Condition]:
    if value not in _SURFACE_NAMES:
        raise ValueError(f"{name}: one of {', '.join(_SURFACE_NAMES)}, not {value!r}")
    yield _fact(name, EQUALS, value)


def _offered(name: str, value: Any) -> Iterator[Condition]:
    yield _fact(name, ALL_OF, _texts(name, value))


def _subset(name: str, value: Any) -> Iterator[Condition]:
    if not isinstance(value, dict):
        raise ValueError(f"{name}: a mapping, part of the JSON sent, not {value!r}")
    yield Subset(value)


def _headers(name: str, value: Any) -> Iterator[Condition]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{name}: a mapping of names to values, not {value!r}")
    for title, text in value.items():
        header = _text(name, title).lower()
        claim = _header(header, f"{name} {header}", text)
        yield Secret(claim) if is_secret_header(header) else claim


def _header(header: str, place: str, value: Any) -> Condition:
    text = _text(place, value)
    found = _read_expression(place, text)
    if found is None:
        return HeaderCondition(header, EQUALS, text)
    return Search(place, lambda view: view.headers.get(header), found)


def _predicate(name: str, value: Any) -> Iterator[Condition]:
    if not callable(value):
        raise ValueError(f"{name}: a function of the request, not {value!r}")
    yield Predicate(value)


_COMPILED: Mapping[str, Callable[[str, Any], Iterator[Condition]]] = {
    "model": _names,
    "surface": _surface,
    "text": _exactly,
    "after_tool": _exactly,
    "user": _said,
    "tool": _said,
    "system": _said,
    "assistant": _said,
    "tools": _offered,
    "stream": _flag,
    "thinking": _flag,
    "key": _keys,
    "header": _headers,
    "body": _subset,
    "predicate": _predicate,
}
"""The compilers of each key's value to conditions, in the order of evaluation."""

_FACTS = {name: attrgetter(name) for name in _COMPILED}


def _fact(name: str, relation: Relation, expected: Any) -> Comparison:
    return Comparison(name, _FACTS[name], relation, expected)


def _read_expression(name: str, text: str) -> Expression | None:
    try:
        return read_expression(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise ValueError(f"{name}: a text or a list of texts, not {value!r}")
    texts = tuple(_text(name, text) for text in value)
    if not texts:
        raise ValueError(f"{name}: a list with nothing in it")
    return texts


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: a text, not {value!r}")
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name}: a number, not {value!r}")
    return value
