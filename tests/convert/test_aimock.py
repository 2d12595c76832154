"""Fixtures of aimock become scenarios, which are played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from mockglm.cli.convert import convert_command
from mockglm.convert import convert, read_foreign
from mockglm.errors import FileError
from mockglm.scenarios import load
from tests.serving import KEY, serving


def fixture(match: dict[str, Any], response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": match, "response": response, **more}


FIXTURES = [
    fixture({"userMessage": "hello"}, {"content": "Hello!", "reasoning": "Greet."}),
    fixture(
        {"userMessage": "weather", "toolName": "get_weather", "turnIndex": 0},
        {"toolCalls": [{"name": "get_weather", "arguments": {"city": "北京"}, "id": "call_1"}]},
    ),
    fixture({"toolResultContains": "sunny"}, {"content": "It is sunny."}),
    fixture(
        {"userMessage": "retry", "sequenceIndex": 0}, {"error": {"message": "x"}, "status": 429}
    ),
    fixture({"userMessage": "retry", "sequenceIndex": 1}, {"content": "Now."}),
    fixture(
        {"userMessage": "slow"},
        {"content": "abcdef"},
        streamingProfile={"ttft": 500, "tps": 50},
        chunkSize=2,
        truncateAfterChunks=2,
        chaos={"dropRate": 0.5},
    ),
    fixture({"inputText": "x", "endpoint": "embedding"}, {"embedding": [0.1]}),
]


def write(path: Path, fixtures: Any) -> Path:
    path.write_text(json.dumps({"fixtures": fixtures}), "utf-8")
    return path


def test_fixtures_are_played_as_aimock_plays_them(tmp_path: Path) -> None:
    done = convert([write(tmp_path / "a.json", FIXTURES)], tmp_path / "to")
    assert done.problems == ()
    with serving(*done.written, speed=0) as served, httpx.Client(trust_env=False) as client:

        def ask(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
            body = {"model": "glm-4.6", "messages": messages, **more}
            url = f"{served.base('')}/chat/completions"
            sent = client.post(url, json=body, headers={"Authorization": KEY})
            value = sent.json()
            found: dict[str, Any] = (
                value["choices"][0]["message"] if sent.is_success else value["error"]
            )
            return found

        user = {"role": "user", "content": "What's the weather?"}
        tool = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
        assert ask({"role": "user", "content": "hello there"})["reasoning_content"] == "Greet."
        called = ask(user, tools=[tool])
        assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {"city": "北京"}
        result = {"role": "tool", "content": "sunny", "tool_call_id": "call_1"}
        assert ask(user, called, result, tools=[tool])["content"] == "It is sunny."
        assert ask({"role": "user", "content": "retry"}) == {"code": "1302", "message": "x"}
        assert ask({"role": "user", "content": "retry"})["content"] == "Now."


def test_notes_name_lost_keys(tmp_path: Path) -> None:
    assert read_foreign(write(tmp_path / "a.json", FIXTURES)).notes == (
        "fixture 2: turnIndex not kept: mockglm matches the last message",
        "fixture 4: the error with status 429 became 1302",
        "fixture 6: chaos not kept: name faults in the base URL instead",
        "fixture 7 left out: its endpoint is embedding",
    )
    ended = CliRunner().invoke(
        convert_command, [str(tmp_path / "a.json"), "--to", str(tmp_path / "to"), "--dry-run"]
    )
    assert "a.yaml: fixture 2: turnIndex not kept" in ended.output


def test_pace_and_truncation_are_kept(tmp_path: Path) -> None:
    (written,) = convert([write(tmp_path / "a.json", FIXTURES[5:6])], tmp_path / "to").written
    text = written.read_text("utf-8")
    assert "first: 0.5\n      every: 0.02\n" in text
    assert "chunks: 2\n" in text
    assert "at: 2 frames\n      do: reset\n" in text
    assert load(written).interactions


@pytest.mark.parametrize(
    ("fixtures", "message"),
    [
        ([{}], "a fixture: 'match' is missing"),
        ([1], "a fixture: "),
        ([], "no fixture answers a chat"),
        (FIXTURES[6:], "no fixture answers a chat"),
    ],
)
def test_a_wrong_file_is_reported(tmp_path: Path, fixtures: Any, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_foreign(write(tmp_path / "a.json", fixtures))


def test_a_sequence_has_the_order_of_its_indices(tmp_path: Path) -> None:
    match = {"userMessage": "next"}
    fixtures = [
        fixture({**match, "sequenceIndex": 1}, {"content": "second"}),
        fixture({"userMessage": "other"}, {"content": "other"}),
        fixture({**match, "sequenceIndex": 0}, {"content": "first"}),
        fixture(match, {"content": "hidden"}),
    ]
    found = read_foreign(write(tmp_path / "a.json", fixtures)).interactions
    replies = [[one["content"] for one in row["reply"]] for row in found[:1]]
    assert replies == [["first", "second"]]
    assert [row["reply"]["content"] for row in found[1:]] == ["other", "hidden"]


@pytest.mark.parametrize("key", ["userMessage", "systemMessage", "toolResultContains"])
def test_a_text_between_slashes_is_no_regular_expression(tmp_path: Path, key: str) -> None:
    fixtures = [fixture({key: "/(/"}, {"content": "x"})]
    assert convert([write(tmp_path / "a.json", fixtures)], tmp_path / "to").problems == ()
