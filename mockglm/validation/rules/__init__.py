"""The rules a request has to keep, in the order in which they are asked."""

from mockglm.validation.rules.media import MEDIA
from mockglm.validation.rules.messages import MESSAGES
from mockglm.validation.rules.parameters import LENGTHS, MODEL, PARAMETERS
from mockglm.validation.rules.rule import (
    Evidence,
    ValidationRule,
    Violation,
)
from mockglm.validation.rules.tools import TOOLS

__all__ = [
    "LENGTHS",
    "MEDIA",
    "MESSAGES",
    "MODEL",
    "PARAMETERS",
    "RULES",
    "TOOLS",
    "Evidence",
    "ValidationRule",
    "Violation",
]

RULES = (*MODEL, *MESSAGES, *MEDIA, *TOOLS, *PARAMETERS, *LENGTHS)
