"""badge.json: the result in the form that shields.io reads from an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["badge"]

_COUNTED = ("pass", "fail", "warn", "not_testable", "expected", "stale")


def badge(report: Mapping[str, Any]) -> dict[str, Any]:
    """How many of the MUST and the SHOULD that applied have passed.

    Source: https://shields.io/badges/endpoint-badge, schema version 1.
    """
    must, should = (_share(report, level) for level in ("MUST", "SHOULD"))
    is_blocked = report["cause"] and report["cause"]["blocking"]
    if is_blocked or report["summary"].get("error"):
        message, color = "could not judge", "lightgrey"
    else:
        message = f"MUST {must[0]}/{must[1]} · SHOULD {should[0]}/{should[1]}"
        color = _color(report["summary"])
    return {"schemaVersion": 1, "label": "GLM v4", "message": message, "color": color}


def _color(summary: Mapping[str, int]) -> str:
    """Red where the run fails; what is known to fail does not fail it, and is not hidden."""
    if any(summary.get(verdict) for verdict in ("fail", "not_testable", "stale")):
        return "red"
    return "yellow" if summary.get("expected") else "brightgreen"


def _share(report: Mapping[str, Any], level: str) -> tuple[int, int]:
    verdicts = [check["verdict"] for check in report["checks"] if check["level"] == level]
    counted = [verdict for verdict in verdicts if verdict in _COUNTED]
    return counted.count("pass"), len(counted)
