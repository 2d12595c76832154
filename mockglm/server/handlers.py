"""How a session decides what a request gets: the guards, each of which answers it or lets it on.

The order of the service's own checks is not documented; what is known of it is in the cassettes of
SamyRai/go-z-ai (2026-07): a bogus path without a key is 401, an unknown model is 1211 and a known
one 1113 where there is no balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from mockglm import auth, validation
from mockglm.exchange import APIError, Request
from mockglm.journal import Source
from mockglm.matching import RequestView
from mockglm.scenarios import Interaction
from mockglm.server.context import Asked
from mockglm.server.misses import improvise_or_miss
from mockglm.server.playlist import Playlist
from mockglm.server.responses import Played, respond, respond_with_error
from mockglm.server.session import Session
from mockglm.validation import Refusal

__all__ = [
    "CHAT",
    "RECORDING_CHAT",
    "Handler",
    "authenticate",
    "authenticate_if_given",
    "find_recordings",
    "queued_reply",
    "record_key",
    "replay",
    "replay_new",
    "run",
]

Handler = Callable[[Session, Asked], Played | None]


def run(session: Session, asked: Asked, guards: Iterable[Handler]) -> Played | None:
    """What the first guard that has an answer says; without one, the service itself has it."""
    for guard in guards:
        played = guard(session, asked)
        if played is not None:
            return played
    return None


def authenticate(session: Session, asked: Asked) -> Played | None:
    """A key that is let in."""
    given, listed = auth.parse_credential(asked.request.header("authorization")), session.keys
    session.journal.learn(given, is_listed=listed is not None and given in listed)
    known = session.ledger.keys
    asked.key, failure = auth.authenticate(given, now=asked.now, listed=listed, known=known)
    return _refused(failure or session.ledger.account_error(asked.key), asked)


def authenticate_if_given(session: Session, asked: Asked) -> Played | None:
    """A key that is let in, or none at all."""
    return authenticate(session, asked) if asked.request.header("authorization") else None


def record_key(session: Session, asked: Asked) -> Played | None:
    """Whose request it is, for the journal; the service itself will judge the key."""
    asked.key = auth.parse_credential(asked.request.header("authorization"))
    session.journal.learn(asked.key)
    return None


def queued_reply(session: Session, asked: Asked) -> Played | None:
    """The next of the one-shot replies."""
    if not session.queue:
        return None
    parse_leniently(session, asked)
    speed = session.settings.speed
    return respond(session.queue.popleft(), asked, source=Source.QUEUED, speed=speed)


def replay(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request that is not used up: the next of its key, and in the end
    the last one."""
    if not session.has_recordings:
        return None
    playable = [one for one in find_recordings(session, asked.request) if session.peek(one)]
    if not playable:
        return None
    parse_leniently(session, asked)
    chosen = _of_mode(playable, asked) or playable
    fresh = next((one for one in chosen if not session.is_exhausted(one)), chosen[-1])
    return _use(session, fresh, asked)


def replay_new(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request, in its mode, that has something new to say."""
    parse_leniently(session, asked)
    found = [one for one in find_recordings(session, asked.request) if session.peek(one)]
    fresh = next((one for one in _of_mode(found, asked) if not session.is_exhausted(one)), None)
    return _use(session, fresh, asked) if fresh is not None else None


def find_recordings(session: Session, request: Request) -> Sequence[Interaction]:
    """The recordings of a request as it came, else of what a recorder would have kept of it."""
    found = _recorded(session, request)
    if found:
        return found
    forms = (form for form in session.journal.redacted_forms(request) if form is not request)
    return next(filter(None, (_recorded(session, form) for form in forms)), ())


def _recorded(session: Session, request: Request) -> Sequence[Interaction]:
    return [one for stage in session.playlists for one in stage.recorded(request)]


def _of_mode(found: Iterable[Interaction], asked: Asked) -> list[Interaction]:
    return [one for one in found if one.request and one.request.is_stream == asked.is_stream]


def parse(session: Session, asked: Asked) -> Played | None:
    chat = validation.decode_chat(asked.request.body)
    if isinstance(chat, Refusal):
        return _refused(chat.to_error(asked.language), asked)
    asked.chat, asked.model_id = chat, chat.model or ""
    return None


def resolve_model(session: Session, asked: Asked) -> Played | None:
    asked.model = session.model(asked.model_id)
    if asked.model is not None:
        return None
    return _refused(validation.unknown_model(asked.model_id).to_error(asked.language), asked)


def check_permission(session: Session, asked: Asked) -> Played | None:
    return _refused(session.ledger.permission_error(asked.key, asked.model_id), asked)


def match_unvalidated(session: Session, asked: Asked) -> Played | None:
    return _matching(session, asked, Playlist.early)


def validate(session: Session, asked: Asked) -> Played | None:
    if asked.chat is None:
        return None
    policy = session.settings.policy
    verdict = validation.validate(asked.chat, asked.model, policy, prompt=asked.prompt)
    asked.passed = verdict.waived
    refusal = verdict.refusal
    return _refused(refusal.to_error(asked.language), asked) if refusal else None


def check_limits(session: Session, asked: Asked) -> Played | None:
    entered = session.ledger.enter(asked.key, asked.model_id, asked.now)
    if isinstance(entered, APIError):
        return _refused(entered, asked)
    asked.release = entered
    return None


def match_validated(session: Session, asked: Asked) -> Played | None:
    return _matching(session, asked, Playlist.scripted)


CHAT: Sequence[Handler] = (
    authenticate,
    queued_reply,
    replay,
    parse,
    resolve_model,
    check_permission,
    match_unvalidated,
    validate,
    check_limits,
    match_validated,
    improvise_or_miss,
)
"""What stands before the answer to a chat."""

RECORDING_CHAT: Sequence[Handler] = (
    record_key,
    queued_reply,
    replay_new,
    match_unvalidated,
    match_validated,
)
"""What stands before the service where it is recorded: no rule or limit of ours, for it has its
own."""


def parse_leniently(session: Session, asked: Asked) -> None:
    """Find out what is asked, without holding anything against it."""
    chat = validation.decode_chat(asked.request.body)
    if not isinstance(chat, Refusal):
        asked.chat, asked.model_id = chat, chat.model or ""
        asked.model = session.model(asked.model_id)


def _matching(
    session: Session, asked: Asked, search: Callable[[Playlist, RequestView], Iterable[Interaction]]
) -> Played | None:
    """The first interaction that is not used up and whose pattern holds."""
    view = asked.view
    for stage in session.playlists:
        for one in search(stage, view):
            if one.when is None or session.peek(one) is None:
                continue
            draw = partial(session.draw, one) if one.when.chance is not None else 0.0
            if one.when.matches(view, draw):
                return _use(session, one, asked)
    return None


def _use(session: Session, interaction: Interaction, asked: Asked) -> Played | None:
    step = session.take_step(interaction)
    if step is None:
        return None
    return respond(
        step,
        asked,
        source=interaction.short_location,
        speed=session.settings.speed * interaction.speed,
        count=session.use_count(interaction),
    )


def _refused(failure: APIError | None, asked: Asked) -> Played | None:
    return respond_with_error(failure, asked, source=Source.REFUSED) if failure else None
