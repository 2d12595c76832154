"""The rules a request has to keep, in the order in which they are asked."""

from mockglm.validation.rules.media import MEDIA
from mockglm.validation.rules.messages import MESSAGES
from mockglm.validation.rules.parameters import LENGTHS, MODEL, PARAMETERS
from mockglm.validation.rules.rule import (
    Evidence,
    FeatureKey,
    RequestFacts,
    ValidationRule,
    Violation,
    extract,
    feature_names,
    parameters_alone,
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
    "FeatureKey",
    "RequestFacts",
    "ValidationRule",
    "Violation",
    "extract",
    "feature_names",
    "parameters_alone",
]

RULES = (*MODEL, *MESSAGES, *MEDIA, *TOOLS, *PARAMETERS, *LENGTHS)
