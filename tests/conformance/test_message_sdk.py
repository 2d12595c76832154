"""The anthropic SDK reads the reference, and fails or loses content where a MUST is broken."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import ToolUseBlock

from mockglm.exchange import Response
from tests.conformance.changes import Mutation, frame, status, sub, twice, without
from tests.conformance.endpoint import Endpoint
from tests.conformance.message_reference import MESSAGE_ANSWERS
from tests.conformance.reference import COUNT, KEY

RAISES: dict[str, tuple[str, Mutation]] = {
    "EVT-02": ("message-stream", frame(3, lambda p: p[:60] + p[-30:])),
    "EVT-03": ("message-stream", sub(b"event: message_start\n", b"")),
    "EVT-04": ("message-stream", without(0)),
    "BLK-01": ("message-stream", sub(b'"index":0', b'"index":1')),
    "BLK-03": ("message-stream", without(2)),
    "BLK-04": ("message-stream", sub(b'"text":"one "', b'"text":null')),
    "BLK-05": ("message-stream", sub(b',"text":""', b"")),
    "CAL-03": ("message-tools", sub(b'{\\"city\\":\\"Beijing\\"}', b"{city:1}")),
    "MSG-01": ("message-stream", sub(b'"content":[]', b'"content":null')),
    "TOK-02": ("message-stream", sub(b'"usage":{"input_tokens":21', b'"used":{"input_tokens":21')),
}
"""Changes of a stream for which the SDK raises an error, by the check that reports them."""

LOSES: dict[str, tuple[str, Mutation]] = {
    "EVT-03": ("message-stream", sub(b"event: content_block_delta\n", b"", 1)),
    "BLK-04": ("message-stream", sub(b'"type":"text_delta"', b'"type":"text"', 1)),
    "EVT-07": ("message-stream", frame(-1, lambda p: p + _delta())),
    "MSG-07": ("message-stream", twice(4)),
}
"""Changes of a stream whose text the SDK gets wrong without an error."""


def _delta() -> bytes:
    return MESSAGE_ANSWERS["message-stream"].chunks[4][1]


def client(endpoint: Endpoint, answer: Response) -> Anthropic:
    endpoint.answer_with(lambda name: answer)
    url = endpoint.url.replace("/paas/v4", "/anthropic")
    return Anthropic(api_key=KEY, base_url=url, max_retries=0)


def read(endpoint: Endpoint, answer: Response) -> Any:
    """The message that the SDK makes of a stream."""
    with (
        client(endpoint, answer) as sdk,
        sdk.messages.stream(
            model="glm-4.6", max_tokens=32, messages=[{"role": "user", "content": "Count."}]
        ) as stream,
    ):
        for _ in stream:
            pass
        return stream.get_final_message()


def test_the_reference_is_read(endpoint: Endpoint) -> None:
    text = read(endpoint, MESSAGE_ANSWERS["message-stream"])
    assert (text.content[0].text, text.usage.output_tokens) == (COUNT, 11)

    called = read(endpoint, MESSAGE_ANSWERS["message-tools"])
    calls = [block for block in called.content if isinstance(block, ToolUseBlock)]
    assert [call.input for call in calls] == [{"city": "Beijing"}, {"city": "Shanghai"}]
    assert called.stop_reason == "tool_use"

    thought = read(endpoint, MESSAGE_ANSWERS["message-thinking"]).content[0]
    assert (thought.type, thought.signature) == ("thinking", "0ccb904b724f48fab1d8d808")


@pytest.mark.parametrize("id", RAISES)
def test_a_broken_requirement_raises_an_error(endpoint: Endpoint, id: str) -> None:
    probe, change = RAISES[id]
    with pytest.raises(
        (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
    ):
        read(endpoint, change(MESSAGE_ANSWERS[probe]))


@pytest.mark.parametrize("id", LOSES)
def test_a_broken_requirement_changes_the_text_in_silence(endpoint: Endpoint, id: str) -> None:
    probe, change = LOSES[id]
    assert read(endpoint, change(MESSAGE_ANSWERS[probe])).content[0].text != COUNT


@pytest.mark.parametrize(("code", "name"), [(529, "OverloadedError"), (429, "RateLimitError")])
def test_the_status_decides_the_class_of_an_error(endpoint: Endpoint, code: int, name: str) -> None:
    answer = status(code)(MESSAGE_ANSWERS["message-overload"])
    with pytest.raises(APIStatusError) as found:
        read(endpoint, answer)
    assert type(found.value).__name__ == name


def test_an_error_in_a_stream_is_raised_by_its_name(endpoint: Endpoint) -> None:
    answer = MESSAGE_ANSWERS["message-failing"]
    with pytest.raises(APIStatusError):
        read(endpoint, answer)
    unnamed = sub(b"event: error\n", b"")(answer)
    assert read(endpoint, unnamed).stop_reason is None
