"""Which credentials are real: those the service is asked with as they come, others are dummies.

A key is `id.secret`, the id 32 hex digits and the secret 16 letters or digits; clients may send a
JWT made of it instead (docs.bigmodel.cn, 使用指南 / API 认证). Anything else is taken for a dummy,
as tests have them, if there is a key to be put in its place.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

SHAPE = "32 hex digits, a dot, and 16 letters or digits"

DUMMY = "0123456789abcdef0123456789abcdef"
"""The id of every key that mockglm's fixture, action and pages give out: in shape like a real one,
so that SDKs can sign with it, and nobody's."""

CARRIERS = frozenset({"api-key", "x-api-key"})
"""Headers that carry a key where `Authorization` does not: the service's Anthropic surface takes
`x-api-key` (docs.bigmodel.cn, Claude API 兼容), gateways the other."""

_KEY = re.compile(r"([0-9a-fA-F]{32})\.[0-9A-Za-z]{16}")
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+")


def is_real(credential: str) -> bool:
    """Whether it has the shape of a key or of a JWT, and is not one that mockglm gives out."""
    key = _KEY.fullmatch(credential)
    if key:
        return key[1] != DUMMY
    token = _JWT.fullmatch(credential)
    return token is not None and DUMMY.encode() not in _payload(token[1])


def _payload(part: str) -> bytes:
    """What the middle part of a JWT says; nothing where it is no base64."""
    try:
        return urlsafe_b64decode(part + "==")
    except ValueError:
        return b""
