"""Credentials of clients: real ones are forwarded, dummies are replaced by the recorder's key.

A key is `id.secret`, the id 32 hex digits and the secret 16 letters or digits; clients may send a
JWT made of it instead (docs.bigmodel.cn, 使用指南 / API 认证). Anything else counts as a dummy, as
tests use them.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

KEY_FORM = "32 hex digits, a dot, and 16 letters or digits"

DUMMY_ID = "0123456789abcdef0123456789abcdef"
"""The id of every key in mockglm's fixture, action and documentation. It has the form of a real
one, so that SDKs can sign with it, and is no real key."""

KEY_HEADERS = frozenset({"api-key", "x-api-key"})
"""Headers that carry a key instead of `Authorization`: the service's Anthropic surface accepts
`x-api-key` (docs.bigmodel.cn, Claude API 兼容), gateways the other."""

_KEY = re.compile(r"([0-9a-fA-F]{32})\.[0-9A-Za-z]{16}")
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+")


def is_real_key(credential: str) -> bool:
    """True for a credential with the form of a key or JWT that is not one of mockglm's dummies."""
    key = _KEY.fullmatch(credential)
    if key:
        return key[1] != DUMMY_ID
    token = _JWT.fullmatch(credential)
    return token is not None and DUMMY_ID.encode() not in _decode_payload(token[1])


def _decode_payload(part: str) -> bytes:
    """Decode the middle part of a JWT; empty if it is no base64."""
    try:
        return urlsafe_b64decode(part + "==")
    except ValueError:
        return b""
