"""An endpoint that answers at once with the times it would have taken: mockglm without a socket."""

from __future__ import annotations

from mockglm.conformance.transport import SendRequest
from mockglm.exchange import Exchange, Request
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings, handle
from mockglm.surfaces import find_surface
from tests.serving import KEY

__all__ = ["HEADERS", "play"]

HEADERS = (("authorization", f"Bearer {KEY}"),)


def play(text: str, seed: str = "mockglm") -> SendRequest:
    """Answer requests with a scenario; the times of a response are those that it planned."""
    scenarios = [parse(text.encode(), "file.yaml")] if text else []
    session = Sessions(Settings(seed=seed), scenarios).get()

    def send(request: Request) -> Exchange:
        context = handle(session, request, surface=find_surface(request.path))
        context.finish()
        return Exchange(request, context.response, 0.0)

    return send
