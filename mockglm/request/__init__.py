"""What the client sent: decoded into typed data and held against the rules."""

from mockglm.request.decode import decode
from mockglm.request.prompt import prompt_tokens
from mockglm.request.refusal import ASSUMED, UNREADABLE, Refusal
from mockglm.request.rules import RULES, Evidence, Rule
from mockglm.request.types import (
    Chat,
    Function,
    Message,
    Part,
    SentCall,
    SentFunction,
    Thinking,
    Tool,
    tree,
)
from mockglm.request.verdict import REFUSING, Policy, Verdict, unknown_model, validate

__all__ = [
    "ASSUMED",
    "REFUSING",
    "RULES",
    "UNREADABLE",
    "Chat",
    "Evidence",
    "Function",
    "Message",
    "Part",
    "Policy",
    "Refusal",
    "Rule",
    "SentCall",
    "SentFunction",
    "Thinking",
    "Tool",
    "Verdict",
    "decode",
    "prompt_tokens",
    "tree",
    "unknown_model",
    "validate",
]
