"""The requests that are asked and the scenarios that answer them."""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "FRAMES",
    "HELLO",
    "LARGE",
    "MESSAGES_FRAMES",
    "MESSAGES_PATH",
    "SMALL",
    "TEXT",
    "among",
    "body",
    "http",
    "many",
    "paced",
    "plain",
    "streamed",
]

PATH = "/api/paas/v4/chat/completions"
MESSAGES_PATH = "/api/anthropic/v1/messages"
MODEL = "glm-4.6"
TEXT = "北京今天的天气怎么样?"
FRAMES = 200
"""The events of a stream: its text in pieces, then the finish, then `[DONE]`."""

MESSAGES_FRAMES = FRAMES + 4
"""The events of the same text on the Anthropic surface: as many pieces; start, ping, start and stop
of the block before and after them, and two at the end."""

CHARACTERS = 4
"""Of a piece of text; an event then has about 200 bytes."""


def body(**keys: Any) -> bytes:
    """The body of a chat completion with one message, and what else is given."""
    asked = {"model": MODEL, "messages": [{"role": "user", "content": TEXT}], **keys}
    return json.dumps(asked, ensure_ascii=False).encode()


def http(body: bytes, path: str = PATH) -> bytes:
    """A request as a client of httpx sends it, body and all."""
    head = (
        f"POST {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Accept: application/json\r\n"
        "Accept-Encoding: gzip, deflate\r\n"
        "Connection: keep-alive\r\n"
        "User-Agent: benchmark\r\n"
        "Content-Type: application/json\r\n"
        "Authorization: Bearer 0123456789abcdef0123456789abcdef.SecretSecret1234\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _small() -> bytes:
    system = {
        "role": "system",
        "content": "You are a helpful assistant. Answer in one sentence, in Chinese, with units.",
    }
    messages = [system, {"role": "user", "content": TEXT}]
    return body(messages=messages, temperature=0.7, max_tokens=1024, top_p=0.9)


def _large() -> bytes:
    """What an agent sends in its tenth turn: a long system prompt, tools, calls and results."""
    rules = (
        "Read a file before you change it, and run the tests after. 修改之前先阅读文件。\n" * 105
    )
    messages: list[dict[str, Any]] = [{"role": "system", "content": rules}]
    for turn in range(8):
        messages += _turn(turn)
    messages.append({"role": "user", "content": TEXT})
    return body(messages=messages, tools=[_tool(number) for number in range(12)])


def _turn(turn: int) -> list[dict[str, Any]]:
    arguments = json.dumps({"path": f"src/module_{turn}.py", "limit": 40})
    call = {"name": "tool_0", "arguments": arguments}
    calls = [{"id": f"call_{turn}", "type": "function", "function": call}]
    code = "".join(
        f"{line:4} def function_{line}(self, value: int) -> str:\n" for line in range(16)
    )
    return [
        {"role": "user", "content": f"Look at module {turn} and say what it does."},
        {"role": "assistant", "content": "I read it first.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": f"call_{turn}", "content": code},
        {"role": "assistant", "content": f"Module {turn} has sixteen functions."},
    ]


def _tool(number: int) -> dict[str, Any]:
    names = ("path", "pattern", "limit", "offset", "recursive")
    told = "What it is, in which unit, and what happens when it is left out."
    properties = {name: {"type": "string", "description": told} for name in names}
    schema = {"type": "object", "properties": properties, "required": ["path"]}
    about = "Reads, searches or changes files below the folder of the project. " * 3
    function = {"name": f"tool_{number}", "description": about, "parameters": schema}
    return {"type": "function", "function": function}


SMALL = _small()
LARGE = _large()

HELLO = "今天北京晴,最高气温二十六度,东南风三级,空气质量良,适合外出。" * 6
"""A reply that makes a JSON answer of about 900 bytes."""


def plain() -> str:
    """A scenario that answers the question at once."""
    return _scenario({"user": "天气"}, {"content": HELLO})


def streamed(frames: int = FRAMES) -> str:
    """A scenario whose stream has so many frames."""
    return _scenario({"user": "天气"}, {"content": "天" * CHARACTERS * (frames - 2)})


def paced(frames: int, every: float) -> str:
    """A scenario that streams a frame every so many seconds."""
    pace = {"first": every, "every": every}
    reply = {"content": "天" * CHARACTERS * (frames - 2), "pace": pace}
    return _scenario({"user": "天气"}, reply)


def many(count: int) -> str:
    """A scenario of many interactions, told apart by model and text, as people write them."""
    one = "  - when: {{model: glm-4.6, text: 问题{0}}}\n    reply: {{content: 答案{0}。}}\n"
    return "format: 1\ninteractions:\n" + "".join(map(one.format, range(count)))


def among(count: int, asked: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """So many of their questions, spread over all, and what the answers must contain."""
    chosen = range(0, count, count // asked)[:asked]
    messages = [[{"role": "user", "content": f"问题{number}"}] for number in chosen]
    requests = tuple(http(body(messages=said)) for said in messages)
    return requests, tuple(f"答案{number}。".encode() for number in chosen)


def _scenario(when: dict[str, Any], reply: dict[str, Any]) -> str:
    """JSON is YAML; the loader cannot tell."""
    interactions = [{"when": when, "reply": reply}]
    return json.dumps({"format": 1, "interactions": interactions}, ensure_ascii=False)
