"""The journal and the log tell how much of a response went out."""

from __future__ import annotations

import re
import socket

import pytest

from mockglm.cli.log import format_line
from mockglm.journal import Entry
from tests.serving import Served, post, serving

PATH = "/api/paas/v4/chat/completions"
SLOW = """
format: 1
interactions:
  - reply: {content: 一二三四五六七八, chunks: 1, pace: {first: 0, every: 600}}
"""
QUICK = """
format: 1
interactions:
  - reply: {content: 一二三四五六七八, chunks: 1}
"""


def request(path: str = PATH, *, stream: bool = True) -> bytes:
    message = {"role": "user", "content": "你好"}
    body = {"model": "glm-4.6", "messages": [message], "stream": stream}
    return post(body, path, "Connection: close")


def last_entry(served: Served) -> Entry:
    """The only entry, when it has its outcome."""
    served.wait_until(lambda: all(one.outcome != "open" for one in served.session().journal))
    (entry,) = served.session().journal
    return entry


def leave_after_first_frame(served: Served, *, stream: bool) -> Entry:
    with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
        sock.sendall(request(stream=stream))
        seen = b""
        while b"\n\n" not in seen.partition(b"\r\n\r\n")[2] if stream else False:
            seen += sock.recv(65536)
        if not stream:
            served.wait_until(lambda: len(served.session().journal) == 1)
    return last_entry(served)


def test_a_client_that_leaves_early_got_the_frames_it_got_and_no_finish() -> None:
    with serving(SLOW, speed=1) as served:
        entry = leave_after_first_frame(served, stream=True)
        assert (entry.outcome, entry.finish, entry.frames) == ("gone", "", 1)
        assert re.search(r"  200  gone  \S+ \S+  1 frame$", format_line(entry))
        assert entry.summary()["frames"] == 1
        assert entry.summary()["finish"] == ""


def test_a_client_that_leaves_before_a_planned_break_is_gone() -> None:
    text = SLOW.replace("chunks: 1,", "chunks: 1, fault: {do: reset, at: 3 frames},")
    with serving(text, speed=1) as served:
        entry = leave_after_first_frame(served, stream=True)
        assert (entry.outcome, entry.frames) == ("gone", 1)


def test_a_client_that_leaves_before_a_json_response_got_no_finish() -> None:
    with serving(SLOW, speed=1) as served:
        entry = leave_after_first_frame(served, stream=False)
        assert (entry.outcome, entry.finish) == ("gone", "")


def test_a_whole_response_is_done_in_the_journal() -> None:
    with serving(QUICK) as served:
        served.raw(request())
        entry = last_entry(served)
        assert (entry.outcome, entry.finish, entry.frames) == ("done", "stop", 10)


@pytest.mark.parametrize(
    ("fault", "finish", "frames"),
    [
        ("crlf", "stop", 10),
        ("reset.3-frames", "", 3),
        ("finish-missing", "", 10),
        ("finish-unknown", "eos", 10),
        ("no-done", "stop", 9),
    ],
)
def test_a_fault_changes_the_journal_entry(fault: str, finish: str, frames: int) -> None:
    with serving(QUICK) as served:
        served.raw(request(f"/s/+{fault}{PATH}"))
        entry = last_entry(served)
        assert (entry.finish, entry.frames) == (finish, frames)


@pytest.mark.parametrize("model", ["glm-9", "x" * 100_000])
def test_an_unknown_model_is_logged_with_the_way_to_add_it(model: str) -> None:
    with serving() as served:
        refused = served.ask(model=model)
        assert refused.json()["error"]["code"] == "1211"
        told = format_line(last_entry(served))
    assert re.search(r"unknown model; add it with --model (glm-9=glm-5|x+…=glm-4.6), or", told)
    assert len(told) < 1000 + len(model)


def test_no_model_at_all_gets_no_hint() -> None:
    with serving() as served:
        served.ask(model="")
        assert "add it" not in format_line(last_entry(served))
