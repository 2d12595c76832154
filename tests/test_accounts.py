"""Accounts and their limits: by the ledger alone, and over the socket."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from mockglm.accounts import Account, Ledger, Overload, Price, Window
from mockglm.exchange import APIError, Response
from tests.serving import Served, post, serving

KEY = "a" * 32 + "." + "b" * 16
NOW = 1_784_000_000.0  # 2026-07-14 11:33:20 in Beijing
HOUR = 3600.0


def ledger(account: Account, *overloads: Overload) -> Ledger:
    return Ledger([account], overloads, NOW)


def refused(entered: APIError | Callable[[], None]) -> str:
    assert isinstance(entered, APIError)
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


def test_released_slots_and_ended_windows_are_forgotten() -> None:
    book = Ledger([Account(key="*", plan=(Window(60, 5),))], [], NOW)
    for number in range(2000):
        release = book.enter(f"key{number}", f"glm-{number}", NOW + number)
        assert callable(release)
        release()
    assert len(book.slots) == 0
    assert len(book.windows) < 200


def test_a_window_that_is_not_over_outlives_the_others() -> None:
    book = Ledger([Account(key="*", plan=(Window(HOUR, 1),))], [], NOW)
    assert callable(book.enter("kept", "glm-4.6", NOW + HOUR - 1))
    for number in range(500):
        book.enter(f"key{number}", "glm-4.6", NOW)
    for number in range(500):
        book.enter(f"new{number}", "glm-4.6", NOW + HOUR + 1)
    assert refused(book.enter("kept", "glm-4.6", NOW + HOUR + 2)) == "1308"
    assert len(book.windows) < 900


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
    assert failure == APIError(
        "1308", fields={"number": "5", "unit": "hour", "reset": "2026-07-14 16:33:20"}
    )
    assert callable(book.enter(KEY, "glm-4.6", NOW + 5 * HOUR))


def test_a_window_of_days_is_the_weeks_limit() -> None:
    book = ledger(Account(key=KEY, plan=(Window(7 * 24 * HOUR, 0),)))
    assert book.enter(KEY, "glm-4.6", NOW) == APIError(
        "1310", fields={"reset": "2026-07-21 11:33:20"}
    )


def test_an_account_for_everybody_counts_each_key_alone() -> None:
    book = Ledger([Account(key="*", plan=(Window(HOUR, 1),)), Account(key=KEY)], [], NOW)
    assert callable(book.enter("a", "glm-4.6", NOW))
    assert refused(book.enter("a", "glm-4.6", NOW)) == "1308"
    assert callable(book.enter("b", "glm-4.6", NOW))
    assert all(callable(book.enter(KEY, "glm-4.6", NOW)) for _ in range(3))


def test_refused_requests_do_not_count() -> None:
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
def test_each_limit_on_a_model_has_its_error(account: Account, code: str | None) -> None:
    failure = ledger(account).permission_error(KEY, "glm-5.3")
    assert (failure and failure.code) == code


@pytest.mark.parametrize(
    ("state", "code"),
    [("active", None), ("revoked", "401"), ("expired", "1003"), ("locked", "1112")],
)
def test_each_state_of_an_account_has_its_error(state: str, code: str | None) -> None:
    failure = ledger(Account(key=KEY, state=state)).account_error(KEY)  # type: ignore[arg-type]
    assert (failure and failure.code) == code


USED = (
    b'"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500,'
    b'"prompt_tokens_details":{"cached_tokens":400}}'
)
MESSAGE = b'"message":{"role":"assistant","content":"a"}'
DELTA = b'"delta":{"role":"assistant","content":""}'
JSON = b'{"choices":[{"finish_reason":"stop",' + MESSAGE + b"}]," + USED + b"}"
STREAM = (
    b'data: {"choices":[{"index":0,"finish_reason":"stop",'
    + DELTA
    + b"}],"
    + USED
    + b"}\n\ndata: [DONE]\n\n"
)
PLAIN = Response(200, (("Content-Type", "application/json"),), ((0.0, JSON),))
STREAMED = Response(200, (("Content-Type", "text/event-stream"),), ((0.0, STREAM),))
BROKEN = Response(200, PLAIN.headers, ((0.0, JSON[:40]),))
ODD = Response(200, PLAIN.headers, ((0.0, JSON.replace(b"500", b'"a"').replace(b"1500", b"null")),))
ERROR = Response(429, PLAIN.headers, ((0.0, b"{}"),))
PRICES = (("glm-4.6", Price(2, 8, 0.5)), ("glm-4*", Price(1, 1)))


@pytest.mark.parametrize(
    ("account", "model", "answer", "left"),
    [
        (Account(key=KEY, balance=2, unit="requests"), "glm-4.6", PLAIN, "requests left: 1"),
        (Account(key=KEY, balance=2, unit="requests"), "glm-4.6", BROKEN, "requests left: 1"),
        (Account(key=KEY, balance=2000, unit="tokens"), "glm-4.6", PLAIN, "tokens left: 500"),
        (Account(key=KEY, balance=2000, unit="tokens"), "glm-4.6", STREAMED, "tokens left: 500"),
        (Account(key=KEY, balance=1000, unit="tokens"), "glm-4.6", STREAMED, "tokens left: -500"),
        (Account(key=KEY, balance=2000, unit="tokens"), "glm-4.6", BROKEN, "tokens left: 2000"),
        (Account(key=KEY, balance=2000, unit="tokens"), "glm-4.6", ODD, "tokens left: 2000"),
        # 600 fresh at 2, 400 cached at 0.5, 500 out at 8 yuan a million
        (Account(key=KEY, balance=1, prices=PRICES), "glm-4.6", PLAIN, "yuan left: 0.9946"),
        (Account(key=KEY, balance=1, prices=PRICES), "glm-4.5", STREAMED, "yuan left: 0.9985"),
        (Account(key=KEY, balance=0.0055, prices=PRICES), "glm-4.6", PLAIN, "yuan left: 0.0001"),
        (Account(key=KEY, balance=0.00543, prices=PRICES), "glm-4.6", PLAIN, "yuan left: 0.00003"),
        (Account(key=KEY, balance=1, prices=PRICES), "glm-5", STREAMED, "yuan left: 1"),
        (Account(key=KEY, balance=1), "glm-4.6", PLAIN, "yuan left: 1"),
    ],
)
def test_a_response_is_charged_by_its_cost(
    account: Account, model: str, answer: Response, left: str
) -> None:
    assert ledger(account).charge(KEY, model, answer, now=NOW) == (left,)


def test_an_error_costs_nothing_and_no_account_has_nothing_to_take() -> None:
    book = ledger(Account(key=KEY, balance=1, unit="requests"))
    assert book.charge(KEY, "glm-4.6", ERROR, now=NOW) == ()
    assert book.charge("other", "glm-4.6", PLAIN, now=NOW) == ()
    assert ledger(Account(key=KEY)).charge(KEY, "glm-4.6", PLAIN, now=NOW) == ()
    assert book.permission_error(KEY, "glm-4.6") is None


def test_a_balance_is_used_up_to_the_last_fen() -> None:
    book = ledger(Account(key=KEY, balance=0.3, prices=(("*", Price(0, 200)),)))
    for left in ("0.2", "0.1", "0"):
        assert book.permission_error(KEY, "glm-4.6") is None
        assert book.charge(KEY, "glm-4.6", PLAIN, now=NOW) == (f"yuan left: {left}",)
    assert book.permission_error(KEY, "glm-4.6") == APIError("1113")


def test_a_free_model_takes_nothing_and_answers_without_a_balance() -> None:
    """A key without balance had its answers of these (RarogCmex/pi-bigmodel, 2026-10)."""
    book = ledger(Account(key=KEY, balance=0))
    assert book.permission_error(KEY, "glm-4.6") == APIError("1113")
    assert book.permission_error(KEY, "glm-4.5-flash") is None
    told = book.charge(KEY, "glm-4.5-flash", PLAIN, now=NOW)
    assert told == ("glm-4.5-flash is free, yuan left: 0",)


def test_a_balance_for_everybody_is_each_keys_own() -> None:
    book = ledger(Account(key="*", balance=1, unit="requests"))
    book.charge("x", "glm-4.6", PLAIN, now=NOW)
    assert book.permission_error("x", "glm-4.6") == APIError("1113")
    assert book.permission_error("y", "glm-4.6") is None


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
  - reply: {{content: 好的, pace: {{first: 0}}}}
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


POOR = f"""
format: 1
accounts:
  - {{key: {KEY}, balance: {{requests: 2}}}}
  - {{key: "*", balance: {{tokens: 50}}}}
interactions:
  - when: {{user: wrong}}
    reply: {{error: 1210}}
  - reply: {{content: 好的, usage: {{total_tokens: 40}}}}
"""


def test_the_journal_has_the_rest_of_a_balance() -> None:
    with serving(POOR) as served:
        assert [ask(served, text).status_code for text in ("a", "wrong", "b")] == [200, 400, 200]
        assert told(ask(served)) == (429, "1113", "余额不足或无可用资源包,请充值。")
        assert ask(served, model="glm-4.7-flash").status_code == 200
        notes = [entry.notes for entry in served.session().journal]
    assert notes == [
        ("requests left: 1",),
        (),
        ("requests left: 0",),
        (),
        ("glm-4.7-flash is free, requests left: 0",),
    ]


def test_a_streams_tokens_are_taken_and_a_new_session_has_them_again() -> None:
    with serving(POOR) as served:
        base = served.base("file@a")
        statuses = [served.ask(stream=True, base=base).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert served.ask(base=served.base("file@b")).status_code == 200
        summary = [entry.summary()["notes"] for entry in served.session("file", "a").journal]
    assert summary == [["tokens left: 10"], ["tokens left: -30"], []]


def test_clients_that_hang_up_at_random_leave_no_slot_task_or_socket() -> None:
    wide = LIMITED.replace("concurrency: 1", "concurrency: 500").replace(
        "requests: 3", "requests: 999"
    )
    with serving(wide, speed=1) as served:
        chance = random.Random(7)
        before = _tasks(served)
        with ThreadPoolExecutor(20) as pool:
            left = list(
                pool.map(partial(_leave, served), (chance.randrange(900) for _ in range(200)))
            )
        served.wait_until(lambda: served.slots() == 0)
        served.wait_until(lambda: served.background.connections == 0)
        served.wait_until(lambda: _tasks(served) == before)
        outcomes = Counter(entry.outcome for entry in served.session().journal)
    assert set(outcomes) == {"gone"}
    assert outcomes.total() > 100  # the others left before their request was whole
    assert sum(left) > 20  # these were in the middle of a stream


def test_a_slot_is_free_at_once_when_its_client_leaves() -> None:
    with serving(LIMITED, speed=1) as served:
        for _ in range(2):
            with _asking(served, stream=True) as slow:
                slow.recv(4096)
                assert told(ask(served))[:2] == (429, "1302")
            served.wait_until(lambda: served.slots() == 0)
        assert ask(served).status_code == 200


def _tasks(served: Served) -> int:
    """The tasks of the server's loop, the one that counts among them."""
    count: int = served.background.call(lambda: len(asyncio.all_tasks()))
    return count


def test_one_over_the_concurrency_is_refused_while_the_other_streams_on() -> None:
    with serving(LIMITED, speed=1) as served, _asking(served, stream=True) as slow:
        slow.recv(4096)
        assert told(ask(served))[:2] == (429, "1302")
        assert served.slots() == 1


def _leave(served: Served, size: int) -> bool:
    """Ask, in a stream or not, and go: in the middle of asking, or after some bytes, which is
    what it says."""
    with _asking(served, stream=size % 2 == 0, at_most=None if size > 300 else size) as sock:
        return size > 600 and size % 2 == 0 and sock.recv(size) != b""


def _asking(served: Served, *, stream: bool, at_most: int | None = None) -> socket.socket:
    body = {
        "model": "glm-4.6",
        "stream": stream,
        "messages": [{"role": "user", "content": "slow"}],
    }
    sock = socket.create_connection(("127.0.0.1", served.background.port), timeout=60)
    sock.sendall(post(body, key=KEY)[:at_most])
    return sock
