"""Facts of later recordings and documents that contradict earlier pages, a test for each.

Those of heads, `object` and truncation are in `test_generations.py`, the ceilings of models in
`test_models.py`. The bodies are those that recordings of 2025-10 to 2026-09 show answered; a server
that is strict answers them, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mockglm.exchange import ERROR_FINISHES, FINISHES
from mockglm.models import MODELS
from mockglm.validation import RULES
from tests.serving import Served, serving

CODING = "/api/coding/paas/v4"
GENERAL = "/api/paas/v4"
USER = {"role": "user", "content": "Answer in one word."}
CHINESE = {"role": "user", "content": "你好"}
SYSTEM = {"role": "system", "content": "You are terse."}
FUNCTION = {"name": "get_time", "description": "The time", "parameters": {"type": "object"}}
TOOL = {"type": "function", "function": FUNCTION}
CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "5"}
THOUGHT = {"role": "assistant", "content": "好", "reasoning_content": "想一想。" * 100}
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


@pytest.fixture(scope="module")
def strict() -> Iterator[Served]:
    with serving(policy="strict") as served:
        yield served


def ask(served: Served, base: str = GENERAL, **fields: Any) -> Any:
    return served.ask(base=served.host + base, **fields).json()


def message(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer["choices"][0]["message"]
    return found


@pytest.mark.parametrize("finish", ERROR_FINISHES)
def test_the_chunk_of_an_error_finish_is_alone_without_object_and_usage(finish: str) -> None:
    """glm-5.2 and glm-5v-turbo, 2026-07; chunks of the same month have `object`."""
    file = f"format: 1\ninteractions: [{{reply: {{content: '', finish_reason: {finish}}}}}]"
    with serving(file) as served:
        events = served.ask(stream=True, messages=[USER]).text.split("\n\n")
    chunk = json.loads(events[0].removeprefix("data: "))
    assert events[1:] == ["data: [DONE]", ""]
    assert list(chunk) == ["id", "created", "model", "choices"]
    assert chunk["choices"] == [
        {"index": 0, "finish_reason": finish, "delta": {"role": "assistant", "content": ""}}
    ]


def test_model_context_window_exceeded_is_a_finish_reason() -> None:
    """Recorded of glm-5v-turbo; the documents list it for the plain answer alone."""
    assert "model_context_window_exceeded" in FINISHES


def test_a_result_without_its_call_id_is_answered(strict: Served) -> None:
    """20 of 20 on both bases of api.z.ai, glm-4.5 to glm-4.6, 2025-10 and 2025-11."""
    result = {"role": "tool", "content": "5"}
    for base in (GENERAL, CODING):
        assert message(ask(strict, base, model="glm-4.6", messages=[USER, CALLED, result]))


@pytest.mark.parametrize("systems", [1, 2])
def test_a_history_that_ends_with_the_assistant_is_continued(strict: Served, systems: int) -> None:
    """`{` was continued in 5 of 5 recordings of glm-4.6 and glm-4.7, 2025-12."""
    begun = {"role": "assistant", "content": "{"}
    answer = ask(strict, model="glm-4.7", messages=[*[SYSTEM] * systems, USER, begun])
    content = message(answer)["content"]
    assert not content.startswith("{")
    assert isinstance(json.loads("{" + content), dict)


def test_a_text_of_the_assistant_is_not_repeated(strict: Served) -> None:
    ask_again: dict[str, Any] = {
        "messages": [{"role": "user", "content": "1 + 1 = ?"}],
        "do_sample": False,
    }
    whole = message(ask(strict, **ask_again))["content"]
    begun = {"role": "assistant", "content": whole[:1]}
    continued = ask(strict, do_sample=False, messages=[*ask_again["messages"], begun])
    assert not message(continued)["content"].startswith(whole)


def test_a_user_right_after_a_tool_is_answered(strict: Served) -> None:
    """6,149 requests."""
    assert message(ask(strict, messages=[USER, CALLED, RESULT, USER]))


def test_two_systems_at_the_head_are_answered(strict: Served) -> None:
    """25 of 25; a system in the middle is still unseen, and contested."""
    assert message(ask(strict, messages=[SYSTEM, SYSTEM, USER]))
    assert {rule.name: rule.evidence for rule in RULES}["late-system"] == "contested"


@pytest.mark.parametrize("content", [None, []])
def test_calls_without_content_are_answered(strict: Served, content: object) -> None:
    """null 112,034 times, an empty list 4 times."""
    assert message(ask(strict, messages=[USER, {**CALLED, "content": content}, RESULT]))


@pytest.mark.parametrize("base", [GENERAL, CODING])
def test_a_function_named_in_tool_choice_is_called_by_glm_4_7(strict: Served, base: str) -> None:
    """The Coding Plan base obeyed the choice on 2025-12-23."""
    choice = {"type": "function", "function": {"name": "get_time"}}
    answer = ask(strict, base, model="glm-4.7", messages=[USER], tools=[TOOL], tool_choice=choice)
    (call,) = message(answer)["tool_calls"]
    assert call["function"]["name"] == "get_time"


def test_four_stops_are_taken(strict: Served) -> None:
    """All bodies of the documentation, 2026-10; a page of mid-2026 said 1."""
    assert message(ask(strict, messages=[USER], stop=list("wxyz")))
    assert ask(strict, messages=[USER], stop=list("vwxyz"))["error"]["code"] == "1214"


@pytest.mark.parametrize(
    ("effort", "acts_as"),
    [
        *(("none", "low"), ("minimal", "low"), ("low", "low"), ("medium", "high")),
        *(("high", "high"), ("xhigh", "max"), ("max", "max")),
    ],
)
def test_the_coding_plan_maps_efforts_of_glm_5_3(strict: Served, effort: str, acts_as: str) -> None:
    """The documentation of 2026-10; the general base refuses those that glm-5.3 does not have."""
    thoughts = [
        message(ask(strict, CODING, model="glm-5.3", messages=[CHINESE], reasoning_effort=one))
        for one in (effort, acts_as)
    ]
    lengths = [thought["reasoning_content"].count("。") for thought in thoughts]
    assert lengths[0] == lengths[1]
    general = ask(strict, model="glm-5.3", messages=[USER], reasoning_effort=effort)
    assert ("error" in general) == (effort != acts_as)


def test_thought_of_earlier_turns_is_kept_on_the_coding_plan_by_default(strict: Served) -> None:
    """The documentation of 2026-10; the general base wants `clear_thinking: false`."""

    def prompt(base: str, **thinking: object) -> int:
        fields = {"thinking": {"type": "enabled", **thinking}} if thinking else {}
        answer = ask(strict, base, messages=[USER, THOUGHT, USER], **fields)
        return int(answer["usage"]["prompt_tokens"])

    assert prompt(CODING) == prompt(GENERAL, clear_thinking=False) > prompt(GENERAL)
    assert prompt(CODING, clear_thinking=True) == prompt(GENERAL)


def test_thinking_can_be_switched_off_on_glm_4_7(strict: Served) -> None:
    """The documents say forced; the wire of 2026-08-30 had no reasoning and 0 of its tokens."""
    answer = ask(strict, model="glm-4.7", messages=[USER], thinking={"type": "disabled"})
    assert "reasoning_content" not in message(answer)
    assert answer["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_a_picture_for_a_text_model_is_refused_in_the_language_of_the_host() -> None:
    """400/1210 in English on the wire, by four projects of 2026-06 to 2026-08."""
    asked: dict[str, Any] = {
        "model": "glm-5.2",
        "messages": [{"role": "user", "content": [PICTURE]}],
    }
    english = "messages.content.type is invalid, allowed values: ['text']"
    with serving(profile="zai") as served:
        assert ask(served, **asked)["error"] == {"code": "1210", "message": english}


@pytest.mark.parametrize("id", ["charglm-4", "emohaa"])
def test_the_models_of_the_character_body_are_those_of_before(strict: Served, id: str) -> None:
    """Their body is gone from the documentation; the ids still answer here."""
    assert not MODELS[id].is_listed
    assert message(ask(strict, model=id, messages=[USER]))


def test_glm_4_32b_counts_three_totals_and_ignores_thinking(strict: Served) -> None:
    """api.z.ai, 2026-08."""
    model = "glm-4-32b-0414-128k"
    answer = ask(strict, model=model, messages=[USER], thinking={"type": "enabled"})
    assert answer["usage"].keys() == {"prompt_tokens", "completion_tokens", "total_tokens"}
    assert "reasoning_content" not in message(answer)


def test_text_stands_beside_parallel_calls_whose_ids_ascend() -> None:
    """glm-5.2, 2026-09-13: three calls, …394, …393, …392, and no reasoning key."""
    calls = ", ".join(f"{{name: get_time, arguments: '{{\"n\": {n}}}'}}" for n in range(3))
    file = f"format: 1\ninteractions: [{{reply: {{content: So., tool_calls: [{calls}]}}}}]"
    with serving(file) as served:
        answer = ask(served, model="glm-5.2", messages=[USER], tools=[TOOL])
    assert message(answer).keys() == {"content", "role", "tool_calls"}
    numbers = [int(call["id"].removeprefix("call_")) for call in message(answer)["tool_calls"]]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert numbers[2] < 0
    assert answer["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_a_long_request_with_many_tools_and_unknown_parameters_is_answered(
    strict: Served,
) -> None:
    """49 tools, 997 messages, 963 KB; keys that the service does not document."""
    tools = [{**TOOL, "function": {**FUNCTION, "name": f"get_{n}"}} for n in range(49)]
    result = {**RESULT, "id": "1", "call_id": "call_1", "name": "get_time"}
    turns = [USER, CALLED, result, {"role": "assistant", "content": "x" * 3000}] * 249
    more = {"parallel_tool_calls": False, "seed": 1, "max_completion_tokens": 9}
    answer = ask(
        strict,
        CODING,
        model="glm-5.2",
        messages=[*turns, USER],
        tools=tools,
        user_id="u12345",
        **more,
    )
    assert message(answer)
