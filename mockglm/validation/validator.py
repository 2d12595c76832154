"""The validator: broken rules refuse a request by their evidence and the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from mockglm.exchange import Reply
from mockglm.models import MODELS, Model
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
    parameters_alone,
)
from mockglm.validation.types import Chat, Message

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
    """The outcome of a validation: a refusal or None, and the broken rules that were waived.

    `reply` is what the service answers without asking a model, if that is no refusal.
    """

    refusal: Refusal | None
    waived: tuple[str, ...] = ()
    reply: Reply | None = None


CLEAN = ValidationResult(None)

MAX_ROLES = 64
"""Messages of the longest conversation whose roles are remembered."""

NO_MODEL = next(iter(MODELS.values()))
"""A model for rules that look at no model."""


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
    if _is_clean(facts):
        return CLEAN
    refusing = REFUSING_EVIDENCE[policy]
    passed: list[str] = []
    for is_broken, rule in _applicable_rules(facts.features()):
        broken = is_broken(facts)
        if broken:
            if rule.essential or rule.evidence in refusing:
                return ValidationResult(rule.to_refusal(broken), tuple(passed))
            passed.append(rule.name)
    return ValidationResult(None, tuple(passed))


def _is_clean(facts: RequestFacts) -> bool:
    """True if no rule is broken. The verdict on parameters and on roles is remembered.

    Most requests of a client have the same ones; what they say differs and is looked at each time.
    """
    chat = facts.chat
    if chat.request_id is not None or chat.user_id is not None or len(facts.roles) > MAX_ROLES:
        return False
    try:
        if not _are_parameters_clean(facts.parameters()):
            return False
    except TypeError:  # a list or a mapping cannot be hashed
        return False
    if not _are_roles_clean(tuple(facts.roles)):
        return False
    return not any(is_broken(facts) for is_broken in _content_checks(facts.content_features()))


@lru_cache(maxsize=256)
def _are_parameters_clean(given: FeatureKey) -> bool:
    facts = parameters_alone(given)
    there = feature_names(facts.features())
    return not any(
        rule.find_violation(facts)
        for rule in RULES
        if rule.looks_at == "parameters" and (not rule.applies_to or rule.applies_to in there)
    )


@lru_cache(maxsize=1024)
def _are_roles_clean(roles: tuple[str | None, ...]) -> bool:
    messages = [Message(role) for role in roles]
    facts = extract(Chat(messages=messages), NO_MODEL, 0)
    return not any(
        rule.find_violation(facts)
        for rule in RULES
        if rule.looks_at == "roles" and (not rule.applies_to or rule.applies_to in roles)
    )


@lru_cache(maxsize=256)
def _content_checks(given: FeatureKey) -> tuple[Callable[[RequestFacts], Violation], ...]:
    """Return the checks of the applicable rules that look at contents."""
    there = feature_names(given)
    return tuple(
        rule.find_violation
        for rule in RULES
        if rule.looks_at == "contents" and (not rule.applies_to or rule.applies_to in there)
    )


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
