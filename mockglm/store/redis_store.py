"""The store in Redis or Valkey: scripts decide in the server, and no wait is without a bound."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha1
from math import isfinite
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from mockglm.errors import ScenariosDifferError, StoreError, UsageError
from mockglm.journal import MAX_ENTRIES
from mockglm.store import scripts
from mockglm.store.interface import Change, Loaded, Slot
from mockglm.store.redis_connection import SharedConnection

if TYPE_CHECKING:
    from redis.asyncio import Redis

SCHEMES = ("redis", "rediss", "unix")

VERSION_SIZE = 12
"""Random bytes of a version: after a loss of all keys no version comes again."""

MAX_CONNECTIONS = 64

INVALID = "the URL cannot be parsed; write special characters of a password as %2F and the like"

QUEUE = 10
"""Timeouts that an operation of the control API may wait for a connection, while others use them
all: the store is busy, not away."""

Observe = Callable[[str, float], None]


class StoreOptions(Struct, frozen=True, kw_only=True):
    """The options of a store, given as the query of its URL.

    All keys begin with `prefix` and expire `ttl` seconds after their last use. A slot that its
    process does not renew is free after `lease` seconds. `timeout` bounds each wait, in seconds.
    """

    prefix: str = "mockglm"
    ttl: int = 86_400
    lease: float = 10.0
    timeout: float = 2.0


def parse_url(url: str) -> tuple[str, StoreOptions]:
    """Split a URL into that of the server and the options. Raises UsageError."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(f"--state: {INVALID}") from None
    if parts.scheme not in SCHEMES:
        raise UsageError(f"--state: expected redis://, rediss:// or unix://, not {parts.scheme!r}")
    query = dict(parse_qsl(parts.query))
    known = {name: query.pop(name) for name in StoreOptions.__struct_fields__ if name in query}
    try:
        options = StoreOptions(
            prefix=known.get("prefix", "mockglm"),
            ttl=int(known.get("ttl", "86400")),
            lease=float(known.get("lease", "10")),
            timeout=float(known.get("timeout", "2")),
        )
    except ValueError as error:
        raise UsageError(f"--state: {error}") from None
    times = (options.ttl, options.lease, options.timeout)
    if not all(isfinite(time) and time > 0 for time in times):
        raise UsageError("--state: ttl, lease and timeout have to be finite and more than 0")
    return urlunsplit(parts._replace(query=urlencode(query))), options


class RedisStore:
    """A Store in Redis or Valkey, of one event loop.

    `digest` is that of the scenarios which this process serves; a session cannot be loaded while
    the store has another one. `observe` is called with the name and the seconds of each round trip.
    Raises UsageError for a bad URL and without the redis client.
    """

    def __init__(self, url: str, *, observe: Observe = lambda operation, seconds: None) -> None:
        server, self.options = parse_url(url)
        self.digest = ""
        self._client = _connect(server, self.options)
        self._execute: Callable[..., Awaitable[Any]] = self._client.execute_command
        self._scripts: SharedConnection | None = None
        self.observe = observe
        self._held: dict[str, set[str]] = {}
        self._is_closed = False
        self._renewal: asyncio.Task[None] | None = None

    async def load(self, session: str, known: bytes, *, counts: bool) -> Loaded:
        found = await self._run(
            "load",
            scripts.LOAD,
            keys=[self._key(session, "state"), self._key(session, "slots"), *self._common],
            values=[known, int(counts), self.options.ttl, session, self.digest],
        )
        if len(found) == 1:
            raise ScenariosDifferError(self.digest, found[0].decode())
        _, version, state, ordinal, slots = found
        return Loaded(version, state, _parse_slots(slots), ordinal)

    async def commit(self, session: str, change: Change) -> Loaded | bytes:
        version = change.expected if change.state is None else os.urandom(VERSION_SIZE)
        if change.slot_id:
            self._hold(session, change.slot_id)
        found = await self._run(
            "commit",
            scripts.COMMIT,
            keys=[self._key(session, one) for one in ("state", "slots", "uses", "journal")]
            + [self._common[0]],
            values=[
                self.options.ttl,
                session,
                change.expected,
                version,
                change.state or b"",
                change.slot_id,
                "\0".join(change.slot or ()),
                int(self.options.lease * 1000),
                change.record,
                2 * MAX_ENTRIES,
                self._channel,
                *change.uses,
            ],
        )
        # A command is sent again if its connection broke: then it may have been applied before.
        if found == 1 or found[0] == version:
            return version
        self._release(session, change.slot_id)
        return Loaded(found[0], found[1], _parse_slots(found[2]))

    async def finish(self, session: str, *, slot_id: str, record: bytes, notice: bytes) -> None:
        self._release(session, slot_id)
        await self._run(
            "finish",
            scripts.FINISH,
            keys=[self._key(session, "slots"), self._key(session, "journal")],
            values=[slot_id, record, 2 * MAX_ENTRIES, self.options.ttl, self._channel, notice],
        )

    async def forget(self, session: str) -> bool:
        keys = [self._key(session, one) for one in ("state", "slots", "uses", "journal")]
        return bool(
            await self._run(
                "forget", scripts.FORGET, keys=[self._common[0], *keys], values=[session]
            )
        )

    async def list_sessions(self) -> Sequence[tuple[str, int, bytes]]:
        sessions = self._common[0]
        oldest = time() - self.options.ttl
        await self._command("ZREMRANGEBYSCORE", sessions, "-inf", oldest)
        names = [name.decode() for name in await self._command("ZRANGE", sessions, 0, -1)]
        rows = []
        for name in names:
            count, state = await self._command("HMGET", self._key(name, "state"), "n", "d")
            if count is not None or state is not None:
                rows.append((name, int(count or 0), state or b""))
        return rows

    async def count_uses(self, session: str) -> dict[str, int]:
        found = await self._command("HGETALL", self._key(session, "uses"))
        return {name.decode(): int(count) for name, count in found.items()}

    async def read_journal(self, session: str) -> Sequence[bytes]:
        found = await self._command("XRANGE", self._key(session, "journal"), "-", "+")
        return [fields[b"e"] for _, fields in found]

    async def clear_journal(self, session: str) -> None:
        await self._command("DEL", self._key(session, "journal"))

    async def watch(self) -> AsyncIterator[bytes]:
        subscription = self._client.pubsub(ignore_subscribe_messages=True)
        try:
            with _store_errors():
                await subscription.subscribe(self._channel)
            # A time-out within the client can hide that the task was cancelled.
            while not self._is_closed:
                with _store_errors():
                    message = await subscription.get_message(timeout=self.options.timeout / 2)
                if message is not None:
                    yield message["data"]
        finally:
            await subscription.aclose()  # type: ignore[no-untyped-call]

    async def publish_digest(self) -> None:
        await self._command("SET", self._common[1], self.digest, "EX", self.options.ttl)

    async def read_digest(self) -> str:
        found = await self._command("GET", self._common[1])
        return found.decode() if found else ""

    async def close(self) -> None:
        self._is_closed = True
        if self._renewal is not None:
            self._renewal.cancel()
        if self._scripts is not None:
            await self._scripts.close()
        await self._client.aclose()

    def _key(self, session: str, part: str) -> str:
        return f"{self.options.prefix}:session:{session}:{part}"

    @property
    def _common(self) -> list[str]:
        return [f"{self.options.prefix}:sessions", f"{self.options.prefix}:scenarios"]

    @property
    def _channel(self) -> str:
        return f"{self.options.prefix}:feed"

    def _hold(self, session: str, slot_id: str) -> None:
        self._held.setdefault(session, set()).add(slot_id)
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew_slots())

    def _release(self, session: str, slot_id: str) -> None:
        held = self._held.get(session, set())
        held.discard(slot_id)
        if not held:
            self._held.pop(session, None)

    async def _renew_slots(self) -> None:
        """Renew the leases of slots while there are any."""
        lease = self.options.lease
        while self._held and not self._is_closed:
            await asyncio.sleep(lease / 3)
            for session, held in list(self._held.items()):
                try:
                    await self._run(
                        "renew",
                        scripts.RENEW,
                        keys=[self._key(session, "slots")],
                        values=[int(lease * 1000), *held],
                    )
                except StoreError:
                    continue  # the next request reports it

    async def _run(self, name: str, script: str, *, keys: list[str], values: Sequence[Any]) -> Any:
        from redis.exceptions import NoScriptError

        if self._scripts is None:
            self._scripts = SharedConnection(self._client.connection_pool, self.options.timeout)
        execute = self._scripts.execute
        started = monotonic()
        try:
            with _store_errors():
                return await execute("EVALSHA", _digest(script), len(keys), *keys, *values)
        except NoScriptError:
            with _store_errors():
                return await execute("EVAL", script, len(keys), *keys, *values)
        finally:
            self.observe(name, monotonic() - started)

    async def _command(self, *command: Any) -> Any:
        with _store_errors():
            return await self._execute(*command)


@contextmanager
def _store_errors() -> Iterator[None]:
    """Raise StoreError for the errors of the client, except for a script that has to be sent."""
    from redis.exceptions import NoScriptError, RedisError

    try:
        yield
    except NoScriptError:
        raise
    except (RedisError, OSError) as error:
        raise StoreError(f"{type(error).__name__}: {error}") from error


def _connect(url: str, options: StoreOptions) -> Redis:
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError:
        raise UsageError("--state needs the redis client: pip install 'mockglm[redis]'") from None
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=QUEUE * options.timeout,
            socket_timeout=options.timeout,
            socket_connect_timeout=options.timeout,
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        # The client's message may have a part of the password.
        raise UsageError(f"--state: {INVALID}") from None
    return Redis.from_pool(pool)


@lru_cache
def _digest(script: str) -> str:
    return sha1(script.encode()).hexdigest()


def _parse_slots(slots: Sequence[bytes]) -> tuple[Slot, ...]:
    pairs = (slot.decode().partition("\0") for slot in slots)
    return tuple((owner, model) for owner, _, model in pairs)
