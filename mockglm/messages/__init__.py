"""The Anthropic surface: requests decoded, messages rendered as JSON or stream, and parsed back.

The reference is what the GLM service sends, never Anthropic's own API: no page of the service
documents the fields, so most facts are from public captures and reports, named where they stand.
"""

from mockglm.messages.decoder import decode_request
from mockglm.messages.errors import error_event, render_error
from mockglm.messages.frames import encode_event
from mockglm.messages.gateway import answer_head, count_tokens, list_models, not_found
from mockglm.messages.models import ALIASES, ModelAlias, needs_plan, resolve_model
from mockglm.messages.parser import FINISH_REASONS, is_message, parse_message
from mockglm.messages.renderer import render_json, render_stream
from mockglm.messages.rules import RULES_OF_MESSAGES, MessagesRule, validate
from mockglm.messages.types import MessagesChat, MessagesRequest

__all__ = [
    "ALIASES",
    "FINISH_REASONS",
    "RULES_OF_MESSAGES",
    "MessagesChat",
    "MessagesRequest",
    "MessagesRule",
    "ModelAlias",
    "answer_head",
    "count_tokens",
    "decode_request",
    "encode_event",
    "error_event",
    "is_message",
    "list_models",
    "needs_plan",
    "not_found",
    "parse_message",
    "render_error",
    "render_json",
    "render_stream",
    "resolve_model",
    "validate",
]
