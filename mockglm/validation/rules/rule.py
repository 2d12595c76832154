"""A validation rule, with its evidence and the refusal it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct, field

from mockglm.validation.facts import RequestFacts
from mockglm.validation.types import Refusal

Evidence = Literal["captured", "reported", "documented", "contested", "refuted"]
"""The evidence that the service makes a check. `refuted`: the documentation or a report says so,
and a recording shows such a request answered; a rule of this kind refuses nothing."""

Fields = Mapping[str, str]
Violation = bool | Fields | None

Subject = Literal["contents", "parameters", "prompt", "roles"]


class ValidationRule(Struct, frozen=True, kw_only=True):
    """A rule that requests have to satisfy.

    `find_violation` returns whether a request breaks it, or the fields of the error's text if it
    does; `zh` and `en` are that text, None for the one that the table has for the code. A rule
    applies to requests that have what `applies_to` names: a field of RequestFacts, a parameter, a
    role, the thinking or the family of the model; "" is every request. `looks_at` is `parameters`
    if a violation depends on the model and on PARAMETER_FIELDS alone, `prompt` if on these and the
    tokens of the prompt, `roles` if on the roles of the messages alone. `source` is where the
    refusal, or the documented rule, can be read. An
    `essential` rule refuses whatever the policy: without it nothing can be answered.
    """

    name: str
    code: str
    evidence: Evidence
    source: str
    find_violation: Callable[[RequestFacts], Violation]
    applies_to: str = ""
    looks_at: Subject = "contents"
    zh: str | None = None
    en: str | None = None
    fields: Fields = field(default_factory=dict)
    essential: bool = False

    def to_refusal(self, broken: Violation = True) -> Refusal:
        """The refusal this rule makes, the fields of this one beside those of every such."""
        own = broken if isinstance(broken, Mapping) else {}
        return Refusal(
            code=self.code, zh=self.zh, en=self.en, fields={**self.fields, **own}, name=self.name
        )
