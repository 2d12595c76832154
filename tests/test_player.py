"""The player: on time by the plan, below ASGI where the answer says so, gone with its client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mockglm.exchange import Answer
from mockglm.player import Player, Ticker, needs_wire

STREAM = (("Content-Type", "text/event-stream;charset=UTF-8"),)
PLAIN = (("Content-Type", "application/json"),)
DATED = (("Date", "yesterday"), *PLAIN)


@dataclass
class Progress:
    """Who watches an answer."""

    started: float
    calls: list[str] = field(default_factory=list)

    def first(self) -> None:
        self.calls.append("first")

    def last(self) -> None:
        self.calls.append("last")


@dataclass
class Sent:
    """What an ASGI server was given, and when by the loop's clock."""

    messages: list[MutableMapping[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)
        self.times.append(asyncio.get_running_loop().time())

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:]]


class FakeWire:
    """A connection that notes what is done with it."""

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done: list[object] = []
        self.whole: list[tuple[bytes, bool]] = []
        self.takes = True

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def part(self, body: bytes) -> bool:
        self.done.append(("part", body))
        return self.takes

    def respond(self, head: bytes, body: Iterable[bytes], is_last: bool) -> bool:
        self.whole.append((head + b"".join(body), is_last))
        return self.takes

    async def drain(self) -> None:
        self.done.append("drain")

    async def sent(self) -> None:
        self.done.append("sent")

    def reset(self) -> None:
        self.done.append("reset")
        self.gone.set_result(None)

    def close(self) -> None:
        self.done.append("close")
        self.gone.set_result(None)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_no_piece_is_sent_before_it_is_due() -> None:
    times = (0.0, 0.01, 0.01, 0.025, 0.03)
    answer = Answer(200, STREAM, tuple((at, b"x") for at in times))
    sent, started = Sent(), now()
    assert await Player().play(answer, sent, Progress(started))
    assert all(at >= started + due for at, due in zip(sent.times[1:], times, strict=True))


async def test_a_plain_answer_has_its_length_and_one_body() -> None:
    sent = Sent()
    await Player().play(Answer(200, DATED, ((0.0, b"{}"),)), sent, Progress(now()))
    assert sent.messages == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"date", b"yesterday"),
                (b"content-type", b"application/json"),
                (b"content-length", b"2"),
            ],
        },
        {"type": "http.response.body", "body": b"{}", "more_body": False},
    ]


async def test_a_large_piece_is_handed_over_in_parts() -> None:
    sent = Sent()
    await Player().play(Answer(200, STREAM, ((0.0, b"x" * 150_000),)), sent, Progress(now()))
    assert [len(body) for body in sent.bodies] == [65536, 65536, 18928]
    assert [message["more_body"] for message in sent.messages[1:]] == [True, True, False]


async def test_the_last_bytes_are_announced_before_they_go() -> None:
    watch, order = Progress(now()), []

    async def send(message: MutableMapping[str, Any]) -> None:
        order.append((message.get("body"), tuple(watch.calls)))

    await Player().play(Answer(200, STREAM, ((0.0, b"a"), (0.0, b"b"))), send, watch)
    assert order == [(None, ()), (b"a", ("first",)), (b"b", ("first", "last"))]


async def test_an_answer_without_a_body_is_sent() -> None:
    sent = Sent()
    assert await Player().play(Answer(200, PLAIN, ()), sent, Progress(now()))
    assert sent.bodies == [b""]


async def test_a_stream_ends_when_its_client_is_gone() -> None:
    wire, sent = FakeWire(), Sent()
    answer = Answer(200, STREAM, ((0.0, b"a"), (3600.0, b"b")))
    playing = asyncio.ensure_future(Player().play(answer, sent, Progress(now()), wire))
    while not wire.done:
        await asyncio.sleep(0)
    wire.gone.set_result(None)
    assert await playing is False
    assert (wire.done, sent.bodies) == ([("part", b"a")], [])


async def test_stopping_ends_what_waits() -> None:
    wire, sent, player = FakeWire(), Sent(), Player()
    answer = Answer(200, STREAM, ((0.0, b"a"), (3600.0, b"b")))
    playing = asyncio.ensure_future(player.play(answer, sent, Progress(now()), wire))
    while not wire.done:
        await asyncio.sleep(0)
    player.stop()
    assert await playing is False
    assert wire.done == [("part", b"a"), "close"]


async def test_a_reset_waits_until_all_was_sent() -> None:
    wire = FakeWire()
    headers = (("Date", "yesterday"), *STREAM)
    answer = Answer(200, headers, ((0.0, b"data: 1\n\n"),), end="reset")
    assert await Player().play(answer, Sent(), Progress(now()), wire) is False
    head = (
        b"HTTP/1.1 200 OK\r\ndate: yesterday\r\ncontent-type: text/event-stream;charset=UTF-8\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    assert wire.done == [head, b"9\r\ndata: 1\n\n\r\n", "drain", "sent", "reset"]


async def test_a_close_leaves_the_message_unfinished() -> None:
    wire = FakeWire()
    answer = Answer(200, (*PLAIN, ("Content-Length", "9")), ((0.0, b"{"),), end="close")
    assert await Player().play(answer, Sent(), Progress(now()), wire) is False
    assert wire.done[-3:] == [b"{", "drain", "close"]


async def test_an_answer_without_a_head_sends_none() -> None:
    wire = FakeWire()
    await Player().play(
        Answer(200, PLAIN, (), end="reset", head=None), Sent(), Progress(now()), wire
    )
    assert wire.done == ["sent", "reset"]


async def test_a_raw_answer_goes_as_it_stands() -> None:
    wire = FakeWire()
    headers = (("Date", "yesterday"), ("Transfer-Encoding", "chunked"))
    answer = Answer(200, headers, ((0.0, b"zz\r\nx\r\n"),), end="close", raw=True)
    await Player().play(answer, Sent(), Progress(now()), wire)
    assert wire.done[0] == (
        b"HTTP/1.1 200 OK\r\ndate: yesterday\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    assert wire.done[1] == b"zz\r\nx\r\n"


async def test_a_hang_lasts_until_the_client_leaves() -> None:
    wire = FakeWire()
    answer = Answer(200, STREAM, (), end="hang")
    playing = asyncio.ensure_future(Player().play(answer, Sent(), Progress(now()), wire))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not playing.done()
    wire.gone.set_result(None)
    assert await playing is False


@pytest.mark.parametrize("end", ["close", "reset", "hang"])
async def test_what_asgi_cannot_say_is_refused_without_a_wire(end: Any) -> None:
    answer, sent = Answer(200, (*STREAM, ("X-Log-Id", "1")), (), end=end), Sent()
    assert needs_wire(answer)
    assert await Player().play(answer, sent, Progress(now())) is False
    assert sent.messages[0]["status"] == 422
    assert (b"x-mockglm-miss", b"1") in sent.messages[0]["headers"]
    assert sent.bodies == [
        b'{"error":{"code":"422","message":"fault %b: this server does not hold the connection; '
        b'`mockglm serve` does"}}' % end.encode()
    ]


async def test_framing_of_its_own_is_refused_without_a_wire() -> None:
    sent = Sent()
    await Player().play(Answer(200, STREAM, (), raw=True), sent, Progress(now()))
    assert b"fault its framing: this server" in sent.bodies[0]


async def test_a_plain_answer_shows_its_head_before_its_last_piece() -> None:
    sent, wire = Sent(), FakeWire()
    answer = Answer(200, PLAIN, ((0.0, b"{"), (3600.0, b"}")))
    playing = asyncio.ensure_future(Player().play(answer, sent, Progress(now()), wire))
    while not sent.bodies:
        await asyncio.sleep(0)
    assert sent.messages[0]["status"] == 200
    wire.gone.set_result(None)
    assert await playing is False
    assert sent.bodies == [b"{"]


async def test_the_ticker_wakes_in_order_and_none_early() -> None:
    ticker, woken, started = Ticker(), [], now()

    async def wait(delay: float) -> None:
        await ticker.wake(started + delay)
        woken.append((delay, now() - started))

    delays = (0.02, 0.005, 0.01, 0.0151, 0.015)
    await asyncio.gather(*map(wait, delays))
    assert [delay for delay, _ in woken] == sorted(delays)
    assert all(at >= delay for delay, at in woken)


async def test_a_turn_is_taken_again_as_long_as_it_says_when() -> None:
    ticker, started = Ticker(), now()
    times = iter((started + 0.002, started + 0.004, None))
    taken: list[float] = []

    def turn() -> float | None:
        taken.append(now() - started)
        return next(times)

    await ticker.wake(started + 0.001, turn)
    assert len(taken) == 3
    assert all(at >= due for at, due in zip(taken, (0.001, 0.002, 0.004), strict=True))


async def test_pieces_before_the_last_go_past_asgi_when_they_are_due() -> None:
    wire, sent, started = FakeWire(), Sent(), now()
    answer = Answer(200, STREAM, ((0.0, b"a"), (0.002, b"b"), (0.004, b"c")))
    assert await Player().play(answer, sent, Progress(started), wire)
    assert wire.done == [("part", b"a"), ("part", b"b")]
    assert sent.bodies == [b"c"]
    assert sent.times[-1] >= started + 0.004


async def test_a_full_connection_is_waited_for() -> None:
    wire, sent = FakeWire(), Sent()
    wire.takes = False
    answer = Answer(200, STREAM, ((0.0, b"a"), (0.0, b"b"), (0.0, b"c")))
    assert await Player().play(answer, sent, Progress(now()), wire)
    assert wire.done == [("part", b"a"), "drain", ("part", b"b"), "drain"]


@pytest.mark.parametrize(
    ("headers", "body", "whole"),
    [
        (PLAIN, b"{}", b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"),
        (
            STREAM,
            b"data: 1\n\n",
            b"content-type: text/event-stream;charset=UTF-8\r\ntransfer-encoding: chunked\r\n\r\n"
            b"9\r\ndata: 1\n\n\r\n0\r\n\r\n",
        ),
        ((("Content-Length", "2"),), b"{}", b"content-length: 2\r\n\r\n{}"),
    ],
)
async def test_what_goes_at_once_goes_in_one_write(
    headers: tuple[tuple[str, str], ...], body: bytes, whole: bytes
) -> None:
    wire, sent, watch = FakeWire(), Sent(), Progress(now())
    answer = Answer(200, (("Date", "today"), *headers), ((0.0, body),))
    assert await Player().play(answer, sent, watch, wire)
    assert wire.whole == [(b"HTTP/1.1 200 OK\r\ndate: today\r\n" + whole, False)]
    assert (sent.messages, watch.calls) == ([], ["first", "last"])


async def test_the_date_is_the_players_unless_the_answer_has_one() -> None:
    wire = FakeWire()
    await Player().play(Answer(200, PLAIN, ((0.0, b"{}"),)), Sent(), Progress(now()), wire)
    [(whole, _)] = wire.whole
    assert whole.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert whole.count(b"date: ") == 1


async def test_an_answer_that_says_close_is_the_last() -> None:
    wire = FakeWire()
    answer = Answer(413, (("Connection", "close"), *PLAIN), ((0.0, b"{}"),))
    await Player().play(answer, Sent(), Progress(now()), wire)
    assert [is_last for _, is_last in wire.whole] == [True]


async def test_an_answer_that_goes_at_once_waits_until_it_is_due() -> None:
    wire, started = FakeWire(), now()
    answer = Answer(200, PLAIN, ((3600.0, b"{}"),), head=3600.0)
    playing = asyncio.ensure_future(Player().play(answer, Sent(), Progress(started), wire))
    await asyncio.sleep(0)
    wire.gone.set_result(None)
    assert await playing is False
    assert wire.whole == []
