"""The sockets of the workers of one machine, by which each asks the others for its journal."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from mockglm.errors import MockGLMError

SUFFIX = ".socket"

TIMEOUT = 1.0
"""Seconds in which a worker has to answer."""

SHORT_TIMEOUT = 0.02
"""Seconds for a worker that did not answer before: it was stopped by a signal, say."""

MAX_MESSAGE = 512 * 1024 * 1024

_LENGTH = 8
_ERRORS = (OSError, EOFError, TimeoutError, MockGLMError)

Answer = Callable[[bytes], Awaitable[bytes | AsyncIterator[bytes]]]
"""Returns the answer to a question, or answers that are sent one after the other until the asking
worker goes."""


class Siblings:
    """The workers that share a folder: the one with `index` answers by `answer`, and asks others.

    Other users cannot reach the sockets, which are in the folder. `report` is called with a
    sentence about a worker that does not answer.
    """

    def __init__(
        self, folder: Path, index: int, answer: Answer, *, report: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._path = folder / f"{index}{SUFFIX}"
        self._answer = answer
        self._report = report
        self._silent: set[Path] = set()
        self._heard: dict[Path, float] = {}
        # From now on others can ask; they are answered when the loop runs.
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self._path))
        self._socket.listen()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Answer other workers until cancelled."""
        server = await asyncio.start_unix_server(self._serve, sock=self._socket)
        async with server:
            try:
                await server.serve_forever()
            finally:
                for task in self._tasks:
                    task.cancel()

    def list_others(self) -> list[Path]:
        """List the sockets of the other workers."""
        return sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path != self._path)

    async def ask(self, question: bytes) -> list[bytes]:
        """Ask all other workers; return the answers of those that answer in time."""
        asked = [
            self._ask(path, question, SHORT_TIMEOUT if path in self._silent else TIMEOUT)
            for path in self.list_others()
        ]
        found = await asyncio.gather(*asked)
        return [answer for answer in found if answer is not None]

    async def ask_one(self, index: int, question: bytes) -> bytes | None:
        """Ask one worker; None if it does not answer in time."""
        return await self._ask(self._folder / f"{index}{SUFFIX}", question, TIMEOUT)

    async def follow(self, path: Path, question: bytes) -> AsyncIterator[bytes]:
        """Ask one worker for answers one after the other, until it ends or the caller leaves."""
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            await _write(writer, question)
            while True:
                yield await _read(reader)
        except _ERRORS:
            return
        finally:
            writer.close()

    async def close(self) -> None:
        self._socket.close()

    async def _ask(self, path: Path, question: bytes, timeout: float) -> bytes | None:
        asked = monotonic()
        try:
            async with asyncio.timeout(timeout):
                answer = await _exchange(path, question)
        except TimeoutError:
            if self._heard.get(path, 0.0) > asked:
                return None  # it has answered another question meanwhile
            if path not in self._silent:
                self._report(
                    f"mockglm: worker {path.stem} does not answer; its exchanges are not shown"
                )
            self._silent.add(path)
            return None
        except _ERRORS:
            return None  # it has just ended, and its journal with it
        self._silent.discard(path)
        self._heard[path] = monotonic()
        return answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(*_ERRORS):
                answer = await self._answer(await _read(reader))
                if isinstance(answer, bytes):
                    await _write(writer, answer)
                else:
                    await _send_all(reader, writer, answer)
        finally:
            self._tasks.discard(task)
            writer.close()


async def _exchange(path: Path, question: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        await _write(writer, question)
        return await _read(reader)
    finally:
        writer.close()


async def _send_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: AsyncIterator[bytes]
) -> None:
    """Send answers until the other end closes."""

    async def send() -> None:
        async for answer in answers:
            await _write(writer, answer)

    sending, gone = asyncio.create_task(send()), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        gone.cancel()
        await asyncio.gather(sending, gone, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(_LENGTH), "big")
    if size > MAX_MESSAGE:
        raise OSError("the message is too long")
    return await reader.readexactly(size)


async def _write(writer: asyncio.StreamWriter, message: bytes) -> None:
    writer.write(len(message).to_bytes(_LENGTH, "big") + message)
    await writer.drain()
