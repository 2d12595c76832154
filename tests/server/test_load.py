"""The behaviour under load: slower replies and overload by the requests in flight."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from mockglm.errors import FileError
from mockglm.scenarios import parse
from tests.serving import Served, post, serving

FILE = """
format: 1
load: {free: 2, slowdown: 0.5, overload: 4}
interactions:
  - {when: {user: long}, reply: {content: a b, pace: {first: 3600}}}
  - {when: {user: short}, reply: {content: Hello, pace: {first: 0.001, every: 0.001}}}
  - {when: {user: wrong}, reply: {error: 1301}}
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[Served]:
    with serving(FILE, speed=1) as served:
        yield served


@contextmanager
def in_flight(served: Served, label: str, count: int) -> Iterator[None]:
    """Hold so many requests of a session in flight until the block ends."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "long"}]}
    with ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(
                socket.create_connection(("127.0.0.1", served.background.port))
            )
            sock.sendall(post(body, f"/s/@{label}/api/paas/v4/chat/completions"))
        served.wait_until(lambda: served.slots(label=label) == count)
        yield
    served.wait_until(lambda: served.slots(label=label) == 0)


def notes(served: Served, label: str) -> list[str]:
    """The notes of the session's last request."""
    journal = f"{served.host}/__mockglm__/journal"
    params = {"session": f"@{label}", "last": "1"}
    return list(httpx.get(journal, params=params, trust_env=False).json()[0]["notes"])


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, []), (2, ["1.5 times slower: 3 in flight"])],
)
def test_replies_are_slower_with_more_in_flight(
    loaded: Served, label: str, count: int, expected: list[str]
) -> None:
    with in_flight(loaded, label, count):
        answer = loaded.ask("short", base=loaded.base(f"@{label}"), stream=True)
        assert answer.status_code == 200
        assert notes(loaded, label) == expected
        entry = loaded.session(label=label).journal.get(count + 1)
    assert entry is not None
    assert entry.response is not None
    planned = entry.response.chunks[0][0]
    assert planned == pytest.approx(0.001 * (1.5 if expected else 1))


def test_too_many_in_flight_are_refused(loaded: Served, label: str) -> None:
    with in_flight(loaded, label, 4):
        answer = loaded.ask("short", base=loaded.base(f"@{label}"))
        assert answer.json()["error"]["code"] == "1305"
    assert loaded.ask("short", base=loaded.base(f"@{label}")).status_code == 200


def test_errors_are_as_fast_as_ever(loaded: Served, label: str) -> None:
    with in_flight(loaded, label, 3):
        assert loaded.ask("wrong", base=loaded.base(f"@{label}")).status_code == 400
        assert notes(loaded, label) == []


def test_sessions_have_a_load_of_their_own(loaded: Served, labels: Iterator[str]) -> None:
    with in_flight(loaded, next(labels), 4):
        base = loaded.base(f"@{next(labels)}")
        assert loaded.ask("short", base=base).status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load: {free: -1}", "2:14"),
        ("load: {slow: 1}", "unknown key `slow`, did you mean `slowdown`?"),
        ("load: 3", "2:7"),
    ],
)
def test_mistakes_are_reported_with_their_place(text: str, message: str) -> None:
    with pytest.raises(FileError) as failure:
        parse(f"format: 1\n{text}\ninteractions: []\n".encode(), "file.yaml")
    assert message in str(failure.value)
