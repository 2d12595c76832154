"""Accounts and their limits: by the ledger alone, and over the socket."""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from mockglm.accounts import Account, Ledger, Overload, Window
from mockglm.exchange import Failure
from tests.serving import Served, post, serving

KEY = "a" * 32 + "." + "b" * 16
NOW = 1_784_000_000.0  # 2026-07-14 11:33:20 in Beijing
HOUR = 3600.0


def ledger(account: Account, *overloads: Overload) -> Ledger:
    return Ledger([account], overloads, NOW)


def refused(entered: Failure | Callable[[], None]) -> str:
    assert isinstance(entered, Failure)
    return entered.code


def test_a_slot_is_free_again_once_it_is_released_and_only_once() -> None:
    book = ledger(Account(key=KEY, concurrency=(("*", 1),)))
    release = book.enter(KEY, "glm-4.6", NOW)
    assert refused(book.enter(KEY, "glm-4.6", NOW)) == "1302"
    assert callable(release)
    release()
    release()
    assert book.in_flight == 0
    assert callable(book.enter(KEY, "glm-4.6", NOW))
    assert refused(book.enter(KEY, "glm-4.6", NOW)) == "1302"


def test_concurrency_counts_for_each_model_alone() -> None:
    book = ledger(Account(key=KEY, concurrency=(("glm-5.3", 1), ("*", 2))))
    assert callable(book.enter(KEY, "glm-5.3", NOW))
    assert refused(book.enter(KEY, "glm-5.3", NOW)) == "1302"
    assert callable(book.enter(KEY, "glm-4.6", NOW))
    assert callable(book.enter(KEY, "glm-4.6", NOW))
    assert refused(book.enter(KEY, "glm-4.6", NOW)) == "1302"


def test_a_window_of_hours_is_used_up_until_it_ends() -> None:
    book = ledger(Account(key=KEY, plan=(Window(5 * HOUR, 2),)))
    for _ in range(2):
        assert callable(book.enter(KEY, "glm-4.6", NOW))
    failure = book.enter(KEY, "glm-4.6", NOW + 60)
    assert failure == Failure(
        "1308", fields={"number": "5", "unit": "hour", "reset": "2026-07-14 16:33:20"}
    )
    assert callable(book.enter(KEY, "glm-4.6", NOW + 5 * HOUR))


def test_a_window_of_days_is_the_weeks_limit() -> None:
    book = ledger(Account(key=KEY, plan=(Window(7 * 24 * HOUR, 0),)))
    assert book.enter(KEY, "glm-4.6", NOW) == Failure(
        "1310", fields={"reset": "2026-07-21 11:33:20"}
    )


def test_an_account_for_everybody_counts_each_key_alone() -> None:
    book = Ledger([Account(key="*", plan=(Window(HOUR, 1),)), Account(key=KEY)], [], NOW)
    assert callable(book.enter("a", "glm-4.6", NOW))
    assert refused(book.enter("a", "glm-4.6", NOW)) == "1308"
    assert callable(book.enter("b", "glm-4.6", NOW))
    assert all(callable(book.enter(KEY, "glm-4.6", NOW)) for _ in range(3))


def test_what_is_refused_does_not_count() -> None:
    book = ledger(Account(key=KEY, concurrency=(("*", 0),), plan=(Window(HOUR, 1),)))
    for _ in range(3):
        assert refused(book.enter(KEY, "glm-4.6", NOW)) == "1302"


def test_an_overload_passes() -> None:
    book = Ledger([], [Overload("glm-5*", 30)], NOW)
    assert refused(book.enter("x", "glm-5.2", NOW + 29)) == "1305"
    assert callable(book.enter("x", "glm-4.6", NOW + 29))
    assert callable(book.enter("x", "glm-5.2", NOW + 30))


def test_an_overload_for_good_does_not_pass() -> None:
    book = Ledger([], [Overload("*", None)], NOW)
    assert refused(book.enter("x", "glm-5.2", NOW + 1e6)) == "1305"


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (Account(key=KEY, balance=0), "1113"),
        (Account(key=KEY, balance=0.01), None),
        (Account(key=KEY, denied=("glm-5*",)), "1220"),
        (Account(key=KEY, models=("glm-4*",)), "1311"),
        (Account(key=KEY, models=("glm-5*",)), None),
        (Account(key="other", balance=0), None),
    ],
)
def test_what_an_account_answers_for_a_model(account: Account, code: str | None) -> None:
    failure = ledger(account).denied(KEY, "glm-5.3")
    assert (failure and failure.code) == code


@pytest.mark.parametrize(
    ("state", "code"),
    [("active", None), ("revoked", "401"), ("expired", "1003"), ("locked", "1112")],
)
def test_what_an_account_answers_by_its_state(state: str, code: str | None) -> None:
    failure = ledger(Account(key=KEY, state=state)).barred(KEY)  # type: ignore[arg-type]
    assert (failure and failure.code) == code


# Over the socket.

LIMITED = f"""
format: 1
keys: listed
accounts:
  - key: {KEY}
    concurrency: 1
    plan: [{{window: 5h, requests: 3}}]
    models: [glm-4*, glm-5*]
    denied: glm-5.3
interactions:
  - when: {{text: slow}}
    reply: {{content: 一二三四五六七八, pace: {{every: 600}}}}
  - reply: {{content: 好的}}
"""


def ask(served: Served, text: str = "hi", model: str = "glm-4.6", key: str = KEY) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    url = f"{served.url}/chat/completions"
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(url, json=body, headers=headers, trust_env=False)


def told(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_a_plan_is_used_up_and_the_clock_frees_it() -> None:
    with serving(LIMITED) as served:
        clock = served.session().clock
        clock.advance(NOW - clock.now())
        assert [ask(served).status_code for _ in range(3)] == [200, 200, 200]
        status, code, message = told(ask(served))
        assert (status, code) == (429, "1308")
        assert message.startswith("已达到 5 小时的使用上限。您的限额将在 2026-07-14 16:33:")
        clock.advance(5 * HOUR)
        assert ask(served).status_code == 200


def test_a_plan_and_a_permission_name_the_model() -> None:
    with serving(LIMITED) as served:
        assert told(ask(served, model="charglm-4")) == (
            429,
            "1311",
            "当前订阅套餐暂未开放charglm-4权限",
        )
        assert told(ask(served, model="glm-5.3")) == (403, "1220", "您无权访问glm-5.3。")


def test_a_key_that_is_not_listed_is_refused() -> None:
    with serving(LIMITED) as served:
        assert told(ask(served, key="c" * 32 + "." + "d" * 16))[:2] == (401, "401")


def test_clients_that_hang_up_at_random_leave_no_slot_task_or_connection() -> None:
    wide = LIMITED.replace("concurrency: 1", "concurrency: 500").replace(
        "requests: 3", "requests: 999"
    )
    with serving(wide, speed=1) as served:
        session, chance = served.session(), random.Random(7)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(partial(_leave, served), (chance.randrange(900) for _ in range(200))))
        served.wait_until(lambda: session.ledger.in_flight == 0)
        served.wait_until(lambda: served.background.connections == 0)
        outcomes = Counter(entry.outcome for entry in session.journal)
    assert set(outcomes) == {"gone"}
    assert outcomes.total() > 100  # the others left before their request was whole


def test_one_over_the_concurrency_is_refused_while_the_other_streams_on() -> None:
    with serving(LIMITED, speed=1) as served, _asking(served, stream=True) as slow:
        slow.recv(4096)
        assert told(ask(served))[:2] == (429, "1302")
        assert served.session().ledger.in_flight == 1


def _leave(served: Served, size: int) -> None:
    """Ask, in a stream or not, and go: in the middle of asking, or after some bytes."""
    with _asking(served, stream=size % 2 == 0, at_most=None if size > 300 else size) as sock:
        if size > 600 and size % 2 == 0:
            sock.recv(size)


def _asking(served: Served, *, stream: bool, at_most: int | None = None) -> socket.socket:
    body = {
        "model": "glm-4.6",
        "stream": stream,
        "messages": [{"role": "user", "content": "slow"}],
    }
    sock = socket.create_connection(("127.0.0.1", served.background.port), timeout=10)
    sock.sendall(post(body, key=KEY)[:at_most])
    return sock
