"""The rules a request has to keep, in the order in which they are asked."""

from mockglm.request.rules.messages import MESSAGES
from mockglm.request.rules.parameters import LENGTHS, MODEL, PARAMETERS
from mockglm.request.rules.rule import Broken, Evidence, Facts, Given, Rule, look, named
from mockglm.request.rules.tools import TOOLS

__all__ = [
    "LENGTHS",
    "MESSAGES",
    "MODEL",
    "PARAMETERS",
    "RULES",
    "TOOLS",
    "Broken",
    "Evidence",
    "Facts",
    "Given",
    "Rule",
    "look",
    "named",
]

RULES = (*MODEL, *MESSAGES, *TOOLS, *PARAMETERS, *LENGTHS)
