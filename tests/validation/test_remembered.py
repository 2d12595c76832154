"""The verdicts on parameters and roles that are remembered: they depend on nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.models import MODELS
from mockglm.validation import validate
from mockglm.validation.facts import OTHER_FIELDS, PARAMETER_FIELDS, extract, feature_names
from mockglm.validation.rules import RULES, ValidationRule
from mockglm.validation.types import Chat, Message, Thinking


class OnlyParameters:
    """The facts of a request that fail if a rule looks at more than its parameters."""

    model = MODELS["glm-4.6"]

    class _Chat:
        def __getattr__(self, name: str) -> Any:
            assert name in PARAMETER_FIELDS, name
            return None

    chat: Any = _Chat()


def test_every_field_is_one_that_verdicts_are_remembered_by_or_another() -> None:
    fields = (*PARAMETER_FIELDS, *OTHER_FIELDS)
    assert sorted((*fields, "messages")) == sorted(Chat.__struct_fields__)
    values: dict[str, Any] = {name: [] if name == "tools" else object() for name in fields}
    facts = extract(Chat(**values), MODELS["glm-4.6"], 0)
    assert facts.parameters == tuple(map(values.get, PARAMETER_FIELDS))
    for name in OTHER_FIELDS:
        chat = Chat(**{name: values[name]})
        *_, present = extract(chat, MODELS["glm-4.6"], 0).features
        assert present == tuple(other == name for other in OTHER_FIELDS)


class OnlyRoles:
    """The facts of a request that have the roles of its messages alone."""

    roles = ("system", "user", "assistant", "tool")


def rules(subject: str) -> list[ValidationRule]:
    return [rule for rule in RULES if rule.looks_at == subject]


@pytest.mark.parametrize("rule", rules("parameters"), ids=lambda rule: rule.name)
def test_a_rule_of_parameters_looks_at_nothing_else(rule: ValidationRule) -> None:
    rule.find_violation(OnlyParameters())  # type: ignore[arg-type]


class OnlyPrompt(OnlyParameters):
    """The facts of a request that have its parameters and the tokens of its prompt."""

    prompt = 10**6


@pytest.mark.parametrize("rule", rules("prompt"), ids=lambda rule: rule.name)
def test_a_rule_of_the_prompt_looks_at_parameters_beside_it(rule: ValidationRule) -> None:
    assert rule.find_violation(OnlyPrompt())  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", rules("roles"), ids=lambda rule: rule.name)
def test_a_rule_of_roles_looks_at_nothing_else(rule: ValidationRule) -> None:
    rule.find_violation(OnlyRoles())  # type: ignore[arg-type]


NUMBERS = st.sampled_from([None, 0.0, 0.5, 0.123, 1.0, 1.5, 2.0])
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "developer", None])
CHATS = st.builds(
    Chat,
    model=st.sampled_from(["glm-4.6", ""]),
    messages=st.lists(
        st.builds(Message, role=ROLES, content=st.sampled_from(["x", "", None])), max_size=5
    ),
    stream=st.sampled_from([None, True, False]),
    thinking=st.sampled_from([None, Thinking("enabled"), Thinking("disabled"), Thinking("on")]),
    reasoning_effort=st.sampled_from([None, "low", "max", "huge"]),
    do_sample=st.sampled_from([None, False]),
    temperature=NUMBERS,
    top_p=NUMBERS,
    max_tokens=st.sampled_from([None, 0, 1, 10**9]),
    tool_choice=st.sampled_from([None, "auto", "required", {"type": "function"}]),
    stop=st.sampled_from([None, "x", ["a"] * 5]),
    request_id=st.sampled_from([None, "short", "long-enough"]),
)


@given(chat=CHATS, model=st.sampled_from(["glm-4.6", "glm-5.3", "glm-4.5v", "glm-z1-flash"]))
def test_caches_never_change_a_verdict(chat: Chat, model: str) -> None:
    facts = extract(chat, MODELS[model], 7)
    names = feature_names(
        facts.features, facts.roles, [value is not None for value in facts.parameters]
    )
    applicable = [rule for rule in RULES if not rule.applies_to or rule.applies_to in names]
    broken = [rule.name for rule in applicable if rule.find_violation(facts)]
    for _ in range(2):  # the second time from memory
        result = validate(chat, MODELS[model], "strict", prompt=7)
        named = [*result.waived, *([result.refusal.name] if result.refusal else [])]
        assert named == broken[: len(named)]
        assert bool(named) == bool(broken)
