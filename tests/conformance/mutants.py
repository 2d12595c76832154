"""One way to break each requirement, done to the bytes of the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from mockglm.exchange import Response
from tests.conformance.reference import ANSWERS, call, chunk, refusal

Mutation = Callable[[Response], Response]
HTML = b"<html><head><title>405 Not Allowed</title></head></html>"


@dataclass(frozen=True)
class Mutant:
    """What is done to the answer of a probe."""

    probe: str
    change: Mutation

    def answer(self) -> Response:
        return self.change(ANSWERS[self.probe])


def sub(old: bytes, new: bytes, count: int = 0) -> Mutation:
    """Replace in the pieces of the answer, everywhere or in the first `count`."""

    def change(answer: Response) -> Response:
        left = count or 10_000
        pieces = []
        for at, piece in answer.chunks:
            if left and old in piece:
                piece, left = piece.replace(old, new), left - 1
            pieces.append((at, piece))
        assert tuple(pieces) != answer.chunks, f"{old!r} is not there"
        return replace(answer, chunks=tuple(pieces))

    return change


def frame(number: int, new: Callable[[bytes], bytes]) -> Mutation:
    """Change one piece of a stream, counted from either end."""

    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        at, piece = pieces[number]
        pieces[number] = (at, new(piece))
        return replace(answer, chunks=tuple(pieces))

    return change


def header(name: str, value: str) -> Mutation:
    """Set a header; the empty value takes it away."""

    def change(answer: Response) -> Response:
        others = tuple(pair for pair in answer.headers if pair[0] != name)
        return replace(answer, headers=(*others, (name, value)) if value else others)

    return change


def status(code: int) -> Mutation:
    return lambda answer: replace(answer, status=code)


def body(new: bytes) -> Mutation:
    return lambda answer: replace(answer, chunks=((0.1, new),))


def instead(answer: Response) -> Mutation:
    return lambda _: answer


def timed(times: Callable[[int], float]) -> Mutation:
    """Move the pieces to other times."""

    def change(answer: Response) -> Response:
        pieces = ((times(i), piece) for i, (_, piece) in enumerate(answer.chunks))
        return replace(answer, chunks=tuple(pieces))

    return change


def cut_short(answer: Response) -> Response:
    return replace(answer, end="close")


def number(key: bytes, new: bytes) -> Mutation:
    """Replace every number under a key."""

    def change(answer: Response) -> Response:
        form = re.compile(rb'("%b":)-?\d+' % key)
        pieces = ((at, form.sub(rb"\g<1>" + new, piece)) for at, piece in answer.chunks)
        return replace(answer, chunks=tuple(pieces))

    return change


def swapped(first: int, second: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        pieces[first], pieces[second] = pieces[second], pieces[first]
        return replace(answer, chunks=tuple(pieces))

    return change


def twice(number: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        pieces.insert(number, pieces[number])
        return replace(answer, chunks=tuple(pieces))

    return change


def without(number: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        del pieces[number]
        return replace(answer, chunks=tuple(pieces))

    return change


def spliced(piece: bytes) -> bytes:
    return piece[:60] + piece


TEXT = b'"role":"assistant","content"'
ERROR = b'data: {"error":{"code":"1234","message":"Internal network failure"}}\n\n'
ACCEPTED = instead(ANSWERS["afterwards"])
OTHER_CODE = instead(refusal(400, "1234", "网络错误"))

MUTANTS: Mapping[str, tuple[Mutant, ...]] = {
    "TRN-01": (Mutant("stream", instead(refusal(400, "1210", "no"))),),
    "TRN-02": (
        Mutant("stream", header("Content-Type", "application/json")),
        Mutant("stream", instead(refusal(400, "1210", "no"))),
    ),
    "TRN-03": (
        Mutant("plain", header("Content-Type", "text/plain")),
        Mutant("plain", instead(ANSWERS["stream"])),
    ),
    "TRN-04": (Mutant("stream", header("Content-Encoding", "gzip")),),
    "TRN-05": (
        Mutant("stream", timed(lambda i: 3.0)),
        Mutant("stream", timed(lambda i: 3.0 + min(i, 1) / 1000)),
        Mutant("stream", timed(lambda i: 3.0 + i / 100_000)),
    ),
    "TRN-06": (Mutant("stream", cut_short),),
    "TRN-07": (
        Mutant("stream", header("Cache-Control", "public")),
        Mutant("stream", header("Cache-Control", "max-age=60")),
        Mutant("stream", header("Cache-Control", 's-maxage="60"')),
    ),
    "TRN-08": (
        Mutant("echo", sub("你".encode(), b"?")),
        Mutant("echo", sub("😀".encode(), b"?")),
        Mutant("echo", sub(b" ome", "\ufffd ome".encode())),
    ),
    "SSE-01": (Mutant("stream", frame(2, lambda p: p.replace(b"thre", b"thr\xe4"))),),
    "SSE-02": (Mutant("stream", frame(0, lambda p: b"\xef\xbb\xbf" + p)),),
    "SSE-03": (
        Mutant("stream", frame(2, lambda p: b"Data: x\n" + p)),
        Mutant("stream", frame(2, lambda p: b"retry: soon\n" + p)),
        Mutant("stream", frame(2, lambda p: b"id: a\0b\n" + p)),
    ),
    "SSE-04": (
        Mutant("stream", frame(-1, lambda p: p[:-1])),
        Mutant("stream", frame(2, lambda p: b"event: x\n\n" + p)),
        Mutant("stream", frame(2, lambda p: b"data:\n\n" + p)),
    ),
    "SSE-05": (
        Mutant("stream", frame(1, spliced)),
        Mutant("stream", frame(3, lambda p: p.replace(b'"index":0', b'"index":NaN'))),
        Mutant("stream", frame(3, lambda p: b"data: []\n\n")),
        Mutant("stream", frame(3, lambda p: b"data: " + p)),
        Mutant("stream", frame(3, lambda p: b'data: "\xff\xff\xff\xff" x\n\n')),
    ),
    "SSE-06": (
        Mutant("stream", without(-1)),
        Mutant("stream", twice(-1)),
        Mutant("stream", swapped(-1, -2)),
        Mutant("stream", frame(-1, lambda p: b"data: [DONE]x\n\n")),
        Mutant("stream", frame(-1, lambda p: b"event: end\n" + p)),
    ),
    "SSE-07": (Mutant("stream", frame(1, lambda p: b"event: chunk\n" + p)),),
    "SSE-08": (Mutant("stream", frame(1, lambda p: b": ping\n\n" + p)),),
    "CHK-01": (
        Mutant("stream", sub(b'"id":"20260729080000f0ab19f8cb470c01",', b"", 1)),
        Mutant("stream", number(b"created", b'"1"')),
        Mutant("stream", number(b"created", b"true")),
        Mutant("stream", sub(b'"model":"glm-4.6"', b'"model":null', 1)),
        Mutant("stream", frame(1, lambda p: b'data: {"id":"x","created":1,"model":"m"}\n\n')),
    ),
    "CHK-02": (
        Mutant("stream", frame(0, lambda p: p.replace(b"470c01", b"470c02"))),
        Mutant("stream", frame(3, lambda p: p.replace(b"470c01", b"470c02"))),
        Mutant("stream", frame(3, lambda p: p.replace(b"17852", b"17851"))),
        Mutant("stream", frame(3, lambda p: p.replace(b"glm-4.6", b"glm-4.7"))),
    ),
    "CHK-03": (
        Mutant("stream", sub(b'"object":"chat.completion.chunk",', b"")),
        Mutant("stream", frame(3, lambda p: p.replace(b"completion.chunk", b"completion"))),
    ),
    "CHK-04": (
        Mutant("stream", frame(2, lambda p: p.replace(b'"index":0', b'"index":-1'))),
        Mutant("stream", frame(2, lambda p: p.replace(b'"index":0', b'"index":"0"'))),
        Mutant("stream", frame(2, lambda p: p.replace(b'"index":0', b'"index":false'))),
        Mutant("stream", frame(2, lambda p: re.sub(rb'"choices":\[.*\]', b'"choices":[]', p))),
    ),
    "CHK-05": (
        Mutant("stream", frame(2, lambda p: re.sub(rb'("content":)("[^"]*")', rb"\1[\2]", p))),
        Mutant("thinking", frame(1, lambda p: re.sub(rb'(_content":)("[^"]*")', rb"\1{}", p))),
        Mutant("stream", frame(2, lambda p: p.replace(b'"role"', b'"tool_calls":{},"role"'))),
    ),
    "CHK-06": (
        Mutant("stream", frame(0, lambda p: p.replace(b'"role":"assistant",', b""))),
        Mutant("stream", frame(3, lambda p: p.replace(b"assistant", b"user"))),
    ),
    "CHK-07": (
        Mutant("stream", sub(b'"delta"', b'"message"')),
        Mutant("stream", frame(2, lambda p: p.replace(b'"delta"', b'"message":{},"delta"'))),
        Mutant("stream", sub(b'"delta":{"role":"assistant","content":"one "}', b'"delta":null')),
    ),
    "CHK-08": (
        Mutant("stream", sub(b"glm-4.6", b"glm-4.5")),
        Mutant("stream", frame(0, lambda p: p.replace(b"glm-4.6", b"glm-4.5"))),
    ),
    "CHK-09": (
        Mutant("stream", number(b"created", b"1785111111")),
        Mutant("stream", lambda a: header("Date", "")(number(b"created", b"1785111111")(a))),
    ),
    "CHK-10": (Mutant("stream", lambda a: replace(a, chunks=a.chunks[-2:])),),
    "CHK-11": (Mutant("stream", sub(b'"object"', b'"service_tier":"default","object"')),),
    "JSN-01": (
        Mutant("plain", sub(b'"id"', b'"ID"')),
        Mutant("plain", number(b"created", b"1.5")),
        Mutant("plain", sub(b'"usage"', b'"cost"')),
    ),
    "JSN-02": (
        Mutant("plain", sub(b'"role":"assistant"', b'"role":"model"')),
        Mutant("plain", sub(b'"message"', b'"text"')),
        Mutant(
            "plain", sub(b'"choices":[', b'"choices":[{"index":1,"message":{"role":"assistant"}},')
        ),
    ),
    "JSN-03": (
        Mutant("plain", sub(b'"content":', b'"content":null,"text":')),
        Mutant("plain", sub(b'"content":"one', b'"content":["one"],"text":"')),
        Mutant("tools-plain", sub(b'"content":""', b'"content":5')),
    ),
    "JSN-04": (Mutant("plain", sub(b'"finish_reason":"stop"', b'"finish_reason":null')),),
    "JSN-05": (Mutant("plain", sub(b"mockglm-a1b2c3-plain", b"20260729080000f0")),),
    "JSN-06": (Mutant("plain", sub(b'"message"', b'"delta":{},"message"')),),
    "EQV-01": (
        Mutant("stream", sub(b'"content":"one ', b'"reasoning_content":"one ')),
        Mutant("stream", lambda a: replace(a, chunks=a.chunks[-2:])),
    ),
    "EQV-02": (Mutant("stream", number(b"prompt_tokens", b"20")),),
    "EQV-03": (Mutant("length", sub(b'"length"', b'"stop"')),),
    "EQV-04": (
        Mutant("stream", sub(b'"total_tokens":32', b'"total":32')),
        Mutant("stream", sub(b'"prompt_tokens":21,', b"")),
        Mutant("stream", sub(b'"usage":{', b'"usage":{"prompt_cache_hit_tokens":0,')),
    ),
    "EQV-05": (
        Mutant("stream", sub(b'"id":"20260729', b'"id":"chatcmpl-20260729')),
        Mutant("stream", sub(b'"id":"20260729', b'"id":"2026-0729')),
        Mutant("stream", sub(b'"id":"20260729', b'"id":"Z0260729')),
        Mutant("stream", sub(b'"id":"20260729', b'"id":"202607290')),
        Mutant("stream", sub(b'"glm-4.6"', b'"GLM-4.6"')),
    ),
    "EQV-06": (
        Mutant("bad-model-stream", status(404)),
        Mutant("bad-model-stream", sub(b'"1211"', b'"1214"')),
    ),
    "EQV-07": (
        Mutant("stream", sub(b"one ", b"One ")),
        Mutant("stream", sub(b'"content":"one ', b'"content":"one ","reasoning_content":"hm')),
        Mutant("stream", frame(2, lambda p: p.replace(b'"role"', b'"tool_calls":[{}],"role"'))),
    ),
    "RSN-01": (
        Mutant("thinking", sub(b"reasoning_content", b"reasoning")),
        Mutant(
            "thinking",
            lambda a: sub(b'reasoning_content":"Let ', b'content":"<think>')(
                number(b"reasoning_tokens", b"0")(
                    sub(b'reasoning_content":"me', b'r":"')(
                        replace(a, chunks=(*a.chunks[:2], *a.chunks[-4:]))
                    )
                )
            ),
        ),
    ),
    "RSN-02": (Mutant("thinking", swapped(2, -3)),),
    "RSN-03": (
        Mutant(
            "thinking", sub(b'"role":"assistant","reas', b'"role":"assistant","content":"","reas')
        ),
    ),
    "RSN-04": (
        Mutant("thinking", frame(-4, lambda p: p.replace(b'content":"', b'content":"<think>'))),
        Mutant("thinking-plain", sub(b'"content":"3"', b'"content":"</think>3"')),
    ),
    "RSN-05": (Mutant("thinking", lambda a: replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:]))),),
    "RSN-06": (
        Mutant("stream", sub(b'"content":"one ', b'"reasoning_content":"hm","content":"one ')),
        Mutant(
            "stream", frame(5, lambda p: p.replace(b'"role"', b'"reasoning_content":"hm","role"'))
        ),
    ),
    "RSN-07": (Mutant("replay", instead(refusal(400, "1214", "messages 参数非法。"))),),
    "RSN-08": (
        Mutant("thinking-plain", sub(b"reasoning_content", b"reasoning")),
        Mutant(
            "thinking-plain",
            lambda a: sub(b'"completion_tokens_details":{"reasoning_tokens":16},', b"")(
                sub(b'"content":"3"', b'"content":"<think>hm</think>3"')(
                    sub(b"reasoning_content", b"reasoning")(a)
                )
            ),
        ),
    ),
    "TOL-01": (
        Mutant("tools", sub(b'"id":"call_417fb00c5b2d4aada7fa6660",', b"")),
        Mutant("tools", sub(b'"type":"function",', b"")),
        Mutant("tools", sub(b'"name":"get_weather"', b'"name":""')),
        Mutant("tools", twice(-4)),
        Mutant(
            "tool-stream",
            frame(1, lambda p: p.replace(b'[{"index":0', b'[{"id":"call_other","index":0')),
        ),
        Mutant("tools", sub(b'"id":"call_417fb00c5b2d4aada7fa6660"', b'"id":5')),
        Mutant(
            "tools",
            sub(
                b'"name":"get_weather","arguments":"{\\"city\\":\\"B',
                b'"name":5,"arguments":"{\\"city\\":\\"B',
            ),
        ),
        Mutant(
            "tools",
            sub(
                b',"function":{"name":"get_weather","arguments":"{\\"city\\":\\"Beijing\\"}"}', b""
            ),
        ),
    ),
    "TOL-02": (
        Mutant("tools", sub(b'0","index":0', b'0","index":1')),
        Mutant("tools", sub(b'1","index":1', b'1","index":2')),
        Mutant("tools", sub(b'0","index":0,', b'0",')),
        Mutant("tools", sub(b'0","index":0', b'0","index":false')),
    ),
    "TOL-03": (
        Mutant("tools", sub(b'\\"Beijing\\"}"', b'\\"Beij"')),
        Mutant("tools", sub(b'"{\\"city\\":\\"Beijing\\"}"', b'{"city":"Beijing"}')),
        Mutant("tools", sub(b'"{\\"city\\":\\"Beijing\\"}"', b'"[]"')),
    ),
    "TOL-04": (
        Mutant("tools", lambda a: replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:]))),
        Mutant("tools-plain", sub(b'"finish_reason":"tool_calls"', b'"finish_reason":"stop"')),
    ),
    "TOL-05": (
        Mutant("tools", sub(b"fa6661", b"fa6660")),
        Mutant("tools-plain", sub(b"84836", b"84837")),
        Mutant("tools-plain", sub(b'"id":"call_-7807249954186984836"', b'"id":""')),
        Mutant("tools", sub(b'"id":"call_417fb00c5b2d4aada7fa6660"', b'"id":5')),
    ),
    "TOL-06": (Mutant("tools", sub(b'"get_weather"', b'"get_time"', 1)),),
    "TOL-07": (
        Mutant("tools-plain", sub(b'"{\\"city\\":\\"Beijing\\"}"', b'{"city":"Beijing"}')),
        Mutant("tools-plain", sub(b'\\"Beijing\\"}"', b'\\"Beij"')),
        Mutant("tools-plain", sub(b'"type":"function"', b'"type":"tool"')),
    ),
    "TOL-08": (
        Mutant("tools", sub(b'{\\"city\\":\\"Beijing\\"}', b'{\\"town\\":\\"Beijing\\"}')),
        Mutant("tools", sub(b':\\"Beijing\\"}', b":5}")),
    ),
    "TOL-09": (Mutant("tool-result", instead(refusal(400, "1214", "messages 参数非法。"))),),
    "TOL-10": (Mutant("tool-stream", instead(ANSWERS["tools"])),),
    "TOL-11": (
        Mutant(
            "tools",
            frame(
                -3,
                lambda p: p.replace(
                    b'"index":0,"delta"', b'"index":0,"finish_reason":"tool_calls","delta"'
                ),
            ),
        ),
    ),
    "FIN-01": (
        Mutant("stream", sub(b'"index":0,"delta"', b'"index":0,"finish_reason":"stop","delta"')),
        Mutant("stream", swapped(-2, -3)),
        Mutant("stream", sub(b'"finish_reason":"stop"', b'"finish_reason":null')),
    ),
    "FIN-02": (
        Mutant("stream", sub(b'"stop"', b'"eos"')),
        Mutant("plain", sub(b'"finish_reason":"stop"', b'"finish_reason":"end_turn"')),
    ),
    "FIN-03": (
        Mutant("length", sub(b'"length"', b'"stop"')),
        Mutant("length-plain", sub(b'"length"', b'"stop"')),
    ),
    "FIN-04": (
        Mutant("stream", sub(b'"stop"', b'"length"')),
        Mutant("plain", sub(b'"finish_reason":"stop"', b'"finish_reason":"sensitive"')),
        Mutant(
            "stream",
            lambda a: number(b"completion_tokens", b"32")(sub(b'"stop"', b'"sensitive"')(a)),
        ),
    ),
    "FIN-05": (
        Mutant("stop", sub(b'ive "', b'ive six"')),
        Mutant("stop", sub(b'ive "', b'ive, seven"')),
    ),
    "USE-01": (
        Mutant("stream", sub(b'"usage"', b'"cost"')),
        Mutant("stream", frame(1, lambda p: p.replace(b'"choices"', b'"usage":{},"choices"'))),
        Mutant("stream", frame(-1, lambda p: chunk({"delta": {}}, usage={"total_tokens": 1}) + p)),
    ),
    "USE-02": (
        Mutant("stream", number(b"total_tokens", b"99")),
        Mutant("plain", number(b"total_tokens", b"31")),
        Mutant("plain", number(b"prompt_tokens", b"-1")),
        Mutant("plain", number(b"completion_tokens", b'"11"')),
        Mutant("plain", number(b"completion_tokens", b"true")),
    ),
    "USE-03": (
        Mutant("stream", number(b"completion_tokens", b"0")),
        Mutant("tools-plain", number(b"completion_tokens", b"0")),
    ),
    "USE-04": (
        Mutant("stream", number(b"cached_tokens", b"22")),
        Mutant("plain", number(b"cached_tokens", b"-1")),
    ),
    "USE-05": (Mutant("thinking", number(b"reasoning_tokens", b"21")),),
    "USE-06": (Mutant("length", number(b"completion_tokens", b"9")),),
    "USE-07": (Mutant("length-plain", number(b"prompt_tokens", b"21")),),
    "ERR-01": (
        Mutant("bad-model", sub(b'"1211"', b"1211")),
        Mutant("bad-model", sub(b'"1211"', b'"model_not_found"')),
        Mutant("bad-model", sub(b'"error"', b'"detail"')),
        Mutant("bad-model", sub(b'"message"', b'"msg"')),
        Mutant("bad-model", sub("模型不存在，请检查模型代码。".encode(), b"")),
        Mutant("bad-model", body(b'{"error":{"code":"1211","message":5}}')),
    ),
    "ERR-02": (
        Mutant("bad-model", status(200)),
        Mutant("stream", frame(0, lambda p: ERROR)),
        Mutant("bad-model", lambda a: status(200)(body(b'{"code":500,"msg":"404 NOT_FOUND"}')(a))),
    ),
    "ERR-03": (
        Mutant("bad-model", ACCEPTED),
        Mutant("bad-model", OTHER_CODE),
        Mutant("bad-model", status(500)),
    ),
    "ERR-04": (Mutant("no-messages", ACCEPTED), Mutant("no-messages", OTHER_CODE)),
    "ERR-05": (Mutant("bad-json", ACCEPTED), Mutant("bad-json", status(500))),
    "ERR-06": (Mutant("bad-role", ACCEPTED), Mutant("bad-role", OTHER_CODE)),
    "ERR-07": (Mutant("bad-temperature", ACCEPTED), Mutant("bad-temperature", OTHER_CODE)),
    "ERR-08": (
        Mutant("bad-model-stream", header("Content-Type", "text/event-stream")),
        Mutant("bad-model-stream", body(ERROR)),
    ),
    "ERR-09": (Mutant("bad-path", ACCEPTED),),
    "ERR-10": (
        Mutant("bad-model", body(HTML)),
        Mutant("bad-model", sub("模型不存在".encode(), b"Traceback (most recent call last)")),
    ),
    "ERR-11": (Mutant("afterwards", instead(refusal(500, "1234", "网络错误"))),),
    "ERR-12": (
        Mutant("failing", frame(0, lambda p: ERROR)),
        Mutant("failing", frame(-2, lambda p: b'data: {"error":"network"}\n\n')),
        Mutant("failing", frame(-2, lambda p: b'data: {"error":{"code":"1234"}}\n\n')),
        Mutant("stream", frame(3, lambda p: ERROR)),
    ),
    "ERR-13": (Mutant("bad-method", status(404)),),
    "AUT-01": (
        Mutant("bad-key", ACCEPTED),
        Mutant("bad-key", OTHER_CODE),
        Mutant("bad-key", status(403)),
    ),
    "AUT-02": (Mutant("no-key", ACCEPTED), Mutant("no-key", OTHER_CODE)),
    "AUT-03": (Mutant("plain", instead(refusal(401, "401", "token expired or incorrect"))),),
    "AUT-04": (Mutant("jwt", instead(refusal(401, "401", "token expired or incorrect"))),),
    "AUT-05": (Mutant("jwt-expired", ACCEPTED), Mutant("jwt-expired", OTHER_CODE)),
    "AUT-06": (
        Mutant("bad-key", sub("令牌".encode(), b"0" * 32 + b"." + b"W" * 16)),
        Mutant("bad-key", header("X-Key", "0" * 32 + "." + "W" * 16)),
        Mutant("bad-key", body(b"0" * 32 + b"." + b"W" * 16)),
    ),
    "LIM-01": (Mutant("burst", sub(b'"1302"', b'"1210"')),),
    "LIM-02": (
        Mutant("burst", header("Retry-After", "soon")),
        Mutant("burst", header("Retry-After", "-1")),
    ),
    "LIM-03": (Mutant("overflow", status(500)), Mutant("overflow", sub(b"1261", b"1234"))),
    "LIM-04": (
        Mutant("burst", status(500)),
        Mutant("burst", cut_short),
        Mutant("burst", lambda a: replace(ANSWERS["stream"], chunks=a.chunks)),
    ),
    "LIM-05": (
        Mutant("ceiling", ACCEPTED),
        Mutant("ceiling", sub(b'"1210"', b'"1214"')),
        Mutant("ceiling", status(500)),
    ),
    "HDR-01": (Mutant("plain", header("Date", "")), Mutant("plain", header("Date", "today"))),
    "HDR-02": (Mutant("bad-model", header("X-Log-Id", "")),),
    "TIM-01": (Mutant("stream", timed(lambda i: 11.0 + i)),),
    "TIM-02": (Mutant("stream", timed(lambda i: 1.0 + 11 * i)),),
}


def error_last(answer: Response) -> Response:
    """A stream that breaks off with an error."""
    times = [at for at, _ in answer.chunks]
    frames = [*(piece for _, piece in answer.chunks[:3]), ERROR, b"data: [DONE]\n\n"]
    return replace(answer, chunks=tuple(zip(times, frames, strict=False)))


def crlf(answer: Response) -> Response:
    pieces = ((at, piece.replace(b"\n", b"\r\n")) for at, piece in answer.chunks)
    return replace(answer, chunks=tuple(pieces))


DAY_BEFORE = b"1785196801"
EMPTY_ROLES = frame(2, lambda p: p.replace(b'"role":"assistant",', b""))
BAD_GATEWAY = instead(replace(refusal(502, "", ""), chunks=((0.1, HTML),)))
REPEATED = frame(
    1, lambda p: p.replace(b'[{"index":0', b'[{"id":"call_417fb00c5b2d4aada7fa6660","index":0')
)

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "TRN-02": (Mutant("stream", header("Content-Type", "TEXT/event-stream; charset=utf-8")),),
    "TRN-04": (Mutant("stream", header("Content-Encoding", "identity")),),
    "TRN-05": (
        Mutant("stream", timed(lambda i: 1.0 + min(i, 2))),
        Mutant("stream", timed(lambda i: 1.0 + min(i, 2) / 1000)),
    ),
    "TRN-07": (
        Mutant("stream", header("Cache-Control", "no-cache")),
        Mutant("stream", header("Cache-Control", "max-age=0")),
    ),
    "SSE-03": (
        Mutant("stream", frame(2, lambda p: b"retry: 3000\nid: 7\n" + p)),
        Mutant("stream", crlf),
    ),
    "SSE-04": (Mutant("stream", crlf),),
    "SSE-05": (Mutant("stream", crlf), Mutant("stream", sub(b"data: ", b"data:"))),
    "SSE-06": (Mutant("stream", crlf),),
    "CHK-05": (
        Mutant("stream", frame(2, lambda p: re.sub(rb'"content":"[^"]*"', b'"content":null', p))),
    ),
    "CHK-06": (
        Mutant("stream", EMPTY_ROLES),
        Mutant("stream", lambda a: sub(b'"stop"', b'"sensitive"')(sub(b"assistant", b"user")(a))),
        Mutant("tool-stream", lambda a: replace(a, chunks=(*a.chunks[:3], a.chunks[-1]))),
    ),
    "CHK-09": (
        Mutant("stream", number(b"created", DAY_BEFORE)),
        Mutant("stream", header("Date", "")),
    ),
    "CHK-10": (
        Mutant(
            "stream",
            lambda a: sub(b'"stop"', b'"sensitive"')(replace(a, chunks=a.chunks[-2:])),
        ),
    ),
    "JSN-03": (
        Mutant("tools-plain", sub(b'"content":"",', b"")),
        Mutant("tools-plain", sub(b'"content":"",', b'"content":null,')),
    ),
    "EQV-04": (
        Mutant("stream", sub(b"cached_tokens", b"cache_tokens")),
        Mutant("stream", sub(b'"prompt_tokens_details":{"cached_tokens":4},', b"")),
    ),
    "RSN-02": (
        Mutant("thinking", frame(1, lambda p: p.replace(b'"role"', b'"content":"","role"'))),
    ),
    "TOL-01": (
        Mutant("tool-stream", REPEATED),
        Mutant("tool-stream", sub(b',"function":{"arguments":"{\\"city\\""}', b"")),
    ),
    "TOL-04": (Mutant("tools", sub(b'"tool_calls","delta"', b'"length","delta"')),),
    "TOL-05": (Mutant("tool-stream", REPEATED),),
    "FIN-01": (
        Mutant("stream", sub(b'0,"delta"', b'0,"finish_reason":null,"delta"')),
        Mutant("stream", error_last),
    ),
    "FIN-04": (
        Mutant(
            "stream", lambda a: number(b"completion_tokens", b"32")(sub(b'"stop"', b'"length"')(a))
        ),
    ),
    "USE-01": (
        Mutant(
            "stream", lambda a: sub(b'"usage"', b'"cost"')(sub(b'"stop"', b'"network_error"')(a))
        ),
    ),
    "USE-03": (
        Mutant(
            "stream", lambda a: number(b"completion_tokens", b"0")(replace(a, chunks=a.chunks[-2:]))
        ),
    ),
    "USE-04": (Mutant("stream", number(b"cached_tokens", b"21")),),
    "USE-05": (Mutant("thinking", number(b"reasoning_tokens", b"20")),),
    "USE-07": (
        Mutant("plain", number(b"prompt_tokens", b"null")),
        Mutant("length-plain", number(b"prompt_tokens", b"null")),
    ),
    "ERR-01": (
        Mutant("bad-model", BAD_GATEWAY),
        Mutant("bad-model", lambda a: status(500)(BAD_GATEWAY(a))),
    ),
    "ERR-02": (Mutant("stream", error_last),),
    "ERR-03": (
        Mutant("bad-model", sub(b'"1211"', b'"1214"')),
        Mutant("bad-model", status(404)),
    ),
    "ERR-10": (
        Mutant("bad-model", BAD_GATEWAY),
        Mutant("bad-model", status(405)),
        Mutant("bad-model", lambda a: status(500)(BAD_GATEWAY(a))),
        Mutant("bad-model", lambda a: status(405)(BAD_GATEWAY(a))),
    ),
    "ERR-12": (Mutant("stream", error_last),),
    "AUT-01": (Mutant("bad-key", sub(b'"401"', b'"1002"')),),
    "AUT-05": (Mutant("jwt-expired", sub(b'"1003"', b'"401"')),),
    "LIM-02": (
        Mutant("burst", header("Retry-After", "120")),
        Mutant("burst", header("Retry-After", "Wed, 29 Jul 2026 00:00:01 GMT")),
    ),
    "LIM-03": (Mutant("overflow", status(413)),),
    "HDR-02": (
        Mutant(
            "bad-model",
            lambda a: header("X-Log-Id", "")(sub(b'{"error"', b'{"request_id":"a","error"')(a)),
        ),
    ),
    "TIM-01": (Mutant("stream", timed(lambda i: 10.0 + i)),),
    "TIM-02": (Mutant("stream", timed(lambda i: 1.0 + 10 * i)),),
    "CHK-02": (Mutant("stream", frame(3, lambda p: p.replace(b'"model":"glm-4.6",', b""))),),
    "RSN-05": (
        Mutant(
            "thinking",
            lambda a: sub(b'"stop"', b'"length"')(
                replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:]))
            ),
        ),
        Mutant(
            "thinking",
            lambda a: replace(
                a, chunks=(*a.chunks[:-4], (0.6, chunk({"delta": call(0, "{}")})), *a.chunks[-2:])
            ),
        ),
    ),
    "TOL-09": (Mutant("tool-result", instead(ANSWERS["tools-plain"])),),
    "TOL-11": (
        Mutant(
            "tools",
            frame(
                -2,
                lambda p: p.replace(b'"delta":{"role":"assistant","content":""}', b'"delta":null'),
            ),
        ),
    ),
    "TOL-03": (
        Mutant(
            "tools",
            lambda a: sub(b'Shanghai\\"}', b"Shang")(
                sub(b'"tool_calls","delta"', b'"length","delta"')(a)
            ),
        ),
    ),
}
"""What a requirement allows, though it is not what the reference does."""
