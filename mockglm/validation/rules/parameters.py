"""The validation rules of parameters, by themselves and with the model."""

from __future__ import annotations

from mockglm.validation.facts import RequestFacts
from mockglm.validation.rules.rule import Fields, ValidationRule

DOCS = "docs.bigmodel.cn 对话补全"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SWITCHES = (None, "enabled", "disabled")
FORMATS = (None, "text", "json_object")
VISION_EFFORTS = ("low", "high", "max")
WORD_CHECKS = (None, "ENABLE", "DISABLE")

HUGE = 2.0**46
"""A double from here on has no second decimal."""


def _no_model(facts: RequestFacts) -> bool:
    return not facts.chat.model


def _unsynced(facts: RequestFacts) -> bool:
    return not facts.model.is_sync and not facts.chat.stream


def _excessive_tokens(facts: RequestFacts) -> Fields | None:
    wanted, ceiling = facts.chat.max_tokens, facts.model.ceiling
    if wanted is None or 1 <= wanted <= ceiling:
        return None
    return {"ceiling": str(ceiling)}


def _fine_temperature(facts: RequestFacts) -> bool:
    return _is_fine(facts.chat.temperature)


def _temperature_range(facts: RequestFacts) -> bool:
    return _is_outside(facts, facts.chat.temperature, 0.0)


def _fine_top_p(facts: RequestFacts) -> bool:
    return _is_fine(facts.chat.top_p)


def _top_p_range(facts: RequestFacts) -> bool:
    return _is_outside(facts, facts.chat.top_p, 0.01)


def _unthinking(facts: RequestFacts) -> bool:
    chat, model = facts.chat, facts.model
    # Models without efforts that always think (glm-4.1v-thinking, glm-z1) ignore the switch.
    if not model.efforts:
        return False
    # The Coding Plan base takes the switch for these models and ignores it.
    is_switched = chat.thinking is not None and chat.thinking.type == "disabled"
    is_off = is_switched and not model.is_coding_plan
    effort = chat.reasoning_effort
    return is_off or (effort in EFFORTS and effort not in model.efforts)


def _unknown_effort(facts: RequestFacts) -> bool:
    # glm-5-turbo and glm-4.7 answered an invented one.
    if not facts.model.efforts:
        return False
    return facts.chat.reasoning_effort not in (None, *EFFORTS)


def _unknown_switch(facts: RequestFacts) -> bool:
    return facts.chat.thinking is not None and facts.chat.thinking.type not in SWITCHES


def _unknown_format(facts: RequestFacts) -> bool:
    chosen = facts.chat.response_format
    return chosen is not None and chosen.get("type") not in FORMATS


def _vision_format(facts: RequestFacts) -> bool:
    chosen = facts.chat.response_format
    return facts.model.is_vision and chosen is not None and chosen.get("type") == "json_object"


def _vision_effort(facts: RequestFacts) -> bool:
    # Models with efforts of their own have a rule of their own.
    if not facts.model.is_vision or facts.model.efforts:
        return False
    return facts.chat.reasoning_effort not in VISION_EFFORTS


def _word_check(facts: RequestFacts) -> bool:
    check = facts.chat.sensitive_word_check
    if not isinstance(check, dict):
        return True
    return check.get("type") not in (None, "ALL") or check.get("status") not in WORD_CHECKS


def _many_stops(facts: RequestFacts) -> bool:
    return isinstance(facts.chat.stop, list) and len(facts.chat.stop) > 4


def _request_id_length(facts: RequestFacts) -> bool:
    return facts.chat.request_id is not None and not 6 <= len(facts.chat.request_id) <= 64


def _user_id_length(facts: RequestFacts) -> bool:
    return facts.chat.user_id is not None and not 6 <= len(facts.chat.user_id) <= 128


def _phone_prompt_too_long(facts: RequestFacts) -> Fields | None:
    model = facts.model
    completion = facts.chat.max_tokens or model.ceiling
    prompt = facts.prompt
    if prompt + completion <= model.context:
        return None
    return {
        "context": str(model.context),
        "total": str(prompt + completion),
        "prompt": str(prompt),
        "completion": str(completion),
    }


def _prompt_too_long(facts: RequestFacts) -> bool:
    return facts.model.overflow == "refuse" and facts.prompt > facts.model.context


def _is_fine(number: float | None) -> bool:
    """True if a number was sent with more than two decimals: 0.7 as a float32 has 15."""
    # round(number, 2) goes through its text, at fifty times the price.
    return number is not None and abs(number) < HUGE and round(number * 100) / 100 != number


def _is_outside(facts: RequestFacts, number: float | None, least: float) -> bool:
    # do_sample false makes the service ignore both numbers.
    return number is not None and facts.chat.do_sample is not False and not least <= number <= 1


PHONE = (
    "Requested token count exceeds the model's maximum context length of {context} tokens. "
    "You requested a total of {total} tokens: {prompt} tokens from the input messages and "
    "{completion} tokens for the completion. Please reduce the number of tokens in the input "
    "messages or the completion to fit within the limit."
)

MODEL = (
    ValidationRule(
        name="no-model",
        code="1213",
        zh="未正常接收到model参数。",
        en="The model parameter was not received normally.",
        evidence="documented",
        source=f"{DOCS}: required",
        find_violation=_no_model,
        looks_at="parameters",
        essential=True,
    ),
    ValidationRule(
        name="not-streamed",
        code="1212",
        fields={"method": "SYNC"},
        evidence="captured",
        source="RarogCmex/pi-bigmodel research evidence, glm-4-assistant, 2026-10",
        find_violation=_unsynced,
        looks_at="parameters",
    ),
)

PARAMETERS = (
    ValidationRule(
        name="max-tokens",
        code="1210",
        applies_to="max_tokens",
        zh="max_tokens参数非法：限制数值范围[1,{ceiling}]",
        en="The max_tokens parameter is illegal.：限制数值范围[1,{ceiling}]",
        evidence="captured",
        source="RarogCmex/pi-bigmodel research evidence, 2026-10; the English in several gateways'"
        " records of glm-5.3, 2026-08",
        find_violation=_excessive_tokens,
        looks_at="parameters",
    ),
    ValidationRule(
        name="fine-temperature",
        code="1210",
        applies_to="temperature",
        zh="temperature 参数非法：限制小数点[2]位",
        en="The temperature parameter is illegal.：限制小数点[2]位",
        evidence="captured",
        source="https://github.com/GEMISIS/leviath/pull/571",
        find_violation=_fine_temperature,
        looks_at="parameters",
    ),
    ValidationRule(
        name="always-thinks",
        code="1210",
        applies_to="always",
        zh="该模型始终思考，不支持关闭思考；请使用 low、high 或 max。",
        en="This model always engages in thinking and cannot be disabled;"
        " please use low, high, or max",
        evidence="captured",
        source="RarogCmex/pi-bigmodel research evidence, 2026-10;"
        " https://github.com/mnfst/modelparams.dev/pull/327; the Coding Plan base maps the effort"
        f" instead ({DOCS}, 2026-10) and ignores the switch"
        " (https://github.com/stefandevo/glm-acp-agent/issues/74, 2026-08)",
        find_violation=_unthinking,
        looks_at="parameters",
    ),
    ValidationRule(
        name="temperature-range",
        code="1210",
        applies_to="temperature",
        zh="temperature 参数非法：限制数值范围[0,1]",
        en="The temperature parameter is illegal.：限制数值范围[0,1]",
        evidence="documented",
        source=f"{DOCS}: 0.0 to 1.0",
        find_violation=_temperature_range,
        looks_at="parameters",
    ),
    ValidationRule(
        name="top-p-range",
        code="1210",
        applies_to="top_p",
        zh="top_p 参数非法：限制数值范围[0.01,1]",
        en="The top_p parameter is illegal.：限制数值范围[0.01,1]",
        evidence="documented",
        source=f"{DOCS}: 0.01 to 1.0",
        find_violation=_top_p_range,
        looks_at="parameters",
    ),
    ValidationRule(
        name="fine-top-p",
        code="1210",
        applies_to="top_p",
        zh="top_p 参数非法：限制小数点[2]位",
        en="The top_p parameter is illegal.：限制小数点[2]位",
        evidence="documented",
        source=f"{DOCS}: two decimals",
        find_violation=_fine_top_p,
        looks_at="parameters",
    ),
    ValidationRule(
        name="unknown-effort",
        code="1210",
        applies_to="reasoning_effort",
        zh="reasoning_effort must be one of: none, minimal, low, medium, high, xhigh, max",
        en="reasoning_effort must be one of: none, minimal, low, medium, high, xhigh, max",
        evidence="captured",
        source="https://github.com/stefandevo/glm-acp-agent/issues/74 (glm-5.3, Coding Plan base,"
        " 2026-08); assumed for glm-5.2 and for the general base",
        find_violation=_unknown_effort,
        looks_at="parameters",
    ),
    ValidationRule(
        name="unknown-switch",
        code="1210",
        applies_to="thinking",
        evidence="documented",
        source=f"{DOCS}: thinking.type is enabled or disabled",
        find_violation=_unknown_switch,
        looks_at="parameters",
    ),
    ValidationRule(
        name="unknown-format",
        code="1210",
        applies_to="response_format",
        evidence="contested",
        source=f"{DOCS}: text or json_object; against it, json_schema answered with 200,"
        " https://github.com/hugalafutro/model-hotel/pull/896",
        find_violation=_unknown_format,
    ),
    ValidationRule(
        name="vision-format",
        code="1210",
        applies_to="response_format",
        evidence="documented",
        source=f"{DOCS}: the body of a vision model has no response_format",
        find_violation=_vision_format,
    ),
    ValidationRule(
        name="vision-effort",
        code="1210",
        applies_to="reasoning_effort",
        evidence="refuted",
        source=f"{DOCS}: low, high or max for a vision model; glm-5v-turbo ignores the effort"
        " (RarogCmex/pi-bigmodel, 2026-10)",
        find_violation=_vision_effort,
        looks_at="parameters",
    ),
    ValidationRule(
        name="word-check",
        code="1214",
        applies_to="sensitive_word_check",
        fields={"field": "sensitive_word_check"},
        evidence="documented",
        source="zai-org/z-ai-sdk-python: type is ALL, status is ENABLE or DISABLE",
        find_violation=_word_check,
    ),
    ValidationRule(
        name="many-stops",
        code="1214",
        applies_to="stop",
        fields={"field": "stop"},
        evidence="documented",
        source=f"{DOCS}, 2026-09: at most 4; the page of mid-2026 said 1",
        find_violation=_many_stops,
    ),
    ValidationRule(
        name="request-id-length",
        code="1214",
        applies_to="request_id",
        fields={"field": "request_id"},
        evidence="documented",
        source=f"{DOCS}, 2026-09: 6 to 64 characters",
        find_violation=_request_id_length,
    ),
    ValidationRule(
        name="user-id-length",
        code="1214",
        applies_to="user_id",
        fields={"field": "user_id"},
        evidence="documented",
        source=f"{DOCS}: 6 to 128 characters",
        find_violation=_user_id_length,
    ),
)

LENGTHS = (
    ValidationRule(
        name="phone-prompt-too-long",
        code="1210",
        applies_to="autoglm",
        zh="API 调用参数有误，请检查文档。" + PHONE,
        en="Invalid API parameter, please check the documentation." + PHONE,
        evidence="captured",
        source="https://github.com/zai-org/Open-AutoGLM/issues/195",
        find_violation=_phone_prompt_too_long,
        looks_at="prompt",
    ),
    ValidationRule(
        name="prompt-too-long",
        code="1261",
        evidence="captured",
        source="RarogCmex/pi-bigmodel research evidence, 2026-10",
        find_violation=_prompt_too_long,
        looks_at="prompt",
    ),
)
