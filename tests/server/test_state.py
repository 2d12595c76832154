"""What sessions hold: what plays, what was used, what stands, and what is drawn."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from mockglm import faults
from mockglm.errors import UsageError
from mockglm.scenarios import load, parse
from mockglm.server import Sessions, Settings, handle
from mockglm.serving import Reloader
from tests.server.asking import chat, said, sessions
from tests.serving import KEY, replace_file, serving
from tests.test_auth import token

ONE = "format: 1\ninteractions: [{reply: [{content: 一}, {content: 二}]}]\n"
TWO = ONE.replace("一", "甲")


def test_sessions_of_a_scenario_that_is_gone_go_with_it() -> None:
    some = sessions(ONE, TWO)
    for name in ("file", "file1", ""):
        said(some.get(name), "n")
    some.load([parse(TWO.encode(), "file.yaml")])
    assert [session.name for session in some] == ["file", ""]
    assert said(some.get("file"), "n") == "甲"
    with pytest.raises(UsageError, match="there is no scenario 'file1'"):
        some.get("file1")


async def test_files_are_read_again_after_one_that_was_in_use_went(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(ONE)
    second.write_text(ONE)
    some = Sessions(Settings(speed=0), [load(first), load(second)])
    told: list[str] = []
    reloader = Reloader([tmp_path], some.load, told.append)
    running = asyncio.create_task(reloader.run())
    said(some.get("b"), "n")
    second.unlink()
    await _until(told, 1)
    replace_file(first, TWO)
    await _until(told, 2)
    running.cancel()
    assert told == ["mockglm: reloaded 1 scenario"] * 2
    assert said(some.get("a"), "n") == "甲"


async def test_scenarios_that_cannot_be_loaded_are_reported_and_watching_goes_on(
    tmp_path: Path,
) -> None:
    def take(scenarios: object) -> None:
        if not told:
            raise UsageError("not now")

    file = tmp_path / "a.yaml"
    file.write_text(ONE)
    told: list[str] = []
    reloader = Reloader([tmp_path], take, told.append)
    running = asyncio.create_task(reloader.run())
    await asyncio.sleep(0)
    for number, text in enumerate((TWO, ONE + "# changed\n"), 1):
        replace_file(file, text)
        await _until(told, number)
    running.cancel()
    assert told == [
        "mockglm: not reloaded, because files have mistakes:\nnot now",
        "mockglm: reloaded 1 scenario",
    ]


async def _until(told: list[str], count: int) -> None:
    for _ in range(6000):
        if len(told) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{told} is all that was told")


def test_interactions_of_a_dropped_session_count_as_used() -> None:
    some = sessions(
        "format: 1\ninteractions:\n"
        "  - {when: {user: a}, reply: {content: x}}\n"
        "  - {when: {user: b}, reply: {content: y}}\n"
    )
    said(some.get(), "a")
    some.clear()
    assert [one.short_location for one in some.unused()] == ["file.yaml:4"]
    some.load(some.loaded)
    assert len(some.unused()) == 2


def test_replies_are_queued_as_often_as_their_times() -> None:
    session = sessions().get()
    steps = sessions("format: 1\ninteractions: [{reply: [{content: a, times: 2}, {content: b}]}]\n")
    session.enqueue(steps.get().playlist.interactions[0].steps)
    assert [said(session, "n") for _ in range(3)] == ["a", "a", "b"]


def test_too_many_replies_are_refused_and_none_is_queued() -> None:
    session = sessions().get()
    text = "format: 1\ninteractions: [{reply: [{content: a, times: 1000000000}, {content: b}]}]\n"
    steps = sessions(text).get().playlist.interactions[0].steps
    with pytest.raises(UsageError, match="at most 10000 replies can be queued"):
        session.enqueue(steps)
    assert not session.queue


def test_rules_are_replaced_and_those_that_stay_go_on() -> None:
    session = sessions().get()
    first = sessions(ONE.replace("[{reply", "[{when: {user: a}, reply")).get().playlist.interactions
    second = (
        sessions(TWO.replace("[{reply", "[{when: {user: b}, reply")).get().playlist.interactions
    )
    session.add(first)
    session.add(second)
    assert (said(session, "a"), said(session, "b")) == ("一", "甲")
    session.set_rules(second)
    assert said(session, "b") == "二"
    assert session.use_count(first[0]) == 0
    session.add(first)
    assert said(session, "a") == "一"


def test_too_many_rules_are_refused() -> None:
    session = sessions().get()
    (rule,) = sessions(ONE).get().playlist.interactions
    with pytest.raises(UsageError, match="at most 10000 interactions can be added"):
        session.add([rule] * 10_001)
    assert not session.rules.interactions


def test_a_fault_of_the_file_and_one_of_the_path_are_drawn_apart() -> None:
    half = {"do": "usage-missing", "chance": 0.5}
    text = f"format: 1\ninteractions: [{{reply: {{content: a, fault: {half}}}}}]\n"
    session = sessions(text.replace("'", "")).get()
    laid = faults.parse([{"do": "content-list", "chance": 0.5}])
    notes = {handle(session, chat("n"), url_faults=laid).entry.notes for _ in range(60)}
    both = ("faults: usage-missing", "faults: content-list")
    assert notes == {both, both[:1], both[1:], ()}


def test_faults_over_an_error_are_drawn_one_by_one() -> None:
    session = sessions("format: 1\ninteractions: [{reply: {error: 1302}}]\n").get()
    laid = faults.parse([{"do": "error-code-number", "chance": 0.5}, {"do": "bom", "chance": 0.5}])
    notes = {handle(session, chat("n"), url_faults=laid).entry.notes for _ in range(60)}
    assert len(notes) == 4


def test_a_key_that_was_accepted_is_refused_once_it_is_listed_no_more() -> None:
    account = (
        "format: 1\nkeys: listed\naccounts: [{key: %s}]\ninteractions: [{reply: {content: x}}]\n"
    )
    with serving(account % KEY) as served:
        before = [served.ask().status_code for _ in range(2)]
        others = parse((account % "other.key").encode(), "file.yaml")
        served.background.call(lambda: served.sessions.load([others]))
        after = served.ask()
    assert before == [200, 200]
    assert (after.status_code, after.json()["error"]["code"]) == (401, "401")


def test_a_jwt_that_was_accepted_expires() -> None:
    now = time.time()
    jwt = token(exp=int(now * 1000) + 60_000)
    headers = {"Authorization": f"Bearer {jwt}"}
    asked = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
    with serving() as served, httpx.Client(headers=headers, trust_env=False) as client:
        url = f"{served.url}/chat/completions"
        before = [client.post(url, json=asked).status_code for _ in range(2)]
        served.session().clock.advance(61)
        after = client.post(url, json=asked)
    assert before == [200, 200]
    assert after.json()["error"]["code"] == "1003"


def test_many_keys_are_accepted_and_each_is_redacted() -> None:
    session = sessions("format: 1\ninteractions: [{reply: {content: x}}]").get()
    keys = [f"{number:032x}.SecretSecret{number:04}" for number in range(200)]
    for key in keys:
        request = chat("n")
        handle(session, replace(request, headers=(("authorization", f"Bearer {key}"),)))
        handle(session, replace(request, headers=(("authorization", key),)))
    assert session.requests == 400
    assert len(session.accepted) <= 64
    assert session.journal.redact_text(keys[0], chat("n")) == "REDACTED"
