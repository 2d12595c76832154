"""Workers at a folder: what they do when a session is held, dropped, damaged or has other files."""

from __future__ import annotations

import fcntl
import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from mockglm.server import siblings, worker_journals
from mockglm.server import worker as workers
from mockglm.store.session_file import SessionFile
from mockglm.store.state_folder import make_state_folder
from tests.store.servers import ReplicaServer, worker

FILE = """
format: 1
accounts:
  - {key: narrow, concurrency: 1}
  - {key: "*"}
interactions:
  - {when: {user: hello}, reply: {content: Hello}}
  - {when: {user: numbered}, reply: {content: "{{ count }}", template: true}}
  - {when: {user: slow}, reply: {content: a b c, pace: {first: 3600}}}
"""
OTHER_FILE = FILE.replace("Hello", "Hi")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with make_state_folder() as path:
        yield path


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[list[ReplicaServer]]:
    with worker(folder, 0, FILE) as one, worker(folder, 1, FILE) as other:
        yield [one, other]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for other workers for a moment only."""
    monkeypatch.setattr(workers, "TIMEOUT", 0.05)
    monkeypatch.setattr(workers, "PATIENCE", 0.05)
    monkeypatch.setattr(siblings, "TIMEOUT", 0.05)


def say(server: ReplicaServer, text: str, label: str) -> str:
    answer = server.ask(text, base=server.base(f"@{label}")).json()
    if "error" in answer:
        return str(answer["error"]["message"])
    return str(answer["choices"][0]["message"]["content"])


def control(server: ReplicaServer, http: httpx.Client, path: str, label: str) -> httpx.Response:
    url = f"{server.host}/__mockglm__/{path}"
    return http.get(url, params={"session": f"@{label}"})


def session_path(folder: Path, label: str) -> Path:
    (found,) = [one for one in folder.glob("*.session") if f"@{label}".encode() in one.read_bytes()]
    return found


@pytest.mark.usefixtures("hurried")
def test_a_session_that_a_stopped_worker_holds_is_unavailable_until_it_does_not(
    pair: list[ReplicaServer], folder: Path, label: str, http: httpx.Client
) -> None:
    server = pair[0]
    assert say(server, "numbered", label) == "1"
    with session_path(folder, label).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = server.ask("numbered", base=server.base(f"@{label}"))
        assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (503, "1")
        assert "another worker holds the session" in answer.text
        assert control(server, http, "clock", label).status_code == 503
        assert say(server, "hello", f"{label}-other") == "Hello"
        fcntl.flock(file, fcntl.LOCK_UN)
    assert say(server, "numbered", label) == "2"
    assert say(server, "hello", label) == "Hello"
    name = f"mockglm: session '@{label}'"
    assert [line for line in server.reported if line.startswith(name)] == [
        f"{name} cannot be used, its requests get 503: another worker holds the session",
        f"{name} can be used again",
    ]
    assert [one["status"] for one in control(server, http, "journal", label).json()] == [200] * 3


def test_a_request_waits_while_others_change_its_session_and_is_counted_once(
    pair: list[ReplicaServer],
    folder: Path,
    label: str,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = pair[0]
    assert say(server, "numbered", label) == "1"
    file = SessionFile(session_path(folder, label))
    moments = itertools.count(1)

    def change() -> float:
        """Change the session ten times; the times between two changes are below the limit."""
        number = next(moments)
        if number <= 10:
            file.count_locked()
        if number == 10:
            file.unlock()
        return number * workers.TIMEOUT * 0.75

    with closing(file):
        file.lock()
        monkeypatch.setattr(workers, "monotonic", change)
        assert say(server, "numbered", label) == "2"
        listed = http.get(f"{server.host}/__mockglm__/sessions").json()
    assert [one["requests"] for one in listed if one["session"] == f"@{label}"] == [12]
    assert [one["ordinal"] for one in control(server, http, "journal", label).json()] == [1, 12]


def test_sessions_are_listed_and_dropped_beside_one_that_is_held(
    label: str, http: httpx.Client
) -> None:
    with make_state_folder() as path, worker(path, 0, FILE) as server:
        for name in (label, f"{label}-other", f"{label}-third"):
            assert say(server, "numbered", name) == "1"
        empty = path / "made-by-a-worker-that-was-killed.session"
        empty.touch()
        held = next(one for one in path.glob("*.session") if one.stat().st_size)

        def names() -> int:
            listed = http.get(f"{server.host}/__mockglm__/sessions")
            assert listed.status_code == 200
            return len(listed.json())

        with held.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            assert names() == 3
            refused = http.post(f"{server.host}/__mockglm__/reset")
            assert (refused.status_code, names()) == (503, 1)
        assert http.post(f"{server.host}/__mockglm__/reset").json() == {"forgot": 1}
        assert not empty.stat().st_size


@pytest.mark.usefixtures("hurried")
def test_a_state_that_cannot_be_read_is_unavailable(
    pair: list[ReplicaServer], folder: Path, label: str, http: httpx.Client
) -> None:
    assert say(pair[0], "numbered", label) == "1"
    path = session_path(folder, label)
    damaged = bytes(40) + b"\xc1" * (path.stat().st_size - 40)
    with path.open("r+b") as file:
        file.seek(40)
        file.write(damaged[40:])
    answer = pair[1].ask("numbered", base=pair[1].base(f"@{label}"))
    assert answer.status_code == 503
    assert "the state of the session cannot be read" in answer.text
    assert http.get(f"{pair[1].host}/__mockglm__/sessions").status_code == 200
    url = f"{pair[1].host}/__mockglm__/sessions"
    assert http.delete(url, params={"session": f"@{label}"}).status_code == 200
    assert [say(server, "numbered", label) for server in pair] == ["1", "2"]


@pytest.mark.usefixtures("hurried")
def test_a_worker_with_other_files_waits_for_its_reload_and_then_says_so(
    folder: Path, label: str, http: httpx.Client
) -> None:
    with make_state_folder() as path, worker(path, 0, FILE) as older:
        assert say(older, "hello", label) == "Hello"
        with worker(path, 1, OTHER_FILE) as newer:
            assert say(newer, "hello", label) == "Hi"
            assert "all replicas need the same files" in say(older, "hello", label)
            assert http.get(f"{older.host}/__mockglm__/ready").status_code == 503
            assert older.reported == []


def test_a_state_that_is_too_large_is_refused_and_changes_nothing(
    pair: list[ReplicaServer], label: str, http: httpx.Client
) -> None:
    url, params = f"{pair[0].host}/__mockglm__/replies", {"session": f"@{label}"}
    contents = [f"{number}" * (3 * 1024 * 1024) for number in range(6)]
    answers = [http.post(url, params=params, json={"content": one}) for one in contents]
    assert [one.status_code for one in answers] == [200] * 5 + [503]
    assert "the state of a session has at most 16 MiB" in answers[-1].text
    queue = control(pair[1], http, "replies", label).json()
    assert [one["content"][0] for one in queue] == list("01234")


def test_a_session_that_another_worker_dropped_has_a_new_journal(
    pair: list[ReplicaServer], label: str, http: httpx.Client
) -> None:
    for server in pair:
        assert say(server, "hello", label) == "Hello"
    url = f"{pair[0].host}/__mockglm__/sessions"
    assert http.delete(url, params={"session": f"@{label}"}).status_code == 200
    assert [control(one, http, "journal", label).json() for one in pair] == [[], []]
    assert say(pair[1], "numbered", label) == "1"
    listed = [control(one, http, "journal", label).json() for one in pair]
    assert [[entry["ordinal"] for entry in one] for one in listed] == [[1], [1]]


def test_a_key_that_one_worker_has_learned_is_redacted_in_the_entries_of_all(
    pair: list[ReplicaServer], label: str, http: httpx.Client
) -> None:
    key = "a-key-that-has-no-form-of-its-own"
    for server, credential, text in zip(pair, (key, "other"), ("hello", f"say {key}"), strict=True):
        body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
        headers = {"Authorization": f"Bearer {credential}"}
        url = f"{server.base(f'@{label}')}/chat/completions"
        http.post(url, json=body, headers=headers)
    for server in pair:
        found = control(server, http, "journal", label)
        whole = [control(server, http, f"journal/{number}", label) for number in (1, 2)]
        assert [one.status_code for one in (found, *whole)] == [200] * 3
        assert key not in found.text + "".join(one.text for one in whole)
        assert "say " in found.text
    asked = json.dumps(control(pair[0], http, "journal/2/explanation", label).json())
    assert key not in asked


def test_the_newest_entries_of_all_sessions_are_listed_in_order(
    pair: list[ReplicaServer], label: str, http: httpx.Client
) -> None:
    names = [f"{label}-{number}" for number in range(4)]
    for number, name in enumerate(names):
        assert say(pair[number % 2], "hello", name) == "Hello"
    params = {"session": "*", "last": "3"}
    listed = http.get(f"{pair[0].host}/__mockglm__/journal", params=params).json()
    assert [one["session"] for one in listed] == [f"@{name}" for name in names[1:]]
    before = {**params, "before": str(listed[1]["serial"])}
    earlier = http.get(f"{pair[1].host}/__mockglm__/journal", params=before).json()
    assert [one["session"] for one in earlier][-2:] == [f"@{name}" for name in names[:2]]


def test_files_and_tasks_are_those_of_all_workers(
    pair: list[ReplicaServer], label: str, http: httpx.Client
) -> None:
    keeper, other = (server.base(f"@{label}") for server in pair)
    headers = {"Authorization": "Bearer key", "Origin": "http://page.example"}
    chat = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hello"}]}
    kept = http.post(
        f"{other}/files",
        headers=headers,
        data={"purpose": "agent"},
        files={"file": ("a.txt", b"some bytes")},
    )
    assert kept.headers["access-control-allow-origin"] == "http://page.example"
    for base in (keeper, other):
        content = http.get(f"{base}/files/{kept.json()['id']}/content", headers=headers)
        assert (content.status_code, content.content) == (200, b"some bytes")
    for one, another in ((keeper, other), (other, keeper)):
        task = http.post(f"{one}/async/chat/completions", json=chat, headers=headers).json()
        found = http.get(f"{another}/async-result/{task['id']}", headers=headers).json()
        assert found["choices"][0]["message"]["content"] == "Hello"
    assert http.get(f"{other}/async-result/unknown", headers=headers).json()["error"]["code"]
    journal = control(pair[1], http, "journal", label).json()
    assert [one["ordinal"] for one in journal] == list(range(1, 9))
    assert {one["outcome"] for one in journal} == {"done"}


@pytest.mark.usefixtures("hurried")
def test_files_are_unavailable_without_the_worker_that_has_them(http: httpx.Client) -> None:
    with make_state_folder() as path, worker(path, 1, FILE) as alone:
        answer = http.get(f"{alone.url}/files/a/content", headers={"Authorization": "Bearer key"})
        assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (503, "1")
        assert "worker 0, which has the files and tasks, does not answer" in answer.text


def test_other_workers_are_followed_only_while_anybody_listens(
    pair: list[ReplicaServer], label: str, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_journals, "LOOK", 0.01)
    feeds = [server.sessions.feed for server in pair]
    for server in pair:
        url = f"{server.host}/__mockglm__/events"
        with http.stream("GET", url, params={"session": f"@{label}"}) as feed:
            lines = feed.iter_lines()
            for number, other in enumerate(pair):
                assert say(other, "hello", f"{label}") == "Hello"
                while not (line := next(lines)).startswith("data:"):
                    pass
                assert json.loads(line.removeprefix("data:"))["prompt"] == "hello", number
    pair[0].wait_until(lambda: not any(feed.count for feed in feeds))
