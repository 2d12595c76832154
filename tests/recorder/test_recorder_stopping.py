"""However the recorder is stopped, the pieces of an exchange so far are recorded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from mockglm.cassettes import CassetteWriter
from mockglm.exchange import Exchange, Request
from mockglm.recorder import RecordedExchange, Recorder, Upstream
from mockglm.redaction import Redactor
from mockglm.scenarios import load
from tests.recorder.service import Call, Service, chunk, head

FRAME = b'data: {"n":1}\n\n'
ASKED = Request("POST", "/chat/completions", body=b'{"model":"glm-4.6"}')


class Slow(CassetteWriter):
    """A cassette that is not done before it may be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, origin="https://api.z.ai/api/paas/v4", at="2026-11-22T08:00:00Z")
        self.begun = threading.Event()
        self.may = threading.Event()

    def append(self, exchanges: Iterable[Exchange]) -> list[str]:
        self.begun.set()
        assert self.may.wait(60)
        return super().append(exchanges)


class Client:
    """A client: the exchanges that were recorded for it, and an event for its first piece."""

    def __init__(self) -> None:
        self.has_piece = asyncio.Event()
        self.seen: list[RecordedExchange] = []

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message.get("body"):
            self.has_piece.set()


def unfinished(call: Call) -> None:
    """One frame, and then nothing."""
    call.send(head() + chunk(FRAME))
    call.wait_gone()


class Connection:
    """The connection of a client that stays: only the other side closes it."""

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        self.gone.set_result(None)

    async def wait_sent(self) -> None:
        raise AssertionError("nothing is reset")

    def reset(self) -> None:
        raise AssertionError("nothing is reset")


async def cancel(recorder: Recorder, task: asyncio.Task[None]) -> None:
    """As uvicorn does when its time is up."""
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    await recorder.close()


async def close(recorder: Recorder, task: asyncio.Task[None]) -> None:
    """As the fixture does when its test is over."""
    await recorder.close()
    await asyncio.wait((task,))
    assert task.exception() is None


Stop = Callable[[Recorder, asyncio.Task[None]], Awaitable[None]]


def recorder(service: Service, cassette: CassetteWriter) -> Recorder:
    return Recorder(Upstream(service.url, allowed=("127.0.0.1",)), cassette, Redactor())


@pytest.mark.parametrize("stop", [cancel, close])
def test_unfinished_response_is_recorded_and_marked(tmp_path: Path, stop: Stop) -> None:
    cassette = Slow(tmp_path / "a.yaml")
    cassette.may.set()

    async def run(service: Service) -> Client:
        client, one = Client(), recorder(service, cassette)
        task = asyncio.create_task(one.forward(ASKED, client.send, on_recorded=client.seen.append))
        await client.has_piece.wait()
        await stop(one, task)
        return client

    with Service(unfinished) as service:
        client = asyncio.run(run(service))
    (interaction,) = load(cassette.path).interactions
    answer = interaction.steps[0].response
    assert answer is not None
    assert (answer.body, answer.end) == (FRAME, "close")
    assert [(one.notes, one.exchange.error) for one in client.seen] == [
        (("recorded", "cut"), "mockglm was stopped")
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_exchange_that_is_being_written_is_written_to_its_end(tmp_path: Path) -> None:
    cassette = Slow(tmp_path / "a.yaml")

    async def run(service: Service) -> None:
        one, clients = recorder(service, cassette), [Client() for _ in range(3)]
        tasks = [asyncio.create_task(one.forward(ASKED, client.send)) for client in clients]
        for client in clients:
            await client.has_piece.wait()
        await asyncio.to_thread(cassette.begun.wait)
        for task in tasks:
            task.cancel()
        closing = asyncio.create_task(one.close())
        await asyncio.sleep(0)
        assert not closing.done()
        cassette.may.set()
        await closing
        await asyncio.wait(tasks)

    together = threading.Barrier(3)

    def finished(call: Call) -> None:
        together.wait(60)
        call.send(head() + chunk(FRAME) + chunk(b""))

    with Service(finished) as service:
        asyncio.run(run(service))
    answers = [one.steps[0].response for one in load(cassette.path).interactions]
    assert [answer.body for answer in answers if answer is not None] == [FRAME] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_request_without_a_response_is_not_recorded(tmp_path: Path) -> None:
    cassette = Slow(tmp_path / "a.yaml")
    asked = threading.Event()

    def wait(call: Call) -> None:
        asked.set()
        call.wait_gone()

    async def run(service: Service) -> Client:
        client, wire, one = Client(), Connection(), recorder(service, cassette)
        task = asyncio.create_task(
            one.forward(ASKED, client.send, on_recorded=client.seen.append, connection=wire)
        )
        await asyncio.to_thread(asked.wait)
        await close(one, task)
        assert wire.gone.done()
        return client

    with Service(wait) as service:
        client = asyncio.run(run(service))
    assert [one.notes for one in client.seen] == [("mockglm was stopped",)]
    assert list(tmp_path.iterdir()) == []
