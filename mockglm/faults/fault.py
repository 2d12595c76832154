"""What a fault is: a row of the catalogue, and one as a file or a URL asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from mockglm.exchange import Answer
from mockglm.faults.options import Option, Options
from mockglm.faults.place import ANYWHERE, START, Place, Spot, Unit

__all__ = ["CHAT", "CODES", "OPENAI", "ROUTECODEX", "SSE", "Change", "Fault", "Kind", "Laid", "On"]

CHAT = "https://docs.bigmodel.cn/api-reference/模型-api/对话补全"
CODES = "https://docs.bigmodel.cn/cn/faq/api-code"
OPENAI = "https://platform.openai.com/docs/api-reference/chat-streaming/streaming"
ROUTECODEX = "https://github.com/Jasonzhangf/routecodex"
SSE = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"

Kind = Literal["wire", "stream", "meaning"]
On = Literal["any answer", "a stream", "a JSON answer", "a completion", "an error"]
Change: TypeAlias = Callable[[Answer, Spot, Options], Answer]

_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")


class Fault(Struct, frozen=True, kw_only=True):
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


class Laid(Struct, frozen=True):
    """A fault as it was asked for: at which place, with each of its options read.

    `chance` is for whoever lays it over an answer to draw, `apply` does not look at it.
    """

    fault: Fault
    place: Place | None = None
    options: Options = field(default_factory=dict)
    chance: float = 1.0
