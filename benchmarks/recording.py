"""The cases of record and replay.

`python -m benchmarks.recording PORT URL` runs their yardstick: a proxy on Starlette and httpx that
passes every byte on and keeps none.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import asking
from benchmarks.apps import serve
from benchmarks.cases import Size
from benchmarks.cost import Cost, compare, cpu
from benchmarks.figures import Figure
from benchmarks.load import Load, Plan, fetch
from benchmarks.servers import Server, free, mockglm, run, yardstick
from mockglm.cassettes import dump, file_head
from mockglm.exchange import Exchange, Request, Response

if TYPE_CHECKING:
    import httpx
    from starlette.requests import Request as Asked

__all__ = ["filled", "recorded", "recorded_plain", "replayed"]

JSON_TYPE = "application/json; charset=UTF-8"
STREAM_TYPE = "text/event-stream;charset=UTF-8"
HOST = "127.0.0.1"
EVERY = 0.01
"""Seconds between two frames as they were recorded."""

RECORDINGS = 10_000
A_FILE = 100
"""Recordings in one file of the folder."""

FEW = 10
ASKED = 200
PIECES = 54
"""Frames of a recording that has ten thousand bytes of body."""

NUMBER = "00042"
"""What stands for the number of a recording."""


def replayed(load: Load, size: Size) -> Iterator[Figure]:
    """A stream of 200 frames from a cassette against the same frames from a scenario, at once:
    `python -m benchmarks replayed`."""
    body = asking.body(stream=True)
    request = asking.http(body)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scripted = stack.enter_context(mockglm(asking.streamed(), request, "--speed", "0"))
        path = folder / "recorded.yaml"
        path.write_text(_head() + _recording(body, fetch(scripted.port, request)), "utf-8")
        played = stack.enter_context(mockglm(path, request, "--speed", "0"))
        ours, theirs = _streams(load, size, request, played, scripted)
    yield _ratio("replayed", "CPU a frame", ours, theirs, than="scripted", target=1.1)


def recorded_plain(load: Load, size: Size) -> Iterator[Figure]:
    """A recorded JSON answer of 10 KB against bare uvicorn that sends the same."""
    request = asking.http(asking.SMALL)
    answer = json.dumps({"choices": [{"message": {"content": "天" * 3400}}]}, ensure_ascii=False)
    kept = Response(200, (("Content-Type", JSON_TYPE),), ((0.0, answer.encode()),), "done", 0.0)
    asked = Request("POST", "/chat/completions", body=asking.SMALL)
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "recorded.yaml"
        path.write_text(_head() + dump(Exchange(asked, kept, 0.0)), "utf-8")
        played = stack.enter_context(mockglm(path, request, "--speed", "0"))
        bare = stack.enter_context(yardstick("plain", request, answer=answer.encode()))
        plans = {
            name: (one, Plan(port=one.port, requests=(request,), count=size.answers))
            for name, one in (("ours", played), ("theirs", bare))
        }
        ours, theirs = compare(load, plans, runs=size.runs).values()
    yield _ratio("recorded", "CPU of 10 KB", ours, theirs, than="bare", target=1.8, frames=1)


def recorded(load: Load, size: Size) -> Iterator[Figure]:
    """A stream of 200 frames through `mockglm record`, redacted and on disk, against a proxy that
    passes it on: `python -m benchmarks recorded`."""
    request = asking.http(asking.body(stream=True))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with mockglm(asking.streamed(), request, "--speed", "0") as scripted:
            answer = fetch(scripted.port, request)
        service = stack.enter_context(yardstick("stream", request, answer=answer))
        url = f"http://{HOST}:{service.port}/api/paas/v4"
        recorder = stack.enter_context(_recorder(folder / "recorded.yaml", url, request))
        proxy = stack.enter_context(_proxy(url, request))
        ours, theirs = _streams(load, size, request, recorder, proxy)
        kept = (folder / "recorded.yaml").read_text("utf-8").count("\n- request:")
    if kept < sum(cost.asked.answers for cost in ours):
        raise ValueError(f"only {kept} answers were recorded")
    yield _ratio("recorded", "CPU a frame", ours, theirs, than="passed on", target=2.0)


def filled(load: Load, size: Size) -> Iterator[Figure]:
    """A folder of 10,000 recordings with 100 MB of body: when it is ready, and a request in it
    against one in a folder of ten: `python -m benchmarks filled`."""
    count = min(RECORDINGS, size.interactions)
    with ExitStack() as stack:
        plans: dict[str, tuple[Server, Plan]] = {}
        for many in (FEW, count):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            weight = _fill(folder, many)
            requests, wanted = _questions(many)
            server = stack.enter_context(mockglm(folder, requests[0], "--speed", "0"))
            used = server.cpu
            plan = Plan(port=server.port, requests=requests, wanted=wanted, count=size.answers)
            plans[str(many)] = server, plan
        few, many_costs = compare(load, plans, runs=size.runs).values()
        small, large = (one.memory for one, _ in plans.values())
    about = f"{count:,} recordings, {weight / 1e6:.0f} MB of body; CPU {used:.1f} s"
    yield Figure(
        case="filled", name="ready", value=server.started, unit="s", target=2.2, about=about
    )
    each = (large - small) / count / 1024
    yield Figure(case="filled", name="memory a recording", value=each, unit="KB", target=12)
    yield _ratio(
        "filled", "CPU a request", many_costs, few, than=f"with {FEW}", target=1.2, frames=1
    )


def _ratio(
    case: str,
    name: str,
    ours: list[Cost],
    theirs: list[Cost],
    *,
    than: str,
    target: float,
    frames: int = asking.FRAMES,
) -> Figure:
    each = cpu(ours) / frames, cpu(theirs) / frames
    about = f"{each[0]:.2f} µs, {than} {each[1]:.2f} µs"
    return Figure(
        case=case, name=name, value=each[0] / each[1], unit="×", target=target, about=about
    )


def _streams(
    load: Load, size: Size, request: bytes, ours: Server, theirs: Server
) -> tuple[list[Cost], list[Cost]]:
    """What streams cost of one server and of the other, which send as many bytes."""
    plans = {
        name: (
            server,
            Plan(
                port=server.port,
                requests=(request,),
                count=max(size.answers // 10, 1),
                frames=asking.FRAMES,
            ),
        )
        for name, server in (("ours", ours), ("theirs", theirs))
    }
    costs = compare(load, plans, runs=size.runs)
    if len({cost.asked.size for each in costs.values() for cost in each}) > 1:
        raise ValueError("the answers are not of the same size")
    return costs["ours"], costs["theirs"]


def _recorder(path: Path, url: str, probe: bytes) -> AbstractContextManager[Server]:
    """`mockglm record`, as users run it but for the lines that it says."""
    port = free()
    command = [sys.executable, "-c", "from mockglm.cli import main; main()", "record", str(path)]
    command += ["--upstream", url, "--allow-upstream", HOST, "--mode", "all"]
    return run([*command, "--port", str(port), "--log", "none"], port, probe)


def _proxy(url: str, probe: bytes) -> AbstractContextManager[Server]:
    port = free()
    return run([sys.executable, "-m", "benchmarks.recording", str(port), url], port, probe)


def _head() -> str:
    return file_head(f"https://{HOST}/api/paas/v4", "2026-11-22T08:00:00Z", "benchmark")


def _recording(body: bytes, answer: bytes) -> str:
    """A recorded stream, a frame every so many seconds."""
    frames = [frame + b"\n\n" for frame in answer.split(b"\n\n")[:-1]]
    pieces = tuple((EVERY * number, frame) for number, frame in enumerate(frames, 1))
    request = Request("POST", "/chat/completions", body=body)
    kept = Response(200, (("Content-Type", STREAM_TYPE),), pieces, "done", EVERY)
    return dump(Exchange(request, kept, 0.0))


def _fill(folder: Path, count: int) -> int:
    """Write so many recordings, told apart by what is asked; the bytes of all bodies."""
    answer = _answer()
    text = _recording(_question(NUMBER), answer)
    for start in range(0, count, A_FILE):
        numbers = range(start, min(start + A_FILE, count))
        blocks = (text.replace(NUMBER, f"{number:05}") for number in numbers)
        (folder / f"part-{start // A_FILE:03}.yaml").write_text(_head() + "".join(blocks), "utf-8")
    return len(answer) * count


def _answer() -> bytes:
    """The body of a stream that says which it is."""
    frame = (
        'data: {"id":"20261122160000aaaaaaaaaaaaaaaa","created":1795334400,"object":"chat.'
        'completion.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":'
        '"今天天气"}}]}\n\n'
    )
    last = frame.replace("今天天气", f"答案{NUMBER}")
    return (frame * (PIECES - 1) + last + "data: [DONE]\n\n").encode()


def _question(number: str) -> bytes:
    return asking.body(messages=[{"role": "user", "content": f"问题{number}"}], stream=True)


def _questions(count: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The questions that are asked, spread over all, and what the answers must contain."""
    numbers = [f"{number:05}" for number in range(0, count, max(count // ASKED, 1))]
    requests = tuple(asking.http(_question(number)) for number in numbers)
    return requests, tuple(f"答案{number}".encode() for number in numbers)


def main(port: str, url: str) -> None:
    """Pass on until told to stop."""
    import httpx
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60)

    async def pass_on(asked: Asked) -> StreamingResponse:
        stack = AsyncExitStack()
        headers = [line for line in asked.headers.raw if line[0] != b"host"]
        answer = await stack.enter_async_context(
            client.stream(
                "POST", url + "/chat/completions", headers=headers, content=await asked.body()
            )
        )
        pieces = _pieces(answer, stack)
        return StreamingResponse(pieces, answer.status_code, media_type=STREAM_TYPE)

    serve(Starlette(routes=[Route("/{path:path}", pass_on, methods=["POST"])]), int(port))


async def _pieces(answer: httpx.Response, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for piece in answer.aiter_raw():
            yield piece


if __name__ == "__main__":
    main(*sys.argv[1:])
