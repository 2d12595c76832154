"""The marks, colours and words of the verdicts, and the titles of the sets."""

from __future__ import annotations

from collections.abc import Mapping

from mockglm.conformance.registry import MESSAGE_SET, SET

TITLES: Mapping[str, str] = {SET: "GLM v4", MESSAGE_SET: "GLM Anthropic"}
"""Titles of reports by their set; a set of another version has the title GLM."""

MARKS: Mapping[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "error": "?",
    "warn": "!",
    "not_testable": "–",
    "not_exercised": "○",
    "not_applicable": "·",
    "expected": "x",
    "stale": "±",
}

STYLES: Mapping[str, str] = {
    "pass": "green",
    "fail": "red",
    "error": "red",
    "warn": "yellow",
    "not_testable": "red",
    "not_exercised": "yellow",
    "not_applicable": "",
    "expected": "yellow",
    "stale": "red",
}
"""Colours; empty for none."""

WORDS: Mapping[str, str] = {
    "pass": "passed",
    "fail": "failed",
    "error": "could not be judged because of a bug in the kit",
    "warn": "warned",
    "not_testable": "not testable",
    "not_exercised": "not exercised",
    "not_applicable": "not applicable",
    "expected": "expected to fail",
    "stale": "expected to fail, but passed",
}

COUNTED = ("pass", "fail", "warn", "not_testable", "expected", "stale")
"""The verdicts of checks that applied, of which shares are made."""

FAILURES = ("fail", "not_testable", "stale")
"""The verdicts that fail a run."""
