"""The rules a request has to keep, in the order in which they are asked."""

from mockglm.validation.rules.media import MEDIA
from mockglm.validation.rules.messages import MESSAGES
from mockglm.validation.rules.parameters import LENGTHS, MODEL, PARAMETERS
from mockglm.validation.rules.rule import (
    PARAMETER_FIELDS,
    ROLES,
    Evidence,
    Features,
    RequestFacts,
    ValidationRule,
    Violation,
    extract,
    feature_names,
)
from mockglm.validation.rules.tools import TOOLS

__all__ = [
    "LENGTHS",
    "MEDIA",
    "MESSAGES",
    "MODEL",
    "PARAMETERS",
    "PARAMETER_FIELDS",
    "ROLES",
    "RULES",
    "TOOLS",
    "Evidence",
    "Features",
    "RequestFacts",
    "ValidationRule",
    "Violation",
    "extract",
    "feature_names",
]

RULES = (*MODEL, *MESSAGES, *MEDIA, *TOOLS, *PARAMETERS, *LENGTHS)
