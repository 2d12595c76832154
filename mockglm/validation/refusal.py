"""A refusal of a request, in both languages until the client's is known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from mockglm import error_codes
from mockglm.exchange import APIError, JSONObject

ASSUMED: Mapping[str, str] = MappingProxyType(
    {
        "unreadable": "broken JSON, no body, no object, invalid UTF-8, nested too deep: no answer"
        " to these is on record; 1210 with its own text",
        "wrong type": "the form `PATH type error` is on record for the type of a content part; here"
        " it answers any value of a wrong type within messages and tools. A wrong type at the top"
        " is 1210 with its own text; a string is no number and no boolean, 5.0 is a whole number",
        "no-model": "a missing or empty model: 1213, by its documented meaning",
        "no-messages": "on record as `messages:输入不能为空` (2024); the prefix in English",
        "empty-user-text": "only the last user message counts, as the text speaks of the prompt",
        "no-content-no-calls": "the English text; absent, null, empty string and empty list are"
        " alike, a line feed is content",
        "empty-tool": "on record for web_search; the same for the other kinds of tool",
        "always-thinks": "one text for thinking disabled and for an effort it does not know",
        "tuple-schema": "1210 with its own text, whichever tool it is",
        "not-streamed": "the English text is that of the table of codes",
        "phone-prompt-too-long": "the English beginning of the text",
        "documented and contested": "rules without a recorded refusal answer the code of the"
        " documented table that fits, 1210 for a value out of range and 1214 for a field",
    }
)
"""The refusals of which no recording exists, and what was assumed instead."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a request is refused. A text of None is the one the table has for the code; `fields`
    fill in either, `name` says which rule it was."""

    code: str
    zh: str | None = None
    en: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    status: int | None = None
    extra: JSONObject = field(default_factory=dict)

    def to_error(self, language: error_codes.Language = "zh") -> APIError:
        """The failure to answer with, its message in the language."""
        text = self.zh if language == "zh" else self.en
        message = None if text is None else text.format_map(self.fields)
        return APIError(self.code, self.status, message, self.fields, self.extra)


UNREADABLE = Refusal(code="1210", name="unreadable")
