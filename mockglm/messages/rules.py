"""The rules of requests on the Anthropic surface, as far as refusals are on record.

Far fewer than on v4: cache_control, metadata, beta headers, unknown fields and images for models
that cannot see are taken (public reports, 2026-06 … 2026-09). A prompt that is too long is no error
but a message of its own (HoldThatThgt/LabelKit, 2026-07-23).

Assumed: that a role the service does not know is 1214 like other illegal messages; that the limit
of prompt and max_tokens together, measured on glm-5.2, holds for all models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from msgspec import Struct

from mockglm.exchange import Reply
from mockglm.messages.thinking import OFF, ON, switch
from mockglm.messages.types import MessagesChat
from mockglm.models import Model
from mockglm.validation import (
    REFUSING_EVIDENCE,
    RULES,
    Chat,
    Evidence,
    Policy,
    Refusal,
    ValidationResult,
    ValidationRule,
    count_prompt_tokens,
    unknown_model,
)
from mockglm.validation.facts import extract

ROLES = frozenset(("user", "assistant", "system"))
_LARGEST_MAX_TOKENS = 131072
_OUT_OF_CONTEXT = Reply(content="", finish_reason="model_context_window_exceeded")
_ALWAYS_THINKS = "glm-5.3-flash"


class MessagesRule(Struct, frozen=True, kw_only=True):
    """A rule that requests have to satisfy; an essential one refuses whatever the policy."""

    name: str
    evidence: Evidence
    source: str
    is_broken: Callable[[MessagesChat, Model], bool]
    refusal: Refusal
    essential: bool = False


def validate(
    chat: Chat, model: Model | None, policy: Policy = "default", *, prompt: int | None = None
) -> ValidationResult:
    """Check a request against the rules; the first broken rule that refuses ends the check."""
    if model is None:
        return ValidationResult(unknown_model(chat.model))
    request = cast(MessagesChat, chat)
    waived: list[str] = []
    for rule in RULES_OF_MESSAGES:
        if rule.is_broken(request, model):
            if rule.essential or rule.evidence in REFUSING_EVIDENCE[policy]:
                return ValidationResult(rule.refusal, tuple(waived))
            waived.append(rule.name)
    prompt = count_prompt_tokens(chat) if prompt is None else prompt
    is_too_long = model.overflow == "refuse" and prompt + (chat.max_tokens or 0) > model.context
    return ValidationResult(None, tuple(waived), _OUT_OF_CONTEXT if is_too_long else None)


def _has_unknown_role(chat: MessagesChat, model: Model) -> bool:
    return any(message.role not in ROLES for message in chat.source.messages)


def _is_limit_missing(chat: MessagesChat, model: Model) -> bool:
    return chat.source.max_tokens is None


def _is_limit_out_of_range(chat: MessagesChat, model: Model) -> bool:
    limit = chat.source.max_tokens
    return limit is not None and not 1 <= limit <= _LARGEST_MAX_TOKENS


def _is_switch_unknown(chat: MessagesChat, model: Model) -> bool:
    kind = switch(chat.source.thinking)
    return kind is not None and kind not in OFF | ON


def _is_switched_off(chat: MessagesChat, model: Model) -> bool:
    return model.id.startswith(_ALWAYS_THINKS) and switch(chat.source.thinking) in OFF


def _manages_context(chat: MessagesChat, model: Model) -> bool:
    return chat.source.context_management is not None and chat.source.thinking is not None


def _has_unreadable_image(chat: MessagesChat, model: Model) -> bool:
    return model.is_vision and bool(_UNREADABLE_IMAGE.find_violation(extract(chat, model)))


_UNREADABLE_IMAGE: ValidationRule = next(rule for rule in RULES if rule.name == "unreadable-image")
_WITHOUT_LIMIT = "'>' not supported between instances of 'int' and 'NoneType'"
_RANGE = f"max_tokens参数非法：限制数值范围[1,{_LARGEST_MAX_TOKENS}]"

RULES_OF_MESSAGES = (
    MessagesRule(
        name="unknown-role",
        evidence="reported",
        source="eroslifestyle/ai-router-switch, 2026-08: `tool` is refused",
        is_broken=_has_unknown_role,
        refusal=Refusal(code="1214", fields={"field": "messages"}, name="unknown-role"),
        essential=True,
    ),
    MessagesRule(
        name="no-max-tokens",
        evidence="captured",
        source="public gateway logs, 2026-07 and 2026-09; lazygophers/aidog",
        is_broken=_is_limit_missing,
        refusal=Refusal(code="500", zh=_WITHOUT_LIMIT, en=_WITHOUT_LIMIT, name="no-max-tokens"),
    ),
    MessagesRule(
        name="max-tokens-range",
        evidence="captured",
        source="eroslifestyle/ai-router-switch, 2026-08-18: the Chinese text on api.z.ai, too",
        is_broken=_is_limit_out_of_range,
        refusal=Refusal(code="1210", zh=_RANGE, en=_RANGE, name="max-tokens-range"),
    ),
    MessagesRule(
        name="unknown-thinking-type",
        evidence="reported",
        source="public capability matrix of glm-5.3-flash, 2026-09",
        is_broken=_is_switch_unknown,
        refusal=Refusal(code="1210", name="unknown-thinking-type"),
    ),
    MessagesRule(
        name="always-thinks",
        evidence="captured",
        source="public transcript of a 5.3 preview, 2026-08-17; reports of glm-5.3-flash",
        is_broken=_is_switched_off,
        refusal=Refusal(
            code="1210",
            zh="该模型始终思考，不支持关闭思考；请使用 low、high 或 max。",
            en="This model always engages in thinking and cannot be disabled;"
            " please use low, high, or max",
            name="always-thinks",
        ),
    ),
    MessagesRule(
        name="context-management-with-thinking",
        # Contested: Claude Code 2.1 sends both with every request.
        evidence="contested",
        source="lazygophers/aidog, commit 7219f527",
        is_broken=_manages_context,
        refusal=Refusal(code="1210", name="context-management-with-thinking"),
    ),
    MessagesRule(
        name="unreadable-image",
        evidence="captured",
        source="https://github.com/vybestack/llxprt-code/issues/3693 (glm-5.3-flash, 2026-09)",
        is_broken=_has_unreadable_image,
        refusal=_UNREADABLE_IMAGE.to_refusal(),
    ),
)
"""The rules, in the order in which they are checked. Which of several the service names is not
known."""
