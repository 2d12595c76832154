"""Replies and patterns given as functions, and the exceptions that these raise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from mockglm.clock import Ids
from mockglm.completions import Renderer
from mockglm.errors import UsageError
from mockglm.improvise import improvise
from mockglm.matching import RequestView
from mockglm.models import MODELS
from mockglm.scenarios import Step
from mockglm.server import Session

Parse = Callable[[Any], Step]

DEFAULT_MODEL = MODELS["glm-4.6"]


# Exceptions that end a program or a task, and are no failure of a function.
_PASSED_ON = (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)


class CallbackErrors(AbstractContextManager["CallbackErrors"]):
    """Exceptions that functions of the test raised in the server, kept for the end of the test."""

    def __init__(self) -> None:
        self.raised: list[BaseException] = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or isinstance(error, _PASSED_ON):
            return False
        self.raised.append(error)
        return True

    def take(self) -> tuple[BaseException, ...]:
        """Return the exceptions and forget them."""
        taken = tuple(self.raised)
        self.raised.clear()
        return taken


class CallableReply(Step, frozen=True, kw_only=True):
    """A step whose reply a function makes for each request."""

    function: Callable[[RequestView], Any]
    parse: Parse
    errors: CallbackErrors

    def render(self, view: RequestView, now: float, count: int = 0) -> Renderer:
        """Render the result of the function. Raises UsageError where it raises or is no reply."""
        with self.errors:
            result = self.function(view)
            return self._render_result(result, view, now, count=count)
        raise UsageError(f"the function of the reply failed: {self.errors.raised[-1]!r}")

    def _render_result(self, result: Any, view: RequestView, now: float, *, count: int) -> Renderer:
        step = self.parse(result)
        if step.faults or step.pace or isinstance(step, CallableReply):
            raise UsageError("a function returns a reply only; give fault and pace as keywords")
        return step.render(view, now, count)


class ImprovisedReply(Step, frozen=True, kw_only=True):
    """A step that improvises its reply."""

    session: Session

    def render(self, view: RequestView, now: float, count: int = 0) -> Renderer:
        session = self.session
        ids = Ids(session.settings.seed, session.name, session.requests)
        model = session.model(view.model or "") or DEFAULT_MODEL
        return Renderer(improvise(view.chat, model, ids))


def guard_predicate(
    function: Callable[[RequestView], object], errors: CallbackErrors
) -> Callable[[RequestView], bool]:
    """Make a function of the test safe to call: where it raises, the pattern does not match."""

    def holds(view: RequestView) -> bool:
        with errors:
            return bool(function(view))
        return False

    return holds
