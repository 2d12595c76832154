"""Replies whose words another server finds, on either surface, through real sockets."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from mockglm.completions import Chunking, Renderer, parse_json, parse_stream
from mockglm.exchange import Reply
from mockglm.language_model import frames
from mockglm.language_model.model import MAX_CALLS
from mockglm.limits import Limits
from mockglm.messages import parse_message
from tests.language_model.upstream import (
    CHAT,
    KEY,
    MESSAGES,
    delta,
    event,
    finish,
    front,
    say,
    send_events,
)
from tests.recorder.service import Call, Service, chunk, head

SURFACES = [CHAT, MESSAGES]
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}
ANTHROPIC_TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {}}}


def reply_of(path: str, response: httpx.Response) -> Reply:
    """The meaning of a response on either surface."""
    from mockglm.exchange import Response

    if path == CHAT:
        is_stream = response.headers["content-type"].startswith("text/event-stream")
        return (parse_stream if is_stream else parse_json)(response.content).reply
    headers = tuple(response.headers.items())
    held = Response(response.status_code, headers, ((0.0, response.content),))
    return parse_message(held).reply


@pytest.mark.parametrize("path", SURFACES)
def test_first_delta_is_out_before_the_last_of_the_upstream(path: str) -> None:
    seen = threading.Event()

    def answer(call: Call) -> None:
        call.send(head())
        call.send(chunk(delta(role="assistant", content="Hel")))
        assert seen.wait(20)
        send_events(call, delta(content="lo"), finish())

    with Service(answer) as service, front(service) as mock, mock.stream(path) as response:
        received = b""
        for piece in response.iter_bytes():
            received += piece
            if b'"Hel"' in received:
                seen.set()
    assert b'"lo"' in received
    assert seen.is_set()


@pytest.mark.parametrize("path", SURFACES)
def test_thought_text_and_calls_arrive_as_the_upstream_sent_them(path: str) -> None:
    events = [
        delta(reasoning_content="Let "),
        delta(reasoning_content="me see."),
        delta(content="I "),
        delta(content="call."),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '":1}'}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]),
        finish("tool_calls", usage={"prompt_tokens": 7, "completion_tokens": 9}),
    ]
    with say(*events) as service, front(service) as mock:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        streamed = mock.post(path, stream=True, thinking=thinking)
        entry = mock.entry
        plain = mock.post(path, thinking=thinking)
    reply = reply_of(path, streamed)
    assert (reply.reasoning, reply.content) == ("Let me see.", "I call.")
    assert [(call.name, call.arguments) for call in reply.calls] == [("f", '{"x":1}'), ("g", "{}")]
    assert reply.finish_reason == "tool_calls"
    assert entry.response.body == streamed.content
    assert (entry.outcome, entry.source, entry.finish) == ("done", "improvised", "tool_calls")
    told = reply_of(path, plain)
    assert (told.reasoning, told.content, told.finish_reason) == (
        reply.reasoning,
        reply.content,
        "tool_calls",
    )
    assert [call.name for call in told.calls] == ["f", "g"]


def test_frames_are_those_of_glm() -> None:
    with (
        say(
            delta(content="a"), finish(usage={"prompt_tokens": 3, "completion_tokens": 1})
        ) as service,
        front(service) as mock,
    ):
        lines = mock.post(stream=True).text.split("\n\n")
    first, last, done, rest = lines
    assert json.loads(first[6:])["choices"][0]["delta"] == {"role": "assistant", "content": "a"}
    assert json.loads(last[6:])["usage"]["total_tokens"] == 4
    assert json.loads(last[6:])["choices"][0]["finish_reason"] == "stop"
    assert (done, rest) == ("data: [DONE]", "")


def test_tool_loop_runs_through_the_upstream() -> None:
    def answer(call: Call) -> None:
        call.send(head())
        sent = json.loads(call.body)
        if sent["messages"][-1]["role"] == "tool":
            send_events(call, delta(content=sent["messages"][-1]["content"]), finish())
            return
        called = {"index": 0, "id": "x", "function": {"name": "get_weather", "arguments": "{}"}}
        send_events(call, delta(tool_calls=[called]), finish("stop"))

    with Service(answer) as service, front(service) as mock:
        first = mock.post(tools=[TOOL]).json()["choices"][0]
        message = first["message"]
        told = {
            "role": "tool",
            "tool_call_id": message["tool_calls"][0]["id"],
            "content": "sunny",
        }
        asked = [{"role": "user", "content": "hi"}, message, told]
        second = mock.client.post(CHAT, json={"model": "glm-4.6", "messages": asked}).json()
        sent = [json.loads(call.body) for call in service.calls]
    assert first["finish_reason"] == "tool_calls"
    assert second["choices"][0]["message"]["content"] == "sunny"
    assert sent[0]["tools"][0]["function"]["name"] == "get_weather"
    assert sent[1]["messages"][1]["tool_calls"][0]["id"] == message["tool_calls"][0]["id"]


def test_tool_loop_runs_on_the_anthropic_surface() -> None:
    called = {"index": 0, "id": "x", "function": {"name": "get_weather", "arguments": '{"a":1}'}}
    with say(delta(tool_calls=[called]), finish("tool_calls")) as service, front(service) as mock:
        answer = mock.post(MESSAGES, tools=[ANTHROPIC_TOOL]).json()
    (block,) = answer["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "get_weather", {"a": 1})
    assert answer["stop_reason"] == "tool_use"


@pytest.mark.parametrize("path", SURFACES)
def test_upstream_that_breaks_off_ends_as_the_service_breaks_off(path: str) -> None:
    def answer(call: Call) -> None:
        call.send(head())
        call.send(chunk(delta(content="Hel")))
        call.reset()

    with Service(answer) as service, front(service) as mock:
        received = mock.post(path, stream=True)
        entry = mock.entry
    assert b'"Hel"' in received.content
    assert b"network_error" in received.content or b"event: error" in received.content
    assert any("broke off" in note for note in entry.notes)


def test_upstream_that_ends_early_ends_as_the_service_breaks_off() -> None:
    def answer(call: Call) -> None:
        call.send(head())
        send_events(call, delta(content="Hel"), ends=False)
        call.send(chunk(b""))

    with Service(answer) as service, front(service) as mock:
        assert mock.post().json()["choices"][0]["finish_reason"] == "network_error"


def refuse(status: int) -> Service:
    def answer(call: Call) -> None:
        said = json.dumps({"error": {"message": f"no, {KEY}"}}).encode()
        call.send(head(status, "application/json") + chunk(said) + chunk(b""))

    return Service(answer)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(429, "1305", 429), (400, "1210", 400), (401, "1234", 500), (503, "1234", 500)],
)
def test_failure_has_the_code_of_the_service(status: int, code: str, told: int) -> None:
    with refuse(status) as service, front(service, key=KEY) as mock:
        response = mock.post(stream=True)
        entry = mock.entry
    assert (response.status_code, response.json()["error"]["code"]) == (told, code)
    assert str(status) in response.json()["error"]["message"]
    assert response.headers["x-mockglm-miss"] == "1"
    assert KEY not in response.text
    assert KEY not in repr(entry.notes)
    assert entry.code == code


def test_unreachable_upstream_is_a_network_error() -> None:
    service = Service(lambda call: None)
    with service:
        pass
    with front(service) as mock:
        response = mock.post(MESSAGES)
    assert response.status_code == 500
    assert "no answer of the language model" in response.json()["error"]["message"]


def test_key_of_the_environment_and_not_of_the_client_goes_upstream() -> None:
    with (
        say(delta(content="a"), finish()) as service,
        front(service, model="qwen", key=KEY) as mock,
    ):
        mock.post(temperature=0.5, stop=["x"], thinking={"type": "enabled"})
        (call,) = service.calls
    sent = json.loads(call.body)
    assert call.header("authorization") == f"Bearer {KEY}"
    assert "client-key" not in call.head
    assert (sent["model"], sent["temperature"], sent["stop"]) == ("qwen", 0.5, ["x"])
    assert sent["stream"] is True
    assert "thinking" not in sent


def test_answer_in_json_is_read_too() -> None:
    message = {"role": "assistant", "content": "whole"}
    answer = {"choices": [{"message": message, "finish_reason": "length"}]}

    def respond(call: Call) -> None:
        data = json.dumps(answer).encode()
        call.send(head(200, "application/json") + chunk(data) + chunk(b""))

    with Service(respond) as service, front(service) as mock:
        reply = reply_of(CHAT, mock.post(stream=True))
    assert (reply.content, reply.finish_reason) == ("whole", "length")


def test_model_with_tags_gets_its_thought_in_the_content() -> None:
    events = [delta(reasoning="hm"), delta(reasoning="m"), delta(content="yes"), finish()]
    with say(*events) as service, front(service) as mock:
        reply = reply_of(CHAT, mock.post(stream=True, model="glm-z1-air"))
    assert (reply.content, reply.reasoning) == ("<think>hmm</think>\nyes", None)


def test_disabled_thinking_has_no_thought() -> None:
    events = (delta(reasoning="hm"), delta(content="yes"), finish())
    with say(*events) as service, front(service) as mock:
        reply = reply_of(CHAT, mock.post(stream=True, thinking={"type": "disabled"}))
    assert (reply.content, reply.reasoning) == ("yes", None)


@pytest.mark.parametrize("is_stream", [True, False])
def test_faults_apply_to_the_words_of_another_server(is_stream: bool) -> None:
    with say(delta(content="a" * 40), finish()) as service, front(service) as mock:
        path = f"/s/+finish-length{CHAT}"
        received = mock.post(path, stream=is_stream)
    assert '"length"' in received.text


def test_rules_of_the_service_apply_before_the_upstream_is_asked() -> None:
    with say(delta(content="a"), finish()) as service, front(service) as mock:
        response = mock.post(model="no-such-model")
        assert service.calls == []
    assert response.json()["error"]["code"] == "1211"


def test_client_that_leaves_ends_the_request_to_the_upstream() -> None:
    gone: list[bool] = []
    is_gone = threading.Event()

    def answer(call: Call) -> None:
        call.send(head())
        call.send(chunk(delta(content="Hel")))
        gone.append(call.wait_gone())
        is_gone.set()

    with Service(answer) as service, front(service) as mock:
        with mock.stream() as response:
            next(response.iter_bytes())
        assert is_gone.wait(20)
    assert gone == [True]


def test_answer_beyond_the_bounds_breaks_off() -> None:
    events = [delta(content="a" * 500) for _ in range(20)]
    limits = Limits(response=3000)
    with say(*events, finish()) as service, front(service, limits=limits) as mock:
        answer = mock.post().json()["choices"][0]
    assert answer["finish_reason"] == "network_error"
    assert len(answer["message"]["content"]) < 3000


def test_answer_of_very_many_calls_breaks_off() -> None:
    calls = [
        delta(tool_calls=[{"index": n, "function": {"name": f"f{n}", "arguments": "{}"}}])
        for n in range(300)
    ]
    with say(*calls, finish("tool_calls")) as service, front(service) as mock:
        answer = mock.post().json()["choices"][0]
    assert answer["finish_reason"] == "network_error"
    assert len(answer["message"]["tool_calls"]) <= MAX_CALLS + 1


def test_page_of_another_site_cannot_spend_the_key() -> None:
    with say(delta(content="a"), finish()) as service, front(service, key=KEY) as mock:
        headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        response = mock.client.post(CHAT, json=_hello(), headers=headers)
        assert service.calls == []
    assert response.status_code == 403


def test_page_of_another_origin_may_read_the_stream() -> None:
    with say(delta(content="a"), finish()) as service, front(service) as mock:
        headers = {"origin": "https://app.example"}
        response = mock.client.post(CHAT, json={**_hello(), "stream": True}, headers=headers)
    assert response.headers["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize(
    "odd",
    [
        b"data: {nothing\n\n",
        event([1]),
        event({"choices": "x"}),
        event({"choices": [None]}),
        event({"choices": [{"delta": {"tool_calls": [{"function": 3}], "content": 5}}]}),
        event({"usage": {"prompt_tokens": "many"}}),
        b": comment\n\n",
    ],
)
def test_odd_events_are_passed_over(odd: bytes) -> None:
    with say(odd, delta(content="a"), odd, finish()) as service, front(service) as mock:
        reply = reply_of(CHAT, mock.post(stream=True))
    assert (reply.content, reply.finish_reason) == ("a", "stop")


def _hello() -> dict[str, Any]:
    return {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("path", SURFACES)
def test_every_call_is_rendered_for_its_own_frames_alone(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def measure(reply: Reply, chunking: Chunking) -> Renderer:
        sizes.append(sum(len(call.arguments) for call in reply.calls))
        return Renderer(reply, chunking)

    monkeypatch.setattr(frames, "Renderer", measure)
    arguments = json.dumps({"text": "x" * 10_000})
    calls = [
        delta(tool_calls=[{"index": n, "function": {"name": "f", "arguments": arguments}}])
        for n in range(30)
    ]
    with say(*calls, finish("tool_calls")) as service, front(service) as mock:
        response = mock.post(path, stream=True)
    assert len(reply_of(path, response).calls) == 30
    # Twice for its own frames, and in the whole response.
    assert sum(sizes) < 4 * 30 * len(arguments)
