"""Requests decoded into typed data and checked against the validation rules."""

from mockglm.validation.facts import count_prompt_tokens
from mockglm.validation.rules import RULES, Evidence, ValidationRule
from mockglm.validation.types import (
    ASSUMED,
    UNREADABLE,
    CalledFunction,
    Chat,
    ContentPart,
    Function,
    Message,
    MessageToolCall,
    Refusal,
    Thinking,
    Tool,
    decode_chat,
    decode_json,
)
from mockglm.validation.validator import (
    REFUSING_EVIDENCE,
    Policy,
    ValidationResult,
    unknown_model,
    validate,
)

__all__ = [
    "ASSUMED",
    "REFUSING_EVIDENCE",
    "RULES",
    "UNREADABLE",
    "CalledFunction",
    "Chat",
    "ContentPart",
    "Evidence",
    "Function",
    "Message",
    "MessageToolCall",
    "Policy",
    "Refusal",
    "Thinking",
    "Tool",
    "ValidationResult",
    "ValidationRule",
    "count_prompt_tokens",
    "decode_chat",
    "decode_json",
    "unknown_model",
    "validate",
]
