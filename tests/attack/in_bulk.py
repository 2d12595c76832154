"""Attacks in bulk: mutated requests, broken connections, and both for minutes."""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from functools import partial
from time import monotonic, perf_counter
from typing import Any

from mockglm.models import MODELS
from tests.attack.attack import Attack, Result, expect, judge
from tests.attack.process import Process, running
from tests.fuzz.inputs import CHAT, JSON_TOKENS, MESSAGE, SERVICE_FAILURE
from tests.serving import KEY, post

CLIENTS = 4
PATHS = (
    *(["/api/paas/v4/chat/completions"] * 6 + ["/api/anthropic/v1/messages"] * 3),
    *(
        "/v1/chat/completions",
        "/api/coding/paas/v4/chat/completions",
        "/s/hello/v4/chat/completions",
    ),
    *("/api/paas/v4/embeddings", "/api/paas/v4/models", "/api/anthropic/v1/models", "/nowhere"),
    *("/s/hello+usage-total@x/v4/chat/completions", "/s/none/v4/models", "/api/paas/v4/files/../x"),
)
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, -(2**63), 1e308, "", "x", "晴😀", "\ud800", "\0", "x" * 5000),
    *(
        [],
        [[]],
        [None] * 50,
        {},
        {"type": "text"},
        {"type": None},
        {"$ref": "#"},
        "glm-4.6",
        "auto",
    ),
    *(["user"], {"role": "user"}, [{"role": "tool"}], [{"type": "image_url", "image_url": {}}]),
    *({"type": "json_schema", "json_schema": {"schema": {"$ref": "#"}}}, {"enum": []}, "required"),
)
STAGES = ("nothing", "line", "head", "body", "sent", "first", "stream", "pipeline")


def mutate(chance: random.Random) -> bytes:
    """A body that was valid: values replaced, removed and repeated, then perhaps its bytes."""
    body: Any = json.loads(json.dumps(chance.choice((CHAT, CHAT, MESSAGE))))
    body["model"] = chance.choice(list(MODELS))
    body["stream"] = chance.random() < 0.5
    for _ in range(chance.randrange(5)):
        _change(body, chance)
    data = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(data) + 1)
            part = chance.choice((*JSON_TOKENS, chance.randbytes(3)))
            data = data[:at] + part * chance.choice((1, 1, 20)) + data[at + chance.randrange(9) :]
    return data


def _change(value: Any, chance: random.Random) -> None:
    """Change one part of a value, at any depth."""
    while isinstance(value, dict | list) and value:
        key: Any = chance.choice(list(value)) if isinstance(value, dict) else None
        key = chance.randrange(len(value)) if key is None else key
        part = value[key]
        if isinstance(part, dict | list) and part and chance.random() < 0.7:
            value = part
            continue
        if chance.random() < 0.2:
            del value[key]
        elif isinstance(value, list) and chance.random() < 0.3:
            value.extend(deepcopy(value) * chance.randrange(3))
        else:
            value[key] = deepcopy(chance.choice(ODD))
        return


def send_mutated(process: Process, *, count: int, first: int = 0) -> str:
    """Send mutated requests from a few clients at once."""
    share = count // CLIENTS
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(lambda n: _send_share(process, first + n, share), range(CLIENTS))
        statuses, slowest = Counter[int](), 0.0
        for part, took in parts:
            statuses += part
            slowest = max(slowest, took)
    total = sum(statuses.values())
    shown = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    expect(total == share * CLIENTS, f"{total} of {share * CLIENTS} answered; {shown}")
    return f"{total:,} answered ({shown}), the slowest in {slowest:.1f} s"


def _send_share(process: Process, seed: int, count: int) -> tuple[Counter[int], float]:
    chance, statuses, slowest = random.Random(seed), Counter[int](), 0.0
    connection = http.client.HTTPConnection(*process.address, timeout=60)
    for _ in range(count):
        body, path = mutate(chance), chance.choice(PATHS)
        headers = {"Authorization": f"Bearer {chance.choice((KEY, KEY, 'x', ''))}"}
        method = "POST" if chance.random() < 0.97 else chance.choice(("GET", "DELETE", "OPTIONS"))
        started = perf_counter()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        slowest = max(slowest, perf_counter() - started)
        expect(b"mockglm failed" not in content, content)
        is_failure = response.status >= 500 and SERVICE_FAILURE not in content
        expect(not is_failure, (response.status, content))
        statuses[response.status] += 1
    connection.close()
    return statuses, slowest


def break_connections(process: Process, *, count: int, seed: int = 0) -> str:
    """Open connections and break them at eight stages, half of them with RST."""
    chance = random.Random(seed)
    before = process.descriptors
    for number in range(count):
        with suppress(OSError):
            _break(process, STAGES[number % len(STAGES)], is_reset=number % 16 < 8, chance=chance)
    process.chat()
    for _ in range(200):
        if process.descriptors <= before + 2:
            break
        process.chat()
    left = process.descriptors - before
    expect(left <= 2, f"{left} descriptors are left")
    entries = process.control("/journal?last=1000", method="GET").json()
    still = sum(entry["outcome"] == "open" for entry in entries)
    expect(not still, f"{still} exchanges are still open")
    return f"{count:,} broken at {len(STAGES)} stages, none left open"


def _break(process: Process, stage: str, *, is_reset: bool, chance: random.Random) -> None:
    request = post({**CHAT, "stream": True}, "/v4/chat/completions")
    head, _, body = request.partition(b"\r\n\r\n")
    parts = {
        "nothing": b"",
        "line": head[: chance.randrange(1, 30)],
        "head": head[: chance.randrange(40, len(head))],
        "body": head + b"\r\n\r\n" + body[: chance.randrange(len(body))],
        "pipeline": request * 5,
    }
    with process.connect(20) as sock:
        if is_reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(parts.get(stage, request))
        if stage == "first":
            sock.recv(1)
        elif stage == "stream":
            sock.recv(chance.randrange(200, 2000))


def soak(process: Process, *, minutes: float) -> str:
    """Send mutated requests and break connections for minutes; memory has to level off."""
    end, rounds, memories = monotonic() + minutes * 60, 0, []
    while monotonic() < end:
        send_mutated(process, count=4000, first=1000 * rounds)
        break_connections(process, count=400, seed=rounds)
        memories.append(process.memory)
        rounds += 1
    half = memories[len(memories) // 2]
    growth = (memories[-1] - half) / max(minutes / 2, 0.1)
    expect(growth < 10, f"+{growth:.0f} MiB a minute: {[round(one) for one in memories]}")
    return f"{rounds * 4400:,} actions, {half:.0f} MiB at half time, +{growth:.1f} MiB a minute"


def attack_in_bulk(*, requests: int, connections: int, minutes: float) -> Iterator[Result]:
    """Attack a server by default, and a lenient one."""
    for options in ((), ("--lenient",)):
        with running("serve", "--speed", "0", "--log", "none", *options) as process:
            kind = "a lenient server" if options else "a server"
            attacks = [
                Attack(
                    f"mutated requests to {kind}",
                    partial(send_mutated, count=requests // 2),
                    seconds=10_000,
                    memory=500,
                ),
                Attack(
                    f"broken connections to {kind}",
                    partial(break_connections, count=connections // 2),
                    seconds=10_000,
                ),
            ]
            if minutes and not options:
                run = partial(soak, minutes=minutes)
                attacks.append(Attack(f"both for {minutes:g} minutes", run, 10_000, 500))
            for attack in attacks:
                yield judge(attack, process)
