"""An OpenAI-compatible server whose answers a test writes, and mockglm in front of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from mockglm.app import App
from mockglm.language_model import LanguageModel
from mockglm.limits import DEFAULT, Limits
from mockglm.recorder import Upstream
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.recorder.service import Call, Service, chunk, head

__all__ = ["CHAT", "KEY", "MESSAGES", "Front", "delta", "finish", "front", "say", "send_events"]

KEY = "sk-canary-0123456789abcdef"
CHAT = "/api/paas/v4/chat/completions"
MESSAGES = "/api/anthropic/v1/messages"
DONE = b"data: [DONE]\n\n"


@dataclass
class Front:
    """mockglm as its clients see it."""

    url: str
    sessions: Sessions
    client: httpx.Client

    def post(self, path: str = CHAT, text: str = "hi", **more: Any) -> httpx.Response:
        return self.client.post(path, json=body(text, **more))

    def stream(self, path: str = CHAT, text: str = "hi", **more: Any) -> Any:
        return self.client.stream("POST", path, json=body(text, stream=True, **more))

    @property
    def entry(self) -> Any:
        return [*self.sessions.get().journal][-1]


def body(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "glm-4.6",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


@contextmanager
def front(
    service: Service, *, model: str = "", key: str = "", limits: Limits = DEFAULT
) -> Iterator[Front]:
    """A server that improvises with a service until the block ends."""
    upstream = Upstream(service.url, allowed=("127.0.0.1",), key=key)
    held = LanguageModel(upstream, model, limits=limits)
    sessions = Sessions(Settings(speed=0, on_miss="improvise", has_language_model=True))
    app = App(sessions, language_model=held)
    background = BackgroundServer(app, grace=0.2, on_shutdown=[held.close])
    background.start()
    url = f"http://127.0.0.1:{background.port}"
    try:
        headers = {"Authorization": "Bearer client-key"}
        with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as client:
            yield Front(url, sessions, client)
    finally:
        background.stop()


def delta(**fields: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": fields}]})


def finish(reason: str = "stop", **more: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], **more})


def event(chunk_object: Any) -> bytes:
    return b"data: " + json.dumps(chunk_object).encode() + b"\n\n"


def send_events(call: Call, *events: bytes, ends: bool = True) -> None:
    for one in events:
        call.send(chunk(one))
    if ends:
        call.send(chunk(DONE) + chunk(b""))


def say(*events: bytes) -> Service:
    """A service that sends these events and ends."""

    def answer(call: Call) -> None:
        call.send(head())
        send_events(call, *events)

    return Service(answer)
