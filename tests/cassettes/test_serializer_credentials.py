"""Credentials of a request by their names, and values that only look like credentials."""

from __future__ import annotations

import pytest

from mockglm.cassettes import find_credentials
from mockglm.exchange import Request
from mockglm.redaction import redact_query, secret_parameters


@pytest.mark.parametrize(
    ("query", "clean", "secrets"),
    [
        ("", "", []),
        ("a=1&b=%E4%BD%A0&c", "a=1&b=%E4%BD%A0&c", []),
        ("api_key=x%2By&a=1", "api_key=REDACTED&a=1", ["x+y"]),
        ("a=1&Token=a+b&key=k&apikey", "a=1&Token=REDACTED&key=REDACTED&apikey", ["a b", "k"]),
        ("x-api-key=&api%5Fkey=k", "x-api-key=&api%5Fkey=REDACTED", ["k"]),
        ("page_token=p&monkey=m&key_id=i", "page_token=p&monkey=m&key_id=i", []),
        ("api_key=REDACTED", "api_key=REDACTED", []),
        (
            "auth=a&secret=b&key[]=c",
            "auth=REDACTED&secret=REDACTED&key[]=REDACTED",
            ["a", "b", "c"],
        ),
        ("x=1;key=k&y=2", "x=1;key=REDACTED&y=2", ["k"]),
        ("key=a;b&y=2", "key=REDACTED&y=2", ["a"]),
        ("author=a&authority=b;secretary=c", "author=a&authority=b;secretary=c", []),
    ],
)
def test_query_loses_values_with_secret_names(query: str, clean: str, secrets: list[str]) -> None:
    assert redact_query(query) == clean
    assert list(secret_parameters(query)) == secrets
    assert list(secret_parameters(clean)) == []


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        (("authorization", "Bearer one"), ["one"]),
        (("authorization", "Token one"), ["one"]),
        (("Authorization", "one"), ["one"]),
        (("authorization", "Basic dXNlcjpwYXNz"), ["dXNlcjpwYXNz", "user:pass", "user", "pass"]),
        (("authorization", 'Token token="one", x=2'), ['token="one", x=2', "one", "2"]),
        (("x-api-key", "two"), ["two"]),
        (("X-Auth-Token", "two"), ["two"]),
        (("x-my-secret", "two"), ["two"]),
        (("cookie", 'sid=three; theme="dark"; x%20=a%20b'), ["three", "dark", "a%20b", "a b"]),
        (("set-cookie", "sid=three; Path=/; HttpOnly"), ["three"]),
        (("content-type", "application/json"), []),
        (("X-RateLimit-Remaining-Tokens", "9"), []),
        (("author", "me"), []),
    ],
)
def test_credentials_of_a_header_have_no_scheme(
    header: tuple[str, str], secrets: list[str]
) -> None:
    assert list(find_credentials(Request("POST", "/messages", "", (header,)))) == secrets


def test_credentials_are_found_in_headers_and_in_the_query() -> None:
    headers = (("authorization", "Bearer one"), ("cookie", "session=two"))
    request = Request("POST", "/messages", "beta=true&token=three", headers)
    assert list(find_credentials(request)) == ["one", "two", "three"]
