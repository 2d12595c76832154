"""The context of a request: everything known about it while it is handled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from time import monotonic

from msgspec import Struct

from mockglm import surfaces
from mockglm.clock import Ids
from mockglm.completions import MISS_HEADER, ResponseFields
from mockglm.error_codes import Language
from mockglm.exchange import APIError, Exchange, Request, Response
from mockglm.faults import FaultSpec
from mockglm.journal import Entry, Source
from mockglm.matching import RequestView
from mockglm.matching.difference import shorten
from mockglm.models import Model
from mockglm.scenarios import Step
from mockglm.server.sessions import Session
from mockglm.surfaces import SURFACES, Surface
from mockglm.validation import Chat, count_prompt_tokens

# A stream says how it ends in its last chunk. To parse all of it costs a hundred times as much,
# and no text of the model can contain this, for the quotes in a text are escaped.
_FINISH_REASON = re.compile(rb'"(?:finish|stop)_reason": ?"([^"\\]+)"')
_FINISH_REASONS = {
    word: finish for surface in SURFACES for word, finish in surface.finish_reasons.items()
}

_MAX_NAMED = 5
"""Expressions that the notes of a request name."""


def release_nothing() -> None:
    """Release nothing: no slot of an account was taken, or it was given back."""


class RequestContext(Struct):
    """One request, filled in by the handlers on its way through the pipeline.

    `now` is in unix seconds on the session's clock, `started` in seconds of time.monotonic().
    `surface` and `base` are those of the path. `chat` and `model` are None until they are parsed,
    and on every path that is no chat; `model_id` is the id of the model, if there is none such as
    the client spelled it. `waived` names validation rules that were broken but not
    enforced. `source` is a Source or the location of the interaction that answers; `response` is
    None if the live service answers; `billed` is the one that is charged, if it is another. It
    listens to the progress of its own transmission.
    """

    request: Request
    session: Session
    ids: Ids
    now: float
    started: float
    surface: Surface = surfaces.CHAT
    base: str = ""
    url_faults: Sequence[FaultSpec] = ()

    key: str = ""
    chat: Chat | None = None
    model_id: str = ""
    model: Model | None = None
    waived: tuple[str, ...] = ()
    cached_tokens: int = 0
    release: Callable[[], None] = release_nothing

    response: Response | None = None
    billed: Response | None = None
    source: Source | str = Source.UPSTREAM
    finish_reason: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()

    log_id: str = ""
    _entry: Entry | None = None
    _view: RequestView | None = None
    _prompt_tokens: int | None = None
    _draws: int = 0
    _is_closed: bool = False

    # Not cached_property, whose lock (until Python 3.12) costs more than what these compute.

    def __post_init__(self) -> None:
        self.log_id = self.ids.log(self.now)

    @property
    def view(self) -> RequestView:
        """The request as patterns see it, with what is known when this is first read."""
        if self._view is None:
            chat, surface = self.chat or Chat(), self.surface.name
            self._view = RequestView(chat, self.request, key=self.key, surface=surface)
        return self._view

    @property
    def unfinished_searches(self) -> tuple[str, ...]:
        """Notes on the expressions whose search took too long."""
        if self._view is None or not self._view.unfinished:
            return ()
        found = self._view.unfinished
        more = (f"and {len(found) - _MAX_NAMED} more took too long",)
        named = tuple(f"took too long: {shorten(one.text)}" for one in found[:_MAX_NAMED])
        return named + more if len(found) > _MAX_NAMED else named

    @property
    def prompt_tokens(self) -> int:
        """The estimated tokens of the prompt."""
        if self._prompt_tokens is None:
            keeps = self.model is not None and self.model.is_coding_plan
            self._prompt_tokens = (
                count_prompt_tokens(self.chat, keeps_thought=keeps) if self.chat else 0
            )
        return self._prompt_tokens

    @property
    def language(self) -> Language:
        return self.session.settings.language(self.request.header("accept-language"))

    @property
    def is_stream(self) -> bool:
        return bool(self.chat and self.chat.stream)

    def draw(self) -> float:
        """Draw a number in [0, 1), another one at each call, for faults with a chance."""
        draws, self._draws = self._draws, self._draws + 1
        return self.ids.chance(f"fault{draws}")

    def response_fields(self, profile: Model) -> ResponseFields:
        """The fields in which responses to equal requests differ."""
        chat = self.chat or Chat()
        prompt, cached = self.prompt_tokens, self.cached_tokens
        if profile.overflow == "truncate":
            prompt, cached = self._truncate(profile, prompt, cached)
        return ResponseFields(
            ids=self.ids,
            id=self.log_id,
            request_id=chat.request_id or self.log_id,
            created=int(self.now),
            model=chat.model or profile.id,
            profile=profile,
            prompt=prompt,
            cached=cached,
        )

    def _truncate(self, profile: Model, prompt: int, cached: int) -> tuple[int, int]:
        """Return the tokens of a prompt as its model reads it, and those of them that are cached:
        none of a prompt that was cut, for it begins differently."""
        kept = profile.truncate(prompt, self.chat.max_tokens if self.chat else None)
        if kept == prompt:
            return prompt, cached
        note = f"the prompt was cut at its front, from {prompt} tokens to {kept}"
        self.notes = (*(one for one in self.notes if one != note), note)
        return kept, 0

    @property
    def entry(self) -> Entry:
        """The entry in the session's journal, made when this is first read."""
        if self._entry is None:
            self._entry = self._new_entry()
            self.session.journal.add(self._entry)
        return self._entry

    def _new_entry(self) -> Entry:
        return Entry(
            ordinal=self.session.requests,
            session=self.session.name,
            at=self.now,
            request=self.request,
            model=self.model_id,
            source=self.source,
            response=self.response,
            code=self.code,
            finish=self.finish_reason,
            waived=self.waived,
            notes=self.notes + self.unfinished_searches,
            base=self.base,
        )

    def record_response(self, exchange: Exchange, notes: Sequence[str]) -> None:
        """Enter the live service's response, and notes on its recording, in the journal."""
        entry, response = self.entry, exchange.response
        entry.response, entry.notes = response, tuple(notes)
        finish = find_finish_reason(response.body) if response and response.is_stream else ""
        parsed = None if finish else Step(response=response).parsed
        if finish:
            entry.finish = finish
        elif parsed and parsed.reply.error:
            entry.code = parsed.reply.error.code
        elif parsed:
            entry.finish = parsed.reply.finish_reason
        self.session.journal.update_size(entry)
        self.on_first_chunk()
        self.on_last_chunk()

    def refuse(self, status: int, message: str) -> Response:
        """Answer with an error of mockglm itself instead of the live service."""
        error = APIError(str(status), status=status, message=message)
        response = self.surface.render_error(error, self.log_id, headers=((MISS_HEADER, "1"),))
        self.response = self.entry.response = response
        self.entry.source, self.entry.code = Source.MISS, str(status)
        self.session.journal.update_size(self.entry)
        return self.response

    def on_first_chunk(self) -> None:
        entry = self.entry
        if entry.first is None:
            entry.first = monotonic() - self.started

    def on_last_chunk(self) -> None:
        entry = self.entry
        entry.total = monotonic() - self.started
        entry.outcome = "done" if _is_planned_whole(entry) else "cut"

    def complete(self) -> None:
        """Note that all of a response that ends cleanly is written at once."""
        entry, self._is_closed = self._entry or self.entry, True
        entry.first = entry.total = monotonic() - self.started
        entry.outcome = "done"

    def on_break(self, sent: int) -> None:
        entry, response = self.entry, self.entry.response
        entry.sent = sent
        if response is not None and entry.finish:
            body = b"".join(chunk for _, chunk in response.chunks[:sent])
            entry.finish = find_finish_reason(body)

    def close(self, *, is_complete: bool) -> None:
        """Set the outcome of the transmission; only the first call counts."""
        if self._is_closed:
            return
        self._is_closed = True
        entry = self.entry
        # Also of a response that was to be cut, but later than the client left.
        if not is_complete and (entry.outcome == "open" or _is_planned_whole(entry)):
            entry.outcome = "gone"
        entry.total = entry.total or monotonic() - self.started

    def finish(self) -> Entry:
        """Release the account's slot and publish the outcome; return the entry, not redacted."""
        if not self._is_closed:
            self.close(is_complete=False)
        self.release()
        entry = self._entry or self.entry
        self.session.journal.close(entry)
        return entry


def find_finish_reason(body: bytes) -> str:
    """Find the last finish reason in the bytes of a response, in the words of v4; "" if none."""
    found = _FINISH_REASON.findall(body)
    word = found[-1].decode("utf-8", "replace") if found else ""
    return _FINISH_REASONS.get(word, word)


def _is_planned_whole(entry: Entry) -> bool:
    return entry.response is None or entry.response.end == "done"
