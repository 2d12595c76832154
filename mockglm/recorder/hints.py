"""Hints for people: what to do about a response that shows that recording cannot work like this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mockglm.api_keys import KEY_FORM, KEY_VARIABLES, is_real_key
from mockglm.exchange import Response
from mockglm.matching.difference import shorten

UNREACHABLE = (
    "check the network and the base URL; a proxy is taken from HTTPS_PROXY, own certificates "
    "from --ca"
)
"""The hint for a service that does not answer."""

_REFUSED = (
    f"is the key right and not expired? It is taken from the client, or from {KEY_VARIABLES[0]} …"
)
_INACTIVE = "the account is locked or not active: see the console of the service"

BY_CODE: Mapping[str, str] = {
    **dict.fromkeys(("401", "1000", "1001", "1002", "1003", "1004", "1005"), _REFUSED),
    **dict.fromkeys(("1110", "1111", "1112"), _INACTIVE),
    "1113": "the account has no balance or resource package for this model: top it up, or record "
    "with a free model, as glm-4.7-flash; a Coding Plan wants the base …/api/coding/paas/v4",
    "1220": "the account may not use this model or interface: have it enabled in the console",
    "1311": "the plan does not include this model: use another, or the base …/api/paas/v4",
}
"""Hints by business code (docs.bigmodel.cn, 错误码)."""

BY_STATUS: Mapping[int, str] = {
    401: _REFUSED,
    404: "is the base URL right? It ends with /api/paas/v4 or /api/coding/paas/v4",
}


def find_hint(response: Response, credential: str) -> tuple[str, str]:
    """Return the problem that a response shows and the hint for it; two empty texts if none.

    `credential` is the one that was sent to the service: a wrong form of it is explained.
    """
    if response.status < 400 and response.is_stream:
        return "", ""
    code, message = _parse_error(response.body)
    hint = BY_CODE.get(code) or BY_STATUS.get(response.status, "")
    if not hint:
        return "", ""
    if hint is _REFUSED and credential and not is_real_key(credential):
        hint = f"the key has not the form of the service's keys: {KEY_FORM}"
    return f"the service answers {response.status} {code} {message}".rstrip(), hint


def _parse_error(body: bytes) -> tuple[str, str]:
    """Return code and message of GLM's envelope, or of that of its gateway."""
    try:
        value: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    error = value.get("error")
    if isinstance(error, dict):
        return _show(error.get("code") or error.get("type")), _show(error.get("message"))
    return (_show(value["code"]), _show(value.get("msg"))) if "code" in value else ("", "")


def _show(value: Any) -> str:
    """Show a value in a line for a terminal; "" for anything but text and numbers."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63):
        value = str(value)
    return shorten(value) if isinstance(value, str) else ""
