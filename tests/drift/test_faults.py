"""`mockglm verify` names each fault of meaning exactly, live and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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


class Row(msgspec.Struct):
    """The request whose response a fault is applied to, and the differences."""

    on: str
    drift: list[str]


TABLE = Path(__file__).parent / "faults.yaml"
EXPECTED = msgspec.convert(yaml.safe_load(TABLE.read_text("utf-8")), dict[str, Row])

INVISIBLE = {"usage-over"}
"""Faults that no response shows: only the request says how many tokens are too many."""


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
    return found


def verify(cassette: Path, served: Served, fault: str) -> list[str]:
    """The differences, or the error, that the command reports where the service has a fault."""
    report = cassette.with_suffix(f".{fault}.json")
    base = served.base(f"file+{fault}@live")
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
