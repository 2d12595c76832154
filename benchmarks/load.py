"""The load: a process of its own that asks over raw sockets and checks every answer.

It reads plans, a line of JSON each, from standard input and writes a line of JSON for each.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import TypeVar, cast

__all__ = ["Asked", "Load", "Paced", "Plan", "fetch"]

DONE = (b"data: [DONE]\n\n", b'data: {"type":"message_stop"}\n\n')
"""The last events of a whole stream, by surface."""
LAST_CHUNK = b"0\r\n\r\n"
CONNECTED_AT_ONCE = 200
LONGEST = 120.0
"""Seconds after which answers are taken for lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to ask: these requests in turn, `count` in all, over so many kept connections.

    With `every` each connection asks once, they begin `ramp` seconds apart from first to last,
    and each frame's lateness is noted: frame i is due `first + every * i` seconds after the
    request, `[DONE]` together with the frame before it. Who leaves asks once and goes when the
    answer begins.
    """

    port: int
    requests: tuple[bytes, ...]
    count: int
    connections: int = 8
    frames: int = 0
    first: float = 0.0
    every: float = 0.0
    ramp: float = 0.0
    status: int = 200
    leaves: bool = False
    wanted: tuple[bytes, ...] = ()
    """What the body of the answer to each request must contain; empty for anything."""

    def dump(self) -> bytes:
        texts = {**asdict(self), "requests": _texts(self.requests), "wanted": _texts(self.wanted)}
        return json.dumps(texts).encode() + b"\n"

    @classmethod
    def load(cls, line: bytes) -> Plan:
        given = json.loads(line)
        pairs = {name: tuple(map(str.encode, given[name])) for name in ("requests", "wanted")}
        return cls(**{**given, **pairs})


@dataclass(slots=True, kw_only=True)
class Asked:
    """What came: whole answers, the bytes of their bodies, their frames; `wrong` counts what was
    not as it should be, in words."""

    answers: int = 0
    size: int = 0
    frames: int = 0
    seconds: float = 0.0
    wrong: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Paced(Asked):
    """Lateness in seconds as the client saw it: of all frames, and the mean of the first and of
    the last tenth of a stream. `early` counts frames that came before they were due."""

    p50: float
    p99: float
    early: int
    began: float
    ended: float


class Load:
    """The process that asks, as those see it that have it ask."""

    def __enter__(self) -> Load:
        command = [sys.executable, "-m", "benchmarks.load"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, plan: Plan) -> Asked:
        """Ask and wait for all answers. Raises ValueError if one of them is lost or wrong."""
        self.begin(plan)
        return self.end(plan)

    def begin(self, plan: Plan) -> None:
        """Begin to ask."""
        assert self._process.stdin
        self._process.stdin.write(plan.dump())
        self._process.stdin.flush()

    def end(self, plan: Plan) -> Asked:
        """Wait for the answers to what was begun."""
        assert self._process.stdout
        found = json.loads(self._process.stdout.readline())
        asked = (Paced if plan.every else Asked)(**found)
        if asked.wrong or asked.answers != plan.count:
            raise ValueError(f"{asked.answers} of {plan.count} answers, wrong: {asked.wrong}")
        return asked


class Client(asyncio.Protocol):
    """One connection that asks the next request when it has the answer to the last."""

    def __init__(self, plan: Plan, queue: Iterator[tuple[bytes, bytes]], asked: Asked) -> None:
        self.plan = plan
        self.queue = queue
        self.asked = asked
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held = b""
        self.ending: tuple[int, int] | None = None
        self.wanted = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if not self.plan.every:
            self.ask()

    def connection_lost(self, failure: Exception | None) -> None:
        if self.held or self.wanted:
            self.note("cut")
        self.closed.set_result(None)

    def ask(self) -> None:
        """Send the next request; close when there is none."""
        pair = next(self.queue, None)
        self.held, self.ending, self.wanted = b"", None, b""
        if pair is None:
            self.transport.close()
            return
        request, self.wanted = pair
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.held = self.held + data if self.held else data
        ending = self.ending or self.head()
        if ending is None:
            return
        start, size = ending
        if size < 0:
            if self.held.endswith(LAST_CHUNK):
                self.judge(dechunked(self.held, start))
        elif len(self.held) >= start + size:
            self.judge(self.held[start:])

    def head(self) -> tuple[int, int] | None:
        """Where the body starts and how long it is, -1 if it is chunked; None if not known yet."""
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return None
        if not self.held.startswith(b"HTTP/1.1 %d " % self.plan.status):
            self.note(self.held[:12].decode("latin-1"))
        head = self.held[:end].lower() + b"\r\n"
        at = head.find(b"\r\ncontent-length:")
        size = -1 if at < 0 else int(head[at + 17 : head.index(b"\r\n", at + 2)])
        self.ending = end + 4, size
        return self.ending

    def judge(self, body: bytes) -> None:
        """Count an answer that is whole, note what is wrong with it, and go on."""
        self.asked.answers += 1
        self.asked.size += len(body)
        if self.wanted not in body:
            self.note("another answer")
        if self.plan.frames:
            self.frames(body)
        self.ask()

    def frames(self, body: bytes) -> None:
        count = body.count(b"data: ")
        self.asked.frames += count
        if count != self.plan.frames:
            self.note(f"{count} frames")
        if not body.endswith(DONE):
            self.note("no [DONE]")

    def note(self, wrong: str) -> None:
        self.asked.wrong[wrong] = self.asked.wrong.get(wrong, 0) + 1


class Leaver(Client):
    """One connection that asks once and is gone when the answer begins."""

    def data_received(self, data: bytes) -> None:
        self.asked.answers += 1
        self.held, self.wanted = b"", b""
        self.transport.abort()


class Watcher(Client):
    """One connection that asks once and notes when each frame came."""

    def ask(self) -> None:
        if self.ending is not None:
            self.queue = iter(())
        else:
            self.arrivals = array("d")
            self.began = time.monotonic()
        super().ask()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for _ in range(data.count(b"data: ")):
            self.arrivals.append(now)
        super().data_received(data)

    def lateness(self) -> Iterator[float]:
        """Of each frame; the last one is due with the one before it."""
        start, last = self.began + self.plan.first, self.plan.frames - 2
        for index, at in enumerate(self.arrivals):
            yield at - start - self.plan.every * min(index, last)


def fetch(port: int, request: bytes) -> bytes:
    """The body of one answer."""
    request = request.replace(b"Connection: keep-alive", b"Connection: close")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(request)
        held = b"".join(iter(lambda: sock.recv(65536), b""))
    end = held.index(b"\r\n\r\n")
    is_chunked = b"transfer-encoding: chunked" in held[:end].lower()
    return dechunked(held, end + 4) if is_chunked else held[end + 4 :]


def dechunked(held: bytes, start: int) -> bytes:
    """The body of a chunked message that is whole."""
    pieces: list[bytes] = []
    while True:
        end = held.index(b"\r\n", start)
        size = int(held[start:end], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(held[end + 2 : end + 2 + size])
        start = end + 4 + size


async def ask(plan: Plan) -> Asked:
    """Carry a plan out."""
    asked = Asked(wrong={})
    wanted = plan.wanted or (b"",)
    queue = islice(zip(cycle(plan.requests), cycle(wanted), strict=False), plan.count)
    if plan.every:
        return await watch(plan, queue, asked)
    started = time.monotonic()
    kind = Leaver if plan.leaves else Client
    clients = await connect(kind, plan, queue, asked)
    await _closed(clients, asked)
    asked.seconds = time.monotonic() - started
    return asked


async def watch(plan: Plan, queue: Iterator[tuple[bytes, bytes]], asked: Asked) -> Paced:
    """Have every connection ask once, one after the other, and see how late the frames are."""
    clients = await connect(Watcher, plan, queue, asked)
    loop = asyncio.get_running_loop()
    started = loop.time() + 0.05
    for index, client in enumerate(clients):
        loop.call_at(started + plan.ramp * index / len(clients), client.ask)
    await _closed(clients, asked)
    late = [list(client.lateness()) for client in clients]
    tenth = max(plan.frames // 10, 1)
    every = sorted(one for stream in late for one in stream)
    return Paced(
        **{**asdict(asked), "seconds": loop.time() - started},
        p50=every[len(every) // 2],
        p99=every[len(every) * 99 // 100],
        early=sum(one < 0 for one in every),
        began=mean([one for stream in late for one in stream[:tenth]]),
        ended=mean([one for stream in late for one in stream[-tenth:]]),
    )


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


One = TypeVar("One", bound=Client)


async def connect(
    kind: type[One], plan: Plan, queue: Iterator[tuple[bytes, bytes]], asked: Asked
) -> list[One]:
    """As many connections as the plan has, a few at a time so that none is refused."""
    loop = asyncio.get_running_loop()
    clients: list[One] = []
    while len(clients) < plan.connections:
        more = min(CONNECTED_AT_ONCE, plan.connections - len(clients))
        made = [
            loop.create_connection(lambda: kind(plan, queue, asked), "127.0.0.1", plan.port)
            for _ in range(more)
        ]
        clients += [protocol for _, protocol in await asyncio.gather(*made)]
    return clients


async def _closed(clients: Sequence[Client], asked: Asked) -> None:
    """Wait for all connections to end, not for ever."""
    _, pending = await asyncio.wait([client.closed for client in clients], timeout=LONGEST)
    if pending:
        asked.wrong["no end"] = len(pending)


def _texts(texts: tuple[bytes, ...]) -> list[str]:
    return [text.decode() for text in texts]


def run(plan: Plan) -> Asked:
    import uvloop

    return uvloop.run(ask(plan))


def main() -> None:
    """Carry out the plans that come."""
    gc.disable()
    for line in sys.stdin.buffer:
        print(json.dumps(asdict(run(Plan.load(line)))), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
