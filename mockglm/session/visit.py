"""One request's visit to a session: decided, written down, ready to be played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mockglm import faults
from mockglm.exchange import Answer, Request
from mockglm.journal import Entry, Journal
from mockglm.session.asked import Asked
from mockglm.session.decision import Otherwise, decide
from mockglm.session.play import lay
from mockglm.session.session import Session

__all__ = ["Visit", "visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request gets: the answer to play and its entry in the journal."""

    answer: Answer
    entry: Entry
    journal: Journal
    release: Callable[[], None]

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
    played = lay(decide(session, asked, otherwise), laid, asked)
    entry = Entry(
        ordinal=session.requests,
        session=session.name,
        at=asked.now,
        request=request,
        model=(asked.chat.model if asked.chat else None) or "",
        source=played.source,
        answer=played.answer,
        code=played.code,
        finish=played.finish,
        passed=asked.passed,
        notes=played.notes,
    )
    session.journal.add(entry)
    return Visit(played.answer, entry, session.journal, asked.release)
