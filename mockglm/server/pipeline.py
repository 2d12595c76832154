"""One request's visit to a session: decided, written down, ready to be played."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mockglm import faults
from mockglm.exchange import Exchange, Request, Response
from mockglm.journal import Entry, Journal, Source
from mockglm.scenarios import Step
from mockglm.server.context import Asked
from mockglm.server.handlers import CHAT, Handler, run
from mockglm.server.responses import Played, apply_url_faults, mock_error
from mockglm.server.session import Session

__all__ = ["Visit", "handle"]

FINISH = re.compile(rb'"finish_reason": ?"([a-z_]+)"')
"""How a stream says that it ends; to join all of it costs a hundred times as much, and no text can
hold this, for in a text the quotes are escaped."""

log = logging.getLogger(__name__)


class Visit(Struct, frozen=True):
    """What a request gets: the answer to play and its entry in the journal.

    An `answer` of None is left to the service itself, and told by `take`.
    """

    answer: Response | None
    entry: Entry
    journal: Journal
    release: Callable[[], None]

    def record_response(self, exchange: Exchange, notes: Sequence[str]) -> None:
        """Write down what the service said, and what is worth knowing of it."""
        answer = exchange.response
        self.entry.response, self.entry.notes = answer, tuple(notes)
        finishes = FINISH.findall(answer.body) if answer and answer.is_stream else ()
        joined = None if finishes else Step(response=answer).parsed
        if finishes:
            self.entry.finish = finishes[-1].decode()
        elif joined and joined.reply.error:
            self.entry.code = joined.reply.error.code
        elif joined:
            self.entry.finish = joined.reply.finish_reason
        self.journal.recount(self.entry)

    @property
    def shown(self) -> Entry:
        """The entry as a log line may show it."""
        return self.journal.for_display(self.entry)

    def close(self) -> None:
        """To be called once, when the answer has been played or the client has left: what the
        request held is free again, and who listens to the session is told."""
        self.release()
        self.journal.close(self.entry)


def handle(
    session: Session,
    request: Request,
    guards: Iterable[Handler] = CHAT,
    laid: Sequence[faults.FaultSpec] = (),
) -> Visit:
    """Decide what a request gets and write it down.

    `guards` are those its path has, which stand before a chat unless told; `laid` are the faults
    it names.
    """
    asked = Asked(
        request=request,
        ids=session.ids(),
        now=session.clock.now(),
        settings=session.settings,
    )
    played = _played(session, asked, guards, laid)
    entry = Entry(
        ordinal=session.requests,
        session=session.name,
        at=asked.now,
        request=request,
        model=asked.model_id,
        source=played.source if played else Source.UPSTREAM,
        response=played.answer if played else None,
        code=played.code if played else "",
        finish=played.finish if played else "",
        waived=asked.passed,
        notes=(played.notes if played else ()) + asked.unfinished,
    )
    session.journal.add(entry)
    return Visit(entry.response, entry, session.journal, asked.release)


def _played(
    session: Session, asked: Asked, guards: Iterable[Handler], laid: Sequence[faults.FaultSpec]
) -> Played | None:
    """The answer to a request, and what mockglm has to say of itself where it fails at one: the
    client is answered, the journal knows of it, no slot stays taken."""
    try:
        played = run(session, asked, guards)
        return played and _charged(
            session, session.apply_faults(apply_url_faults(played, laid, asked), asked), asked
        )
    except Exception as error:
        # The one place that catches all: what fails is the request, not the server, and the
        # traceback goes to the log.
        log.exception("a request could not be answered")
        return mock_error(f"mockglm failed at this request: {error!r}", asked)
    except BaseException:
        asked.release()
        raise


def _charged(session: Session, played: Played, asked: Asked) -> Played:
    """The answer, with what it leaves of the balance that it costs."""
    if asked.chat is None:
        return played
    left = session.ledger.charge(asked.key, asked.model_id, played.answer)
    return replace(played, notes=(*played.notes, *left)) if left else played
