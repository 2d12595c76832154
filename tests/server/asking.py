"""Sessions and requests for the tests of what a session decides."""

from __future__ import annotations

import json
from typing import Any

from mockglm.exchange import Request
from mockglm.scenarios import parse
from mockglm.server import RequestContext, Session, Sessions, Settings, handle
from tests.serving import KEY

__all__ = ["ask", "chat", "recording", "said", "sessions"]


def sessions(*texts: str, **settings: Any) -> Sessions:
    """Sessions of a server with these files, `file.yaml`, `file1.yaml`…"""
    names = (f"file{i or ''}.yaml" for i in range(len(texts)))
    scenarios = [parse(text.encode(), name) for text, name in zip(texts, names, strict=True)]
    return Sessions(Settings(speed=0, **settings), scenarios)


def chat(text: str, *, key: str = KEY, **fields: Any) -> Request:
    """A chat of one user message."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **fields}
    headers = (("authorization", f"Bearer {key}"),)
    data = json.dumps(body, ensure_ascii=False).encode()
    return Request("POST", "/chat/completions", headers=headers, body=data)


def ask(session: Session, text: str, **fields: Any) -> RequestContext:
    return handle(session, chat(text, **fields))


def said(session: Session, text: str, **fields: Any) -> str:
    """The content of the answer; the code of an error."""
    answer = ask(session, text, **fields).response
    assert answer is not None
    body = json.loads(answer.body)
    if "error" in body:
        return str(body["error"]["code"])
    return str(body["choices"][0]["message"]["content"])


def recording(text: str, *replies: str, **beside: Any) -> str:
    """An interaction of a file: the request of a text, and its replies in the words of the file."""
    body = json.loads(chat(text).body)
    request = json.dumps({"path": "/chat/completions", "body": body}, ensure_ascii=False)
    more = "".join(f", {name}: {json.dumps(value)}" for name, value in beside.items())
    return f"  - {{request: {request}, reply: [{', '.join(replies)}]{more}}}\n"
