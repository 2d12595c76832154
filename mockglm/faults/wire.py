"""Faults of the connection and of HTTP's framing: how and when the bytes come, and how they end."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate, pairwise

from msgspec.structs import replace

from mockglm.exchange import Headers, Response
from mockglm.faults.fault import Fault
from mockglm.faults.frames import CHARACTER, Pieces, check_size, split_chunks, split_frames
from mockglm.faults.options import Option, Options, choice, count, seconds, text
from mockglm.faults.position import FIRST, NOWHERE, WIRE, Offset

_TOKEN = re.compile(rb'"[^"\\]{2,}"')


def reset(answer: Response, spot: Offset, options: Options) -> Response:
    return replace(_cut(answer, spot, options), end="reset")


def close(answer: Response, spot: Offset, options: Options) -> Response:
    return replace(_cut(answer, spot, options), end="close")


def stall(answer: Response, spot: Offset, options: Options) -> Response:
    answer = _headed(answer, options)
    before, after = split_chunks(answer.chunks, spot.start)
    silence = options["for"]
    if silence is None:
        head = None if spot.before_head else answer.head
        return replace(answer, chunks=before, head=head, end="hang")
    later = tuple((at + silence, piece) for at, piece in after)
    if not spot.before_head or answer.head is None:
        return replace(answer, chunks=(*before, *later))
    return replace(answer, chunks=later, head=answer.head + silence)


def drip(answer: Response, spot: Offset, options: Options) -> Response:
    before, after = split_chunks(answer.chunks, spot.start)
    due = before[-1][0] if before else answer.head or 0.0
    drops: list[tuple[float, bytes]] = []
    for at, drop in _drops(after, options):
        due = max(at, due + options["every"])
        drops.append((due, drop))
    return replace(_headed(answer, options), chunks=(*before, *drops))


def split(answer: Response, spot: Offset, options: Options) -> Response:
    middle = _inside(answer.body, spot.start, options["in"])
    if middle is None:
        return answer
    before, after = split_chunks(answer.chunks, middle)
    later = tuple((at + options["for"], piece) for at, piece in after)
    return replace(_headed(answer, options), chunks=(*before, *later))


def short(answer: Response, spot: Offset, options: Options) -> Response:
    return _sized(answer, max(len(answer.body) - options["by"], 0), options)


def long(answer: Response, spot: Offset, options: Options) -> Response:
    if answer.raw:
        return answer
    sized = _sized(answer, len(answer.body) + options["by"], options)
    return replace(sized, end=options["then"])


def bad_chunk_size(answer: Response, spot: Offset, options: Options) -> Response:
    before, after = split_chunks(answer.chunks, spot.start)
    if answer.raw or not after:
        return answer
    (due, bad), *rest = after
    wrong = b"%b\r\n%b\r\n" % (options["size"].encode(), bad)
    pieces = (*map(_chunked, before), (due, wrong), *map(_chunked, rest))
    if answer.end == "done":
        pieces = (*pieces[:-1], (pieces[-1][0], pieces[-1][1] + b"0\r\n\r\n"))
    headers = (*_unframed(answer.headers), ("Transfer-Encoding", "chunked"))
    return replace(_headed(replace(answer, headers=headers), options), chunks=pieces, raw=True)


def _cut(answer: Response, spot: Offset, options: Options) -> Response:
    """Return the chunks before the offset and, as an empty chunk, the wait until the end."""
    pieces, _ = split_chunks(answer.chunks, spot.start)
    head = None if spot.before_head else answer.head
    last = pieces[-1][0] if pieces else answer.head or 0.0
    end = max(spot.time or 0.0, last) + options["for"]
    wait = ((end, b""),) if end > last else ()
    return replace(_headed(answer, options), chunks=(*pieces, *wait), head=head)


def _headed(answer: Response, options: Options) -> Response:
    if options["connection"] == "keep":
        return answer
    kept = (pair for pair in answer.headers if pair[0].lower() != "connection")
    return replace(answer, headers=(*kept, ("Connection", "close")))


def _drops(pieces: Pieces, options: Options) -> Iterator[tuple[float, bytes]]:
    """The pieces cut anew into drops, each due with its last byte."""
    body = b"".join(piece for _, piece in pieces)
    highs = list(accumulate(len(piece) for _, piece in pieces))
    if options["of"] == "frames":
        ends = [frame.end for frame in split_frames(body)]
    else:
        check_size("drip", pieces=len(body) // options["size"])
        ends = [*range(options["size"], len(body), options["size"]), len(body)] if body else []
    for low, high in pairwise([0, *ends]):
        yield pieces[bisect_left(highs, high)][0], body[low:high]


def _inside(body: bytes, start: int, what: str) -> int | None:
    """The middle of the first character of several bytes, or of the first word of the JSON."""
    patterns = {"character": (CHARACTER,), "token": (_TOKEN,)}.get(what, (CHARACTER, _TOKEN))
    for pattern in patterns:
        match = pattern.search(body, start)
        if match:
            return (match.start() + match.end()) // 2
    return None


def _sized(answer: Response, size: int, options: Options) -> Response:
    if answer.raw:
        return answer
    headers = (*_unframed(answer.headers), ("Content-Length", str(size)))
    return _headed(replace(answer, headers=headers, raw=True), options)


def _unframed(headers: Headers) -> Headers:
    framing = ("content-length", "transfer-encoding")
    return tuple(pair for pair in headers if pair[0].lower() not in framing)


def _chunked(piece: tuple[float, bytes]) -> tuple[float, bytes]:
    at, data = piece
    return at, b"%x\r\n%b\r\n" % (len(data), data) if data else b""


CONNECTION = Option(choice("keep", "close"), "keep", "`close` adds the header `Connection: close`")
BASE: Mapping[str, Option] = {"connection": CONNECTION}
SILENCE = Option(seconds, 0.0, "pause before the connection ends")
AGENTS = ("CommandCodeAI/command-code#791", "ranxianglei/billion-context-omp#105")
UTF8 = ("musistudio/claude-code-router#1672", "farion1231/cc-switch#1923", "api7/aisix#111")
HTTP = "https://www.rfc-editor.org/rfc/rfc9112"

FAULTS = (
    Fault(
        name="reset",
        kind="wire",
        about="The connection is reset (RST).",
        reports=AGENTS,
        breaks="httpx raises ReadError; Node with Connection: close reports success",
        change=reset,
        caught_by="TRN-06",
        also=("LIM-04",),
        on="any response",
        options={**BASE, "for": SILENCE},
        positions=WIRE,
        position=FIRST,
    ),
    Fault(
        name="close",
        kind="wire",
        about="The connection is closed (FIN) in the middle of the message.",
        reports=AGENTS,
        breaks="httpx raises RemoteProtocolError; Node with Connection: close reports success",
        change=close,
        caught_by="TRN-06",
        also=("LIM-04",),
        on="any response",
        options={**BASE, "for": SILENCE},
        positions=WIRE,
        position=FIRST,
    ),
    Fault(
        name="stall",
        kind="wire",
        about="The response pauses, or stops for good, while the connection stays open.",
        reports=("NousResearch/hermes-agent#12758", "adolfousier/opencrabs#1347"),
        breaks="clients and proxies that time out after 30 s, or never",
        change=stall,
        caught_by="TIM-02",
        trial="stall.2-frames.for-30s",
        on="any response",
        options={**BASE, "for": Option(seconds, None, "its length (by default without end)")},
        positions=WIRE,
    ),
    Fault(
        name="slow-start",
        kind="wire",
        about="The head comes at once, the first byte of the body much later.",
        reports=("Hmbown/Codewhale#3496", "NousResearch/hermes-agent#12758"),
        breaks="clients and proxies that wait no longer for the first token than for the next one",
        change=stall,
        caught_by="TIM-01",
        options={**BASE, "for": Option(seconds, 30.0, "its length")},
        positions=NOWHERE,
    ),
    Fault(
        name="drip",
        kind="wire",
        about="The bytes come in many small writes.",
        reports=("NousResearch/hermes-agent#24915",),
        breaks="timeouts of a whole request; with `every: 0` parsers that expect whole lines",
        change=drip,
        why="slow and small writes are legal",
        on="any response",
        options={
            **BASE,
            "of": Option(choice("bytes", "frames"), "bytes", "unit of one write"),
            "size": Option(count, 1, "bytes in one write"),
            "every": Option(seconds, 0.01, "time between two writes"),
        },
    ),
    Fault(
        name="split",
        kind="wire",
        about="One write ends inside a multi-byte character, or inside a word of the JSON.",
        reports=(*UTF8, "anomalyco/opencode#39694", "danielmiessler/Fabric#2203"),
        breaks="proxies that decode each write on its own: U+FFFD in the text",
        change=split,
        why="HTTP does not care where a write ends",
        on="any response",
        needs="such a character or word",
        options={
            **BASE,
            "in": Option(choice("character", "token", "either"), "either", "where the write ends"),
            "for": Option(seconds, 0.05, "time until the next write"),
        },
    ),
    Fault(
        name="short",
        kind="wire",
        about="Content-Length announces fewer bytes than there are.",
        reports=(HTTP + "#section-6.3",),
        breaks="the end of the response is lost, and the connection cannot be used again",
        change=short,
        caught_by="SSE-06",
        also=("SSE-04",),
        on="any response",
        needs="a body that is not framed",
        options={**BASE, "by": Option(count, 16, "number of missing bytes")},
        positions=NOWHERE,
    ),
    Fault(
        name="long",
        kind="wire",
        about="Content-Length announces more bytes than there are.",
        reports=(HTTP + "#section-8",),
        breaks="httpx raises RemoteProtocolError, or waits until its timeout",
        change=long,
        caught_by="TRN-06",
        on="any response",
        needs="a body that is not framed",
        options={
            **BASE,
            "by": Option(count, 16, "number of additional bytes"),
            "then": Option(choice("close", "hang"), "close", "what happens then"),
        },
        positions=NOWHERE,
    ),
    Fault(
        name="bad-chunk-size",
        kind="wire",
        about="A chunk of the chunked coding has a size that is not a number.",
        reports=(HTTP + "#section-7.1",),
        breaks="httpx raises RemoteProtocolError in the middle of the response",
        change=bad_chunk_size,
        caught_by="TRN-06",
        on="any response",
        needs="bytes at that place",
        options={**BASE, "size": Option(text, "zz", "text instead of the size")},
        position=FIRST,
    ),
)
