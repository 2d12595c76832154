"""What in a request is a credential by its name, and what only looks like one."""

from __future__ import annotations

import pytest

from mockglm.cassettes import find_credentials
from mockglm.exchange import Request
from mockglm.redaction import anonymous, parameters


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
    ],
)
def test_a_query_loses_what_its_names_call_a_secret(
    query: str, clean: str, secrets: list[str]
) -> None:
    assert anonymous(query) == clean
    assert list(parameters(query)) == secrets
    assert list(parameters(clean)) == []


def test_a_request_says_who_asks_in_headers_and_query() -> None:
    headers = (
        ("authorization", "Bearer one"),
        ("content-type", "application/json"),
        ("x-api-key", "two"),
        ("cookie", "session=three"),
    )
    request = Request("POST", "/messages", "beta=true&token=four", headers)
    assert list(find_credentials(request)) == ["one", "two", "session=three", "four"]
