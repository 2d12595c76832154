"""`mockglm verify` names each fault of meaning exactly, live and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml
from click.testing import CliRunner

from mockglm import faults
from mockglm.cli.verify import verify_command
from tests.recorder.service import KEY, recording
from tests.serving import Served, serving

MEANING = [name for name, fault in faults.CATALOGUE.items() if fault.kind == "meaning"]
SCENARIO = """
format: 1
interactions:
  - when: {user: 打招呼}
    reply: {content: 你好，世界，今天天气很好。, reasoning: 用户打招呼，该怎么说才好。}
  - when: {user: 查询}
    reply:
      content: "\\n"
      reasoning: 看看。
      tool_calls:
        - {name: get_weather, arguments: {city: 北京, unit: c}}
        - {name: get_time, arguments: {zone: Asia/Shanghai}}
  - when: {user: 数据}
    reply: {content: '{"city": "北京", "says": "晴\\\\n冷"}'}
  - reply: {error: 1301}
"""
REQUESTS: Mapping[str, dict[str, Any]] = {
    "text, stream": {"text": "打招呼", "stream": True},
    "text": {"text": "打招呼"},
    "calls, stream": {"text": "查询", "stream": True},
    "calls, pieces": {"text": "查询", "stream": True, "tool_stream": True},
    "calls": {"text": "查询"},
    "json": {"text": "数据"},
    "error": {"text": "别的"},
}
"""The requests that were recorded, each in a cassette of its own."""
MESSAGES: Mapping[str, dict[str, Any]] = {
    "message, stream": {"text": "打招呼", "stream": True},
    "message": {"text": "打招呼"},
    "uses, stream": {"text": "查询", "stream": True},
}
"""Those that were recorded on the Anthropic surface."""
LISTING = "listing"
"""The listing of models on that surface."""


class Row(msgspec.Struct):
    """The request whose response a fault is applied to, and the differences."""

    on: str
    drift: list[str]


TABLE = Path(__file__).parent / "faults.yaml"
EXPECTED = msgspec.convert(yaml.safe_load(TABLE.read_text("utf-8")), dict[str, Row])

INVISIBLE = {"usage-over", "usage-in-start", "index-one"}
"""Faults that no difference of types shows: a number is another one."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(SCENARIO) as one:
        yield one


@pytest.fixture(scope="module")
def cassettes(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("recorded")
    found = {}
    for name, fields in REQUESTS.items():
        found[name] = folder / f"{name.replace(', ', '-')}.yaml"
        message = {"role": "user", "content": fields["text"]}
        body = {"model": "glm-4.6", "messages": [message], **fields}
        del body["text"]
        with recording(served.base("file@recorded"), found[name]) as proxy:
            proxy.post(json=body)
    for name in (*MESSAGES, LISTING):
        found[name] = folder / f"{name.replace(', ', '-')}.yaml"
        with recording(on_messages(served.base("file@recorded")), found[name]) as proxy:
            _ask(f"http://127.0.0.1:{proxy.port}/api/anthropic", MESSAGES.get(name))
    return found


def on_messages(base: str) -> str:
    """The base of the Anthropic surface beside one of chats."""
    return base.replace("/api/paas/v4", "/api/anthropic")


def _ask(base: str, fields: dict[str, Any] | None) -> None:
    """Ask for a message that thinks, or for the listing of models."""
    with httpx.Client(headers={"x-api-key": KEY}, timeout=30, trust_env=False) as client:
        if fields is None:
            client.get(f"{base}/v1/models").raise_for_status()
            return
        body = {
            "model": "glm-4.6",
            "max_tokens": 500,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "stream": fields.get("stream", False),
            "messages": [{"role": "user", "content": fields["text"]}],
        }
        client.post(f"{base}/v1/messages", json=body).raise_for_status()


def verify(cassette: Path, served: Served, fault: str) -> list[str]:
    """The differences, or the error, that the command reports where the service has a fault."""
    report = cassette.with_suffix(f".{fault}.json")
    base = served.base(f"file+{fault}@live")
    if "/v1/" in cassette.read_text("utf-8"):
        base = on_messages(base)
    command = [str(cassette), "--upstream", base, "--allow-upstream", "127.0.0.1"]
    CliRunner().invoke(verify_command, [*command, "--report", str(report)])
    document = json.loads(report.read_text("utf-8"))
    found = [f"{one['path']}: was {one['recorded']}, is {one['live']}" for one in document["drift"]]
    return found + [one["error"] for one in document["errors"]]


def test_every_fault_of_meaning_is_in_the_table() -> None:
    assert list(EXPECTED) == MEANING
    assert {name for name, row in EXPECTED.items() if not row.drift} == INVISIBLE


@pytest.mark.parametrize("name", MEANING)
def test_fault_is_named_exactly(
    name: str,
    cassettes: Mapping[str, Path],
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    row = EXPECTED[name]
    assert verify(cassettes[row.on], served, name) == row.drift
