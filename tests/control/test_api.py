"""The control API of a running server: each route, and access to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from mockglm import __version__
from mockglm.app import App
from mockglm.control.feed import BACKLOG, stream_entries
from mockglm.exchange import Request
from mockglm.journal import Entry, EntryFeed
from mockglm.matching import When
from mockglm.scenarios import load, parse, shipped_scenarios
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.serving import KEY, Served, serving

FILE = """
format: 1
about: Two greetings.
interactions:
  - when: {user: 一}
    reply: [{content: 甲}, {content: 乙}]
  - when: {user: 二}
    reply: {content: 丙}
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serving(FILE) as one:
        yield one


def said(answer: httpx.Response) -> Any:
    return answer.json()["choices"][0]["message"]["content"]


def test_health_has_the_version(control: httpx.Client) -> None:
    answer = control.get("/health")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"status": "ok", "version": __version__}


def test_scenarios_are_the_loaded_and_the_shipped_ones(control: httpx.Client) -> None:
    listed = {one["name"]: one for one in control.get("/scenarios").json()}
    assert listed["file"] == {"name": "file", "about": "Two greetings.", "interactions": 2}
    assert listed.keys() == {"file", *shipped_scenarios()}
    hello = load(shipped_scenarios()["hello"])
    interactions = len(hello.interactions)
    assert listed["hello"] == {"name": "hello", "about": hello.about, "interactions": interactions}


def test_sessions_are_listed_with_their_requests_and_queues(
    control: httpx.Client, served: Served
) -> None:
    served.ask("一")
    served.ask("一", base=served.base("file@a"))
    control.post("/replies", params={"session": "@b"}, json=[{"content": "x"}] * 2)
    assert control.get("/sessions").json() == [
        {"session": "", "requests": 1, "queued": 0},
        {"session": "file@a", "requests": 1, "queued": 0},
        {"session": "@b", "requests": 0, "queued": 2},
    ]


def test_a_deleted_session_starts_again(control: httpx.Client, served: Served) -> None:
    base = served.base("file@a")
    assert said(served.ask("一", base=base)) == "甲"
    answer = control.delete("/sessions", params={"session": "file@a"})
    assert (answer.status_code, answer.json()) == (200, {"forgot": "file@a"})
    assert said(served.ask("一", base=base)) == "甲"
    assert said(served.ask("一", base=base)) == "乙"


def test_the_journal_has_the_newest_entries_oldest_first_without_bodies(
    control: httpx.Client, served: Served
) -> None:
    for text in ("一", "二", "三"):
        served.ask(text, stream=text == "二")
    second, third = control.get("/journal", params={"last": 2}).json()
    assert (second["ordinal"], third["ordinal"]) == (2, 3)
    for key in ("at", "first", "total", "serial"):
        assert second.pop(key) >= 0
    assert second == {
        "ordinal": 2,
        "session": "",
        "method": "POST",
        "path": "/chat/completions",
        "surface": "chat",
        "model": "glm-4.6",
        "source": "file.yaml:7",
        "status": 200,
        "code": "",
        "finish": "stop",
        "outcome": "done",
        "frames": 3,
        "usage": {"prompt": 7, "completion": 1, "cached": 0},
        "prompt": "二",
        "passed": [],
        "notes": [],
    }
    assert (third["source"], third["status"]) == ("miss", 422)
    assert len(control.get("/journal").json()) == 3
    assert control.get("/journal", params={"last": 0}).json() == []


def test_an_entry_has_request_and_answer_and_no_key(control: httpx.Client, served: Served) -> None:
    served.ask(f"二 {KEY}", user_id=KEY[:33])
    entry = control.get("/journal/1").json()
    assert KEY not in json.dumps(entry)
    assert KEY.partition(".")[2] not in json.dumps(entry)
    headers = dict(entry["request"]["headers"])
    assert headers["authorization"] == "REDACTED"
    message = {"role": "user", "content": "二 REDACTED"}
    assert json.loads(entry["request"]["body"])["messages"] == [message]
    ((at, piece),) = entry["answer"]["pieces"]
    assert (at, entry["answer"]["end"]) == (0.0, "done")
    assert json.loads(piece)["choices"][0]["message"]["content"] == "丙"
    assert ["Content-Type", "application/json; charset=UTF-8"] in entry["answer"]["headers"]


def test_clearing_the_journal_keeps_positions_in_sequences(
    control: httpx.Client, served: Served
) -> None:
    served.ask("一")
    assert control.delete("/journal").json() == {"dropped": 1}
    assert control.get("/journal").json() == []
    assert said(served.ask("一")) == "乙"
    assert [entry["ordinal"] for entry in control.get("/journal").json()] == [2]


def test_a_queued_reply_is_used_once_and_before_all_interactions(
    control: httpx.Client, served: Served
) -> None:
    replies = [{"error": 1302}, {"content": "排队", "finish_reason": "length"}]
    assert control.post("/replies", json=replies[0]).json() == {"queued": 1}
    assert control.post("/replies", json=replies[1:]).json() == {"queued": 2}
    first, second, third = (served.ask("一") for _ in range(3))
    assert (first.status_code, first.json()["error"]["code"]) == (429, "1302")
    assert (said(second), second.json()["choices"][0]["finish_reason"]) == ("排队", "length")
    assert said(third) == "甲"


def test_queued_replies_can_be_dropped(control: httpx.Client, served: Served) -> None:
    control.post("/replies", json=[{"content": "x"}] * 3)
    assert control.delete("/replies").json() == {"dropped": 3}
    assert said(served.ask("一")) == "甲"


def test_a_reply_is_queued_as_often_as_its_times(control: httpx.Client, served: Served) -> None:
    assert control.post("/replies", json={"error": 1302, "times": 3}).json() == {"queued": 3}
    assert [served.ask("一").status_code for _ in range(4)] == [429, 429, 429, 200]


def test_a_queue_refuses_too_many_replies(control: httpx.Client) -> None:
    answer = control.post("/replies", json={"content": "x", "times": 10_001})
    assert answer.status_code == 400
    assert answer.json() == {"error": "at most 10000 replies can be queued"}


def test_queued_replies_are_listed_in_their_order(control: httpx.Client) -> None:
    calls = [{"name": "get_weather", "arguments": {}}]
    written = [
        {"content": "甲", "reasoning": "想"},
        {"tool_calls": calls},
        {"error": 1302},
        {"content": "{{ user }}", "template": True},
    ]
    control.post("/replies", json=written)
    assert control.get("/replies").json() == [
        {"content": "甲", "reasoning": "想", "finish_reason": "stop"},
        {"tool_calls": ["get_weather"], "finish_reason": "tool_calls"},
        {"error": "1302"},
        {"template": True},
    ]


def test_rules_are_listed_and_removed(control: httpx.Client, served: Served) -> None:
    rule = {"when": {"user": "二", "stream": False}, "reply": {"content": "新"}}
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "三"}]}
    recorded = {
        "request": {"path": "/chat/completions", "body": body},
        "response": {"status": 502, "body": "<html>"},
    }
    control.post("/interactions", json=[rule, recorded])
    assert (said(served.ask("二")), served.ask("三").status_code) == ("新", 502)
    assert control.get("/interactions").json() == [
        {
            "when": {"stream": False, "user": "二"},
            "reply": [{"content": "新", "finish_reason": "stop"}],
            "used": 1,
        },
        {
            "request": {"method": "POST", "path": "/chat/completions"},
            "reply": [{"status": 502}],
            "used": 1,
        },
    ]
    assert control.delete("/interactions").json() == {"dropped": 2}
    assert control.get("/interactions").json() == []
    assert said(served.ask("二")) == "丙"


def test_a_rule_of_a_python_function_is_listed_by_its_name(
    control: httpx.Client, served: Served
) -> None:
    def odd(view: object) -> bool:
        return True

    (made,) = parse(FILE.encode(), "x.yaml").interactions[1:]
    served.session().add([replace(made, when=When(predicate=odd))])
    (rule,) = control.get("/interactions").json()
    assert "odd" in rule["when"]["predicate"]


def test_rules_come_before_files_in_the_order_they_were_added(
    control: httpx.Client, served: Served
) -> None:
    new = {"when": {"user": "二"}, "reply": {"content": "新"}}
    late = {"when": {"user": "二"}, "reply": {"content": "晚"}}
    assert control.post("/interactions", json=new).json() == {"interactions": 1}
    assert control.post("/interactions", json=[late]).json() == {"interactions": 2}
    assert [said(served.ask("二")) for _ in range(2)] == ["新", "新"]
    assert said(served.ask("二", base=served.base("@other"))) == "丙"


def test_the_clock_moves_and_goes_back(control: httpx.Client, served: Served) -> None:
    assert control.get("/clock").json()["offset"] == 0
    assert control.post("/clock", json={"advance": 3600}).json()["offset"] == 3600
    moved = control.post("/clock", json={"now": 1_773_349_383}).json()
    assert moved["now"] == pytest.approx(1_773_349_383, abs=5)
    assert served.ask("二").json()["id"].startswith("2026031305030")
    assert control.delete("/clock").json()["offset"] == 0


def test_moving_the_clock_ends_the_window_of_a_plan(control: httpx.Client) -> None:
    plan = f"format: 1\naccounts: [{{key: {KEY}, plan: [{{window: 5h, requests: 1}}]}}]\n"
    with serving(plan + "interactions: [{reply: {content: 好}}]\n") as served:
        clock = f"{served.host}/__mockglm__/clock"
        statuses = [served.ask().status_code for _ in range(2)]
        httpx.post(clock, json={"advance": 5 * 3600}, trust_env=False)
        statuses.append(served.ask().status_code)
    assert statuses == [200, 429, 200]


def test_reset_drops_every_session(control: httpx.Client, served: Served) -> None:
    served.ask("一")
    served.ask("一", base=served.base("file@a"))
    assert control.post("/reset").json() == {"forgot": 2}
    assert control.get("/sessions").json() == []
    assert said(served.ask("一")) == "甲"


def test_reset_of_one_session_keeps_the_others(control: httpx.Client, served: Served) -> None:
    served.ask("一")
    served.ask("一", base=served.base("file@a"))
    assert control.post("/reset", params={"session": "file@a"}).json() == {"forgot": 1}
    assert control.post("/reset", params={"session": "file@a"}).json() == {"forgot": 0}
    assert (said(served.ask("一")), said(served.ask("一", base=served.base("file@a")))) == (
        "乙",
        "甲",
    )
    assert control.post("/reset", params={"session": ""}).json() == {"forgot": 1}
    assert said(served.ask("一")) == "甲"


def test_the_journal_lists_the_entries_after_an_ordinal(
    control: httpx.Client, served: Served
) -> None:
    for text in ("一", "没有", "二"):
        served.ask(text)

    def asked(**query: Any) -> list[int]:
        return [one["ordinal"] for one in control.get("/journal", params=query).json()]

    assert asked(after=1) == [2, 3]
    assert asked(after=1, last=1) == [3]
    assert asked(code="422") == [2]
    assert asked(code="") == [1, 3]
    assert asked(outcome="done", after=2) == [3]
    assert asked(outcome="gone") == []


def test_an_exchange_can_be_waited_for(control: httpx.Client, served: Served) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            control.get, "/journal", params={"wait": 10, "code": "422", "outcome": "done"}
        )
        served.wait_until(lambda: served.sessions.feed.has_subscribers)
        served.ask("一")
        served.background.call(served.sessions.clear)
        served.ask("没有")
        (entry,) = waiting.result(60).json()
    assert (entry["source"], entry["ordinal"]) == ("miss", 1)
    assert not served.sessions.feed.has_subscribers


def test_waiting_for_an_exchange_that_never_comes_returns_an_empty_list(
    control: httpx.Client,
) -> None:
    assert control.get("/journal", params={"wait": 0.05}).json() == []


def test_waiting_ends_when_the_client_leaves(control: httpx.Client, served: Served) -> None:
    with pytest.raises(httpx.ReadTimeout):
        control.get("/journal", params={"wait": 60}, timeout=httpx.Timeout(60, read=0.1))
    served.wait_until(lambda: not served.sessions.feed.has_subscribers)


def test_waiting_ends_when_the_scenario_of_the_session_is_gone(
    control: httpx.Client, served: Served
) -> None:
    loaded = served.sessions.loaded
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            control.get, "/journal", params={"wait": 10, "session": "file", "code": "1"}
        )
        served.wait_until(lambda: served.sessions.feed.has_subscribers)
        base = served.base("file")
        served.ask("一", base=base)
        served.background.call(lambda: _drop(served))
        answer = waiting.result(60)
    served.background.call(lambda: served.sessions.load(loaded))
    assert answer.status_code == 404


def _drop(served: Served) -> None:
    """Take the file away, and tell of an exchange of the session it had."""
    entry = Entry(9, "file", 0.0, Request("GET", "/models"))
    served.sessions.load(())
    served.sessions.feed.publish(entry)


YEARS = "the clock goes from the year 1970 to 9999"


@pytest.mark.parametrize("session", ["", "*"])
def test_the_live_feed_goes_on_after_a_reset(
    session: str, control: httpx.Client, served: Served
) -> None:
    with control.stream("GET", "/events", params={"session": session}) as feed:
        lines = feed.iter_lines()
        served.wait_until(lambda: served.sessions.feed.has_subscribers)
        for _ in range(2):
            served.ask("一")
            assert _event(lines)[1]["ordinal"] == 1
            control.post("/reset")


async def test_a_slow_reader_of_the_feed_misses_the_oldest_exchanges() -> None:
    told = EntryFeed()
    events = stream_entries(told.subscribe)
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    for ordinal in range(BACKLOG + 2):
        told.publish(Entry(ordinal, "", 0.0, Request("GET", "/models"), outcome="done"))
    ordinals = [json.loads(one["data"])["ordinal"] for one in (await first, await anext(events))]
    assert ordinals == [2, 3]
    await events.aclose()
    assert not told.has_subscribers


def test_the_feed_of_all_sessions_has_every_exchange(control: httpx.Client, served: Served) -> None:
    with control.stream("GET", "/events", params={"session": "*"}) as feed:
        served.wait_until(lambda: served.sessions.feed.has_subscribers)
        served.ask("一")
        served.ask("一", base=served.base("file@a"))
        served.ask("一", base=served.base("@b"))
        lines = feed.iter_lines()
        heard = [_event(lines)[1]["session"] for _ in range(3)]
    assert heard == ["", "file@a", "@b"]


def test_the_feed_of_a_session_has_its_exchanges_only(
    control: httpx.Client, served: Served
) -> None:
    with control.stream("GET", "/events") as feed:
        assert feed.headers["content-type"].startswith("text/event-stream")
        served.ask("一")
        served.ask("一", base=served.base("file@a"))  # another session, another feed
        served.ask("二")
        lines = feed.iter_lines()
        events = [_event(lines) for _ in range(2)]
    assert [name for name, _ in events] == ["exchange", "exchange"]
    assert [data["source"] for _, data in events] == ["file.yaml:5", "file.yaml:7"]
    assert events[1][1] == control.get("/journal").json()[1]


def _event(lines: Iterator[str]) -> tuple[str, Any]:
    """The next event's name and data."""
    name = next(line for line in lines if line.startswith("event: "))
    return name.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "/replies", b"{", "the body is not JSON: Input data was truncated"),
        ("POST", "/replies", b"[" * 100_000, None),
        ("POST", "/replies", b"\xff", None),
        (
            "POST",
            "/replies",
            b'{"contnt": "x"}',
            "body.reply: unknown key `contnt`, did you mean `content`?",
        ),
        (
            "POST",
            "/replies",
            b"7",
            "body.reply: expected a mapping or a list of mappings, found `7`",
        ),
        ("POST", "/interactions", b'{"when": {"usr": "x"}, "reply": {}}', None),
        ("POST", "/clock", b"{}", 'write {"advance": seconds} or {"now": unix time}'),
        ("POST", "/clock", b'{"now": "noon"}', None),
        ("POST", "/clock", b'{"advance": 1e300}', None),
        ("POST", "/clock", b'{"now": -1}', f"now: {YEARS}"),
        ("POST", "/clock", b'{"now": 1%s}' % (b"0" * 400), f"now: {YEARS}"),
        ("POST", "/clock", b'{"advance": 1%s}' % (b"0" * 400), f"advance: {YEARS}"),
        ("POST", "/clock", b'{"advance": -1%s}' % (b"0" * 400), f"advance: {YEARS}"),
        ("POST", "/clock", b'{"advance": 1%s}' % (b"0" * 5000), None),
        (
            "POST",
            "/clock",
            b'{"advance": 1e999}',
            "the body is not JSON: Number out of range - at `$[...]`",
        ),
        ("POST", "/clock", b'{"advance": NaN}', None),
        ("POST", "/clock", b'{"advance": true}', None),
        (
            "POST",
            "/interactions",
            json.dumps({"when": {"user": f"/{'(' * 5_000}/"}, "reply": {}}).encode(),
            f"body.when.user: user: /{'(' * 63}… is not a regular expression: nested too deep",
        ),
        (
            "POST",
            "/interactions",
            b'{"when": {"user": "/a{99999999999}/"}, "reply": {}}',
            "body.when.user: user: /a{99999999999}/ is not a regular expression: "
            "the repetition number is too large",
        ),
        (
            "POST",
            "/interactions",
            b'{"when": {"body": %s1%s}, "reply": {}}' % (b'{"a": ' * 500, b"}" * 500),
            f"body.when.body{'.a' * 98}: nested more than 100 deep",
        ),
        (
            "POST",
            "/interactions",
            b'[{"reply": {}}, {"reply": {"content": 1, "contnt": 2}}]',
            "body[1].reply: unknown key `contnt`, did you mean `content`?",
        ),
        (
            "POST",
            "/interactions",
            b'{"reply": {}, "speed": 1%s}' % (b"0" * 400),
            f"body.speed: expected a number of at least 0, found `1{'0' * 39}…`",
        ),
        (
            "POST",
            "/interactions",
            b'{"reply": {}, "times": 1%s}' % (b"0" * 400),
            f"body.times: expected a whole number of at least 1, found `1{'0' * 39}…`",
        ),
        ("POST", "/interactions", b'{"reply": {}, "speed": 1e999}', None),
        (
            "POST",
            "/interactions",
            b'{"when": {"body": {"k": [%s0]}}, "reply": {}}' % (b"0," * 1_000_000),
            "body: more than 200,000 values",
        ),
        (
            "POST",
            "/interactions",
            b'[{"when": {"body": {"k": [%s0]}}, "reply": {}}]' % (b"0," * 1_000_000),
            "body: more than 200,000 values",
        ),
        (
            "POST",
            "/replies",
            b'{"template": true, "content": "{{ %s1 }}"}' % (b"1+" * 5_000),
            "body.reply.content: template: nested too deep",
        ),
        (
            "POST",
            "/replies",
            b'{"template": true, "content": "{{ %s }}"}' % (b"9" * 5_000),
            None,
        ),
        ("GET", "/journal?last=many", None, "last=many: expected a number of entries"),
        ("GET", "/journal?last=" + "9" * 5000, None, None),
        ("GET", "/journal?last=٣", None, "last=٣: expected a number of entries"),
        ("GET", "/journal?after=-1", None, "after=-1: expected a number of entries"),
        ("GET", "/journal?wait=long", None, "wait=long: expected 0 to 60 seconds"),
        ("GET", "/journal?wait=61", None, "wait=61: expected 0 to 60 seconds"),
        ("GET", "/journal?wait=nan", None, "wait=nan: expected 0 to 60 seconds"),
        (
            "GET",
            "/journal?outcome=ended",
            None,
            "outcome=ended: expected one of open, done, cut, gone",
        ),
    ],
)
def test_a_mistake_is_400_with_a_message(
    method: str, path: str, body: bytes | None, message: str | None, control: httpx.Client
) -> None:
    answer = control.request(method, path, content=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"] == message or message is None


@pytest.mark.parametrize(("path", "item"), [("/replies", b"{},"), ("/interactions", b"{},")])
def test_a_list_that_is_too_long_is_refused_before_its_items_are_read(
    path: str, item: bytes, control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr("mockglm.control.requests.parse_interaction", read.append)
    body = b"[" + item * 1_000_000 + b"{}]"
    answer = control.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": "at most 10000 in a list, not 1000001"}
    assert read == []


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/journal/7", "the journal has no entry 7"),
        ("GET", "/journal/seven", "the journal has no entry seven"),
        ("GET", "/journal/" + "7" * 5000, "the journal has no entry " + "7" * 100),
        ("DELETE", "/sessions?session=@x", "there is no session '@x'"),
        ("GET", "/journal?session=files", "there is no scenario 'files'; did you mean file?"),
        ("GET", "/nothing", "Not Found"),
    ],
)
def test_an_unknown_name_is_404(
    method: str, path: str, message: str, control: httpx.Client
) -> None:
    answer = control.request(method, path)
    assert (answer.status_code, answer.json()) == (404, {"error": message})


def test_a_wrong_method_is_405(control: httpx.Client) -> None:
    answer = control.put("/clock")
    assert (answer.status_code, answer.json()) == (405, {"error": "Method Not Allowed"})


def test_a_body_of_more_than_4_mb_is_not_read(control: httpx.Client) -> None:
    assert control.post("/replies", content=b" " * (4 * 1024 * 1024 + 1)).status_code == 413


HERE = (
    {"Host": "localhost"},
    {"Host": "LocalHost:8600"},
    {"Host": "127.0.0.1:80"},
    {"Host": "[::1]:8600"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1"},
)
ELSEWHERE = (
    {"Host": "evil.example"},
    {"Host": "evil.example:8600"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": ""},
    {"Host": "10.0.0.1"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
)


@pytest.mark.parametrize("headers", HERE, ids=str)
def test_loopback_needs_no_token(headers: dict[str, str], control: httpx.Client) -> None:
    assert control.get("/sessions", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_page_of_another_site_is_refused(headers: dict[str, str], control: httpx.Client) -> None:
    answer = control.post("/reset", headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {"error": "this needs Authorization: Bearer $MOCKGLM_TOKEN"}


@pytest.fixture(scope="module")
def locked() -> Iterator[str]:
    """The control API's URL of a server with a token."""
    background = BackgroundServer(App(Sessions(Settings()), token="secret"), grace=0.2)
    background.start()
    yield f"http://127.0.0.1:{background.port}/__mockglm__"
    background.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Authorization": "secret"}, 403),
        ({"Authorization": "Bearer sécret"}, 403),
        ({"Authorization": "Bearer secret"}, 200),
        ({"Authorization": "Bearer secret", "Host": "mock.example"}, 200),
    ],
    ids=str,
)
def test_a_server_with_a_token_refuses_all_other_credentials(
    headers: dict[str, str], status: int, locked: str
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = httpx.get(f"{locked}/sessions", headers=httpx.Headers(raw), trust_env=False)
    assert answer.status_code == status


def test_health_needs_no_token(locked: str) -> None:
    assert httpx.get(f"{locked}/health", trust_env=False).status_code == 200


CASSETTE = """
format: 1
interactions:
  - request:
      path: /chat/completions
      body: {model: glm-4.6, messages: [{role: user, content: 录}], stream: true}
    response:
      status: 200
      headers: {Content-Type: text/event-stream;charset=UTF-8}
      body: |+
        data: {"id":"1","created":1,"object":"chat.completion.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"甲"}}]}

        data: {"id":"1","created":1,"object":"chat.completion.chunk","model":"glm-4.6","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}

        data: [DONE]

"""  # noqa: E501  bytes of a recording


def test_a_fault_breaks_the_next_response_alone(control: httpx.Client, served: Served) -> None:
    assert control.post("/faults", json="finish-unknown").json() == {"queued": 1, "standing": 0}
    first, second = (served.ask("二") for _ in range(2))
    assert [one.json()["choices"][0]["finish_reason"] for one in (first, second)] == ["eos", "stop"]


def test_a_fault_breaks_a_recording() -> None:
    with serving(CASSETTE) as served:
        url = f"{served.host}/__mockglm__/faults"
        httpx.post(url, json=["crlf", {"do": "no-done"}], trust_env=False)
        broken, whole = (served.ask("录", stream=True).text for _ in range(2))
        assert [entry.source for entry in served.session().journal] == ["file.yaml:4"] * 2
    assert "\r\n\r\n" in broken
    assert "[DONE]" not in broken
    assert whole.endswith("data: [DONE]\n\n")


def test_queued_faults_apply_to_the_given_number_of_responses(
    control: httpx.Client, served: Served
) -> None:
    control.post("/faults", params={"times": 2}, json={"do": "reset", "at": "headers"})
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            served.ask("二")
    assert said(served.ask("二")) == "丙"


def test_standing_faults_break_every_response_until_they_are_removed(
    control: httpx.Client, served: Served
) -> None:
    answer = control.post("/faults", params={"times": "all"}, json="finish-unknown")
    assert answer.json() == {"queued": 0, "standing": 1}
    for _ in range(3):
        assert served.ask("二").json()["choices"][0]["finish_reason"] == "eos"
    assert control.delete("/faults").json() == {"dropped": 1}
    assert said(served.ask("二")) == "丙"


def test_faults_are_listed_as_a_file_has_them(control: httpx.Client) -> None:
    control.post("/faults", json=[{"do": "stall", "at": "2 frames", "for": "3s"}, "crlf"])
    listed = control.get("/faults").json()
    assert listed["standing"] == []
    stall, crlf = listed["next"][0]
    assert (stall["do"], stall["at"], stall["for"]) == ("stall", "2 frames", 3.0)
    assert crlf["do"] == "crlf"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("glu", "did you mean glue"),
        ({"do": "reset", "at": "somewhere"}, "is not a position"),
        ([], "write a fault"),
        (3, "write a fault"),
        ([["glue"]], "write a fault"),
        (["glue"] * 9, "at most 8"),
    ],
)
def test_a_mistake_in_a_fault_is_reported_and_queues_nothing(
    control: httpx.Client, body: Any, message: str
) -> None:
    answer = control.post("/faults", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert control.get("/faults").json() == {"standing": [], "next": []}


def test_faults_have_bounds(control: httpx.Client) -> None:
    for params, message in (
        ({"times": "10001"}, "faults for at most 10000 responses can be queued"),
        ({"times": "0"}, "times=0: expected a number of responses, or all"),
        ({"times": "many"}, "times=many: expected a number of entries"),
    ):
        answer = control.post("/faults", params=params, json="crlf")
        assert (answer.status_code, answer.json()) == (400, {"error": message})
    for _ in range(8):
        assert control.post("/faults", params={"times": "all"}, json="crlf").status_code == 200
    assert control.post("/faults", params={"times": "all"}, json="crlf").status_code == 400


def test_the_journal_of_all_sessions_is_in_the_order_of_arrival(
    control: httpx.Client, served: Served
) -> None:
    served.ask("一", base=served.base("file@a"))
    served.ask("一")
    served.ask("二", base=served.base("file@a"))
    found = control.get("/journal", params={"session": "*"}).json()
    assert [(one["session"], one["ordinal"]) for one in found] == [
        ("file@a", 1),
        ("", 1),
        ("file@a", 2),
    ]
    assert control.get("/journal", params={"session": "*", "last": 1}).json() == found[-1:]
    older = {"session": "*", "before": found[-1]["serial"], "last": 1}
    assert control.get("/journal", params=older).json() == found[1:2]


def test_an_entry_has_its_conversation_and_the_frames_of_its_reply(
    control: httpx.Client, served: Served
) -> None:
    served.ask("二", stream=True, temperature=0.5)
    entry = control.get("/journal/1").json()
    assert entry["conversation"] == {
        "messages": [{"role": "user", "text": "二"}],
        "tools": [],
        "parameters": {"stream": True, "temperature": 0.5},
    }
    assert (entry["reply"]["content"], entry["reply"]["finish_reason"]) == ("丙", "stop")
    kinds = [frame["kind"] for frame in entry["timeline"]["frames"]]
    assert kinds == ["content", "finish", "done"]
    assert entry["base"] == "/api/paas/v4"


def test_the_feed_in_batches_has_open_exchanges_and_each_once(
    control: httpx.Client, served: Served
) -> None:
    with control.stream("GET", "/events", params={"session": "*", "batch": 0.05}) as feed:
        served.ask("一")
        lines = feed.iter_lines()
        found: list[Any] = []
        while not found or found[-1]["outcome"] == "open":
            name, batch = _event(lines)
            assert (name, len(batch)) == ("exchanges", 1)
            found += batch
    assert {one["ordinal"] for one in found} == {1}
    assert found[-1] == control.get("/journal").json()[0]
