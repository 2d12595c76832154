"""Which broken rules refuse under which policy, and what is said of those that do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.error_codes import CODES
from mockglm.models import MODELS, on_coding_plan
from mockglm.validation import (
    RULES,
    Chat,
    Evidence,
    Message,
    Policy,
    count_prompt_tokens,
    decode_chat,
    validate,
)
from mockglm.validation.facts import ROLES
from tests.validation.bodies import CALL, RESULT, TOOL, USER, body, chat

GLM = MODELS["glm-4.6"]
SAID = {"role": "assistant", "content": "你好"}
SYSTEM = {"role": "system", "content": "你是助手"}

TABLE: list[tuple[Evidence, Chat, str, dict[Policy, bool]]] = [
    (
        "captured",
        chat({"role": "developer", "content": "hi"}, USER),
        "unknown-role",
        {"default": True, "strict": True, "lenient": False},
    ),
    (
        "reported",
        chat({"role": "user", "content": [{"type": "thinking"}]}),
        "unknown-part",
        {"default": True, "strict": True, "lenient": False},
    ),
    (
        "documented",
        chat(temperature=1.5),
        "temperature-range",
        {"default": False, "strict": True, "lenient": False},
    ),
    (
        "contested",
        chat(USER, SAID, RESULT),
        "result-without-call",
        {"default": False, "strict": True, "lenient": False},
    ),
    (
        "refuted",
        chat(USER, SAID),
        "assistant-last",
        {"default": False, "strict": False, "lenient": False},
    ),
]


@pytest.mark.parametrize(("evidence", "request_", "name", "refuses"), TABLE)
@pytest.mark.parametrize("policy", ["default", "strict", "lenient"])
def test_the_evidence_and_the_policy_decide(
    evidence: Evidence, request_: Chat, name: str, refuses: dict[Policy, bool], policy: Policy
) -> None:
    assert [rule.evidence for rule in RULES if rule.name == name] == [evidence]
    verdict = validate(request_, GLM, policy)
    if refuses[policy]:
        assert verdict.refusal is not None
        assert verdict.refusal.name == name
    else:
        assert verdict.refusal is None
        assert name in verdict.waived


@pytest.mark.parametrize("policy", ["default", "strict", "lenient"])
@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (Chat(model="glm-4.6"), "no-messages"),
        (Chat(messages=[]), "no-model"),
        (chat(tools=[{"type": "function", "function": {"parameters": []}}]), "schema-no-object"),
    ],
)
def test_unanswerable_requests_are_refused_by_every_policy(
    policy: Policy, request_: Chat, name: str
) -> None:
    refusal = validate(request_, GLM, policy).refusal
    assert refusal is not None
    assert refusal.name == name


def test_the_first_rule_that_refuses_does_and_the_ones_before_it_are_named() -> None:
    both = chat(USER, SAID, RESULT, temperature=1.5, max_tokens=0)
    verdict = validate(both, GLM)
    assert verdict.refusal is not None
    assert verdict.refusal.name == "max-tokens"
    assert verdict.waived == ("result-without-call",)
    lenient = validate(both, GLM, "lenient")
    assert lenient.refusal is None
    assert lenient.waived == ("result-without-call", "max-tokens", "temperature-range")


def test_a_prompt_that_was_counted_is_not_counted_again() -> None:
    assert validate(chat(), GLM, prompt=200 * 1024).refusal is None
    refusal = validate(chat(), GLM, prompt=200 * 1024 + 1).refusal
    assert refusal is not None
    assert refusal.code == "1261"


# What clients send although GLM documents it otherwise, or not at all: each was sent to the real
# service and answered, or is sent by a client that many use.
ACCEPTED: list[dict[str, Any]] = [
    {"response_format": None, "thinking": None, "tools": None, "stop": None, "tool_choice": None},
    {"tools": []},
    {"tool_choice": "auto"},
    {"tool_choice": "required", "tools": [TOOL]},
    {"tool_choice": "none"},
    {"tool_choice": {"type": "function", "function": {"name": "get"}}, "tools": [TOOL]},
    {"stream": True, "stream_options": {"include_usage": True}},
    {"n": 1, "store": False, "prompt_cache_key": "a", "max_completion_tokens": 5},
    {"thinking": {}},
    {"thinking": {"clear_thinking": False}},
    {"thinking": {"type": "enabled", "clear_thinking": False}, "max_tokens": 32000},
    {"tool_stream": True, "stream": True, "max_tokens": 128000},
    {"do_sample": False, "temperature": 0.01},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
    {"stop": ["a", "b", "c", "d"]},
    {"temperature": 0},
    {"temperature": 2},
    {"top_p": 1, "temperature": 0.95},
    {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "get",
                    "strict": True,
                    "parameters": {
                        "title": "Get",
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                    },
                },
            }
        ]
    },
]


@pytest.mark.parametrize("fields", ACCEPTED)
def test_requests_of_real_clients_pass_by_default(fields: dict[str, Any]) -> None:
    assert validate(chat(**fields), GLM).refusal is None


HISTORIES: list[list[dict[str, Any]]] = [
    [USER, USER],
    [USER, {**CALL, "content": None}, RESULT],
    [USER, {**CALL, "content": "\n"}, {**RESULT, "name": None}],
    [USER, {key: CALL[key] for key in ("role", "tool_calls")}, RESULT],
    [USER, {**CALL, "reasoning_content": "用户想知道天气。"}, RESULT],
    [USER, SAID, {**USER, "name": "user"}],
    [{"role": "system", "content": [{"type": "text", "text": "你是助手"}]}, USER],
    [USER, CALL, {**RESULT, "content": [{"type": "text", "text": "晴"}]}],
]


@pytest.mark.parametrize("messages", HISTORIES)
def test_histories_as_clients_keep_them_pass_by_default(messages: list[dict[str, Any]]) -> None:
    assert validate(chat(*messages), GLM).refusal is None


MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "developer", None])},
    optional={
        "content": st.none()
        | st.text(max_size=3)
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["text", "image_url", "video", None])},
                optional={"text": st.text(max_size=3)},
            ),
            max_size=2,
        ),
        "tool_calls": st.lists(
            st.fixed_dictionaries({}, optional={"id": st.sampled_from(["a", "b", None])}),
            max_size=2,
        ),
        "tool_call_id": st.sampled_from(["a", "b", None]),
    },
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["function", "web_search", "custom", None])},
                optional={
                    "function": st.fixed_dictionaries(
                        {"name": st.text(max_size=4)},
                        optional={
                            "parameters": st.dictionaries(st.just("items"), st.lists(st.none()))
                        },
                    )
                },
            ),
            max_size=3,
        ),
        "temperature": st.floats(allow_nan=False, allow_infinity=False),
        "top_p": st.floats(allow_nan=False, allow_infinity=False),
        "max_tokens": st.integers(),
        "stop": st.lists(st.text(max_size=2), max_size=6),
        "thinking": st.dictionaries(st.just("type"), st.text(max_size=4), max_size=1),
        "reasoning_effort": st.text(max_size=4),
        "tool_choice": st.none() | st.text() | st.dictionaries(st.text(), st.text()),
        "request_id": st.text(),
        "stream": st.booleans(),
    },
)


@given(
    st.lists(MESSAGE, max_size=6),
    FIELDS,
    st.sampled_from(sorted(MODELS)),
    st.sampled_from(["default", "strict", "lenient"]),
)
def test_any_request_passes_or_is_refused_with_a_code_of_the_table(
    messages: list[dict[str, Any]], fields: dict[str, Any], id: str, policy: Policy
) -> None:
    found = decode_chat(body(*messages, **{**fields, "model": id}))
    assert isinstance(found, Chat)
    verdict = validate(found, MODELS[id], policy)
    names = [rule.name for rule in RULES]
    assert set(verdict.waived) <= set(names)
    if verdict.refusal:
        assert CODES[verdict.refusal.code].status == 400
        assert verdict.refusal.to_error("zh").code == verdict.refusal.to_error("en").code
        assert verdict.refusal.name in names
    assert count_prompt_tokens(found) > 0


@pytest.mark.parametrize("role", sorted({rule.applies_to for rule in RULES} - ROLES - {""}))
def test_a_role_is_no_feature_of_another_name(role: str) -> None:
    messages = [Message(role="user", content="你好"), Message(role=role, content="?")]
    verdict = validate(Chat(model="glm-4.6", messages=messages), GLM, "lenient")
    assert verdict.waived == ("unknown-role",)


CHOICE = {"type": "function", "function": {"name": "get"}}

# Requests like these are in recordings of the service, each with status 200.
ANSWERED: dict[str, tuple[str, Chat]] = {
    "result without its id": (
        "glm-4.5",
        chat(USER, CALL, {"role": "tool", "content": "5"}),
    ),
    "history ends with the assistant": (
        "glm-4.7",
        chat(SYSTEM, SYSTEM, USER, {"role": "assistant", "content": "{"}),
    ),
    "user after tool": ("glm-4.7", chat(USER, CALL, RESULT, USER)),
    "two systems at the head": ("glm-4.6", chat(SYSTEM, SYSTEM, USER)),
    "null beside calls": ("glm-4.7", chat(USER, {**CALL, "content": None}, RESULT)),
    "an empty list beside calls": ("glm-4.7", chat(USER, {**CALL, "content": []}, RESULT)),
    "a function by its name, 4.7": ("glm-4.7", chat(tools=[TOOL], tool_choice=CHOICE)),
    "a function by its name, 4.5": ("glm-4.5", chat(tools=[TOOL], tool_choice=CHOICE)),
    "four stops": ("glm-5.2", chat(stop=list("abcd"))),
    "effort on the Coding Plan": ("glm-5.3", chat(reasoning_effort="medium")),
    "thinking off on 4.7": ("glm-4.7", chat(thinking={"type": "disabled"})),
    "tools for glm-4.5v": ("glm-4.5v", chat(tools=[TOOL])),
    "49 tools and extra keys": (
        "glm-4.7",
        chat(
            USER,
            CALL,
            {**RESULT, "id": "1", "call_id": "call_1", "name": "get"},
            tools=[TOOL] * 49,
            parallel_tool_calls=False,
            seed=1,
            max_completion_tokens=100,
            user_id="user_1",
        ),
    ),
    "a knowledge base that does not exist": (
        "glm-4-flash-250414",
        chat(tools=[{"type": "retrieval", "retrieval": {"knowledge_id": "1"}}]),
    ),
    "a search without its engine": (
        "glm-4-flash-250414",
        chat(tools=[{"type": "web_search", "web_search": {"enable": True}}]),
    ),
}


@pytest.mark.parametrize("policy", ["default", "strict", "lenient"])
@pytest.mark.parametrize("name", ANSWERED)
def test_recorded_requests_with_answers_are_refused_by_no_policy(name: str, policy: Policy) -> None:
    id, request = ANSWERED[name]
    model = MODELS[id]
    if "Coding Plan" in name:
        model = on_coding_plan(model)
    assert validate(request, model, policy).refusal is None


def test_an_effort_beyond_the_model_s_is_refused_on_the_general_base_alone() -> None:
    refusal = validate(chat(reasoning_effort="medium"), MODELS["glm-5.3"]).refusal
    assert refusal is not None
    assert refusal.name == "always-thinks"


def test_thinking_off_is_refused_on_the_general_base_and_ignored_on_the_coding_plan() -> None:
    """A live probe of glm-5.3, 2026-08-15 (stefandevo/glm-acp-agent#74)."""
    off, model = chat(thinking={"type": "disabled"}), MODELS["glm-5.3"]
    assert validate(off, model).refusal is not None
    assert validate(off, on_coding_plan(model), "strict").refusal is None


@pytest.mark.parametrize(("id", "refused"), [("glm-5.3", "unknown-effort"), ("glm-4.7", None)])
def test_an_invented_effort_is_refused_by_models_that_heed_it_alone(
    id: str, refused: str | None
) -> None:
    """The same probe: glm-5-turbo and glm-4.7 answered it."""
    found = validate(chat(reasoning_effort="huge"), on_coding_plan(MODELS[id]), "strict").refusal
    assert (found and found.name) == refused


def test_a_named_function_is_contested_for_glm_4_6_on_the_coding_plan_base() -> None:
    request = chat(tools=[TOOL], tool_choice=CHOICE)
    assert validate(request, GLM, "strict").refusal is None
    assert validate(request, on_coding_plan(GLM)).refusal is None
    assert validate(request, on_coding_plan(GLM), "strict").refusal is not None
