"""Sessions: what one client did is unknown to the next, and the same seed says the same."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mockglm.errors import UsageError
from mockglm.exchange import Request, Response
from mockglm.journal import ENTRY_OVERHEAD, Entry, Journal, MemoryBudget
from mockglm.scenarios import parse
from mockglm.server import Session, Sessions, Settings, handle
from mockglm.serving import Reloader
from tests.serving import KEY, replace_file, serving

COUNTED = """
format: 1
interactions:
  - reply:
      - {content: one}
      - {content: two}
      - {content: three}
"""


def sessions(*texts: str, most: int = 10_000, **settings: object) -> Sessions:
    scenarios = [parse(text.encode(), f"file{i}.yaml") for i, text in enumerate(texts)]
    return Sessions(Settings(speed=0, **settings), scenarios, most=most)  # type: ignore[arg-type]


def chat(text: str, *, stream: bool = False) -> Request:
    mode = "true" if stream else "false"
    body = (
        f'{{"model":"glm-4.6","stream":{mode},"messages":[{{"role":"user","content":"{text}"}}]}}'
    )
    headers = (("authorization", f"Bearer {KEY}"),)
    return Request("POST", "/chat/completions", headers=headers, body=body.encode())


def said(session: Session, text: str) -> Response:
    """What a session answers to a text."""
    answer = handle(session, chat(text)).response
    assert answer is not None
    return answer


LIMITED = """
accounts:
  - {key: "*", balance: {requests: 39}, plan: [{window: 5h, requests: 39}], concurrency: 1}
"""


def test_two_thousand_requests_in_fifty_sessions_at_once_do_not_meet() -> None:
    def run(label: int) -> list[str]:
        base = served.base(f"file@s{label}")
        with httpx.Client(trust_env=False, headers={"Authorization": KEY}) as client:
            return [_content(client, base, label) for _ in range(40)]

    with serving(COUNTED + LIMITED) as served:
        with ThreadPoolExecutor(10) as pool:
            heard = list(pool.map(run, range(50)))
        sessions = [served.session("file", f"s{label}") for label in range(50)]
        asked = [{entry.request.body for entry in session.journal} for session in sessions]
        counts = [len(session.journal) for session in sessions]
    # one key everywhere, and each session's account is used up by its own 39 requests
    assert heard == [["one", "two"] + ["three"] * 37 + ["1113"]] * 50
    assert counts == [40] * 50
    assert [[*bodies] for bodies in asked] == [[_asking(label)] for label in range(50)]


def _content(client: httpx.Client, base: str, label: int) -> str:
    """What is answered: the text, or the code of the error."""
    answer = client.post(f"{base}/chat/completions", content=_asking(label), timeout=30).json()
    if "error" in answer:
        return str(answer["error"]["code"])
    return str(answer["choices"][0]["message"]["content"])


def _asking(label: int) -> bytes:
    return chat(f"from session {label}").body


def test_the_least_recently_used_session_goes() -> None:
    some = sessions(most=2)
    first, second = some.get("", "a"), some.get("", "b")
    assert some.get("", "a") is first
    some.get("", "c")
    assert [one.name for one in some] == ["@a", "@c"]
    assert some.get("", "b") is not second


def test_a_scenario_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"there is no scenario 'helo'; did you mean hello\?"):
        sessions().get("helo")


def test_a_new_stage_begins_sequences_anew_and_keeps_the_journal() -> None:
    some = sessions(COUNTED)
    session = some.get()
    for _ in range(2):
        handle(session, chat("n"))
    some.load([parse(COUNTED.replace("one", "uno").encode(), "file0.yaml")])
    answer = said(session, "n")
    assert b"uno" in answer.body
    assert len(session.journal) == 3


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_session() -> None:
    assert _said("a") == _said("a")
    assert _said("a") != _said("b")


def _said(seed: str) -> bytes:
    script = (
        "from functools import partial\n"
        "from mockglm.clock import Clock\n"
        "from mockglm.server import handle, sessions as module\n"
        "from tests.server.test_sessions import sessions, chat\n"
        "module.Clock = partial(Clock, lambda: 1784000000.25)\n"
        f"session = sessions(seed={seed!r}).get()\n"
        "for text in ('你好', '讲个故事', 'write a poem'):\n"
        "    for stream in (False, True):\n"
        "        print(handle(session, chat(text, stream=stream)).response)\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, check=True)
    return run.stdout


def test_a_repeated_beginning_of_a_prompt_is_reported_as_cached() -> None:
    session = sessions().get()
    text = "请总结" + "很长的材料" * 200
    bodies = [said(session, text).body for _ in range(2)]
    assert b'"cached_tokens":0}' in bodies[0]
    assert b'"cached_tokens":0}' not in bodies[1]


def test_a_chance_is_drawn_from_the_seed() -> None:
    text = """
format: 1
interactions:
  - {when: {chance: 0.3}, reply: {error: 1305}}
  - reply: {content: fine}
"""
    runs = [
        [said(session, "n").status for _ in range(200)]
        for session in (sessions(text).get(), sessions(text).get(), sessions(text, seed="x").get())
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 30 < runs[0].count(429) < 90


def test_a_journal_keeps_to_its_number_and_to_the_budget_of_all() -> None:
    budget = MemoryBudget(limit=3 * ENTRY_OVERHEAD + 1000)
    first, second = Journal(budget, max_entries=3), Journal(budget)
    for ordinal in range(5):
        first.add(_entry(ordinal, 10))
    assert [entry.ordinal for entry in first] == [2, 3, 4]
    for ordinal in range(5):
        second.add(_entry(ordinal, 400))
    assert [entry.ordinal for entry in second] == [3, 4]
    first.clear()
    second.clear()
    assert budget.used == 0


def _entry(ordinal: int, size: int) -> Entry:
    return Entry(ordinal, "", 0.0, Request("POST", "/", body=b"x" * size))


@pytest.mark.parametrize("text", ["format: 2\n", "format: 1\ninteractions: [{reply: {cont: x}}]\n"])
async def test_a_broken_edit_keeps_the_files_as_they_were(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(COUNTED)
    taken: list[int] = []
    said: list[str] = []
    reloader = Reloader([path], lambda scenarios: taken.append(len(scenarios)), said.append)
    running = asyncio.create_task(reloader.run())
    replace_file(path, text)
    await _until(lambda: len(said) == 1)
    replace_file(path, COUNTED + "# mended\n")
    await _until(lambda: len(said) == 2)
    running.cancel()
    assert taken == [1]
    assert said[0].startswith(f"mockglm: not reloaded, because files have mistakes:\n{path}:")
    assert said[1] == "mockglm: reloaded 1 scenario"


async def _until(holds: object) -> None:
    assert callable(holds)
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to hold")
