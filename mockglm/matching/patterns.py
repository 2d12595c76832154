"""Patterns of requests: `when`, its conditions and their relations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from mockglm.exchange import JSONObject
from mockglm.matching.difference import ABSENT, Difference, contrast, diff, shorten, show_value
from mockglm.matching.expression import Expression, parse_expression
from mockglm.matching.view import RequestView
from mockglm.redaction import is_secret_header
from mockglm.surfaces import SURFACES

_EXPRESSION = re.compile(r"/(.+)/(i?)", re.DOTALL)
_WILDCARDS = frozenset("*?[")


class Relation(Struct, frozen=True):
    """A relation between an expected and an actual value, which is None if it is absent.

    `judge` compares present values; `words` describes both for messages.
    """

    judge: Callable[[Any, Any], bool]
    words: Callable[[Any, Any], tuple[str, str]]

    def holds(self, expected: Any, actual: Any) -> bool:
        return actual is not None and self.judge(expected, actual)


class Globs(Struct, frozen=True):
    """Shell patterns, one of which is to match all of a text; upper and lower case differ."""

    texts: tuple[str, ...]
    regex: re.Pattern[str]


def is_expression(text: str) -> bool:
    """True for a text of the form `/…/` or `/…/i`."""
    return _EXPRESSION.fullmatch(text) is not None


def read_expression(text: str) -> Expression | None:
    """Parse `/…/` or `/…/i` as a regular expression; None for plain text. Raises ValueError."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        return None
    try:
        return parse_expression(match[1], ignore_case=bool(match[2]))
    except ValueError as error:
        raise ValueError(f"{shorten(text)} is not a regular expression: {error}") from None


def among(texts: tuple[str, ...]) -> tuple[Relation, Any]:
    """Choose the relation of names: LIKE if one has a wildcard, else ONE_OF."""
    if _WILDCARDS.isdisjoint("".join(texts)):
        return ONE_OF, texts
    return LIKE, Globs(texts, re.compile("|".join(map(translate, texts))))


def _beside(expected: Any, actual: Any) -> tuple[str, str]:
    return contrast(expected, ABSENT if actual is None else actual)


def _part(expected: str, actual: str | None) -> tuple[str, str]:
    return f"a text with {show_value(expected)}", _beside(None, actual)[1]


def contrast_expression(expected: Expression, actual: str | None) -> tuple[str, str]:
    """Describe an expression, and the text in which it finds nothing."""
    return f"what {expected.text} finds", _beside(None, actual)[1]


def _choice(expected: Iterable[str], actual: str | None) -> tuple[str, str]:
    return " or ".join(map(show_value, expected)), _beside(None, actual)[1]


def _listing(expected: Iterable[str], actual: Iterable[str]) -> tuple[str, str]:
    return ", ".join(map(show_value, expected)), ", ".join(map(show_value, actual)) or "nothing"


EQUALS = Relation(lambda expected, actual: bool(expected == actual), _beside)
CONTAINS = Relation(lambda expected, actual: expected in actual, _part)
ONE_OF = Relation(lambda expected, actual: actual in expected, _choice)
LIKE = Relation(
    lambda expected, actual: expected.regex.match(actual) is not None,
    lambda expected, actual: _choice(expected.texts, actual),
)
MORE_THAN = Relation(
    lambda expected, actual: bool(actual > expected),
    lambda expected, actual: (f"more than {expected} tokens", f"{actual} tokens"),
)
ALL_OF = Relation(lambda expected, actual: set(expected).issubset(actual), _listing)


class Condition(Protocol):
    """One condition of a pattern."""

    def holds(self, view: RequestView) -> bool: ...

    def differences(self, view: RequestView) -> Iterator[Difference]:
        """Describe the differences of a condition that does not hold."""
        ...


class Comparison(Struct, frozen=True):
    """A fact of the view compared with the expected value."""

    name: str
    read: Callable[[RequestView], Any]
    relation: Relation
    expected: Any

    def holds(self, view: RequestView) -> bool:
        actual = self.read(view)
        return actual is not None and self.relation.judge(self.expected, actual)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        yield Difference(self.name, *self.relation.words(self.expected, self.read(view)))


class Search(Struct, frozen=True):
    """An expression finds something in a text of the view, or in one of several.

    A search that takes too long finds nothing; the view keeps the expression.
    """

    name: str
    read: Callable[[RequestView], str | Sequence[str] | None]
    expression: Expression

    def holds(self, view: RequestView) -> bool:
        return any(view.is_found(self.expression, text) for text in self._texts(view))

    def differences(self, view: RequestView) -> Iterator[Difference]:
        actual = ", ".join(self._texts(view)) if self.read(view) is not None else None
        expected, shown = contrast_expression(self.expression, actual)
        if self.expression in view.unfinished:
            shown = f"a search that was given up, in {shown}"
        yield Difference(self.name, expected, shown)

    def _texts(self, view: RequestView) -> Sequence[str]:
        found = self.read(view)
        return (found,) if isinstance(found, str) else found or ()


class HeaderCondition(Struct, frozen=True):
    """A header, by its lower-case name, compared with the expected value."""

    name: str
    relation: Relation
    expected: Any

    def holds(self, view: RequestView) -> bool:
        values = view.headers.get(self.name, ())
        return any(self.relation.holds(self.expected, value) for value in values)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        values = view.headers.get(self.name)
        actual = None if values is None else ", ".join(values)
        yield Difference(f"header {self.name}", *self.relation.words(self.expected, actual))


class Secret(Struct, frozen=True):
    """A condition on a secret, whose value no message may show."""

    condition: Condition

    def holds(self, view: RequestView) -> bool:
        return self.condition.holds(view)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        for difference in self.condition.differences(view):
            is_there = difference.actual not in ("nothing", '""')
            yield replace(difference, actual="another" if is_there else "nothing")


class UserSpeaksLast(Struct, frozen=True):
    """The conversation ends with a user message. `name` is the key that implies it."""

    name: str

    def holds(self, view: RequestView) -> bool:
        return view.last_role == "user"

    def differences(self, view: RequestView) -> Iterator[Difference]:
        actual = f"a message of role {view.last_role}" if view.last_role else "no message"
        yield Difference(self.name, "the user to speak last, without after_tool", actual)


class Subset(Struct, frozen=True):
    """The body contains these keys and values, at any depth."""

    expected: Any

    def holds(self, view: RequestView) -> bool:
        return next(diff(self.expected, view.body, subset=True), None) is None

    def differences(self, view: RequestView) -> Iterator[Difference]:
        return (gap.to_difference() for gap in diff(self.expected, view.body, "body", subset=True))


class Predicate(Struct, frozen=True, eq=False):
    """A function of the view returns true. It is called once per view, for it may be slow, count
    its calls or fail."""

    function: Callable[[RequestView], bool]

    def holds(self, view: RequestView) -> bool:
        return view.evaluate_once(self, self.function)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        name = getattr(self.function, "__qualname__", repr(self.function))
        yield Difference("predicate", f"{name} to hold", "no")


Texts = str | Sequence[str]

_SURFACE_NAMES = tuple(surface.name for surface in SURFACES)


class When(Struct, frozen=True, kw_only=True, dict=True):
    """A pattern, which matches if all of its conditions hold. The fields are the keys of the file.

    * `model`, `key`: the requested model, the key of the account; a shell pattern or several, of
      which one must match.
    * `path`: the path below the base, as `/embeddings`, a shell pattern or several. Only a pattern
      with it matches requests other than chats.
    * `surface`: the surface of the request, `chat` or `anthropic`.
    * `stream`, `thinking`: true if requested; thinking is true unless it is disabled.
    * `user`, `system`, `assistant`, `tool`: the last message of that role contains the text, or,
      written `/…/` or `/…/i`, the expression finds something in it; of several texts, all.
    * `text`: the last user message is the text.
    * `after_tool`: the last message is the result of that function.
    * `tools`: offered functions, all of which must be there.
    * `body`: a part of the JSON: the given keys of a mapping, at any depth; a list of the same
      length, item by item; null is absence; 1 equals 1.0.
    * `header`: by name, in any case, the value, or `/…/` for an expression that finds something.
    * `prompt_over`: the prompt has more estimated tokens than this.
    * `chance`: the share, 0 to 1, of the requests that match if all else matches.
    * `predicate`: a function of the RequestView; for Python only.

    `user` or `text` without `after_tool` or `tool` also requires that the user message is the last
    message, so that a loop of tool calls ends. Raises ValueError, as `key: mistake`.
    """

    path: Texts | None = None
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
    prompt_over: int | None = None
    chance: float | None = None
    predicate: Callable[[RequestView], bool] | None = None

    def __post_init__(self) -> None:
        if self.chance is not None and not 0 <= _number("chance", self.chance) <= 1:
            raise ValueError(f"chance: from 0 to 1, not {self.chance}")
        _ = self.conditions  # raises for mistakes

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that a request has to satisfy."""
        return tuple(_conditions(self))

    def matches(self, view: RequestView, draw: float | Callable[[], float] = 0.0) -> bool:
        """Return True if all conditions hold.

        `draw`, from 0 to below 1, decides a `chance`; a function is called only if all else holds,
        so that its calls count the evaluations.
        """
        for condition in self.conditions:
            if not condition.holds(view):
                return False
        if self.chance is None:
            return True
        return (draw() if callable(draw) else draw) < self.chance

    def differences(self, view: RequestView) -> tuple[Difference, ...]:
        """Return the differences of the request from the pattern, in order, without `chance`."""
        return differences(self.failed(view), view)

    def failed(self, view: RequestView) -> tuple[Condition, ...]:
        """The conditions that do not hold."""
        return tuple(one for one in self.conditions if not one.holds(view))

    @property
    def models(self) -> tuple[str | None, ...]:
        """The full names of the models that match, or only None for a pattern of any model."""
        for one in self.conditions:
            if isinstance(one, Comparison) and one.name == "model" and one.relation is ONE_OF:
                return tuple(dict.fromkeys(one.expected))
        return (None,)

    @property
    def words(self) -> tuple[str, ...]:
        """The plain texts that the last user message must contain."""
        texts = () if self.user is None else _texts("user", self.user)
        return tuple(text for text in texts if not is_expression(text))


def differences(conditions: Iterable[Condition], view: RequestView) -> tuple[Difference, ...]:
    """Describe the differences of conditions that do not hold."""
    return tuple(chain.from_iterable(one.differences(view) for one in conditions))


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
        condition = _header(header, f"{name} {header}", text)
        yield Secret(condition) if is_secret_header(header) else condition


def _header(header: str, place: str, value: Any) -> Condition:
    text = _text(place, value)
    found = _read_expression(place, text)
    if found is None:
        return HeaderCondition(header, EQUALS, text)
    return Search(place, lambda view: view.headers.get(header), found)


def _more(name: str, value: Any) -> Iterator[Condition]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name}: a number of tokens, not {value!r}")
    yield _fact(name, MORE_THAN, value)


def _predicate(name: str, value: Any) -> Iterator[Condition]:
    if not callable(value):
        raise ValueError(f"{name}: a function of the request, not {value!r}")
    yield Predicate(value)


_COMPILED: Mapping[str, Callable[[str, Any], Iterator[Condition]]] = {
    "path": _names,
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
    "prompt_over": _more,
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
