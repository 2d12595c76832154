"""`mockglm record` is killed again and again while clients stream through it into one cassette.

Run by itself, because forking wants a process without threads: it has imported the command line
once, and every recorder is a fork of it. So is the service.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from mockglm.cli import main
from mockglm.scenarios import Interaction, parse

CLIENTS = 4
LEAVING = 0.2
"""The share of the clients that leave in the middle."""

MOST_READ = 40
"""Pieces that all clients have read, at most, before the recorder is killed."""

LATEST = 0.01
"""Seconds after the last of them within which it is killed."""

PAUSE = 0.002
LATE = ("mockglm.cli.record", "httpx", "httpcore", "anyio._backends._asyncio", "uvloop")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
EMPTY = b"format: 1\ninteractions:\n"
END = b"0\r\n\r\n"


@dataclass
class Told:
    """The complete responses that clients received, by the number of the request.

    `is_enough` is set when they have read so many pieces of responses.
    """

    missing: int
    whole: dict[int, bytes] = field(default_factory=dict)
    is_enough: asyncio.Event = field(default_factory=asyncio.Event)

    def count_piece(self) -> None:
        self.missing -= 1
        if self.missing <= 0:
            self.is_enough.set()


def answer(number: int) -> bytes:
    """The body of the answer to a question."""
    chance = random.Random(number)
    texts = ["晴" * chance.randrange(9) for _ in range(chance.randrange(1, 7))]
    frames = [f'data: {{"of":{number},"text":"{text}"}}\n\n' for text in texts]
    return "".join([*frames, "data: [DONE]\n\n"]).encode()


def pieces(number: int) -> Iterator[bytes]:
    """The same in pieces of any size."""
    chance, body, start = random.Random(number), answer(number), 0
    while start < len(body):
        size = chance.randrange(1, 41)
        yield body[start : start + size]
        start += size


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one question, if whoever asks is there to hear it."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        number = _number(await _asked(reader))
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        for piece in pieces(number):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(PAUSE * random.Random(number).random())
        writer.write(END)
        await writer.drain()
    writer.close()


async def ask(port: int, number: int, told: Told, *, leaves: bool) -> None:
    """Ask a question and hear the answer; or hear the beginning of it only."""
    body = json.dumps({"model": "glm-4.6", "messages": [{"role": "user", "content": str(number)}]})
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"POST /api/paas/v4/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode())
        )
        heard = b""
        while data := await reader.read(4096):
            heard += data
            told.count_piece()
            if leaves and heard.count(b"data: "):
                return
        if heard.endswith(END):
            told.whole[number] = _dechunked(heard.partition(b"\r\n\r\n")[2])
    finally:
        writer.close()


async def kill(child: int, port: int, numbers: Iterator[int], chance: random.Random) -> Told:
    """Ask until the recorder is no more, which it is in a moment."""
    told = Told(chance.randrange(1, MOST_READ + 1))

    async def client() -> None:
        with suppress(ConnectionError):
            while True:
                await ask(port, next(numbers), told, leaves=chance.random() < LEAVING)

    clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
    await told.is_enough.wait()
    await asyncio.sleep(chance.uniform(0, LATEST))
    os.kill(child, signal.SIGKILL)
    await asyncio.gather(*clients)
    os.waitpid(child, 0)
    return told


def run(path: Path, times: int, seed: int) -> tuple[int, int]:
    """Kill so many times; how many exchanges are whole then, and how many cut. AssertionError where
    one is lost or is not what it should be."""
    # What is imported or made when it is needed first, is here, once.
    for name in LATE:
        import_module(name)
    parse(EMPTY + b"- reply: {content: 1}\n", path)
    # Nothing is asked over TLS: the certificates of the world are not read 200 times.
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(path.parent)
    gc.freeze()
    chance, numbers, total, before = random.Random(seed), count(), [0, 0], b""
    service, port = _fork_service()
    try:
        for _ in range(times):
            child, own = _fork_recorder(path, port)
            told = asyncio.run(kill(child, own, numbers, chance))
            now = path.read_bytes() if path.exists() else b""
            assert now.startswith(before)
            for index, found in enumerate(_check(before, now, told)):
                total[index] += found
            before = now
    finally:
        os.kill(service, signal.SIGKILL)
        os.waitpid(service, 0)
    assert (len(parse(before, path).interactions) if before else 0) == sum(total)
    return total[0], total[1]


def _check(before: bytes, now: bytes, told: Told) -> tuple[int, int]:
    """Hold what was added against what clients were told; how many are whole, and how many cut."""
    head = EMPTY if before else b""
    added = parse(head + now[len(before) :], "added").interactions if now != before else ()
    whole = dict(_whole(added))
    assert all(whole[number] == body for number, body in told.whole.items())
    assert all(body == answer(number) for number, body in whole.items())
    return len(whole), len(added) - len(whole)


def _whole(added: tuple[Interaction, ...]) -> Iterator[tuple[int, bytes]]:
    """Those that are whole, by number; those that are not have to be marked."""
    for one in added:
        kept = one.steps[0].response
        assert one.request is not None
        assert kept is not None
        number = _number(one.request.body)
        if kept.end == "done":
            yield number, kept.body
            continue
        assert kept.end == "close"
        assert answer(number).startswith(kept.body)


def _fork_service() -> tuple[int, int]:
    sock = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if not child:
        asyncio.run(_serve(sock))
    port = int(sock.getsockname()[1])
    sock.close()
    return child, port


async def _serve(sock: socket.socket) -> None:
    server = await asyncio.start_server(serve, sock=sock)
    await server.serve_forever()


def _fork_recorder(path: Path, port: int) -> tuple[int, int]:
    """A recorder that answers, and its port."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writer, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        url = f"http://127.0.0.1:{port}/v4"
        options = ["--upstream", url, "--allow-upstream", "127.0.0.1", "--log", "none"]
        main(["record", str(path), "--mode", "new", "--port", "0", *options])
    os.close(writer)
    with os.fdopen(reader) as said:
        line = said.readline()
    assert line, "it does not start: the file does not load"
    return child, urlsplit(line.split()[2]).port or 0


async def _asked(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = (line.partition(b": ") for line in head.lower().split(b"\r\n"))
    sizes = [int(value) for name, _, value in lines if name == b"content-length"]
    return await reader.readexactly(sizes[0])


def _number(body: bytes) -> int:
    return int(json.loads(body)["messages"][0]["content"])


def _dechunked(data: bytes) -> bytes:
    body = b""
    while not data.startswith(END):
        size, _, data = data.partition(b"\r\n")
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return body


if __name__ == "__main__":
    sys.stdout.write(" ".join(map(str, run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))))
