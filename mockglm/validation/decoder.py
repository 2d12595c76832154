"""The bytes of a request made into a Chat, or the refusal that fits what is wrong with them."""

from __future__ import annotations

import re

from msgspec import DecodeError, ValidationError, json

from mockglm.validation.refusal import UNREADABLE, Refusal
from mockglm.validation.types import Chat, decode_json

_chat = json.Decoder(Chat)

PLACE = re.compile(r" - at `\$\.(?P<path>[^`]*)`$")
WITHIN = re.compile(r"(?:messages|tools)\[\d+\]\S*")
ILLEGAL_MESSAGES = Refusal(code="1214", fields={"field": "messages"}, name="wrong type")
WRONG_TYPE = Refusal(code="1210", name="wrong type")


def decode_chat(body: bytes) -> Chat | Refusal:
    """The body of a chat completion. Never raises; what it returns is whole: all of the body is
    UTF-8 and JSON, also the keys that are ignored."""
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look into the strings it skips
        return _chat.decode(body)
    except ValidationError as error:
        return _mended(body, str(error)) or _misplaced(str(error))
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE


def _misplaced(message: str) -> Refusal:
    """The refusal of a value of a wrong type, by the place msgspec's message names."""
    found = PLACE.search(message)
    path = found["path"] if found else ""
    if path == "messages" or re.fullmatch(r"messages\[\d+\]", path):
        return ILLEGAL_MESSAGES
    if not WITHIN.fullmatch(path):
        return WRONG_TYPE
    text = "{path} type error"
    return Refusal(code="1214", zh=text, en=text, fields={"path": path}, name="wrong type")


def _mended(body: bytes, message: str) -> Chat | Refusal | None:
    """The body read again with max_tokens a whole number, if it was one written as 5.0."""
    if not message.endswith("got `float` - at `$.max_tokens`"):
        return None
    read = decode_json(body)
    value = read.get("max_tokens") if isinstance(read, dict) else None
    if not isinstance(value, float) or not value.is_integer():
        return None
    return decode_chat(json.encode({**read, "max_tokens": int(value)}))
