"""How a session decides what a request gets: the guards, each of which answers it or lets it on.

The order of the service's own checks is not documented; what is known of it is in the cassettes of
SamyRai/go-z-ai (2026-07): a bogus path without a key is 401, an unknown model is 1211 and a known
one 1113 where there is no balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from mockglm import auth
from mockglm import request as requests
from mockglm.exchange import Failure, Request
from mockglm.journal import Source
from mockglm.matching import View
from mockglm.request import Refusal
from mockglm.scenario import Interaction
from mockglm.session.asked import Asked
from mockglm.session.miss import missed
from mockglm.session.play import Played, play_failure, play_step
from mockglm.session.session import Session
from mockglm.session.stage import Stage

__all__ = [
    "CHAT",
    "RECORDING_CHAT",
    "Guard",
    "authenticated",
    "decide",
    "identified",
    "noted",
    "queued",
    "recorded",
    "recordings",
    "unplayed",
]

Guard = Callable[[Session, Asked], Played | None]


def decide(session: Session, asked: Asked, guards: Iterable[Guard]) -> Played | None:
    """What the first guard that has an answer says; without one, the service itself has it."""
    for guard in guards:
        played = guard(session, asked)
        if played is not None:
            return played
    return None


def authenticated(session: Session, asked: Asked) -> Played | None:
    """A key that is let in."""
    given, listed = auth.credential(asked.request.header("authorization")), session.keys
    session.journal.learn(given, is_listed=listed is not None and given in listed)
    known = session.ledger.keys
    asked.key, failure = auth.judge(given, now=asked.now, listed=listed, known=known)
    return _refused(failure or session.ledger.barred(asked.key), asked)


def identified(session: Session, asked: Asked) -> Played | None:
    """A key that is let in, or none at all."""
    return authenticated(session, asked) if asked.request.header("authorization") else None


def noted(session: Session, asked: Asked) -> Played | None:
    """Whose request it is, for the journal; the service itself will judge the key."""
    asked.key = auth.credential(asked.request.header("authorization"))
    session.journal.learn(asked.key)
    return None


def queued(session: Session, asked: Asked) -> Played | None:
    """The next of the one-shot replies."""
    if not session.queue:
        return None
    _look(session, asked)
    speed = session.settings.speed
    return play_step(session.queue.popleft(), asked, source=Source.QUEUED, speed=speed)


def recorded(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request that is not used up: the next of its key, and in the end
    the last one."""
    if not session.has_recordings:
        return None
    playable = [one for one in recordings(session, asked.request) if session.next(one)]
    if not playable:
        return None
    _look(session, asked)
    chosen = _of_mode(playable, asked) or playable
    fresh = next((one for one in chosen if not session.repeats(one)), chosen[-1])
    return _use(session, fresh, asked)


def unplayed(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request, in its mode, that has something new to say."""
    _look(session, asked)
    found = [one for one in recordings(session, asked.request) if session.next(one)]
    fresh = next((one for one in _of_mode(found, asked) if not session.repeats(one)), None)
    return _use(session, fresh, asked) if fresh is not None else None


def recordings(session: Session, request: Request) -> Sequence[Interaction]:
    """The recordings of a request as it came, else of what a recorder would have kept of it."""
    found = [one for stage in session.stages for one in stage.recorded(request)]
    clean = request if found else session.journal.redacted(request)
    if clean is request:
        return found
    return [one for stage in session.stages for one in stage.recorded(clean)]


def _of_mode(found: Iterable[Interaction], asked: Asked) -> list[Interaction]:
    return [one for one in found if one.request and one.request.is_stream == asked.is_stream]


def _read(session: Session, asked: Asked) -> Played | None:
    chat = requests.decode(asked.request.body)
    if isinstance(chat, Refusal):
        return _refused(chat.failure(asked.language), asked)
    asked.chat, asked.model_id = chat, chat.model or ""
    return None


def _known(session: Session, asked: Asked) -> Played | None:
    asked.model = session.model(asked.model_id)
    if asked.model is not None:
        return None
    return _refused(requests.unknown_model(asked.model_id).failure(asked.language), asked)


def _permitted(session: Session, asked: Asked) -> Played | None:
    return _refused(session.ledger.denied(asked.key, asked.model_id), asked)


def _early(session: Session, asked: Asked) -> Played | None:
    return _matching(session, asked, Stage.early)


def _valid(session: Session, asked: Asked) -> Played | None:
    if asked.chat is None:
        return None
    policy = session.settings.policy
    verdict = requests.validate(asked.chat, asked.model, policy, prompt=asked.prompt)
    asked.passed = verdict.let_through
    refusal = verdict.refusal
    return _refused(refusal.failure(asked.language), asked) if refusal else None


def _limited(session: Session, asked: Asked) -> Played | None:
    entered = session.ledger.enter(asked.key, asked.model_id, asked.now)
    if isinstance(entered, Failure):
        return _refused(entered, asked)
    asked.release = entered
    return None


def _scripted(session: Session, asked: Asked) -> Played | None:
    return _matching(session, asked, Stage.scripted)


CHAT: Sequence[Guard] = (
    authenticated,
    queued,
    recorded,
    _read,
    _known,
    _permitted,
    _early,
    _valid,
    _limited,
    _scripted,
    missed,
)
"""What stands before the answer to a chat."""

RECORDING_CHAT: Sequence[Guard] = (noted, queued, unplayed, _early, _scripted)
"""What stands before the service where it is recorded: no rule or limit of ours, for it has its
own."""


def _look(session: Session, asked: Asked) -> None:
    """Find out what is asked, without holding anything against it."""
    chat = requests.decode(asked.request.body)
    if not isinstance(chat, Refusal):
        asked.chat, asked.model_id = chat, chat.model or ""
        asked.model = session.model(asked.model_id)


def _matching(
    session: Session, asked: Asked, search: Callable[[Stage, View], Iterable[Interaction]]
) -> Played | None:
    """The first interaction that is not used up and whose pattern holds."""
    view = asked.view
    for stage in session.stages:
        for one in search(stage, view):
            if one.when is None or session.next(one) is None:
                continue
            draw = partial(session.draw, one) if one.when.chance is not None else 0.0
            if one.when.matches(view, draw):
                return _use(session, one, asked)
    return None


def _use(session: Session, interaction: Interaction, asked: Asked) -> Played | None:
    step = session.use(interaction)
    if step is None:
        return None
    return play_step(
        step,
        asked,
        source=interaction.place,
        speed=session.settings.speed * interaction.speed,
        count=session.used(interaction),
    )


def _refused(failure: Failure | None, asked: Asked) -> Played | None:
    return play_failure(failure, asked, source=Source.REFUSED) if failure else None
