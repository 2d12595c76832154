"""Whether a service still answers in the shape that was recorded; the words are its own affair."""

from mockglm.verify.drift import Drift, drift
from mockglm.verify.report import document, junit
from mockglm.verify.run import Finding, Outcome, Plan, Verdict, plan, verify
from mockglm.verify.shape import Shape, shape

__all__ = [
    "Drift",
    "Finding",
    "Outcome",
    "Plan",
    "Shape",
    "Verdict",
    "document",
    "drift",
    "junit",
    "plan",
    "shape",
    "verify",
]
