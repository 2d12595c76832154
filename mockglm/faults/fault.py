"""A fault of the catalogue, and a fault spec: a fault with its position and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import force_setattr

from mockglm.exchange import Response
from mockglm.faults.options import Option, Options
from mockglm.faults.position import ANYWHERE, START, Offset, Position, Unit
from mockglm.surfaces import SurfaceName

CHAT = "https://docs.bigmodel.cn/api-reference/模型-api/对话补全"
CODES = "https://docs.bigmodel.cn/cn/faq/api-code"
OPENAI = "https://platform.openai.com/docs/api-reference/chat-streaming/streaming"
ROUTECODEX = "https://github.com/Jasonzhangf/routecodex"
SSE = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"

FaultKind = Literal["wire", "stream", "meaning"]
Target = Literal["any response", "a stream", "a JSON response", "a completion", "an error"]
BOTH: tuple[SurfaceName, ...] = ("chat", "anthropic")
Change: TypeAlias = Callable[[Response, Offset, Options], Response]

_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")


class Fault(Struct, frozen=True, kw_only=True):
    """One way in which traffic breaks.

    `seen` are threads (`owner/repo#number`) and pages: where it was met in the field or, where
    that is not on record, the page whose promise it breaks. `caught_by` is the conformance check
    that fails over it, laid as `trial` says where the bare name does not do, and `also` are others,
    over the answers they judge; where there is none, `why` says why only a client can notice.
    `change` is pure; what it leaves as it was is refused, so `needs` says in words what an answer
    must have. `place` of None is after the first frame of a stream and in the middle of a JSON
    answer. `surfaces` are those whose responses it can break; faults of the wire and of the stream
    can break all.
    """

    name: str
    kind: FaultKind
    about: str
    reports: tuple[str, ...]
    breaks: str
    change: Change
    caught_by: str | None = None
    also: tuple[str, ...] = ()
    trial: str = ""
    why: str = ""
    on: Target = "a completion"
    needs: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    positions: frozenset[Unit] = ANYWHERE
    position: Position | None = START
    surfaces: tuple[SurfaceName, ...] = ()

    def __post_init__(self) -> None:
        if not self.surfaces:
            everywhere = self.kind != "meaning"
            force_setattr(self, "surfaces", BOTH if everywhere else ("chat",))

    @property
    def links(self) -> tuple[str, ...]:
        """The reports as URLs."""
        return tuple(_ISSUE.sub(r"https://github.com/\1/issues/\2", seen) for seen in self.reports)


class FaultSpec(Struct, frozen=True):
    """A fault as it was asked for: at which place, with each of its options read.

    `chance` is for whoever lays it over an answer to draw, `apply` does not look at it.
    """

    fault: Fault
    position: Position | None = None
    options: Options = field(default_factory=dict)
    chance: float = 1.0
