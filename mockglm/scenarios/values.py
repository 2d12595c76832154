"""Compiled files: scenarios, interactions and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr

from mockglm.accounts import Account, LoadCurve, Overload
from mockglm.clock import Pace
from mockglm.completions import ParsedReply, Renderer
from mockglm.errors import StreamError
from mockglm.exchange import Response
from mockglm.matching import RequestView, When
from mockglm.models import Model
from mockglm.scenarios.template import Template
from mockglm.surfaces import Surface, find_surface, recognise
from mockglm.validation import Chat

if TYPE_CHECKING:
    from mockglm.faults import FaultSpec


class Provenance(Struct, frozen=True):
    """The source of a cassette: the time, the base URL, and the tool that recorded it.

    `model` is that of the first request, `how` the way the cassette was made; empty if unknown.
    """

    at: str
    origin: str
    by: str
    model: str = ""
    how: str = ""


class RecordedRequest(Struct, frozen=True, dict=True):
    """A recorded request.

    `path` is relative to the base URL. `key` is the canonical key by the `ignore` and `replace` of
    the file.
    """

    method: str
    path: str
    query: str
    body: bytes
    key: bytes

    @property
    def surface(self) -> Surface:
        """The surface of the path."""
        return find_surface(self.path)

    @cached_property
    def chat(self) -> Chat | None:
        """The body as a conversation; None if it is none."""
        chat = self.surface.decode(self.body)
        return chat if isinstance(chat, Chat) else None

    @property
    def is_stream(self) -> bool:
        """True for a chat with `stream`."""
        return self.chat is not None and bool(self.chat.stream)


NamedPace = Literal["model", "measured"]
"""The pace of a model: a plausible one without spread, or the latency measured of it."""


class Step(Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """One response of an interaction: exactly one of `renderer`, `response` and `template` is set.

    An error is a renderer of a Reply with an error. Without `times` a step answers one match, the
    last one all further matches. `pace` is None if the file has none; `speed` is None for that of
    the session and the interaction. `where` is the line of the test that queued the step.
    `recorded_path` is that of the request that a verbatim response answered. `written` is the JSON
    that a step was read from if it was added at run time.
    """

    renderer: Renderer | None = None
    response: Response | None = None
    template: Template | None = None
    pace: Pace | NamedPace | None = None
    faults: tuple[FaultSpec, ...] = ()
    times: int | None = None
    speed: float | None = None
    where: str = ""
    recorded_path: str = ""
    written: bytes = b""

    @property
    def surface(self) -> Surface:
        """The surface of a verbatim response: that of its request, or as the body shows."""
        if self.response is None or self.recorded_path:
            return find_surface(self.recorded_path)
        return recognise(self.response)

    @cached_property
    def parsed(self) -> ParsedReply | None:
        """The reply of a verbatim response; None if it is neither a completion nor an error."""
        if self.response is None:
            return None
        try:
            return self.surface.parse(self.response)
        except StreamError:
            return None

    def render(self, view: RequestView, now: float, count: int = 1) -> Renderer:
        """The renderer of one response, at a unix time, for the match of that number.

        Raises FileError if a template cannot be filled in, ValueError for a verbatim response.
        """
        if self.renderer is not None:
            return self.renderer
        if self.template is None:
            raise ValueError("a verbatim response is not rendered")
        return self.template.render(view, now, count)


class Interaction(Struct, frozen=True, kw_only=True, eq=False):
    """The requests to match, by `when` or by `request`, and the steps that answer them.

    `location` is `path:line`. `times` limits the matches. With `validate`, a request must pass the
    validation rules before `when` is tried. `speed` includes that of the file. `always` is the step
    that answers all matches, None if there are several or a limit; `short_location` the name of the
    file and the line, as in the journal. `written` is the JSON that an interaction was read from if
    it was added at run time.
    """

    location: str
    steps: tuple[Step, ...]
    when: When | None = None
    request: RecordedRequest | None = None
    times: int | None = None
    validate: bool = True
    speed: float = 1.0
    always: Step | None = None
    short_location: str = ""
    written: bytes = b""

    def __post_init__(self) -> None:
        steps = self.steps
        is_single = len(steps) == 1 and self.times is None and steps[0].times is None
        # Also set to None: a copy with more steps has that of its original.
        force_setattr(self, "always", steps[0] if is_single else None)
        name = self.location.replace("\\", "/").rpartition("/")[2]
        force_setattr(self, "short_location", name)

    @property
    def is_recorded(self) -> bool:
        return self.request is not None

    def step(self, count: int) -> Step | None:
        """The step for the match after `count` earlier ones; None when all are used up."""
        if self.always is not None:
            return self.always
        if self.times is not None and count >= self.times:
            return None
        for step in self.steps[:-1]:
            count -= step.times or 1
            if count < 0:
                return step
        last = self.steps[-1]
        return last if last.times is None or count < last.times else None


class Scenario(Struct, frozen=True, kw_only=True):
    """One scenario or cassette file.

    `name` is the stem of the file, `digest` that of its text, `models` are by id. With
    `keys_listed` only the keys of accounts are accepted. `provenance` is set for a cassette.
    `ignore` and `replace` (pattern, text) are for canonical keys. Responses have the form of the
    day `as_of`.
    """

    name: str
    path: str
    about: str = ""
    interactions: tuple[Interaction, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    keys_listed: bool = False
    overload: tuple[Overload, ...] = ()
    load: LoadCurve | None = None
    speed: float | None = None
    as_of: date | None = None
    provenance: Provenance | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    digest: str = ""
