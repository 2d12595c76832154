"""One request's visit to a session: decided, written down, ready to be played."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from mockglm import faults
from mockglm.exchange import Answer, Exchange, Request
from mockglm.journal import Entry, Journal
from mockglm.scenario import Step
from mockglm.session.asked import Asked
from mockglm.session.decision import Otherwise, decide
from mockglm.session.play import lay
from mockglm.session.session import Session

__all__ = ["UPSTREAM", "Visit", "visit"]

UPSTREAM = "upstream"
"""The source of what the service itself said."""


class Visit(Struct, frozen=True):
    """What a request gets: the answer to play and its entry in the journal.

    An `answer` of None is left to the service itself, and told by `take`.
    """

    answer: Answer | None
    entry: Entry
    journal: Journal
    release: Callable[[], None]

    def take(self, exchange: Exchange, notes: Sequence[str]) -> None:
        """Write down what the service said, and what is worth knowing of it."""
        self.entry.answer, self.entry.notes = exchange.answer, tuple(notes)
        joined = Step(answer=exchange.answer).joined
        if joined and joined.reply.error:
            self.entry.code = joined.reply.error.code
        elif joined:
            self.entry.finish = joined.reply.finish_reason

    @property
    def shown(self) -> Entry:
        """The entry as a log line may show it."""
        return self.journal.shown(self.entry)

    def close(self) -> None:
        """To be called once, when the answer has been played or the client has left: what the
        request held is free again, and who listens to the journal is told."""
        self.release()
        self.journal.close(self.entry)


def visit(
    session: Session,
    request: Request,
    laid: Sequence[faults.Laid] = (),
    otherwise: Otherwise | None = None,
    *,
    is_open: bool = False,
) -> Visit:
    """Decide what a request gets and write it down.

    `laid` are the faults its path names; `otherwise` answers a path that is no chat when nothing
    recorded does; an open path needs no key.
    """
    asked = Asked(
        request=request,
        ids=session.ids(),
        now=session.clock.now(),
        language=session.settings.language(request.header("accept-language")),
        is_open=is_open,
    )
    decided = decide(session, asked, otherwise)
    played = lay(decided, laid, asked) if decided else None
    entry = Entry(
        ordinal=session.requests,
        session=session.name,
        at=asked.now,
        request=request,
        model=(asked.chat.model if asked.chat else None) or "",
        source=played.source if played else UPSTREAM,
        answer=played.answer if played else None,
        code=played.code if played else "",
        finish=played.finish if played else "",
        passed=asked.passed,
        notes=played.notes if played else (),
    )
    session.journal.add(entry)
    return Visit(entry.answer, entry, session.journal, asked.release)
