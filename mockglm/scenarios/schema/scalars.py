"""The scalar types of the file."""

from typing import Annotated

from msgspec import Meta

Text = Annotated[str, Meta(extra_json_schema={"x-text": True})]
"""Text as it is written: 1302, 1.10 and 2026-09-09 05:38:28 need no quotes."""

Texts = Text | list[Text]
Seconds = Annotated[float, Meta(ge=0)]
Wait = Annotated[float, Meta(ge=0, le=86400)]
"""Seconds, at most a day: no client waits longer."""

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]

Spread = Annotated[float, Meta(ge=0, le=100)]
