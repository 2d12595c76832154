"""Faults at the socket: the bytes that arrive, how the connection ends, what httpx makes of it."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from mockglm.app import App
from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import CATALOGUE, apply, parse
from mockglm.scenarios import parse as parse_file
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.arrival import read
from tests.faults.answers import (
    CALLED,
    DONE,
    ERROR,
    PIECES,
    STOP,
    TALK,
    TOOLS,
    WORDS,
    said,
    stream,
)
from tests.faults.test_blocks import LISTING, PACED
from tests.serving import KEY, Served, post, serving

Loop = Literal["asyncio", "uvloop"]

QUOTED = stream(said('{"role":"assistant","content":"{\\"a\\":\\"x\\\\ny\\"}"}'), STOP, DONE)
SAMPLES = {
    "talk": TALK,
    "tools": TOOLS,
    "pieces": PIECES,
    "quoted": QUOTED,
    "words": WORDS,
    "called": CALLED,
    "error": ERROR,
    "message": PACED,
    "listing": LISTING,
}
ON_MESSAGES = ("message", "listing")
"""The samples of the Anthropic surface, which are asked for there."""
DATE = "Sun, 22 Nov 2026 00:00:00 GMT"


def verbatim(answer: Response, when: str = "") -> dict[str, Any]:
    """An interaction that plays an answer to the byte, its pieces some milliseconds apart."""
    chunks = [
        {"at": round(index * 0.005, 3), "base64": b64encode(piece).decode()}
        for index, (_, piece) in enumerate(answer.chunks)
    ]
    headers = {"Date": DATE, **dict(answer.headers)}
    response = {"status": answer.status, "headers": headers, "chunks": chunks}
    return {"when": {"user": when}, "response": response} if when else {"response": response}


def file(*interactions: dict[str, Any]) -> str:
    """The text of a scenario, which JSON is too."""
    return json.dumps({"format": 1, "interactions": list(interactions)}, ensure_ascii=False)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server that plays every sample, at its pace."""
    text = file(*(verbatim(answer, name) for name, answer in SAMPLES.items()))
    with serving(text, speed=1) as served:
        yield served


def asked(name: str, fault: str = "", *, connection: str = "keep-alive") -> bytes:
    """A request for a sample with a fault laid over it."""
    body = {
        "model": "glm-4.6",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": name}],
        "stream": SAMPLES[name].is_stream,
    }
    path = "anthropic/v1/messages" if name in ON_MESSAGES else "paas/v4/chat/completions"
    target = f"/s/file{'+' + fault if fault else ''}/api/{path}"
    return post(body, target, f"Connection: {connection}")


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


FRAMES = tuple(piece for _, piece in TALK.chunks)
BODY = b"".join(FRAMES)
JSON_BODY = WORDS.body
HALF = len(JSON_BODY) // 2
LAST = b"0\r\n\r\n"
ENCODED = b"transfer-encoding: chunked\r\n"


def head(answer: Response, *more: bytes) -> bytes:
    """Status line and headers of a sample; `more` are lines that come after its own."""
    lines = [(b"date", DATE.encode())]
    lines += [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    return b"".join(
        [b"HTTP/1.1 200 OK\r\n", *(b"%b: %b\r\n" % line for line in lines), *more, b"\r\n"]
    )


def sized(size: int) -> bytes:
    return b"content-length: %d\r\n" % size


HEAD = head(TALK, ENCODED)
SPLIT = BODY.index("想".encode()) + 1

# The fault, what arrives on a connection that is kept, how it ends, what httpx raises.
STREAMED: tuple[tuple[str, bytes, str, type[Exception] | None], ...] = (
    ("reset", HEAD + chunked(FRAMES[0]), "RST", httpx.ReadError),
    ("reset.3-frames", HEAD + chunked(*FRAMES[:3]), "RST", httpx.ReadError),
    ("reset.0-frames", HEAD, "RST", httpx.ReadError),
    ("reset.headers", b"", "RST", httpx.ReadError),
    ("reset.done", HEAD + chunked(*FRAMES[:4]), "RST", httpx.ReadError),
    ("reset.5-frames", HEAD + chunked(*FRAMES), "RST", httpx.ReadError),
    ("reset.7-bytes", HEAD + chunked(FRAMES[0][:7]), "RST", httpx.ReadError),
    ("reset.2-frames.for-50ms", HEAD + chunked(*FRAMES[:2]), "RST", httpx.ReadError),
    ("close", HEAD + chunked(FRAMES[0]), "FIN", httpx.RemoteProtocolError),
    ("close.content", HEAD + chunked(FRAMES[0]), "FIN", httpx.RemoteProtocolError),
    ("close.finish", HEAD + chunked(*FRAMES[:3]), "FIN", httpx.RemoteProtocolError),
    ("close.headers", b"", "FIN", httpx.RemoteProtocolError),
    ("close.0.012-s", HEAD + chunked(*FRAMES[:3]), "FIN", httpx.RemoteProtocolError),
    ("stall", HEAD, "open", httpx.ReadTimeout),
    ("stall.headers", b"", "open", httpx.ReadTimeout),
    ("stall.2-frames", HEAD + chunked(*FRAMES[:2]), "open", httpx.ReadTimeout),
    ("stall.done.for-50ms", HEAD + chunked(*FRAMES) + LAST, "open", None),
    ("stall.headers.for-50ms", HEAD + chunked(*FRAMES) + LAST, "open", None),
    ("drip.of-frames", HEAD + chunked(*FRAMES) + LAST, "open", None),
    (
        "drip.size-100.every-1ms",
        HEAD + chunked(*(BODY[at : at + 100] for at in range(0, len(BODY), 100))) + LAST,
        "open",
        None,
    ),
    (
        "split.in-character.for-10ms",
        HEAD + chunked(BODY[:SPLIT], BODY[SPLIT : len(FRAMES[0])], *FRAMES[1:]) + LAST,
        "open",
        None,
    ),
    ("short", head(TALK, sized(len(BODY) - 16)) + BODY, "FIN", None),
    ("long", head(TALK, sized(len(BODY) + 16)) + BODY, "FIN", httpx.RemoteProtocolError),
    ("long.then-hang", head(TALK, sized(len(BODY) + 16)) + BODY, "open", httpx.ReadTimeout),
    (
        "bad-chunk-size",
        HEAD + chunked(FRAMES[0]) + b"zz\r\n%b\r\n" % FRAMES[1] + chunked(*FRAMES[2:]) + LAST,
        "FIN",
        httpx.RemoteProtocolError,
    ),
)

JSON_HEAD = head(WORDS, sized(len(JSON_BODY)))
PLAIN: tuple[tuple[str, bytes, str, type[Exception] | None], ...] = (
    ("reset", head(WORDS, ENCODED) + chunked(JSON_BODY[:HALF]), "RST", httpx.ReadError),
    ("close", head(WORDS, ENCODED) + chunked(JSON_BODY[:HALF]), "FIN", httpx.RemoteProtocolError),
    ("close.headers", b"", "FIN", httpx.RemoteProtocolError),
    ("stall.9-bytes", head(WORDS, ENCODED) + chunked(JSON_BODY[:9]), "open", httpx.ReadTimeout),
    ("drip.size-50.every-1ms", JSON_HEAD + JSON_BODY, "open", None),
    ("split.in-token", JSON_HEAD + JSON_BODY, "open", None),
    ("short.by-3", head(WORDS, sized(len(JSON_BODY) - 3)) + JSON_BODY, "FIN", json.JSONDecodeError),
    ("long", head(WORDS, sized(len(JSON_BODY) + 16)) + JSON_BODY, "FIN", httpx.RemoteProtocolError),
)
CASES = [("talk", *case) for case in STREAMED] + [("words", *case) for case in PLAIN]
NAMED = [f"{sample}-{fault}" for sample, fault, *_ in CASES]


@pytest.mark.parametrize(("sample", "fault", "data", "end", "_"), CASES, ids=NAMED)
def test_bytes_and_end_of_each_fault(
    served: Served, sample: str, fault: str, data: bytes, end: str, _: object
) -> None:
    assert served.raw_until_silent(asked(sample, fault)) == (data, end)


@pytest.mark.parametrize(("sample", "fault", "data", "end", "_"), CASES, ids=NAMED)
def test_bytes_and_end_with_connection_close(
    served: Served, sample: str, fault: str, data: bytes, end: str, _: object
) -> None:
    request = asked(sample, fault, connection="close")
    got = read(*served.raw_until_silent(request))
    kept = read(data, end)
    assert (got.body, got.is_whole, got.status) == (kept.body, kept.is_whole, kept.status)
    assert got.end == ("FIN" if kept.is_whole else end)


@pytest.mark.parametrize(("sample", "fault", "data", "end", "_"), CASES, ids=NAMED)
def test_a_fault_can_announce_that_the_connection_is_closed(
    served: Served, sample: str, fault: str, data: bytes, end: str, _: object
) -> None:
    got = read(*served.raw_until_silent(asked(sample, fault + ".connection-close")))
    kept = read(data, end)
    assert (got.body, got.header("connection")) == (kept.body, "close" if kept.status else "")
    assert got.end == ("FIN" if kept.is_whole else end)


@pytest.mark.parametrize(("sample", "fault", "_", "__", "raised"), CASES, ids=NAMED)
def test_the_exception_of_httpx_for_each_fault(
    served: Served, sample: str, fault: str, _: bytes, __: str, raised: type[Exception] | None
) -> None:
    limit = httpx.Timeout(60, read=0.5 if raised is httpx.ReadTimeout else 60)

    def ask() -> bytes:
        whole, _, body = asked(sample, fault).partition(b"\r\n\r\n")
        path = whole.split(b" ")[1].decode()
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(trust_env=False, timeout=limit) as client:
            answer = client.post(served.host + path, content=body, headers=headers)
            if not SAMPLES[sample].is_stream:
                answer.json()
            return answer.content

    if raised is None:
        assert ask().startswith(SAMPLES[sample].body[:-16])
        return
    with pytest.raises(raised):
        ask()


def sample_for(fault: str) -> tuple[str, Response]:
    """The first sample a fault can be laid over, and what then comes of it."""
    for name, answer in SAMPLES.items():
        paced = tuple((index * 0.005, piece) for index, (_, piece) in enumerate(answer.chunks))
        dated = Response(answer.status, (("Date", DATE), *answer.headers), paced)
        try:
            return name, apply(dated, parse(fault), key=KEY)
        except FaultError:
            continue
    raise AssertionError(f"no sample for {fault}")


QUICK = {"drip": "drip.every-1ms.size-8", "slow-start": "slow-start.for-50ms"}
"""How faults are laid that would take their time."""


@pytest.mark.parametrize("fault", CATALOGUE)
def test_every_fault_arrives_byte_for_byte(served: Served, fault: str) -> None:
    fault = QUICK.get(fault, fault)
    name, broken = sample_for(fault)
    data, end = served.raw_until_silent(asked(name, fault, connection="close"))
    arrived = read(data, end)
    body = data.partition(b"\r\n\r\n")[2] if broken.raw else arrived.body
    assert body == broken.body
    assert arrived.status == broken.status
    assert {(key.lower(), value) for key, value in broken.headers} <= set(arrived.headers)
    assert arrived.end == {"reset": "RST", "hang": "open"}.get(broken.end, "FIN")


def fits(fault: str) -> bool:
    """Whether a fault, with its place, can be laid over the sample that only talks."""
    try:
        return bool(apply(TALK, parse(fault), key=KEY))
    except FaultError:
        return False


PLACES = [f"{QUICK.get(name, name)}.{count}-frames" for count in (2, 3) for name in CATALOGUE]


@pytest.mark.parametrize("fault", [fault for fault in PLACES if fits(fault)])
def test_bytes_before_the_position_of_a_fault_are_unchanged(served: Served, fault: str) -> None:
    before = b"".join(FRAMES[: int(fault.rpartition(".")[2][0])])
    arrived = read(*served.raw_until_silent(asked("talk", fault, connection="close")))
    assert arrived.status == 200
    assert arrived.body.startswith(before)


@pytest.mark.parametrize("fault", ["date-wrong", "date-wrong+reset", "date-wrong.value-never"])
def test_a_date_of_a_fault_replaces_the_servers(served: Served, fault: str) -> None:
    arrived = read(*served.raw_until_silent(asked("words", fault)))
    dates = [value for name, value in arrived.headers if name == "date"]
    assert dates == ["never" if "never" in fault else "yesterday"]


# Where the fault comes from: the control API, chance, errors it does not fit.


def control(served: Served, path: str, body: Any) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{served.host}/__mockglm__{path}?session=file@control", json=body)


def ask_control(served: Served) -> tuple[int, str]:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "talk"}], "stream": True}
    path = "/s/file@control/api/paas/v4/chat/completions"
    arrived = read(*served.raw_until_silent(post(body, path, "Connection: close")))
    return arrived.status, arrived.ending


def test_a_queued_fault_applies_to_one_response(served: Served) -> None:
    queued = {"content": "坏了", "pace": {"first": 0}, "fault": {"at": "1 frames", "do": "reset"}}
    assert control(served, "/replies", queued).json() == {"queued": 1}
    assert [ask_control(served) for _ in range(2)] == [(200, "RST"), (200, "whole")]


def test_a_standing_fault_applies_to_all_responses(served: Served) -> None:
    reply = {"content": "坏了", "pace": {"first": 0}, "fault": "close"}
    standing = {"reply": reply, "times": 2}
    assert control(served, "/interactions", standing).is_success
    endings = [ask_control(served) for _ in range(3)]
    assert endings == [(200, "FIN"), (200, "FIN"), (200, "whole")]


def test_an_unknown_fault_is_refused_with_the_nearest_name(served: Served) -> None:
    refused = control(served, "/replies", {"content": "x", "fault": "rest"})
    assert (refused.status_code, "did you mean reset?" in refused.text) == (400, True)


def drawn(seed: int, fault: str = "close.chance-0.5") -> list[str]:
    with serving(file(verbatim(TALK, "talk")), seed=seed) as served:
        requests = [asked("talk", fault, connection="close")] * 24
        return [read(*served.raw(request)).ending for request in requests]


def test_chance_is_drawn_from_the_seed() -> None:
    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
    assert set(first) == {"FIN", "whole"}
    assert set(drawn(1, "close.chance-0")) == {"whole"}


@pytest.mark.parametrize(
    ("fault", "status", "notes"),
    [
        ("glue", 429, ("left out: glue",)),
        ("glue+retry-after+no-done", 429, ("left out: glue", "faults: retry-after")),
        ("error-500", 500, ("faults: error-500",)),
        ("reset", 429, ("faults: reset",)),
    ],
)
def test_a_fault_of_the_url_skips_errors_it_does_not_fit(
    served: Served, fault: str, status: int, notes: tuple[str, ...]
) -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    label = fault.replace("+", "-")
    path = f"/s/no-balance+{fault}@{label}/api/paas/v4/chat/completions"
    arrived = read(*served.raw_until_silent(post(body, path, "Connection: close")))
    (entry,) = served.session("no-balance", label).journal
    assert arrived.status == status
    assert entry.notes[: len(notes)] == notes


def test_a_fault_of_a_file_that_does_not_fit_is_an_error() -> None:
    with serving(file({"reply": {"error": "1113", "fault": "glue"}})) as served:
        refused = served.ask()
    assert (refused.status_code, refused.headers["x-mockglm-miss"]) == (422, "1")
    assert refused.json()["error"]["message"] == "fault glue: it applies to a stream"


def test_errors_of_mockglm_itself_have_no_faults(served: Served) -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "nobody"}]}
    path = "/s/file+reset/api/paas/v4/chat/completions"
    arrived = read(*served.raw_until_silent(post(body, path, "Connection: close")))
    assert (arrived.status, arrived.ending) == (422, "whole")


@pytest.mark.parametrize("fault", ["reset", "close.2-frames", "stall", "short", "bad-chunk-size"])
async def test_a_fault_that_asgi_cannot_play_is_refused(fault: str) -> None:
    scenario = parse_file(file(verbatim(TALK)).encode(), "file.yaml")
    transport = httpx.ASGITransport(App(Sessions(Settings(speed=0), [scenario])))
    whole, _, body = asked("talk", fault).partition(b"\r\n\r\n")
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        headers = {"Authorization": f"Bearer {KEY}"}
        path = whole.split(b" ")[1].decode()
        refused = await client.post(path, content=body, headers=headers)
    assert (refused.status_code, refused.headers["x-mockglm-miss"]) == (422, "1")
    assert "this server does not hold the connection" in refused.json()["error"]["message"]


# Other loops, and TLS.


@contextmanager
def running(**options: Any) -> Iterator[BackgroundServer]:
    """A server of the samples with these options of Background."""
    text = file(*(verbatim(answer, name) for name, answer in SAMPLES.items()))
    scenario = parse_file(text.encode(), "file.yaml")
    background = BackgroundServer(
        App(Sessions(Settings(speed=1), [scenario])), grace=0.2, **options
    )
    background.start()
    try:
        yield background
    finally:
        background.stop()


SENT = HEAD + chunked(*FRAMES[:3])
CUT = (("reset", "RST"), ("close", "FIN"), ("stall", "open"))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(("fault", "end"), CUT)
def test_every_event_loop_flushes_before_a_cut(loop: Loop, fault: str, end: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with running(loop=loop) as background, connected(background) as sock:
        assert background.call(lambda: type(asyncio.get_running_loop())).__module__[:5] == loop[:5]
        sock.sendall(asked("talk", f"{fault}.3-frames"))
        assert drained(sock, len(SENT)) == (SENT, end)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate of this machine's own, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    folder = tmp_path_factory.mktemp("tls")
    files = {"certfile": str(folder / "cert.pem"), "keyfile": str(folder / "key.pem")}
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1")
    named = ("-subj", "/CN=localhost", "-out", files["certfile"], "-keyout", files["keyfile"])
    subprocess.run([*new, *named], check=True, capture_output=True)
    return files


@pytest.mark.parametrize(("fault", "end"), CUT)
def test_tls_is_cut_at_the_position_of_the_fault(
    certificate: dict[str, str], fault: str, end: str
) -> None:
    context = ssl.create_default_context(cafile=certificate["certfile"])
    context.check_hostname = False
    with running(**certificate) as background, connected(background, context) as sock:
        sock.sendall(asked("talk", f"{fault}.3-frames"))
        assert drained(sock, len(SENT)) == (SENT, end)


@contextmanager
def connected(
    background: BackgroundServer, context: ssl.SSLContext | None = None
) -> Iterator[socket.socket]:
    """A connection to the server, by TLS with a context."""
    address = ("127.0.0.1", background.port)
    plain = socket.create_connection(address, timeout=60)
    with context.wrap_socket(plain, suppress_ragged_eofs=False) if context else plain as sock:
        yield sock


def drained(sock: socket.socket, size: int) -> tuple[bytes, str]:
    """All that comes, and how it ends: so many bytes may take their time."""
    data = b""
    while True:
        if len(data) >= size:
            sock.settimeout(1)
        try:
            piece = sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            # TLS tells neither from the other; a connection that is merely closed can be written.
            with pytest.raises(BrokenPipeError):
                socket.socket.send(sock, b"x")
            return data, "RST"
        except TimeoutError:
            return data, "open"
        if not piece:
            return data, "FIN"
        data += piece


# Nothing is left behind.

BROKEN = (
    *("reset", "close", "reset.headers", "close.headers", "reset.done", "close.2-frames"),
    *("short", "long", "bad-chunk-size"),
)
"""What the server ends."""

WHOLE = ("glue", "no-done", "end", "error", "drip.every-0")
"""What leaves a connection that could be used again."""

LEFT = ("stall", "stall.headers", "stall.2-frames", "long.then-hang", "drip.every-1s")
"""What lasts until the client leaves."""

ACCOUNT = {"key": KEY, "concurrency": 1000}
TOTAL = 2000


@dataclass(frozen=True)
class Held:
    """What a server holds on to."""

    tasks: int
    connections: int
    files: int
    slots: int

    def includes(self, other: Held) -> bool:
        """True if the other is no more. Other tests' servers may have closed files meanwhile."""
        return replace(other, files=max(self.files, other.files)) == self


def held(served: Served) -> Held:
    background = served.background
    return Held(
        tasks=background.call(lambda: len(asyncio.all_tasks())),
        connections=background.connections,
        files=len(list(Path("/proc/self/fd").iterdir())),
        slots=served.slots("file"),
    )


async def broken(port: int, number: int) -> None:
    """One connection that is broken by the server, or left or reset by the client."""
    ways = (*BROKEN, *WHOLE, *LEFT)
    way = ways[number % len(ways)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = asked("talk", way)
    writer.write(request[:100] if number % 50 == 49 else request)
    with suppress(ConnectionError):
        await reader.read(size(way) if number % 50 != 49 else 0)
    if number % 3 == 0:
        writer.transport.abort()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def size(way: str) -> int:
    """How many bytes a client reads before it leaves; -1 is all there are."""
    return -1 if way in BROKEN else int(way in WHOLE)


async def in_a_row(port: int) -> None:
    for number in range(TOTAL):
        await broken(port, number)


async def at_once(port: int) -> None:
    for start in range(0, TOTAL, 200):
        await asyncio.gather(*(broken(port, start + number) for number in range(200)))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="files are counted in /proc")
@pytest.mark.parametrize("manner", [in_a_row, at_once])
def test_two_thousand_broken_connections_leave_nothing_behind(
    manner: Callable[[int], Any],
) -> None:
    text = json.loads(file(verbatim(TALK, "talk")))
    with serving(json.dumps({**text, "accounts": [ACCOUNT]})) as served:
        assert served.raw(asked("talk", connection="close"))[1] == "FIN"
        served.wait_until(lambda: served.background.connections == 0)
        before = held(served)

        asyncio.run(manner(served.background.port))
        served.wait_until(lambda: before.includes(held(served)))
        assert read(*served.raw(asked("talk", connection="close"))).is_whole
        assert served.session("file").requests >= TOTAL * 0.9
        assert {entry.outcome for entry in served.session("file").journal} <= ENDED


ENDED = {"done", "cut", "gone"}
