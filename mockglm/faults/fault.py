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

    `reports` are threads (`owner/repo#number`) and pages that show it in the field, or the page
    whose promise it breaks if no report is known. `caught_by` is the conformance check that fails
    because of it, with the options of `trial` if the bare name is not enough; `also` are other
    checks that fail. If none does, `why` says why only a client can notice it. `change` is pure;
    it is an error if it changes nothing, so `needs` describes what a response must have.
    `position` of None is after the first frame of a stream and in the middle of a JSON body.
    `surfaces` are those whose responses it can break; those of the wire and of the stream can
    break all.
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
