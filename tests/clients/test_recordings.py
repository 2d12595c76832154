"""Recordings of the real service, converted and played: the packages read each to its end."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import msgspec
import pytest

from mockglm import cassettes
from mockglm.completions import ParsedReply, parse_json, parse_stream
from mockglm.convert import convert
from mockglm.exchange import Exchange
from tests.clients.adapters import ADAPTERS, KNOWN, Adapter
from tests.serving import KEY, serving

SAMPLES = os.environ.get("GLM_SAMPLES", "")
PACKAGES = [adapter for adapter in ADAPTERS if adapter.name in ("zai-sdk", "openai")]


@cache
def recorded_cassettes() -> tuple[Path, ...]:
    """The cassettes with answered chats that the recordings become."""
    if not SAMPLES:
        return ()
    folders = [Path(SAMPLES) / name for name in ("fantasy", "pydantic-ai")]
    return convert(folders, Path(mkdtemp())).written


def meaning(exchange: Exchange) -> ParsedReply:
    assert exchange.response is not None
    return (parse_stream if exchange.response.is_stream else parse_json)(exchange.response.body)


@pytest.mark.skipif(not SAMPLES, reason="GLM_SAMPLES names no folder of recordings")
@pytest.mark.parametrize("adapter", PACKAGES, ids=lambda adapter: str(adapter.name))
def test_a_package_reads_each_recorded_chat_to_its_end(adapter: Adapter) -> None:
    heard = 0
    for path in recorded_cassettes():
        with serving(path) as served:
            for exchange in cassettes.read_exchanges(path):
                heard += hears(adapter, served.url, exchange)
    assert heard > 25


def hears(adapter: Adapter, url: str, exchange: Exchange) -> bool:
    """Ask again what was asked in a recording, by a package, and compare what it hears."""
    body = msgspec.json.decode(exchange.request.body)
    if not exchange.request.path.endswith("/chat/completions"):
        return False
    stream = bool(body.pop("stream", False))
    given = {key: value for key, value in body.items() if key in KNOWN}
    given["extra_body"] = {key: value for key, value in body.items() if key not in KNOWN}
    user = adapter.user(url, key=KEY)
    said = adapter.create(user.make, given, stream)
    reply = meaning(exchange).reply
    assert (said.text or "") == (reply.content or "")
    assert (said.reasoning or "") == (reply.reasoning or "")
    assert [(call.name, call.arguments) for call in said.calls] == [
        (call.name, call.arguments) for call in reply.calls
    ]
    assert said.finish == reply.finish_reason
    return True
