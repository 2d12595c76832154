"""The readiness of a server: the reasons why it should get no requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Reason = Callable[[], Awaitable[str]]
"""Returns a reason why the server is not ready, "" if there is none."""


class Readiness:
    """The state that a load balancer asks for.

    A server is ready unless it is draining or one of `checks` has a reason against it.
    """

    def __init__(self) -> None:
        self.is_draining = False
        self.checks: list[Reason] = []

    async def find_reasons(self) -> list[str]:
        found = [await check() for check in self.checks]
        return [*(["the server is stopping"] if self.is_draining else []), *filter(None, found)]
