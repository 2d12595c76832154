"""Drift between recorded responses and those of the live service: of their shape, not the words."""

from mockglm.drift.report import render_json, render_junit
from mockglm.drift.run import (
    DriftOutcome,
    DriftPlan,
    DriftReport,
    VerifiedInteraction,
    make_plan,
    verify_plan,
)
from mockglm.drift.signature import Drift, Signature, find_drift

__all__ = [
    "Drift",
    "DriftOutcome",
    "DriftPlan",
    "DriftReport",
    "Signature",
    "VerifiedInteraction",
    "find_drift",
    "make_plan",
    "render_json",
    "render_junit",
    "verify_plan",
]
