"""Requests for the tests of improvising, as clients write them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from mockglm.clock import Ids
from mockglm.exchange import Reply, ToolCall
from mockglm.improvise import improvise
from mockglm.improvise.conversation import Conversation, read_conversation
from mockglm.models import MODELS
from mockglm.validation.types import Chat

IDS = Ids("seed", "session", 0)

Body = dict[str, Any]


def work(act: Callable[[], object]) -> int:
    """How many functions are called to do something: a measure of time that no machine changes."""
    count = 0

    def seen(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def user(text: Any) -> Body:
    return {"role": "user", "content": text}


def system(text: str) -> Body:
    return {"role": "system", "content": text}


def says(text: str) -> Body:
    return {"role": "assistant", "content": text}


def called(*calls: ToolCall) -> Body:
    """The assistant's message that made the calls; their ids are `c0`, `c1`…"""
    sent = [
        {"id": f"c{i}", "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for i, c in enumerate(calls)
    ]
    return {"role": "assistant", "content": "", "tool_calls": sent}


def result(text: str, index: int = 0) -> Body:
    return {"role": "tool", "tool_call_id": f"c{index}", "content": text}


def function(name: str, description: str, required: str = "", **properties: Any) -> Body:
    parameters = {"type": "object", "properties": properties, "required": required.split()}
    held = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": held}


def chat(*messages: Body | str, **more: Any) -> Chat:
    """A request; a text is a user's message."""
    sent = [user(one) if isinstance(one, str) else one for one in messages]
    body = {"model": "glm-4.6", "messages": sent, **more}
    return msgspec.json.decode(msgspec.json.encode(body), type=Chat)


def scene(*messages: Body | str, **more: Any) -> Conversation:
    return read_conversation(chat(*messages, **more))


def ask(*messages: Body | str, ids: Ids = IDS, **more: Any) -> Reply:
    asked = chat(*messages, **more)
    return improvise(asked, MODELS[asked.model or "glm-4.6"], ids)


STRING = {"type": "string"}
INTEGER = {"type": "integer"}

WEATHER = function("get_weather", "查询天气", "city", city=STRING, days=INTEGER)
TIME = function("get_time", "Get the current time in a timezone", timezone=STRING)
ADD = function("add", "Add two numbers", "a b", a=INTEGER, b=INTEGER)
MULTIPLY = function("multiply", "Multiply two numbers", "a b", a=INTEGER, b=INTEGER)
EMAIL = function(
    "send_email",
    "Send an email",
    "to subject body",
    to={"type": "string", "format": "email"},
    subject=STRING,
    body=STRING,
)
READ = function("read_file", "Read a file from disk", "path", path=STRING, limit=INTEGER)
BASH = function("bash", "Run a shell command", "command", command=STRING)
FLIGHTS = function(
    "search_flights",
    "搜索航班",
    "origin destination date",
    origin=STRING,
    destination=STRING,
    date={"type": "string", "format": "date"},
)
FINAL = function("final_answer", "Give the final answer", "answer", answer=STRING)
TOOLS = [WEATHER, TIME, ADD, MULTIPLY, EMAIL, READ, BASH, FLIGHTS]
