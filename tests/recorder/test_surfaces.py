"""Recordings of both surfaces: byte for byte on their own, by their meaning on the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockglm.scenarios import load
from tests.recorder.service import KEY, Proxy, recording
from tests.serving import Served, serving

SCRIPT = """
format: 1
interactions:
  - when: {user: weather}
    reply:
      content: Let me look.
      reasoning: The user wants the weather.
      tool_calls: [{name: get_weather, arguments: {city: Paris, days: [1, 2]}}]
  - when: {after_tool: get_weather}
    reply:
      content: It is sunny.
      usage: {prompt_tokens: 40, completion_tokens: 6, total_tokens: 46}
  - when: {user: busy}
    reply: {error: 1305}
  - when: {user: refuse}
    reply: {error: 1302}
"""
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    with serving(SCRIPT) as served:
        yield served


def on_chat(url: str, turns: list[Any], *, stream: bool = False, **fields: Any) -> httpx.Response:
    """Ask in the words of chat completions."""
    function = {"name": "get_weather", "description": "d", "parameters": SCHEMA}
    body = {
        "model": "glm-4.6",
        "messages": [{"role": "system", "content": "be brief"}, *turns],
        "tools": [{"type": "function", "function": function}],
        "stream": stream,
        **fields,
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(
        f"{url}/api/paas/v4/chat/completions",
        json=body,
        headers=headers,
        trust_env=False,
        timeout=30,
    )


def on_messages(url: str, turns: list[Any], *, stream: bool = False, **fields: Any) -> Any:
    """Ask in the words of Messages."""
    body = {
        "model": "glm-4.6",
        "max_tokens": 1000,
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "messages": turns,
        "tools": [{"name": "get_weather", "description": "other", "input_schema": SCHEMA}],
        "stream": stream,
        **fields,
    }
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    target = f"{url}/api/anthropic/v1/messages?beta=true"
    return httpx.post(target, json=body, headers=headers, trust_env=False, timeout=30)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def chat_loop(id: str) -> list[Any]:
    function = {"name": "get_weather", "arguments": '{"days": [1, 2], "city": "Paris"}'}
    call = {"id": id, "type": "function", "function": function}
    return [
        user("weather"),
        {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": "sun"},
    ]


def messages_loop(id: str) -> list[Any]:
    use = {
        "type": "tool_use",
        "id": id,
        "name": "get_weather",
        "input": {"city": "Paris", "days": [1, 2]},
    }
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    result = {
        "type": "tool_result",
        "tool_use_id": id,
        "content": [{"type": "text", "text": "sun"}],
    }
    return [
        user("weather"),
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Let me look."}, use]},
        {"role": "user", "content": [result]},
    ]


def record(service: Served, path: Path) -> Iterator[tuple[Proxy, str]]:
    with recording(service.url, path) as proxy:
        yield proxy, f"http://127.0.0.1:{proxy.port}"


@pytest.fixture
def chat_tape(service: Served, tmp_path: Path) -> Path:
    """A cassette of chat completions: a call in a stream, its result in JSON, two refusals."""
    for _, url in record(service, tmp_path / "chat.yaml"):
        on_chat(url, [user("weather")], stream=True)
        on_chat(url, chat_loop("call_1"))
        on_chat(url, [user("busy")])
        on_chat(url, [user("refuse")])
    return tmp_path / "chat.yaml"


@pytest.fixture
def messages_tape(service: Served, tmp_path: Path) -> Path:
    """The same conversation, recorded on the Anthropic surface."""
    for _, url in record(service, tmp_path / "messages.yaml"):
        on_messages(url, [user("weather")], stream=True)
        on_messages(url, messages_loop("call_1"))
        on_messages(url, [user("busy")])
    return tmp_path / "messages.yaml"


def playing(*tapes: Path) -> Any:
    return serving(*(tape.read_text("utf-8") for tape in tapes))


def notes_of(served: Served) -> list[tuple[str, ...]]:
    return [entry.notes for entry in served.session().journal]


def test_the_surface_is_recorded_and_replayed_byte_for_byte(
    service: Served, tmp_path: Path
) -> None:
    tape = tmp_path / "messages.yaml"
    for proxy, url in record(service, tape):
        live = [
            on_messages(url, [user("weather")], stream=True),
            on_messages(url, messages_loop("call_1")),
            on_messages(url, [user("busy")]),
            httpx.get(f"{url}/api/anthropic/v1/models", headers={"x-api-key": KEY}),
        ]
        entries = list(proxy.sessions.get().journal)
        assert [entry.finish or entry.code for entry in entries[:3]] == [
            "tool_calls",
            "stop",
            "1305",
        ]
    assert KEY.encode() not in tape.read_bytes()
    recorded = load(tape).interactions
    assert next(one.request.path for one in recorded if one.request) == "/v1/messages"
    with playing(tape) as served:
        played = [
            on_messages(served.host, [user("weather")], stream=True, metadata={"user_id": "u"}),
            on_messages(served.host, messages_loop("call_other")),
            on_messages(served.host, [user("busy")]),
            httpx.get(f"{served.host}/api/anthropic/v1/models", headers={"x-api-key": KEY}),
        ]
    assert [one.content for one in played] == [one.content for one in live]
    assert [one.status_code for one in played] == [200, 200, 529, 200]


def test_paths_below_no_base_are_recorded_at_the_host_of_the_service(
    service: Served, tmp_path: Path
) -> None:
    tape = tmp_path / "whole.yaml"
    agent = {"agent_id": "general_translation", "messages": [user("Hi")]}

    def ask_both(host: str) -> list[bytes]:
        with httpx.Client(base_url=host, headers={"Authorization": KEY}, trust_env=False) as client:
            quota = client.get("/api/monitor/usage/quota/limit", params={"type": "1"})
            return [quota.content, client.post("/api/v1/agents", json=agent).content]

    for _, url in record(service, tape):
        live = ask_both(url)
        # What is no path of the service stays here.
        assert httpx.get(f"{url}/favicon.ico", trust_env=False).json()["msg"] == "404 NOT_FOUND"
    requests = [one.request for one in load(tape).interactions]
    assert [one and (one.method, one.path) for one in requests] == [
        ("GET", "/api/monitor/usage/quota/limit"),
        ("POST", "/api/v1/agents"),
    ]
    assert b'"limits"' in live[0]
    assert KEY.encode() not in tape.read_bytes()
    with playing(tape) as served:
        assert ask_both(served.host) == live
        sources = [entry.source for entry in served.session().journal]
    assert all(source.startswith("file.yaml:") for source in sources)


def test_a_key_that_the_events_of_a_message_share_is_not_kept(
    service: Served, tmp_path: Path
) -> None:
    tape = tmp_path / "messages.yaml"
    with serving(f"format: 1\ninteractions: [{{reply: {{content: it is {KEY}}}}}]\n") as echo:
        for _, url in record(echo, tape):
            answer = on_messages(url, [user("x")], stream=True)
            assert KEY not in answer.text
    parsed = load(tape).interactions[0].steps[0].parsed
    assert parsed is not None
    text = parsed.reply.content or ""
    assert text.startswith("it is ")
    assert not any(KEY[at : at + 8] in text for at in range(len(KEY) - 8))


def test_a_chat_answers_the_same_conversation_on_messages(chat_tape: Path) -> None:
    with playing(chat_tape) as served:
        first = on_messages(served.host, [user("weather")])
        blocks = first.json()["content"]
        assert [block["type"] for block in blocks] == ["thinking", "text", "tool_use"]
        assert blocks[2]["input"] == {"city": "Paris", "days": [1, 2]}
        assert first.json()["stop_reason"] == "tool_use"
        second = on_messages(served.host, messages_loop(blocks[2]["id"]), stream=True)
        assert second.text.startswith("event: message_start\n")
        assert '"text_delta"' in second.text
        assert '"input_tokens":40,"output_tokens":6' in second.text
        third = on_messages(served.host, [user("busy")])
        assert (third.status_code, third.json()["error"]["type"]) == (529, "overloaded_error")
        assert notes_of(served) == [
            ("recorded on the chat surface", "a recorded stream, joined"),
            ("recorded on the chat surface", "a recorded JSON answer, cut"),
            ("recorded on the chat surface",),
        ]


def test_a_message_answers_the_same_conversation_on_chat(messages_tape: Path) -> None:
    with playing(messages_tape) as served:
        first = on_chat(served.host, [user("weather")], stream=True)
        assert first.text.endswith("data: [DONE]\n\n")
        assert '"finish_reason":"tool_calls"' in first.text
        second = on_chat(served.host, chat_loop("call_9")).json()
        assert second["choices"][0]["message"]["content"] == "It is sunny."
        assert second["usage"]["total_tokens"] == 46
        assert second["id"] == second["request_id"]
        assert abs(second["created"] - served.session().clock.now()) < 3600
        third = on_chat(served.host, [user("busy")])
        assert (third.status_code, third.json()["error"]["code"]) == (429, "1305")
        assert {note for notes in notes_of(served) for note in notes} == {
            "recorded on the anthropic surface"
        }


@pytest.mark.parametrize(
    "turns",
    [
        [user("weather?")],
        [user("weather"), user("weather")],
        [{"role": "user", "content": [{"type": "text", "text": "weather"}, {"type": "image"}]}],
        [*messages_loop("call_1")[:2], user("go on")],
    ],
)
def test_another_conversation_is_not_answered(turns: list[Any], chat_tape: Path) -> None:
    with playing(chat_tape) as served:
        assert on_messages(served.host, turns).status_code == 422


@pytest.mark.parametrize(
    "fields", [{"model": "glm-4.7"}, {"system": "be long"}, {"tools": []}, {"system": None}]
)
def test_another_model_system_or_tool_is_another_conversation(
    fields: dict[str, Any], chat_tape: Path
) -> None:
    with playing(chat_tape) as served:
        assert on_messages(served.host, [user("weather")], **fields).status_code == 422


def test_a_recording_of_the_own_surface_comes_first(chat_tape: Path, messages_tape: Path) -> None:
    with playing(chat_tape, messages_tape) as served:
        on_messages(served.host, [user("weather")], stream=True)
        on_messages(served.host, [user("refuse")])
        on_chat(served.host, [user("weather")], stream=True)
        assert notes_of(served) == [(), ("recorded on the chat surface",), ()]


def test_sampling_does_not_change_the_meaning_but_the_request_on_its_surface(
    chat_tape: Path,
) -> None:
    with playing(chat_tape) as served:
        assert on_messages(served.host, [user("weather")], temperature=0.1).status_code == 200
        assert on_chat(served.host, [user("weather")], temperature=0.1).status_code == 422


def test_ignore_and_replace_apply_to_the_other_surface(chat_tape: Path) -> None:
    text = chat_tape.read_text("utf-8")
    eased = text + 'replace: {"weath[a-z]+": W}\nignore: ["$.messages[0]"]\n'
    with serving(eased) as served:
        answer = on_messages(served.host, [user("weathers")], system="something else")
        assert answer.status_code == 200, answer.text


def test_a_verbatim_completion_of_a_scenario_is_a_message_there() -> None:
    body = {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hi"}}],
        "id": "20260101080000aaaaaaaaaaaaaaaa",
        "model": "glm-4.6",
    }
    script = {"format": 1, "interactions": [{"response": {"json": body}}]}
    with serving(json.dumps(script)) as served:
        answer = on_messages(served.host, [user("x")])
    assert answer.json()["content"] == [{"type": "text", "text": "hi"}]
    assert answer.json()["id"] == "msg_20260101080000aaaaaaaaaaaaaaaa"


def test_bytes_without_a_meaning_are_sent_as_they_are() -> None:
    script = {"format": 1, "interactions": [{"response": {"status": 502, "body": "<html>"}}]}
    with serving(json.dumps(script)) as served:
        answer = on_messages(served.host, [user("x")])
    assert (answer.status_code, answer.text) == (502, "<html>")


def test_a_missing_service_is_an_error_of_the_surface(tmp_path: Path) -> None:
    with recording("http://127.0.0.1:9/api/paas/v4", tmp_path / "a.yaml") as proxy:
        answer = on_messages(f"http://127.0.0.1:{proxy.port}", [user("x")])
    error, log = answer.json()["error"], answer.headers["x-log-id"]
    assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (502, "1")
    assert list(answer.json()) == ["type", "error", "request_id"]
    assert (error["type"], error["code"]) == ("api_error", "502")
    reason = "mockglm: http://127.0.0.1:9/api/anthropic did not answer: ConnectError"
    assert error["message"].startswith(f"[502][{reason}")
    assert error["message"].endswith(f"][{log}]")


def test_any_path_of_the_surface_goes_to_its_base(tmp_path: Path) -> None:
    with recording("http://127.0.0.1:9/api/paas/v4", tmp_path / "a.yaml") as proxy:
        url = f"http://127.0.0.1:{proxy.port}/api/anthropic/v1/messages/batches"
        answer = httpx.get(url, headers={"x-api-key": KEY}, trust_env=False)
    assert "http://127.0.0.1:9/api/anthropic did not answer" in answer.text


def test_a_recorded_stream_is_written_as_lines_of_events(messages_tape: Path) -> None:
    text = messages_tape.read_text("utf-8")
    assert '{"type":"message_start",' in text
    assert "event:" not in text
    with playing(messages_tape) as served:
        answer = on_messages(served.host, [user("weather")], stream=True)
    assert answer.text.startswith('event: message_start\ndata: {"type":"message_start",')
