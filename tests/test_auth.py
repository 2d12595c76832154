"""Keys and JWTs: who is let in, as whom, and with which code not."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.auth import authenticate, parse_credential
from mockglm.exchange import APIError

ID = "0123456789abcdef0123456789abcdef"
SECRET = "abcdefgh01234567"
KEY = f"{ID}.{SECRET}"
OTHER = "fedcba9876543210fedcba9876543210.ABCDEFGH76543210"
LISTED = frozenset({OTHER, KEY})
NOW = 1_795_321_900.0
SOON = int(NOW * 1000) + 210_000


def token(
    *, id: Any = ID, exp: Any = SOON, head: dict[str, Any] | None = None, secret: str = SECRET
) -> str:
    """A JWT as zai-sdk makes it, or as it should not be."""
    claims = {"api_key": id, "exp": exp, "timestamp": int(NOW * 1000)}
    return signed(claims, {"alg": "HS256", "sign_type": "SIGN"} if head is None else head, secret)


def signed(claims: object, head: object, secret: str = SECRET) -> str:
    text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def verdict(header: str, listed: frozenset[str] | None = LISTED, now: float = NOW) -> str:
    """The code of the refusal, "" where there is none."""
    failure = authenticate(parse_credential(header), now=now, listed=listed)[1]
    return failure.code if failure else ""


@pytest.mark.parametrize("before", ["Bearer ", "bearer ", "BEARER  ", "", "  "])
@pytest.mark.parametrize("carried", [KEY, token()])
@pytest.mark.parametrize("listed", [LISTED, None])
def test_a_key_and_its_jwt_are_let_in_with_bearer_and_without(
    before: str, carried: str, listed: frozenset[str] | None
) -> None:
    key, failure = authenticate(parse_credential(before + carried), now=NOW, listed=listed)
    assert failure is None
    assert key == (ID if listed is None and carried != KEY else KEY)


@pytest.mark.parametrize("header", ["", "  ", "Bearer", "Bearer ", "bearer   "])
@pytest.mark.parametrize("listed", [LISTED, None])
def test_a_request_without_a_credential_is_1001(header: str, listed: frozenset[str] | None) -> None:
    assert authenticate(parse_credential(header), now=NOW, listed=listed) == ("", APIError("1001"))


@pytest.mark.parametrize(
    "carried",
    [
        "sk-whatever",
        f"{ID}.wrong",
        ID,
        "a.b.c",
        "..",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        token(id="unknown"),
        token(id=7),
        f"Basic {KEY}",
    ],
)
def test_a_key_that_is_not_listed_is_401(carried: str) -> None:
    assert verdict(f"Bearer {carried}") == "401"


def test_any_credential_is_taken_when_no_keys_are_listed() -> None:
    for carried in (
        "x",
        "sk-whatever",
        "a.b.c",
        "..",
        token(secret="other"),
        token(head={"alg": "HS256"}),
    ):
        assert verdict(f"Bearer {carried}", None) == ""


@pytest.mark.parametrize(
    "carried",
    [
        token(secret="another"),
        token(head={"alg": "HS256"}),
        token(head={"alg": "HS256", "sign_type": "sign"}),
        token(head={"alg": "HS512", "sign_type": "SIGN"}),
        token(head={"alg": "none", "sign_type": "SIGN"}),
        token(exp=None),
        token(exp="soon"),
        token(exp=True),
    ],
)
def test_a_jwt_that_is_not_made_as_it_has_to_be_is_1000(carried: str) -> None:
    assert verdict(f"Bearer {carried}") == "1000"


@pytest.mark.parametrize("listed", [LISTED, None])
@pytest.mark.parametrize(
    ("exp", "code"),
    [
        (SOON, ""),
        (int(NOW * 1000) + 1, ""),
        (int(NOW * 1000), "1003"),
        (int(NOW * 1000) - 1, "1003"),
        (int(NOW) + 3600, "1003"),  # seconds instead of milliseconds
        (SOON * 1000, ""),  # microseconds, as zhipuai-sdk-nodejs-v4 has them
        (NOW * 1000 + 0.5, ""),
    ],
)
def test_a_jwt_expires_by_its_milliseconds(
    listed: frozenset[str] | None, exp: float, code: str
) -> None:
    assert verdict(token(exp=exp), listed) == code


def test_a_jwt_expires_when_the_clock_is_moved() -> None:
    assert verdict(token(), now=NOW + 209) == ""
    assert verdict(token(), now=NOW + 211) == "1003"


def test_a_jwt_issued_in_the_future_is_taken() -> None:
    """langchain's JavaScript client and the old Node SDK add an `iat` of their own clock."""
    claims = {"api_key": ID, "exp": SOON, "iat": NOW + 100, "nbf": NOW + 100}
    assert verdict(signed(claims, {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"})) == ""


def test_the_jwt_of_the_old_node_sdk_is_taken_bare() -> None:
    """zhipuai-sdk-nodejs-v4 0.1.12: no Bearer, and 180 ms of life if one took its microseconds."""
    claims = {"api_key": ID, "exp": 1795321906942000, "timestamp": 1795321906762000}
    carried = signed(claims, {"alg": "HS256", "typ": "JWT", "sign_type": "SIGN"})
    assert authenticate(carried, now=1795321907.5, listed=LISTED) == (KEY, None)


def test_a_jwt_is_the_known_account_of_its_id_when_any_key_is_taken() -> None:
    assert authenticate(token(), now=NOW, known=[OTHER, KEY]) == (KEY, None)
    assert authenticate(token(), now=NOW, known=[OTHER, ID]) == (ID, None)


def test_a_listed_key_may_have_any_form() -> None:
    listed = frozenset({"test", "a.b.c"})
    assert authenticate("a.b.c", now=NOW, listed=listed) == ("a.b.c", None)
    assert verdict("Bearer test", listed) == ""
    assert verdict("Bearer tes", listed) == "401"


def test_an_empty_list_of_keys_refuses_all() -> None:
    assert verdict(f"Bearer {KEY}", frozenset()) == "401"


def test_a_deeply_nested_payload_is_no_jwt() -> None:
    assert verdict(f"{encoded(b'{}')}.{encoded(b'[' * 200_000)}.AA") == "401"


@given(st.text())
def test_any_header_is_judged_without_an_error(header: str) -> None:
    for listed in (LISTED, None):
        key, failure = authenticate(parse_credential(header), now=NOW, listed=listed)
        assert bool(key) == bool(parse_credential(header))
        assert failure is None or failure.code in ("1001", "401")


@given(st.integers(0, 2), st.text("abcdefXYZ0189-_.", min_size=1, max_size=8))
def test_a_jwt_that_is_changed_is_refused(part: int, junk: str) -> None:
    parts = token().split(".")
    parts[part] = junk + parts[part]
    assert verdict(".".join(parts)) in ("401", "1000")
