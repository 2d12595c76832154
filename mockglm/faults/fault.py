"""What a fault is: a row of the catalogue, and one as a file or a URL asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from mockglm.exchange import Answer
from mockglm.faults.place import ANYWHERE, START, Place, Spot, Unit

__all__ = [
    "CHAT",
    "CODES",
    "SSE",
    "Change",
    "Fault",
    "Kind",
    "Laid",
    "On",
    "Option",
    "Options",
    "choice",
    "count",
    "seconds",
    "text",
]

CHAT = "https://docs.bigmodel.cn/api-reference/模型-api/对话补全"
CODES = "https://docs.bigmodel.cn/cn/faq/api-code"
SSE = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"

Kind = Literal["wire", "stream", "meaning"]
On = Literal["any answer", "a stream", "a JSON answer", "a completion", "an error"]
Options: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[Answer, Spot, Options], Answer]

_SECONDS: Mapping[str, float] = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)")
_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")


@dataclass(frozen=True, slots=True)
class Option:
    """A parameter of a fault. `read` makes a value of what was written, or raises ValueError."""

    read: Callable[[Any], Any]
    default: Any
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which traffic breaks.

    `seen` are threads (`owner/repo#number`) and pages: where it was met in the field or, where
    that is not on record, the page whose promise it breaks. `caught_by` is the conformance check
    that fails over it, laid as `trial` says where the bare name does not do, and `also` are others,
    over the answers they judge; where there is none, `why` says why only a client can notice.
    `change` is pure; what it leaves as it was is refused, so `needs` says in words what an answer
    must have. `place` of None is after the first frame of a stream and in the middle of a JSON
    answer.
    """

    name: str
    kind: Kind
    about: str
    seen: tuple[str, ...]
    breaks: str
    change: Change
    caught_by: str | None = None
    also: tuple[str, ...] = ()
    trial: str = ""
    why: str = ""
    on: On = "a completion"
    needs: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    places: frozenset[Unit] = ANYWHERE
    place: Place | None = START

    @property
    def links(self) -> tuple[str, ...]:
        """Where it was seen, as URLs."""
        return tuple(_ISSUE.sub(r"https://github.com/\1/issues/\2", seen) for seen in self.seen)


@dataclass(frozen=True, slots=True)
class Laid:
    """A fault as it was asked for: at which place, with each of its options read.

    `chance` is for whoever lays it over an answer to draw, `apply` does not look at it.
    """

    fault: Fault
    place: Place | None = None
    options: Options = field(default_factory=dict)
    chance: float = 1.0


def seconds(value: Any) -> float:
    """A duration in seconds: a number, or text as 30s, 500ms, 2m."""
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no duration; write 30s, 500ms or 2m")
    return float(match[1]) * _SECONDS[match[2]]


def count(value: Any) -> int:
    """A whole number of at least one."""
    if isinstance(value, bool) or not str(value).isdecimal() or int(value) < 1:
        raise ValueError(f"{value!r} is no whole number above 0")
    return int(value)


def text(value: Any) -> str:
    """A piece of text."""
    return str(value)


def choice(*names: str) -> Callable[[Any], str]:
    """One of these words."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(names)}")
        return str(value)

    return read
