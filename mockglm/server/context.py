"""One request on its way through a session, and what has been found out about it so far."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mockglm import validation
from mockglm.clock import Ids
from mockglm.completions import ResponseFields
from mockglm.error_codes import Language
from mockglm.exchange import Request
from mockglm.matching import RequestView
from mockglm.matching.difference import shorten
from mockglm.models import Model
from mockglm.server.settings import Settings
from mockglm.validation import Chat

__all__ = ["Asked"]


MOST_NAMED = 5
"""Expressions of one request that its notes name."""


def _nothing() -> None:
    """What there is to give back when no slot was taken."""


class Asked(Struct):
    """A request, the ids and the time of its answer, and who asks.

    `now` is in unix seconds; `chat` and `model` are None until they are known, and for every path
    that is no chat. `model_id` is the model as the client spelled it.
    """

    request: Request
    ids: Ids
    now: float
    settings: Settings
    key: str = ""
    chat: Chat | None = None
    model_id: str = ""
    model: Model | None = None
    passed: tuple[str, ...] = ()
    cached: int = 0
    release: Callable[[], None] = _nothing
    log_id: str = ""
    _view: RequestView | None = None
    _prompt: int | None = None
    _drawn: int = 0

    # Not cached_property, whose lock (until Python 3.12) costs more than what these compute.

    def __post_init__(self) -> None:
        self.log_id = self.ids.log(self.now)

    @property
    def view(self) -> RequestView:
        """The request as patterns look at it, as far as it is known when first asked for."""
        if self._view is None:
            self._view = RequestView(self.chat or Chat(), self.request, key=self.key)
        return self._view

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Notes on the expressions whose search was given up."""
        if self._view is None or not self._view.unfinished:
            return ()
        found = self._view.unfinished
        more = (f"and {len(found) - MOST_NAMED} more took too long",)
        named = tuple(f"took too long: {shorten(one.text)}" for one in found[:MOST_NAMED])
        return named + more if len(found) > MOST_NAMED else named

    @property
    def prompt(self) -> int:
        """The tokens of the prompt, estimated."""
        if self._prompt is None:
            self._prompt = validation.count_prompt_tokens(self.chat) if self.chat else 0
        return self._prompt

    @property
    def language(self) -> Language:
        """Which one the messages are in that this client gets."""
        return self.settings.language(self.request.header("accept-language"))

    @property
    def is_stream(self) -> bool:
        return bool(self.chat and self.chat.stream)

    def chance(self) -> float:
        """A number in [0, 1), another one each time; for the faults that are laid over the answer,
        wherever they are from."""
        drawn, self._drawn = self._drawn, self._drawn + 1
        return self.ids.chance(f"fault{drawn}")

    def stamp(self, profile: Model) -> ResponseFields:
        """What is fresh in the answer to this request."""
        chat = self.chat or Chat()
        return ResponseFields(
            ids=self.ids,
            id=self.log_id,
            request_id=chat.request_id or self.log_id,
            created=int(self.now),
            model=chat.model or profile.id,
            profile=profile,
            prompt=self.prompt,
            cached=self.cached,
        )
