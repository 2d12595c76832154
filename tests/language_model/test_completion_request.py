"""The request that an OpenAI-compatible server gets for a chat."""

from __future__ import annotations

from typing import Any

import msgspec

from mockglm.language_model.completion_request import write_request
from mockglm.validation import Chat


def written(**fields: Any) -> dict[str, Any]:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}], **fields}
    chat = msgspec.json.decode(msgspec.json.encode(body), type=Chat)
    sent: dict[str, Any] = msgspec.json.decode(write_request(chat, ""))
    return sent


def test_request_has_the_model_of_the_client_unless_another_is_given() -> None:
    assert written()["model"] == "glm-4.6"


def test_request_without_sampling_has_temperature_0() -> None:
    assert written(do_sample=False, temperature=0.9)["temperature"] == 0


def test_image_stays_and_other_media_are_named() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    parts = [image, {"type": "video_url", "video_url": {"url": "y"}}, {"type": "text", "text": "?"}]
    content = written(messages=[{"role": "user", "content": parts}])["messages"][0]["content"]
    assert content == [image, {"type": "text", "text": "[video_url]"}, parts[2]]


def test_tools_that_are_no_functions_are_left_out() -> None:
    sent = written(tools=[{"type": "web_search", "web_search": {"enable": True}}])
    assert "tools" not in sent


def test_tool_choice_none_offers_no_tools() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    assert "tools" not in written(tools=[tool], tool_choice="none")
    assert written(tools=[tool])["tool_choice"] == "auto"


def test_arguments_that_are_an_object_become_text() -> None:
    call = {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
    (message,) = written(messages=[{"role": "assistant", "tool_calls": [call]}])["messages"]
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x":1}'}


def test_fields_of_glm_alone_are_not_sent() -> None:
    sent = written(request_id="r", user_id="user-1", thinking={"type": "enabled"}, tool_stream=True)
    assert sent.keys() == {"model", "messages", "stream", "stream_options"}
