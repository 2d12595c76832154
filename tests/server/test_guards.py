"""Who answers which path: one-shot replies wait for a call, whatever a client looks at before."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mockglm.exchange import Request
from mockglm.server.routes import Unread, dispatch, parse_route
from tests.server.asking import sessions
from tests.serving import KEY, Served, serving


@pytest.fixture
def served() -> Iterator[Served]:
    """A server whose root has one reply queued."""
    with serving() as one:
        control = f"{one.host}/__mockglm__/replies"
        assert httpx.post(control, json={"content": "排队"}, trust_env=False).is_success
        yield one


LOOKS = [
    ("OPTIONS", "/api/paas/v4/chat/completions", 200),
    ("OPTIONS", "/elsewhere", 200),
    ("GET", "/favicon.ico", 200),
    ("POST", "/elsewhere", 200),
    ("GET", "/v4/models", 200),
    ("HEAD", "/api/paas/v4/models", 200),
    ("GET", "/api/paas/v4/chat/completions", 405),
    ("GET", "/api/paas/v4/nothing", 404),
    ("POST", "/s/tpyo/api/paas/v4/chat/completions", 422),
    ("POST", "/s/Wrong/api/paas/v4/chat/completions", 422),
    ("POST", "/s/hello+rezet/api/paas/v4/chat/completions", 422),
]


@pytest.mark.parametrize(("method", "path", "status"), LOOKS, ids=lambda one: str(one))
def test_a_queued_reply_is_not_used_by_explain(
    method: str, path: str, status: int, served: Served
) -> None:
    headers = {"Authorization": KEY}
    looked = httpx.request(method, served.host + path, headers=headers, trust_env=False)
    assert looked.status_code == status
    assert "排队" not in looked.text
    assert served.ask().json()["choices"][0]["message"]["content"] == "排队"


def test_a_queued_reply_answers_any_call_below_a_base(served: Served) -> None:
    headers = {"Authorization": KEY}
    url = f"{served.url}/nothing"
    called = httpx.post(url, json={}, headers=headers, trust_env=False)
    assert called.json()["choices"][0]["message"]["content"] == "排队"
    assert httpx.post(url, json={}, headers=headers, trust_env=False).status_code == 404


def test_a_name_that_is_not_there_is_in_the_journal_as_a_miss(served: Served) -> None:
    served.ask(base=served.base("tpyo"))
    (entry,) = served.session().journal
    assert (entry.source, entry.code) == ("miss", "422")


@pytest.mark.parametrize(
    ("method", "path"),
    [("OPTIONS", "/v4/chat/completions"), ("GET", "/v4/models"), ("GET", "/v4/files/1")],
)
def test_where_the_service_is_recorded_it_answers_all_below_a_base(method: str, path: str) -> None:
    some = sessions("format: 1\ninteractions: [{reply: {content: 甲}}]\n", on_miss="record")
    where = parse_route(path)
    visited = dispatch(some, where, Request(method, where.tail))
    assert (visited.response, visited.entry.source) == (None, "upstream")


def test_paths_outside_the_bases_are_not_forwarded() -> None:
    some = sessions(on_miss="record")
    visited = dispatch(some, parse_route("/favicon.ico"), Request("GET", "/favicon.ico"))
    assert visited.response is not None
    assert visited.entry.source == "gateway"


@pytest.mark.parametrize(("unread", "status"), [("large", 413), ("busy", 503)])
def test_a_body_that_was_not_taken_is_refused_and_in_the_journal(
    unread: Unread, status: int
) -> None:
    some = sessions()
    headers = (("authorization", f"Bearer {KEY}"),)
    request = Request("POST", "/chat/completions", headers=headers)
    visited = dispatch(some, parse_route("/v4/chat/completions"), request, unread=unread)
    assert visited.response is not None
    assert (visited.response.status, visited.response.header("connection")) == (status, "close")
    (entry,) = some.get().journal
    assert (entry.source, entry.response) == ("gateway", visited.response)
