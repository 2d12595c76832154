"""API keys of the service: found in the environment or a `.env` file, and told from dummies.

A key is `id.secret`, the id 32 hex digits and the secret 16 letters or digits; clients may send a
JWT made of it instead (docs.bigmodel.cn, 使用指南 / API 认证). Anything else counts as a dummy, as
tests use them.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path

from mockglm.errors import UsageError

KEY_VARIABLES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")
"""Variables with the key, in this order; those of the environment come before those of `.env`."""

_LINE = re.compile(r"\s*(?:export\s+)?(\w+)\s*=\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)\s*(?:#.*)?")

KEY_FORM = "32 hex digits, a dot, and 16 letters or digits"

DUMMY_ID = "0123456789abcdef0123456789abcdef"
"""The id of every key in mockglm's fixture, action and documentation. It has the form of a real
one, so that SDKs can sign with it, and is no real key."""

KEY_HEADERS = frozenset({"api-key", "x-api-key"})
"""Headers that carry a key instead of `Authorization`: the service's Anthropic surface accepts
`x-api-key` (docs.bigmodel.cn, Claude API 兼容), gateways the other."""

_KEY = re.compile(r"([0-9a-fA-F]{32})\.[0-9A-Za-z]{16}")
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+")


def find_api_key(environment: Mapping[str, str], folder: Path | None = None) -> str:
    """Return the key in the environment, or else in the folder's `.env`; "" if there is none.

    Raises UsageError for a key that no header can have, such as two keys in two lines.
    """
    written = _dotenv(folder / ".env") if folder else {}
    for where, source in (("the environment", environment), (".env", written)):
        for name in KEY_VARIABLES:
            key = source.get(name, "").strip()
            if key:
                _check(key, name, where)
                return key
    return ""


def _check(key: str, name: str, where: str) -> None:
    """Raise UsageError for an impossible key; its value is not shown."""
    if "\n" in key or "\r" in key:
        raise UsageError(f"the key of {where} has more than one line: write one key to {name}")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key of {where} has characters that no key has: copy it to {name} again"
        )


def _dotenv(path: Path) -> Mapping[str, str]:
    """Return the assignments in a `.env` file: `NAME=value`, perhaps with `export`, quotes or a
    comment."""
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return {line[1]: line[2].strip("\"'") for line in lines if line}


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
