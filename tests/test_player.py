"""The player: on time by the plan, over a wire or through ASGI, gone with its client."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest

from mockglm.exchange import Response
from mockglm.player import Player, needs_connection

DATE = ("Date", "yesterday")
STREAM = (DATE, ("Content-Type", "text/event-stream"))
PLAIN = (DATE, ("Content-Type", "application/json"))
FOREVER = 3600.0

CHUNKED = (
    b"HTTP/1.1 200 OK\r\ndate: yesterday\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


@dataclass
class Progress:
    """Who watches an answer."""

    started: float = field(default_factory=monotonic)
    calls: list[str] = field(default_factory=list)

    def on_first_chunk(self) -> None:
        self.calls.append("first")

    def on_break(self, sent: int) -> None:
        pass

    def on_last_chunk(self) -> None:
        self.calls.append("last")


@dataclass
class Sent:
    """What an ASGI server was given, and when."""

    messages: list[MutableMapping[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)
        self.times.append(monotonic())

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:]]


@dataclass
class FakeWire:
    """A connection that notes what is done with it, and takes `room` writes between two drains."""

    room: int = 1000
    method: str = "POST"
    version: str = "1.1"
    keep_alive: bool = True
    done_with: list[object] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    written: int = 0

    def __post_init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_full(self) -> bool:
        return self.written >= self.room

    @property
    def sent_bytes(self) -> bytes:
        return b"".join(one for one in self.done_with if isinstance(one, bytes))

    def write(self, data: bytes) -> None:
        self.written += 1
        self.done_with.append(data)
        self.times.append(monotonic())

    async def drain(self) -> None:
        self.done_with.append("drain")
        self.written = 0

    async def wait_sent(self) -> None:
        self.done_with.append("sent")

    def finish_response(self, *, closes: bool) -> None:
        self.done_with.append("closes" if closes else "done")

    def reset(self) -> None:
        self.done_with.append("reset")
        self.gone.set_result(None)

    def close(self) -> None:
        self.done_with.append("close")
        self.gone.set_result(None)


async def play(answer: Response, wire: FakeWire, watch: Progress | None = None) -> bool:
    return await Player().play(answer, Sent(), watch or Progress(), connection=wire)


async def begun(wire: FakeWire) -> None:
    """Wait until something has been written."""
    while not wire.done_with:
        await asyncio.sleep(0)


async def test_no_piece_is_sent_before_it_is_due() -> None:
    due = (0.0, 0.01, 0.01, 0.025, 0.03)
    wire, watch = FakeWire(), Progress()
    assert await play(Response(200, STREAM, tuple((at, b"x") for at in due)), wire, watch)
    # One write has several pieces if they are due together, as on a busy machine.
    counts = [data.count(b"1\r\nx\r\n") for data in wire.done_with if isinstance(data, bytes)]
    sent = [at for count, at in zip(counts, wire.times, strict=True) for _ in range(count)]
    assert all(at >= watch.started + d for at, d in zip(sent, due, strict=True))


async def test_chunks_that_are_due_are_written_with_the_head_at_once() -> None:
    wire, watch = FakeWire(), Progress()
    assert await play(Response(200, STREAM, ((0.0, b"data: 1\n\n"),)), wire, watch)
    assert wire.done_with == [CHUNKED + b"9\r\ndata: 1\n\n\r\n0\r\n\r\n", "done"]
    assert watch.calls == ["first", "last"]


async def test_a_head_that_is_due_before_its_body_goes_alone() -> None:
    wire = FakeWire()
    playing = asyncio.ensure_future(play(Response(200, STREAM, ((FOREVER, b"a"),)), wire))
    await begun(wire)
    assert wire.done_with == [CHUNKED]
    wire.gone.set_result(None)
    assert await playing is False


async def test_an_answer_waits_until_its_head_is_due() -> None:
    wire = FakeWire()
    answer = Response(200, PLAIN, ((FOREVER, b"{}"),), head=FOREVER)
    playing = asyncio.ensure_future(play(answer, wire))
    for _ in range(5):
        await asyncio.sleep(0)
    wire.gone.set_result(None)
    assert await playing is False
    assert wire.done_with == []


async def test_pieces_that_are_due_together_are_writes_of_their_own() -> None:
    wire = FakeWire()
    assert await play(Response(200, STREAM, ((0.0, b"a"), (0.0, b"b"), (0.0, b"c"))), wire)
    assert wire.done_with == [
        CHUNKED + b"1\r\na\r\n",
        b"1\r\nb\r\n",
        b"1\r\nc\r\n0\r\n\r\n",
        "done",
    ]


async def test_a_large_piece_is_handed_over_in_parts_as_the_wire_takes_them() -> None:
    wire = FakeWire(room=1)
    answer = Response(200, PLAIN, ((0.0, b"x" * 150_000),))
    assert await play(answer, wire)
    sizes = [len(one) if isinstance(one, bytes) else one for one in wire.done_with]
    head = len(wire.sent_bytes) - 150_000
    assert sizes == [65536, "drain", 65536, "drain", 150_000 + head - 2 * 65536, "done"]


async def test_a_full_wire_is_waited_for_whoever_meets_it() -> None:
    wire = FakeWire(room=1)
    times = (0.0, 0.002, 0.004, 0.004)
    assert await play(Response(200, STREAM, tuple((at, b"a") for at in times)), wire)
    kinds = [isinstance(one, bytes) or one for one in wire.done_with]
    assert kinds == [True, "drain", True, "drain", True, "drain", True, "done"]


async def test_a_client_that_leaves_while_the_wire_is_full_ends_the_answer() -> None:
    wire = FakeWire(room=1)

    async def drain() -> None:
        wire.gone.set_result(None)
        wire.written = 0

    wire.drain = drain  # type: ignore[method-assign]
    assert await play(Response(200, STREAM, ((0.0, b"a"), (0.0, b"b"))), wire) is False
    assert wire.done_with == [CHUNKED + b"1\r\na\r\n"]


async def test_the_last_bytes_are_announced_before_they_go() -> None:
    wire, watch, order = FakeWire(), Progress(), []

    def write(data: bytes) -> None:
        order.append((data[-1:], tuple(watch.calls)))

    wire.write = write  # type: ignore[method-assign]
    answer = Response(200, PLAIN, ((0.0, b"a"), (0.0, b"b")))
    await play(answer, wire, watch)
    assert order == [(b"a", ("first",)), (b"b", ("first", "last"))]


async def test_an_answer_without_a_body_is_whole_with_its_head() -> None:
    wire, watch = FakeWire(), Progress()
    assert await play(Response(204, PLAIN, ()), wire, watch)
    assert wire.sent_bytes.endswith(b"content-type: application/json\r\n\r\n")
    assert (wire.done_with[-1], watch.calls) == ("done", ["first", "last"])


async def test_a_stream_ends_when_its_client_is_gone() -> None:
    wire, player = FakeWire(), Player()
    answer = Response(200, STREAM, ((0.0, b"a"), (FOREVER, b"b")))
    playing = asyncio.ensure_future(player.play(answer, Sent(), Progress(), connection=wire))
    await begun(wire)
    wire.gone.set_result(None)
    assert await playing is False
    assert wire.done_with == [CHUNKED + b"1\r\na\r\n"]
    assert len(player.scheduler) == 0


async def test_stopping_wakes_all_transmissions() -> None:
    wire, player = FakeWire(), Player()
    answer = Response(200, STREAM, ((0.0, b"a"), (FOREVER, b"b")))
    playing = asyncio.ensure_future(player.play(answer, Sent(), Progress(), connection=wire))
    await begun(wire)
    player.stop()
    assert await playing is False
    assert wire.done_with == [CHUNKED + b"1\r\na\r\n", "close"]


async def test_a_reset_waits_until_all_was_sent() -> None:
    wire, watch = FakeWire(), Progress()
    answer = Response(200, STREAM, ((0.0, b"data: 1\n\n"),), end="reset")
    assert await play(answer, wire, watch) is False
    assert wire.done_with == [CHUNKED + b"9\r\ndata: 1\n\n\r\n", "sent", "reset"]
    assert watch.calls == ["first", "last"]


async def test_a_close_leaves_the_message_unfinished() -> None:
    wire = FakeWire()
    answer = Response(200, (*PLAIN, ("Content-Length", "9")), ((0.0, b"{"),), end="close")
    assert await play(answer, wire) is False
    assert wire.sent_bytes.endswith(b"content-length: 9\r\n\r\n{")
    assert wire.done_with[-1] == "close"


async def test_an_answer_without_a_head_sends_none() -> None:
    wire = FakeWire()
    await play(Response(200, PLAIN, (), end="reset", head=None), wire)
    assert wire.done_with == ["sent", "reset"]


async def test_a_raw_answer_goes_as_it_stands_and_is_the_last() -> None:
    wire = FakeWire()
    headers = (DATE, ("Transfer-Encoding", "chunked"))
    assert await play(Response(200, headers, ((0.0, b"zz\r\nx\r\n"),), raw=True), wire)
    head = b"HTTP/1.1 200 OK\r\ndate: yesterday\r\ntransfer-encoding: chunked\r\n\r\n"
    assert wire.done_with == [head + b"zz\r\nx\r\n", "closes"]


async def test_a_hang_lasts_until_the_client_leaves() -> None:
    wire = FakeWire()
    playing = asyncio.ensure_future(play(Response(200, STREAM, (), end="hang"), wire))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not playing.done()
    assert wire.done_with == [CHUNKED]
    wire.gone.set_result(None)
    assert await playing is False


async def test_a_date_is_made_for_an_answer_that_has_none() -> None:
    wire = FakeWire()
    await play(Response(200, PLAIN[1:], ((0.0, b"{}"),)), wire)
    assert wire.sent_bytes.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert b" GMT\r\ncontent-type: application/json\r\n" in wire.sent_bytes


async def test_without_a_wire_an_answer_goes_through_asgi() -> None:
    sent, watch = Sent(), Progress()
    assert await Player().play(Response(200, PLAIN, ((0.0, b"{"), (0.005, b"}"))), sent, watch)
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
        {"type": "http.response.body", "body": b"{", "more_body": True},
        {"type": "http.response.body", "body": b"}", "more_body": False},
    ]
    assert sent.times[-1] >= watch.started + 0.005
    assert watch.calls == ["first", "last"]


async def test_without_a_wire_the_framing_of_a_stream_is_the_servers() -> None:
    sent = Sent()
    assert await Player().play(Response(200, STREAM, ()), sent, Progress())
    assert [name for name, _ in sent.messages[0]["headers"]] == [b"date", b"content-type"]
    assert sent.bodies == [b""]


@pytest.mark.parametrize("end", ["close", "reset", "hang"])
async def test_a_response_that_asgi_cannot_send_is_refused_without_a_connection(end: Any) -> None:
    answer, sent = Response(200, (*STREAM, ("X-Log-Id", "1")), (), end=end), Sent()
    assert needs_connection(answer)
    assert await Player().play(answer, sent, Progress()) is False
    assert sent.messages[0]["status"] == 422
    assert (b"x-mockglm-miss", b"1") in sent.messages[0]["headers"]
    assert sent.bodies == [
        b'{"error":{"code":"422","message":"fault %b: this server does not hold the connection; '
        b'`mockglm serve` does"}}' % end.encode()
    ]


async def test_framing_of_its_own_is_refused_without_a_wire() -> None:
    sent = Sent()
    await Player().play(Response(200, STREAM, (), raw=True), sent, Progress())
    assert b"fault its framing: this server" in sent.bodies[0]
