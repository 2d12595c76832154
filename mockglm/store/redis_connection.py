"""One connection to Redis that all requests of a process share.

Commands are sent as they come and answered in their order, so that they need not wait for one
another. The connections of a pool, of which each command takes one, cost more than the commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection, ConnectionPool

ATTEMPTS = 2
"""Times that a command is sent, if its connection breaks."""

Pending = deque[tuple[float, asyncio.Future[Any]]]


class SharedConnection:
    """A connection that is opened when it is needed, and again after it broke.

    `pool` makes it and is not used otherwise. `timeout` bounds in seconds how long the server may
    send nothing while it owes an answer. Raises the errors of the redis client, and OSError.
    """

    def __init__(self, pool: ConnectionPool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: AbstractConnection | None = None
        self._pending: Pending = deque()
        self._progressed = 0.0
        self._reader: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._opening = asyncio.Lock()

    async def execute(self, *command: Any) -> Any:
        """Send a command and return its answer."""
        from redis.exceptions import ConnectionError as BrokenConnectionError

        for _ in range(ATTEMPTS - 1):
            try:
                return await self._execute(command)
            except (BrokenConnectionError, OSError):
                pass
        return await self._execute(command)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        self._break(OSError("the connection was closed"))

    async def _execute(self, command: tuple[Any, ...]) -> Any:
        connection = self._connection or await self._open()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Written before this waits for anything, so that answers come in this order.
        self._pending.append((monotonic(), answer))
        if self._timer is None:
            self._watch()
        await connection.send_packed_command(connection.pack_command(*command), check_health=False)
        return await answer

    async def _open(self) -> AbstractConnection:
        async with self._opening:
            if self._connection is None:
                connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                connection.socket_timeout = None  # of each answer; there is one for all
                async with asyncio.timeout(self._timeout):
                    await connection.connect()  # type: ignore[no-untyped-call]
                self._connection = connection
                self._progressed = monotonic()
                self._reader = asyncio.create_task(self._read(connection))
            return self._connection

    async def _read(self, connection: AbstractConnection) -> None:
        """Read answers until the connection breaks."""
        from redis.exceptions import RedisError, ResponseError

        try:
            while True:
                try:
                    answer = await connection.read_response(disable_decoding=True)
                except ResponseError as error:
                    answer = error
                self._settle(answer)
        except (RedisError, OSError) as error:
            if connection is self._connection:
                self._break(error)
        finally:
            await connection.disconnect(nowait=True)

    def _settle(self, answer: Any) -> None:
        self._progressed = monotonic()
        _, future = self._pending.popleft()
        if future.done():
            return  # its request was cancelled
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _break(self, error: Exception) -> None:
        """Fail all commands that wait for an answer; the next one opens another connection."""
        self._connection = None
        pending, self._pending = self._pending, deque()
        for _, future in pending:
            if not future.done():
                future.set_exception(error)

    def _watch(self) -> None:
        """Break the connection if the server does not answer, and look again while it has to."""
        from redis.exceptions import TimeoutError as NoAnswerError

        self._timer = None
        if not self._pending:
            return
        now = monotonic()
        if now - max(self._progressed, self._pending[0][0]) > self._timeout:
            if self._reader is not None:
                self._reader.cancel()
            self._break(NoAnswerError("the server does not answer"))
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout / 2, self._watch)
