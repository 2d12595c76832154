"""A file compiled: scenarios, their interactions, and the steps that answer one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from mockglm.accounts import Account, Overload
from mockglm.clock import Pace
from mockglm.completions import ParsedReply, Renderer, parse_json, parse_stream
from mockglm.errors import StreamError
from mockglm.exchange import Response
from mockglm.matching import RequestView, When
from mockglm.models import Model
from mockglm.scenarios.template import Template
from mockglm.validation import Chat, decode_chat

if TYPE_CHECKING:
    from mockglm.faults import FaultSpec


class Provenance(Struct, frozen=True):
    """Where a cassette is from: when it was recorded, from which base URL, by what."""

    at: str
    origin: str
    by: str


class RecordedRequest(Struct, frozen=True, dict=True):
    """A recorded request. `path` is below the base; `key` is its canonical key, which counts what
    its file ignores and replaces."""

    method: str
    path: str
    query: str
    body: bytes
    key: bytes

    @cached_property
    def is_stream(self) -> bool:
        """Whether it asked for a stream."""
        chat = decode_chat(self.body)
        return isinstance(chat, Chat) and bool(chat.stream)


class Step(Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """One answer of an interaction: exactly one of `rendering`, `answer` and `template`.

    An error is a rendering of a Reply with an error. `times` of None is as often as it is its turn;
    `pace` of None was not written; `speed` of None is the session's and the interaction's. `where`
    is the line of a test that queued it.
    """

    renderer: Renderer | None = None
    response: Response | None = None
    template: Template | None = None
    pace: Pace | Literal["model"] | None = None
    faults: tuple[FaultSpec, ...] = ()
    times: int | None = None
    speed: float | None = None
    where: str = ""

    @cached_property
    def parsed(self) -> ParsedReply | None:
        """What a verbatim answer means; None where that is no completion and no error."""
        if self.response is None:
            return None
        try:
            return (parse_stream if self.response.is_stream else parse_json)(self.response.body)
        except StreamError:
            return None

    def render(self, view: RequestView, now: float, count: int = 1) -> Renderer:
        """The described reply to one request, at a unix second, to the match of that number.

        Raises FileError where a template cannot be filled in, ValueError for a verbatim answer.
        """
        if self.renderer is not None:
            return self.renderer
        if self.template is None:
            raise ValueError("a verbatim answer is not rendered")
        return self.template.render(view, now, count)


class Interaction(Struct, frozen=True, kw_only=True, eq=False):
    """Which request, by `when` or by `request`, never both; and the steps that answer it.

    `where` is `path:line`; `times` bounds all its answers, None does not; `validate` is whether
    the request is held against the rules before `when`; `speed` is its file's and its own.
    """

    location: str
    steps: tuple[Step, ...]
    when: When | None = None
    request: RecordedRequest | None = None
    times: int | None = None
    validate: bool = True
    speed: float = 1.0

    @property
    def short_location(self) -> str:
        """The name of the file and the line, as the journal has it."""
        return self.location.replace("\\", "/").rpartition("/")[2]

    @property
    def is_recorded(self) -> bool:
        return self.request is not None

    def step(self, count: int) -> Step | None:
        """The step that answers the match after `count` earlier ones; None when it is used up.

        Each step answers one match, or as many as its `times`; the last one answers all further
        matches, unless it has `times` of its own.
        """
        if self.times is not None and count >= self.times:
            return None
        for step in self.steps[:-1]:
            count -= step.times or 1
            if count < 0:
                return step
        last = self.steps[-1]
        return last if last.times is None or count < last.times else None


class Scenario(Struct, frozen=True, kw_only=True):
    """One file. `name` is its stem; `models` are by id; `keys_listed` refuses the keys of nobody;
    `recorded` is a cassette's; `ignore` and `replace` (pattern, text) are for canonical keys."""

    name: str
    path: str
    about: str = ""
    interactions: tuple[Interaction, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    keys_listed: bool = False
    overload: tuple[Overload, ...] = ()
    speed: float | None = None
    provenance: Provenance | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
