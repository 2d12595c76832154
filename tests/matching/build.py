"""Requests for the tests of matching."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from mockglm.exchange import Headers, Request
from mockglm.matching import RequestView
from mockglm.validation import Chat

__all__ = ["call", "result", "seen", "user"]

JSON = dict[str, Any]


def user(text: Any) -> JSON:
    return {"role": "user", "content": text}


def call(name: str, identity: str = "call_1", arguments: str = "{}") -> JSON:
    function = {"name": name, "arguments": arguments}
    calls = [{"id": identity, "type": "function", "function": function}]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def result(text: str, identity: str = "call_1", **others: Any) -> JSON:
    return {"role": "tool", "content": text, "tool_call_id": identity, **others}


def seen(*messages: JSON, headers: Headers = (), key: str = "", **fields: Any) -> RequestView:
    """A view of a request for glm-4.6 with these messages."""
    body = json.dumps({"model": "glm-4.6", "messages": messages, **fields}).encode()
    request = Request("POST", "/chat/completions", headers=headers, body=body)
    return RequestView(msgspec.json.decode(body, type=Chat), request, key)
