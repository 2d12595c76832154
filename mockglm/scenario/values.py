"""A file compiled: scenarios, their interactions, and the steps that answer one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from mockglm.accounts import Account, Overload
from mockglm.chat import Joined, Rendering, join, read
from mockglm.clock import Pace
from mockglm.errors import StreamError
from mockglm.exchange import Answer
from mockglm.matching import View, When
from mockglm.models import Model
from mockglm.request import Chat, decode
from mockglm.scenario.template import Template

if TYPE_CHECKING:
    from mockglm.faults import Laid

__all__ = ["Interaction", "Recorded", "Recording", "Scenario", "Step"]


class Recording(Struct, frozen=True):
    """Where a cassette is from: when it was recorded, from which base URL, by what."""

    at: str
    origin: str
    by: str


class Recorded(Struct, frozen=True, dict=True):
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
        chat = decode(self.body)
        return isinstance(chat, Chat) and bool(chat.stream)


class Step(Struct, frozen=True, kw_only=True, dict=True):
    """One answer of an interaction: exactly one of `rendering`, `answer` and `template`.

    An error is a rendering of a Reply with an error. `times` of None is as often as it is its turn;
    `pace` of None was not written; `speed` of None is the session's and the interaction's.
    """

    rendering: Rendering | None = None
    answer: Answer | None = None
    template: Template | None = None
    pace: Pace | Literal["model"] | None = None
    faults: tuple[Laid, ...] = ()
    times: int | None = None
    speed: float | None = None

    @cached_property
    def joined(self) -> Joined | None:
        """What a verbatim answer means; None where that is no completion and no error."""
        if self.answer is None:
            return None
        try:
            return (join if self.answer.is_stream else read)(self.answer.body)
        except StreamError:
            return None

    def render(self, view: View, now: float, count: int = 1) -> Rendering:
        """The described reply to one request, at a unix second, to the match of that number.

        Raises FileError where a template cannot be filled in, ValueError for a verbatim answer.
        """
        if self.rendering is not None:
            return self.rendering
        if self.template is None:
            raise ValueError("a verbatim answer is not rendered")
        return self.template.render(view, now, count)


class Interaction(Struct, frozen=True, kw_only=True):
    """Which request, by `when` or by `request`, never both; and the steps that answer it.

    `where` is `path:line`; `times` bounds all its answers, None does not; `validate` is whether
    the request is held against the rules before `when`; `speed` is its file's and its own.
    """

    where: str
    steps: tuple[Step, ...]
    when: When | None = None
    request: Recorded | None = None
    times: int | None = None
    validate: bool = True
    speed: float = 1.0

    @property
    def place(self) -> str:
        """The name of the file and the line, as the journal has it."""
        return self.where.replace("\\", "/").rpartition("/")[2]

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
    recorded: Recording | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
