"""The validator: broken rules refuse a request by their evidence and the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

from mockglm.exchange import Reply
from mockglm.models import Model
from mockglm.validation.facts import (
    PARAMETER_FIELDS,
    ROLES,
    Features,
    RequestFacts,
    describe,
    extract,
    feature_names,
    list_parameters,
    only_prompt,
)
from mockglm.validation.rules import RULES, Evidence, ValidationRule, Violation
from mockglm.validation.types import Chat, Message, Refusal

Policy = Literal["default", "strict", "lenient"]
Check = Callable[[RequestFacts], Violation]

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

MAX_WORD = 64
"""Characters of the longest parameter that is remembered."""


class _Checks(Struct, frozen=True):
    """The checks that a request may fail: of its contents, and of its prompt's length."""

    of_contents: tuple[Check, ...]
    of_prompt: tuple[Check, ...] = ()


_UNKNOWN = _Checks((lambda facts: True,))
"""The checks of a request that has to be looked at rule by rule."""


def validate(
    chat: Chat, model: Model | None, policy: Policy = "default", *, prompt: int | None = None
) -> ValidationResult:
    """Check a request against the rules; the first broken rule that refuses ends the check.

    `model` is the one it names, None if there is none such; `prompt` is the tokens of the prompt
    where they are known already.
    """
    if model is None:
        return ValidationResult(unknown_model(chat.model))
    checks = _find_checks(chat, model)
    # Facts of the prompt alone are made in a third of the time, and most requests need no others.
    facts = (extract if checks.of_contents else only_prompt)(chat, model, prompt)
    for is_broken in checks.of_contents + checks.of_prompt:
        if is_broken(facts):
            break
    else:
        return CLEAN
    facts = extract(chat, model, facts.counted)
    refusing = REFUSING_EVIDENCE[policy]
    passed: list[str] = []
    given = tuple(value is not None for value in facts.parameters)
    for rule in _applicable_rules(facts.features, ROLES.intersection(facts.roles), given):
        broken = rule.find_violation(facts)
        if broken:
            if rule.essential or rule.evidence in refusing:
                return ValidationResult(rule.to_refusal(broken), tuple(passed))
            passed.append(rule.name)
    return ValidationResult(None, tuple(passed))


def _find_checks(chat: Chat, model: Model) -> _Checks:
    """Find the checks that a request may fail. Those of parameters and roles are remembered.

    Most requests of a client have the same ones; what they say differs and is looked at each time.
    """
    features, roles = describe(chat, model)
    effort, switch = chat.reasoning_effort, chat.thinking and chat.thinking.type
    if len(roles) > MAX_ROLES or len(effort or "") + len(switch or "") > MAX_WORD:
        return _UNKNOWN
    return _remaining_checks(features, roles, list_parameters(chat))


@lru_cache(maxsize=1024)
def _remaining_checks(
    features: Features, roles: tuple[str | None, ...], parameters: tuple[Any, ...]
) -> _Checks:
    """Return the applicable checks of contents and prompt, after those of parameters and roles."""
    chat = Chat(
        messages=[Message(role) for role in roles],
        **dict(zip(PARAMETER_FIELDS, parameters, strict=True)),
    )
    facts = extract(chat, features[0], 0)
    names = feature_names(features, roles, [value is not None for value in parameters])
    checks: dict[str, list[Check]] = {"contents": [], "prompt": []}
    for rule in RULES:
        if rule.applies_to and rule.applies_to not in names:
            continue
        if rule.looks_at in checks:
            checks[rule.looks_at].append(rule.find_violation)
        elif rule.find_violation(facts):
            return _UNKNOWN
    return _Checks(tuple(checks["contents"]), tuple(checks["prompt"]))


@lru_cache(maxsize=256)
def _applicable_rules(
    features: Features, roles: frozenset[str], parameters: tuple[bool, ...]
) -> tuple[ValidationRule, ...]:
    """Return the applicable rules in order."""
    names = feature_names(features, roles, parameters)
    return tuple(rule for rule in RULES if not rule.applies_to or rule.applies_to in names)


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
