"""The validator: broken rules refuse a request by their evidence and the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from mockglm.models import Model
from mockglm.validation.refusal import Refusal
from mockglm.validation.rules import (
    RULES,
    Evidence,
    FeatureKey,
    RequestFacts,
    ValidationRule,
    Violation,
    extract,
    feature_names,
)
from mockglm.validation.types import Chat

Policy = Literal["default", "strict", "lenient"]
RuleCheck = tuple[Callable[[RequestFacts], Violation], ValidationRule]

REFUSING_EVIDENCE: Mapping[Policy, frozenset[Evidence]] = MappingProxyType(
    {
        "default": frozenset(("captured", "reported")),
        "strict": frozenset(("captured", "reported", "documented", "contested")),
        "lenient": frozenset(),
    }
)
"""The evidence a broken rule needs to refuse; an essential rule always refuses."""


class ValidationResult(Struct, frozen=True):
    """The outcome of a validation: a refusal or None, and the broken rules that were waived."""

    refusal: Refusal | None
    waived: tuple[str, ...] = ()


def validate(
    chat: Chat, model: Model | None, policy: Policy = "default", *, prompt: int | None = None
) -> ValidationResult:
    """Check a request against the rules; the first broken rule that refuses ends the check.

    `model` is the one it names, None if there is none such; `prompt` is the tokens of the prompt
    where they are known already.
    """
    if model is None:
        return ValidationResult(unknown_model(chat.model))
    facts = extract(chat, model, prompt)
    refusing = REFUSING_EVIDENCE[policy]
    passed: list[str] = []
    for is_broken, rule in _applicable_rules(facts.features()):
        broken = is_broken(facts)
        if broken:
            if rule.essential or rule.evidence in refusing:
                return ValidationResult(rule.to_refusal(broken), tuple(passed))
            passed.append(rule.name)
    return ValidationResult(None, tuple(passed))


@lru_cache(maxsize=256)
def _applicable_rules(given: FeatureKey) -> tuple[RuleCheck, ...]:
    """Return the applicable rules in order, each with its check."""
    there = feature_names(given)
    asked = (rule for rule in RULES if not rule.applies_to or rule.applies_to in there)
    return tuple((rule.find_violation, rule) for rule in asked)


def unknown_model(id: str | None) -> Refusal:
    """Return the refusal of an unknown or missing model.

    Coding plans have also been seen to answer 1214 `modelCode: does not exist`
    (https://github.com/aaif-goose/goose/issues/11667, on the Anthropic surface).
    """
    if not id:
        return _rule("no-model").to_refusal()
    return Refusal(code="1211", name="unknown-model")


def _rule(name: str) -> ValidationRule:
    return next(rule for rule in RULES if rule.name == name)
