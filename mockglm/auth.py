"""Keys and JWTs: whose a request is, and the error when it is nobody's.

A key is `id.secret`; a JWT is signed with the secret by HS256, its header says `sign_type: SIGN`,
its payload names the id as `api_key` and has its times in milliseconds (zai-org/z-ai-sdk-python,
core/_jwt_token.py). The old Node SDK writes microseconds, which is a far future and taken, as
the service does; times in seconds are long past.

Which code when: 1001 without a credential and `401` for one that is none of the listed keys are
seen on the wire (charmbracelet/crush, RarogCmex/pi-bigmodel 2026-09), 1003 for an expired JWT is
reported (MetaGLM/zhipuai-sdk-python-v4#8). A judgement: what is no JWT, or has an unknown id, is
`401` like a wrong key; a JWT that is not made as it has to be, or by another secret, is 1000, for
1002 and 1004 have left the table of docs.bigmodel.cn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from mockglm.exchange import APIError, Request


class _Token(Struct, frozen=True):
    """A JWT taken apart. `expires` is in milliseconds, None where it says no number."""

    id: str
    expires: float | None
    is_regular: bool
    signed: bytes
    signature: bytes

    def is_signed_by(self, secret: str) -> bool:
        # Not jwt.decode: newer versions warn of keys as short as GLM's 16 characters.
        from jwt.algorithms import HMACAlgorithm

        algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
        return algorithm.verify(self.signed, secret.encode(), self.signature)


def parse_credential(header: str) -> str:
    """Return the credential of an Authorization header, with or without `Bearer`; "" if none."""
    if header.startswith("Bearer "):
        return header[7:].strip()
    first, _, rest = header.strip().partition(" ")
    return rest.strip() if first.lower() == "bearer" else header.strip()


def read_credential(request: Request) -> str:
    """Return the credential of a request's Authorization header; "" if none."""
    return parse_credential(request.header("authorization"))


def authenticate(
    given: str, *, now: float, listed: frozenset[str] | None = None, known: Iterable[str] = ()
) -> tuple[str, APIError | None]:
    """The key a request is made with, by its credential, and why it is refused, if it is.

    `now` is in unix seconds. `listed` are the keys let in; with None any credential is, unless
    it is an expired JWT, whatever signed it. A JWT stands for the key of its id in `listed` or
    else `known` (accounts that exist beside any others), or for its bare id.
    """
    if not given:
        return "", APIError("1001")
    if given in (listed or ()):
        return given, None
    token = _parse(given)
    if token is None:
        return given, None if listed is None else APIError("401")
    key = _named(token.id, (*(listed or ()), *known))
    return key or token.id, _fault(token, key, now=now, is_open=listed is None)


def _fault(token: _Token, key: str, *, now: float, is_open: bool) -> APIError | None:
    if not is_open and not key:
        return APIError("401")
    if not is_open and not (token.is_regular and token.is_signed_by(key.partition(".")[2])):
        return APIError("1000")
    if token.expires is not None and token.expires <= now * 1000:
        return APIError("1003")
    return None


def _named(id: str, keys: Iterable[str]) -> str:
    return next((key for key in keys if key.partition(".")[0] == id and "." in key), "")


def _parse(text: str) -> _Token | None:
    """The JWT in a text, None where there is none with an api_key."""
    if text.count(".") != 2:
        return None
    from jwt.api_jwt import decode_complete
    from jwt.exceptions import PyJWTError

    try:
        parts = decode_complete(text, options={"verify_signature": False})
    except (PyJWTError, RecursionError):
        return None
    head, payload = parts["header"], parts["payload"]
    if not isinstance(payload.get("api_key"), str):
        return None
    expires = _number(payload.get("exp"))
    is_made_right = head.get("alg") == "HS256" and head.get("sign_type") == "SIGN"
    return _Token(
        id=payload["api_key"],
        expires=expires,
        is_regular=is_made_right and expires is not None,
        signed=text.rpartition(".")[0].encode(),
        signature=parts["signature"],
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
