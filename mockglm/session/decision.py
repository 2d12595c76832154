"""How a session decides what a request gets: the steps, in their order, each a guard.

The order of the service's own checks is not documented; what is known of it is in the cassettes of
SamyRai/go-z-ai (2026-07): a bogus path without a key is 401, an unknown model is 1211 and a known
one 1113 where there is no balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from mockglm import auth
from mockglm import request as requests
from mockglm.exchange import Failure
from mockglm.matching import View
from mockglm.request import Refusal
from mockglm.scenario import Interaction
from mockglm.session.asked import Asked
from mockglm.session.miss import missed
from mockglm.session.play import Played, play_failure, play_step
from mockglm.session.session import Session
from mockglm.session.stage import Stage

__all__ = ["Otherwise", "decide"]

Otherwise = Callable[[Asked], Played]


Step = Callable[[Session, Asked], Played | None]


def decide(session: Session, asked: Asked, otherwise: Otherwise | None = None) -> Played | None:
    """What a request gets. Of a path that is no chat, `otherwise` answers what is not recorded.

    None is left to the service itself: the session records, and nothing answers before.
    """
    if session.on_miss == "record" and otherwise is None:
        return _taken(RECORDING, session, asked)
    played = _taken(FIRST, session, asked)
    if played is None and otherwise is not None:
        return otherwise(asked)
    return played or _taken(CHAT, session, asked) or missed(session, asked)


def _taken(steps: Iterable[Step], session: Session, asked: Asked) -> Played | None:
    """What the first step that has an answer says."""
    for step in steps:
        played = step(session, asked)
        if played is not None:
            return played
    return None


def _authenticate(session: Session, asked: Asked) -> Played | None:
    if asked.is_open:
        return None
    header = asked.request.header("authorization")
    session.journal.learn(auth.credential(header))
    known = session.ledger.keys
    asked.key, failure = auth.judge(header, now=asked.now, listed=session.keys, known=known)
    return _refused(failure or session.ledger.barred(asked.key), asked)


def _noted(session: Session, asked: Asked) -> Played | None:
    """Whose request it is, for the journal; the service itself will judge the key."""
    asked.key = auth.credential(asked.request.header("authorization"))
    session.journal.learn(asked.key)
    return None


def _queued(session: Session, asked: Asked) -> Played | None:
    if not session.queue:
        return None
    _look(session, asked)
    return play_step(session.queue.popleft(), asked, source="queued", speed=session.settings.speed)


def _recorded(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request: the next of its key, and in the end the last one."""
    if not session.stage.has_recordings:
        return None
    found = session.stage.recorded(session.journal.redacted(asked.request))
    if not found:
        return None
    _look(session, asked)
    alike = _of_mode(found, asked)
    chosen = alike or found
    fresh = next((one for one in chosen if not session.used(one)), chosen[-1])
    return _use(session, fresh, asked)


def _unplayed(session: Session, asked: Asked) -> Played | None:
    """A recording of this very request, in its mode, that has not been played yet."""
    _look(session, asked)
    found = session.stage.recorded(session.journal.redacted(asked.request))
    fresh = next((one for one in _of_mode(found, asked) if not session.used(one)), None)
    return _use(session, fresh, asked) if fresh is not None else None


def _of_mode(found: Iterable[Interaction], asked: Asked) -> list[Interaction]:
    return [one for one in found if one.request and one.request.is_stream == asked.is_stream]


def _read(session: Session, asked: Asked) -> Played | None:
    chat = requests.decode(asked.request.body)
    if isinstance(chat, Refusal):
        return _refused(chat.failure(asked.language), asked)
    asked.chat = chat
    return None


def _known(session: Session, asked: Asked) -> Played | None:
    id = (asked.chat.model if asked.chat else None) or ""
    asked.model = session.model(id)
    if asked.model is not None:
        return None
    return _refused(requests.unknown_model(id).failure(asked.language), asked)


def _permitted(session: Session, asked: Asked) -> Played | None:
    return _refused(session.ledger.denied(asked.key, asked.view.model or ""), asked)


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
    entered = session.ledger.enter(asked.key, asked.view.model or "", asked.now)
    if isinstance(entered, Failure):
        return _refused(entered, asked)
    asked.release = entered
    return None


def _scripted(session: Session, asked: Asked) -> Played | None:
    return _matching(session, asked, Stage.scripted)


FIRST = (_authenticate, _queued, _recorded)
RECORDING = (_noted, _queued, _unplayed, _early, _scripted)
"""What comes before the service: no rule or limit of ours, for it has its own."""

CHAT = (_read, _known, _permitted, _early, _valid, _limited, _scripted)


def _look(session: Session, asked: Asked) -> None:
    """Find out what is asked, without holding anything against it."""
    chat = requests.decode(asked.request.body)
    if not isinstance(chat, Refusal):
        asked.chat = chat
        asked.model = session.model(chat.model or "")


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
    return play_failure(failure, asked, source="refused") if failure else None
