"""Requests that were really sent: those the service answered, and those clients make.

The recordings are read where GLM_SAMPLES says, the clients' requests where GLM_CLIENTS does: a
folder of JSON files, each with a list `requests` of objects with `target` and `body`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from mockglm.models import MODELS
from mockglm.validation import Chat, count_prompt_tokens, decode_chat, validate

SAMPLES = os.environ.get("GLM_SAMPLES", "")
CLIENTS = os.environ.get("GLM_CLIENTS", "")
CHAT = "/chat/completions"

recorded = pytest.mark.skipif(not SAMPLES, reason="GLM_SAMPLES is not set")
captured = pytest.mark.skipif(not CLIENTS, reason="GLM_CLIENTS is not set")


def exchanges() -> Iterator[tuple[str, Any, Any]]:
    """The chats of every cassette of go-vcr or vcrpy: where it is, its request and response."""
    for path in sorted(Path(SAMPLES).rglob("*.yaml")):
        cassette = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        for number, one in enumerate(cassette.get("interactions") or ()):
            request = one["request"]
            if str(request.get("url") or request.get("uri")).endswith(f"/v4{CHAT}"):
                yield f"{path.stem}[{number}]", request, one["response"]


def status(response: Any) -> int:
    """The status of a response, in go-vcr's place or in vcrpy's."""
    return int(response["code"] if "code" in response else response["status"]["code"])


def body(request: Any) -> bytes:
    """The body of a request; vcrpy's serialiser may have parsed it."""
    text = request.get("body")
    return text.encode() if text else msgspec.json.encode(request["parsed_body"])


@cache
def answered() -> tuple[tuple[str, bytes, int | None], ...]:
    """The chats answered with 200: where, their bodies, and the tokens of their prompts."""
    return tuple(
        (name, body(request), used(response))
        for name, request, response in exchanges()
        if status(response) == 200
    )


def used(response: Any) -> int | None:
    """The prompt_tokens a response reports, of a JSON answer or of the end of a stream."""
    said = response.get("parsed_body") or response["body"]
    text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    found = re.findall(r"prompt_tokens\W+(\d+)", text)
    return int(found[-1]) if found else None


@cache
def sent() -> tuple[tuple[str, Chat], ...]:
    """The chats clients send: which file, and the request decoded."""
    found = []
    for path in sorted(Path(CLIENTS).rglob("*.json")):
        for one in msgspec.json.decode(path.read_bytes())["requests"]:
            if one["target"].partition("?")[0].endswith(CHAT):
                read = decode_chat(msgspec.json.encode(one["body"]))
                assert isinstance(read, Chat), (path.stem, read)
                found.append((path.stem, read))
    return tuple(found)


def drops_calls(chat: Chat) -> bool:
    """Whether a tool message follows an assistant that called nothing."""
    return any(
        after.role == "tool" and before.role == "assistant" and not before.tool_calls
        for before, after in pairwise(chat.messages or ())
    )


@recorded
def test_requests_that_the_service_answered_pass() -> None:
    assert len(answered()) >= 28
    for name, text, _ in answered():
        found = decode_chat(text)
        assert isinstance(found, Chat), name
        assert validate(found, MODELS[found.model or ""]).refusal is None, name


@recorded
def test_the_estimate_is_near_what_the_service_counted() -> None:
    counted = [(text, tokens) for _, text, tokens in answered() if tokens]
    assert len(counted) >= 20
    for text, tokens in counted:
        found = decode_chat(text)
        assert isinstance(found, Chat)
        assert abs(count_prompt_tokens(found) - tokens) <= max(12, 0.25 * tokens)


@captured
def test_requests_of_real_clients_pass() -> None:
    chats = [(name, chat) for name, chat in sent() if not drops_calls(chat)]
    assert len(chats) >= 115
    for name, chat in chats:
        verdict = validate(chat, MODELS[chat.model or ""])
        assert verdict.refusal is None, (name, verdict)


@captured
def test_loops_that_drop_calls_are_validated_by_the_rest() -> None:
    """langchain-community's ChatZhipuAI keeps content "\\n" of a plain answer, "" of a stream."""
    chats = [chat for _, chat in sent() if drops_calls(chat)]
    contents = [(chat.messages or [])[1].content for chat in chats]
    assert sorted(map(str, contents)) == ["", "\n"]
    for chat, content in zip(chats, contents, strict=True):
        default, strict = (validate(chat, MODELS["glm-4.6"], p) for p in ("default", "strict"))
        if content:
            assert default.refusal is None
            assert "result-without-call" in default.waived
            assert strict.refusal is not None
            assert strict.refusal.name == "result-without-call"
            continue
        assert default.refusal is not None
        assert default.refusal.to_error("zh").message == (
            "messages[1]:content和tool_calls 字段不能同时为空"
        )
