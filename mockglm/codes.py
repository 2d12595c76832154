"""The business codes: what each says, with which status, and whether waiting helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["CODES", "Code", "Language", "text"]

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Code:
    """One business code. `zh` and `en` have `{field}`s; `waits` is whether the same request can
    succeed later without anybody's doing; `newest` whether the newest table lists it; `gateway`
    that the auth gateway answers it (JSON without a charset)."""

    code: str
    status: int
    zh: str
    en: str
    waits: bool = False
    newest: bool = True
    gateway: bool = False


CODES: Mapping[str, Code] = {}


def text(code: str, language: Language = "zh", fields: Mapping[str, str] | None = None) -> str:
    """The message of a code in a language, its fields filled in."""
    raise NotImplementedError
