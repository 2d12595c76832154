"""The rules a request has to keep, in the order in which they are asked."""

from mockglm.request.rules.messages import MESSAGES
from mockglm.request.rules.parameters import LENGTHS, MODEL, PARAMETERS
from mockglm.request.rules.rule import ABOUT, Broken, Evidence, Facts, Rule, look
from mockglm.request.rules.tools import TOOLS

__all__ = [
    "ABOUT",
    "LENGTHS",
    "MESSAGES",
    "MODEL",
    "PARAMETERS",
    "RULES",
    "TOOLS",
    "Broken",
    "Evidence",
    "Facts",
    "Rule",
    "look",
]

RULES = (*MODEL, *MESSAGES, *TOOLS, *PARAMETERS, *LENGTHS)
