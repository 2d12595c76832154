"""Each rule: the least request that breaks it, what is said, and one beside it that passes."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.error_codes import CODES, Language, message_for
from mockglm.models import MODELS
from mockglm.validation import ASSUMED, RULES, Chat, Policy, Refusal, unknown_model, validate
from tests.validation.bodies import CALL, RESULT, TOOL, USER, chat, parts, tool
from tests.validation.documented_cases import (
    DOCUMENTED,
    ILLEGAL,
    LONG,
    PICTURE,
    SAID,
    SOUND,
    SYSTEM,
    TEXT,
    Case,
    asked,
    both,
    field,
    picture,
    seen,
)

BY_NAME = {rule.name: rule for rule in RULES}


CASES = (
    *DOCUMENTED,
    Case(
        "no-model",
        asked(""),
        asked("glm-4.6"),
        "1213",
        ("未正常接收到model参数。", "The model parameter was not received normally."),
    ),
    Case(
        "not-streamed",
        asked("glm-4-assistant"),
        asked("glm-4-assistant", stream=True),
        "1212",
        ("当前模型不支持SYNC调用方式。", "Current model does not support SYNC call method"),
    ),
    Case(
        "no-messages",
        Chat(model="glm-4.6", messages=[]),
        chat(),
        "1214",
        ("messages:输入不能为空", "messages:Input cannot be empty"),
    ),
    Case(
        "unknown-role",
        chat({"role": "developer", "content": "你是助手"}, USER),
        chat(SYSTEM, USER),
        "1214",
        ("角色信息不正确", "Incorrect role information"),
    ),
    Case("no-user", chat(SYSTEM), chat(SYSTEM, USER), "1214", field("messages")),
    Case(
        "no-user", chat(SYSTEM, CALL, RESULT), chat(USER, CALL, RESULT), "1214", field("messages")
    ),
    Case(
        "unknown-part",
        chat(*[USER] * 8, parts({"type": "thinking", "thinking": "…"})),
        chat(*[USER] * 8, parts(TEXT)),
        "1214",
        both("messages[8].content[0].type type error"),
    ),
    Case(
        "unknown-part",
        chat(parts(TEXT, {"text": "no type"})),
        chat(parts(TEXT, TEXT)),
        "1214",
        both("messages[0].content[1].type type error"),
    ),
    Case(
        "empty-text",
        chat(*[USER] * 20, parts({"type": "text", "text": ""})),
        chat(*[USER] * 20, parts({"type": "text", "text": " "})),
        "1214",
        both("messages[20].content[0].text:text cannot be empty."),
    ),
    Case(
        "foreign-part",
        chat(parts(TEXT, PICTURE)),
        asked("glm-4.6v", parts(TEXT, PICTURE)),
        "1210",
        (
            "messages.content.type 参数非法, 取值范围 ['text']",
            "messages.content.type is invalid, allowed values: ['text']",
        ),
    ),
    Case(
        "foreign-part",
        asked("glm-4-voice", parts(TEXT, PICTURE)),
        asked("glm-4-voice", parts(TEXT, SOUND)),
        "1210",
        (
            "messages.content.type 参数非法, 取值范围 ['text']",
            "messages.content.type is invalid, allowed values: ['text']",
        ),
    ),
    Case(
        "unreadable-image",
        asked("glm-4.6v", parts(TEXT, picture("data:image/png;base64,AAAA"))),
        asked("glm-4.6v", parts(TEXT, picture("data:image/png;base64,iVBORw0KGgoAAAA"))),
        "1210",
        both("图片输入格式/解析错误"),
    ),
    Case(
        "unreadable-image",
        asked("glm-4.6v", parts(TEXT, {"type": "image_url"})),
        # zai-sdk takes the data URL's beginning off; a JPEG is left
        asked("glm-4.6v", parts(TEXT, picture("/9j/4AAQSkZJRg"))),
        "1210",
        both("图片输入格式/解析错误"),
    ),
    Case(
        "no-content-no-calls",
        chat(*[USER] * 4, {"role": "assistant", "content": ""}, USER),
        chat(*[USER] * 4, CALL, RESULT, USER),
        "1214",
        (
            "messages[4]:content和tool_calls 字段不能同时为空",
            "messages[4]:The content and tool_calls cannot both be empty.",
        ),
    ),
    Case(
        "empty-user-text",
        chat({"role": "user", "content": ""}),
        chat({"role": "user", "content": "\n"}),
        "1213",
        ("未正常接收到prompt参数。", "The prompt parameter was not received normally."),
    ),
    Case(
        "empty-user-text",
        chat(USER, SAID, {"role": "user"}),
        chat({"role": "user"}, SAID, USER),
        "1213",
        ("未正常接收到prompt参数。", "The prompt parameter was not received normally."),
    ),
    Case(
        "picture-alone",
        asked("glm-4v-flash", parts(PICTURE)),
        asked("glm-4v-flash", parts(PICTURE, TEXT)),
        "1213",
        ("未正常接收到prompt参数。", "The prompt parameter was not received normally."),
    ),
    Case(
        "result-without-call",
        chat(USER, SAID, RESULT),
        chat(USER, CALL, RESULT),
        "1214",
        field("messages"),
    ),
    Case(
        "call-without-result",
        chat(USER, CALL, USER),
        chat(USER, CALL, RESULT, USER),
        "1214",
        field("messages"),
    ),
    Case(
        "result-of-another-call",
        chat(USER, CALL, {**RESULT, "tool_call_id": "call_2"}),
        chat(USER, CALL, RESULT),
        "1214",
        field("messages"),
    ),
    Case(
        "first-not-user",
        chat(SYSTEM, SAID, USER),
        chat(SYSTEM, USER, SAID, USER),
        "1214",
        field("messages"),
    ),
    Case(
        "assistant-twice",
        chat(USER, SAID, SAID, USER),
        chat(USER, USER, SAID, USER),
        "1214",
        field("messages"),
    ),
    Case(
        "late-system",
        chat(USER, SAID, SYSTEM, USER),
        chat(SYSTEM, SYSTEM, USER),
        "1214",
        field("messages"),
    ),
    Case(
        "typeless-tool",
        chat(tools=[{"function": {"name": "get"}}]),
        chat(tools=[TOOL]),
        "1214",
        both("tools[0].type:type cannot be empty."),
    ),
    Case(
        "unknown-tool",
        chat(tools=[TOOL] * 7 + [{"type": "custom"}]),
        chat(tools=[TOOL] * 8),
        "1214",
        both("tools[7].type:type is illegal"),
    ),
    Case(
        "empty-tool",
        chat(tools=[TOOL] * 6 + [{"type": "web_search"}]),
        chat(tools=[TOOL] * 6 + [{"type": "web_search", "web_search": {"enable": True}}]),
        "1214",
        both("tools[6].web_search can not be null"),
    ),
    Case(
        "empty-tool",
        chat(tools=[{"type": "function", "name": "get"}]),
        chat(tools=[{"type": "function", "function": {"name": "get"}}]),
        "1214",
        both("tools[0].function can not be null"),
    ),
    Case("schema-no-object", chat(tools=[tool([1])]), chat(tools=[tool(None)]), "1210", ILLEGAL),
    Case("schema-no-object", chat(tools=[tool("{}")]), chat(tools=[tool({})]), "1210", ILLEGAL),
    Case(
        "tuple-schema",
        chat(
            tools=[
                tool({"properties": {"a": {"anyOf": [{"items": [{}], "additionalItems": False}]}}})
            ]
        ),
        chat(tools=[tool({"properties": {"items": {"items": {}, "default": {"items": [1]}}}})]),
        "1210",
        ILLEGAL,
    ),
    Case(
        "too-many-tools", chat(tools=[TOOL] * 129), chat(tools=[TOOL] * 128), "1214", field("tools")
    ),
    Case(
        "bad-name",
        chat(tools=[TOOL, tool(name="a.b")]),
        chat(tools=[TOOL, tool(name="a-b_C1")]),
        "1214",
        field("tools[1].function.name"),
    ),
    Case(
        "bad-name",
        chat(tools=[tool(name="a" * 65)]),
        chat(tools=[tool(name="a" * 64)]),
        "1214",
        field("tools[0].function.name"),
    ),
    Case(
        "forced-choice",
        chat(tools=[TOOL], tool_choice="required"),
        chat(tools=[TOOL], tool_choice="auto"),
        "1210",
        both("Tool choice must be auto"),
    ),
    Case(
        "pieces-unstreamed",
        chat(tool_stream=True),
        chat(tool_stream=True, stream=True),
        "1210",
        ILLEGAL,
    ),
    Case(
        "max-tokens",
        asked("glm-4.5-air", max_tokens=98305),
        asked("glm-4.5-air", max_tokens=98304),
        "1210",
        (
            "max_tokens参数非法：限制数值范围[1,98304]",
            "The max_tokens parameter is illegal.：限制数值范围[1,98304]",
        ),
    ),
    Case(
        "max-tokens",
        asked("glm-4-long", max_tokens=0),
        asked("glm-4-long", max_tokens=1),
        "1210",
        (
            "max_tokens参数非法：限制数值范围[1,4095]",
            "The max_tokens parameter is illegal.：限制数值范围[1,4095]",
        ),
    ),
    Case(
        "fine-temperature",
        chat(temperature=0.699999988079071),
        chat(temperature=0.7),
        "1210",
        (
            "temperature 参数非法：限制小数点[2]位",
            "The temperature parameter is illegal.：限制小数点[2]位",
        ),
    ),
    Case(
        "always-thinks",
        asked("glm-5.3", thinking={"type": "disabled"}),
        asked("glm-5.2", thinking={"type": "disabled"}),
        "1210",
        (
            "该模型始终思考，不支持关闭思考；请使用 low、high 或 max。",
            "This model always engages in thinking and cannot be disabled;"
            " please use low, high, or max",
        ),
    ),
    Case(
        "always-thinks",
        asked("glm-5.3-flash", reasoning_effort="medium"),
        asked("glm-5.3-flash", reasoning_effort="low", thinking={"clear_thinking": False}),
        "1210",
        (
            "该模型始终思考，不支持关闭思考；请使用 low、high 或 max。",
            "This model always engages in thinking and cannot be disabled;"
            " please use low, high, or max",
        ),
    ),
    Case(
        "temperature-range",
        chat(temperature=1.01),
        chat(temperature=1),
        "1210",
        (
            "temperature 参数非法：限制数值范围[0,1]",
            "The temperature parameter is illegal.：限制数值范围[0,1]",
        ),
    ),
    Case(
        "top-p-range",
        chat(top_p=0),
        chat(top_p=0, do_sample=False),
        "1210",
        (
            "top_p 参数非法：限制数值范围[0.01,1]",
            "The top_p parameter is illegal.：限制数值范围[0.01,1]",
        ),
    ),
    Case(
        "fine-top-p",
        chat(top_p=0.123),
        chat(top_p=0.12),
        "1210",
        ("top_p 参数非法：限制小数点[2]位", "The top_p parameter is illegal.：限制小数点[2]位"),
    ),
    Case(
        "unknown-effort",
        asked("glm-5.2", reasoning_effort="ultra"),
        asked("glm-5.2", reasoning_effort="minimal"),
        "1210",
        both("reasoning_effort must be one of: none, minimal, low, medium, high, xhigh, max"),
    ),
    Case(
        "unknown-switch",
        chat(thinking={"type": "adaptive"}),
        chat(thinking={"type": "disabled"}),
        "1210",
        ILLEGAL,
    ),
    Case(
        "unknown-format",
        chat(response_format={"type": "json_schema", "json_schema": {}}),
        chat(response_format={"type": "json_object"}),
        "1210",
        ILLEGAL,
    ),
    Case("many-stops", chat(stop=list("abcde")), chat(stop="abcde"), "1214", field("stop")),
    Case(
        "request-id-length",
        chat(request_id="a" * 65),
        chat(request_id="a" * 64),
        "1214",
        field("request_id"),
    ),
    Case("user-id-length", chat(user_id="user1"), chat(user_id="user_1"), "1214", field("user_id")),
    Case(
        "phone-prompt-too-long",
        asked("autoglm-phone", parts(TEXT, *[PICTURE] * 60), max_tokens=2000),
        asked("autoglm-phone", parts(TEXT, *[PICTURE] * 50), max_tokens=2000),
        "1210",
        (
            "API 调用参数有误，请检查文档。Requested token count exceeds the model's maximum"
            " context length of 25480 tokens. You requested a total of 26007 tokens: 24007 tokens"
            " from the input messages and 2000 tokens for the completion. Please reduce the number"
            " of tokens in the input messages or the completion to fit within the limit.",
            "Invalid API parameter, please check the documentation.Requested token count exceeds"
            " the model's maximum context length of 25480 tokens. You requested a total of 26007"
            " tokens: 24007 tokens from the input messages and 2000 tokens for the completion."
            " Please reduce the number of tokens in the input messages or the completion to fit"
            " within the limit.",
        ),
    ),
    Case(
        "prompt-too-long",
        chat(LONG),
        asked("glm-5.3", LONG),
        "1261",
        both("Prompt exceeds max length"),
    ),
)
REFUTED = (
    Case(
        "vision-effort",
        seen(TEXT, PICTURE, reasoning_effort="medium"),
        seen(TEXT, PICTURE, reasoning_effort="high"),
        "1210",
        ILLEGAL,
    ),
    Case("assistant-last", chat(USER, SAID), chat(USER, SAID, USER), "1214", field("messages")),
    Case(
        "result-without-id",
        chat(USER, CALL, {"role": "tool", "content": "晴"}),
        chat(USER, CALL, RESULT),
        "1214",
        field("messages"),
    ),
)
IDS = [f"{number}-{case.name}" for number, case in enumerate(CASES)]


def refused(chat: Chat) -> Refusal | None:
    """What the strictest policy says of a request."""
    return validate(chat, MODELS[chat.model or "glm-4.6"], "strict").refusal


def wire(refusal: Refusal, language: Language) -> str:
    """The message as it goes over the wire."""
    failure = refusal.to_error(language)
    return failure.message or message_for(failure.code, language, failure.fields)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_broken_rule_refuses_with_the_message_of_the_service(case: Case) -> None:
    refusal = refused(case.bad)
    assert refusal is not None
    assert (refusal.name, refusal.code) == (case.name, case.code)
    assert (wire(refusal, "zh"), wire(refusal, "en")) == case.message
    assert CODES[refusal.code].status == 400


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_request_beside_it_keeps_the_rule(case: Case) -> None:
    refusal = refused(case.good)
    assert refusal is None or refusal.name != case.name
    assert case.name not in validate(case.good, MODELS[case.good.model or ""], "lenient").waived


@pytest.mark.parametrize("case", REFUTED, ids=[case.name for case in REFUTED])
@pytest.mark.parametrize("policy", ["default", "strict", "lenient"])
def test_a_refuted_rule_is_noted_and_refuses_in_no_mode(case: Case, policy: Policy) -> None:
    verdict = validate(case.bad, MODELS[case.bad.model or ""], policy)
    assert verdict.refusal is None
    assert case.name in verdict.waived
    assert case.name not in validate(case.good, MODELS[case.good.model or ""], policy).waived


def test_every_rule_has_a_case() -> None:
    assert {case.name for case in (*CASES, *REFUTED)} == set(BY_NAME)


def test_rules_have_names_of_their_own_and_sources() -> None:
    assert len(BY_NAME) == len(RULES)
    assert [rule.name for rule in RULES if not rule.source] == []


def test_assumptions_are_about_rules_or_about_reading() -> None:
    others = {"unreadable", "wrong type", "documented and contested"}
    assert set(ASSUMED) - set(BY_NAME) == others


def test_thinking_can_be_disabled_for_models_that_only_seem_to_require_it() -> None:
    off = {"thinking": {"type": "disabled"}, "reasoning_effort": "medium"}
    assert refused(asked("glm-4.1v-thinking-flash", **off)) is None
    assert refused(asked("glm-4-flash-250414", **off)) is None


def test_only_glm_4v_flash_needs_a_text_beside_the_picture() -> None:
    assert refused(asked("glm-4.6v", parts(PICTURE))) is None


def test_results_of_parallel_calls_follow_each_other() -> None:
    calls = {**CALL, "tool_calls": [*_calls("call_1"), *_calls("call_2")]}
    second = {**RESULT, "tool_call_id": "call_2"}
    assert refused(chat(USER, calls, RESULT, second)) is None
    half = refused(chat(USER, calls, RESULT, USER))
    assert half is not None
    assert half.name == "call-without-result"


def _calls(id: str) -> list[dict[str, Any]]:
    return [{"id": id, "type": "function", "function": {"name": "get", "arguments": "{}"}}]


def test_an_unknown_model_is_1211() -> None:
    refusal = unknown_model("gpt-4o")
    assert refusal.code == "1211"
    assert wire(refusal, "zh") == "模型不存在，请检查模型代码。"
    assert wire(refusal, "en") == "Unknown Model, please check the model code."


@pytest.mark.parametrize("id", [None, ""])
def test_no_model_is_1213(id: str | None) -> None:
    refusal = validate(chat(model=id), None).refusal
    assert refusal is not None
    assert (refusal.name, refusal.code) == ("no-model", "1213")
    assert unknown_model(id) == refusal
