"""Faults of the lines and characters that the frames of a stream are made of."""

from __future__ import annotations

import re

from mockglm import sse
from mockglm.exchange import Response
from mockglm.faults.fault import ROUTECODEX, SSE, Change, Fault
from mockglm.faults.frames import CHARACTER, Edit, Frame, apply_edits, done, frames_from
from mockglm.faults.options import Option, Options, text
from mockglm.faults.position import FIRST, NOWHERE, Offset

_TEXT = re.compile(
    rb'("(?:(?:reasoning_)?content|(?:text|thinking)(?=":"[^"]))":")((?:[^"\\]|\\.)*)"'
)
_BARE = re.compile(rb"(?<!\r)\n")


def insert(line: str) -> Change:
    """Put in a block of its own; `{text}` is an option's."""

    def change(answer: Response, spot: Offset, options: Options) -> Response:
        block = line.replace("{text}", options.get("text", "")).encode()
        return apply_edits(answer, [Edit(spot.start, spot.start, block)])

    return change


def tail(answer: Response, spot: Offset, options: Options) -> Response:
    data = sse.frame(options["data"].encode())
    return apply_edits(answer, [Edit(f.end, f.end, data) for f in done(answer)])


def crlf(answer: Response, spot: Offset, options: Options) -> Response:
    ends = _BARE.finditer(answer.body, spot.start)
    return apply_edits(answer, [Edit(match.start(), match.end(), b"\r\n") for match in ends])


def bom(answer: Response, spot: Offset, options: Options) -> Response:
    return apply_edits(answer, [Edit(0, 0, sse.BOM)])


def no_space(answer: Response, spot: Offset, options: Options) -> Response:
    body = answer.body
    lows = (frame.low for frame in frames_from(answer, spot.start))
    spaced = [low for low in lows if body[low - 2 : low] == b": "]
    return apply_edits(answer, [Edit(low - 1, low, b"") for low in spaced])


def data_lines(answer: Response, spot: Offset, options: Options) -> Response:
    body = answer.body
    opened = [f.low + 1 for f in frames_from(answer, spot.start) if f.read(body).startswith(b"{")]
    return apply_edits(answer, [Edit(at, at, b"\ndata: ") for at in opened])


def unterminated(answer: Response, spot: Offset, options: Options) -> Response:
    last = list(frames_from(answer, spot.start))[-1:]
    return apply_edits(answer, [Edit(frame.high, frame.end, b"\n") for frame in last])


def event_name(answer: Response, spot: Offset, options: Options) -> Response:
    line = b"event: %b\n" % options["text"].encode()
    body = answer.body
    frames = frames_from(answer, spot.start)
    return apply_edits(answer, [Edit(f.start, _after_name(body, f), line) for f in frames])


def _after_name(body: bytes, frame: Frame) -> int:
    """The byte after the line that names an event, if the frame begins with it."""
    is_named = body.startswith(b"event:", frame.start)
    return body.index(b"\n", frame.start) + 1 if is_named else frame.start


def utf8_split(answer: Response, spot: Offset, options: Options) -> Response:
    body = answer.body
    for frame in frames_from(answer, spot.start):
        match = _TEXT.search(body, frame.low, frame.high)
        character = match and CHARACTER.search(body, *match.span(2))
        if match and character:
            cut = character.start() + 1
            texts = body[match.start(2) : cut], body[cut : match.end(2)]
            return _repeat(answer, frame, match, texts=texts)
    return answer


def surrogate_split(answer: Response, spot: Offset, options: Options) -> Response:
    body = answer.body
    for frame in frames_from(answer, spot.start):
        match = _TEXT.search(body, frame.low, frame.high)
        if match:
            return _repeat(answer, frame, match, texts=(match[2] + rb"\ud83d", rb"\ude00"))
    return answer


def _repeat(
    answer: Response, frame: Frame, match: re.Match[bytes], *, texts: tuple[bytes, bytes]
) -> Response:
    """Replace the frame by one for each of these texts."""
    body = answer.body
    before, after = body[frame.start : match.start(2)], body[match.end(2) : frame.end]
    data = b"".join(before + text + after for text in texts)
    return apply_edits(answer, [Edit(frame.start, frame.end, data)])


EMPTY = '{"id":"","object":"","created":0,"model":"","choices":[]}'

FAULTS = (
    Fault(
        name="empty-data",
        kind="stream",
        about="An event has empty data.",
        reports=("Growth-Circle/cadis#2329", "netease-lcap/wave-agent#1326"),
        breaks="all tested clients but the JavaScript ChatZhipuAI raise a bare JSON error",
        change=insert("data: \n\n"),
        caught_by="SSE-05",
        on="a stream",
        position=FIRST,
    ),
    Fault(
        name="tail",
        kind="stream",
        about="Another event follows [DONE].",
        reports=(ROUTECODEX,),
        breaks="hand-written parsers that read on after [DONE]",
        change=tail,
        caught_by="SSE-06",
        on="a stream",
        needs="[DONE]",
        options={"data": Option(text, '{"choices":[],"cost":"0"}', "its data")},
        positions=NOWHERE,
    ),
    Fault(
        name="sentinel",
        kind="stream",
        about="A chunk has an empty id and no choices.",
        reports=(ROUTECODEX,),
        breaks="clients that read the first choice of every chunk",
        change=insert(f"data: {EMPTY}\n\n"),
        caught_by="CHK-02",
        on="a stream",
        position=FIRST,
    ),
    Fault(
        name="comment",
        kind="stream",
        about="A comment is sent between two events, as a keep-alive.",
        reports=("diegosouzapw/OmniRoute#7031", "diegosouzapw/OmniRoute#10524"),
        breaks="hand-written parsers that treat every line as data",
        change=insert(": {text}\n\n"),
        caught_by="SSE-08",
        on="a stream",
        options={"text": Option(text, "keep-alive", "the comment")},
        position=FIRST,
    ),
    Fault(
        name="crlf",
        kind="stream",
        about="Lines end with CR LF.",
        reports=(SSE, "https://github.com/sysid/sse-starlette"),
        breaks="parsers that look for two line feeds",
        change=crlf,
        why="the standard allows it",
        on="a stream",
    ),
    Fault(
        name="bom",
        kind="stream",
        about="The stream begins with a byte-order mark.",
        reports=(SSE,),
        breaks="parsers that do not strip it lose the first event",
        change=bom,
        caught_by="SSE-02",
        on="a stream",
        positions=NOWHERE,
    ),
    Fault(
        name="no-space",
        kind="stream",
        about="No space follows `data:`.",
        reports=("lidge-jun/opencodex#1188", "dataelement/Clawith#106", "openai/openai-python#502"),
        breaks="parsers that look for `data: ` find no event",
        change=no_space,
        why="the standard allows it",
        on="a stream",
        needs="`data: `",
    ),
    Fault(
        name="data-lines",
        kind="stream",
        about="The JSON of an event is spread over two data lines.",
        reports=("SamSaffron/term-llm#454", "0xPlaygrounds/rig#534"),
        breaks="parsers that decode each line on its own",
        change=data_lines,
        why="the standard allows it",
        on="a stream",
        needs="a JSON object",
    ),
    Fault(
        name="unterminated",
        kind="stream",
        about="The last event lacks its blank line.",
        reports=(SSE, "https://github.com/zai-org/z-ai-sdk-python"),
        breaks="zai-sdk and zhipuai drop it, as the standard says",
        change=unterminated,
        caught_by="SSE-04",
        on="a stream",
        positions=NOWHERE,
    ),
    Fault(
        name="unknown-field",
        kind="stream",
        about="An event has a line with a field that the standard does not know.",
        reports=(SSE,),
        breaks="hand-written parsers that raise an error for an unknown line",
        change=insert("trace: {text}\n"),
        caught_by="SSE-03",
        on="a stream",
        options={"text": Option(text, "1", "the field's value")},
        position=FIRST,
    ),
    Fault(
        name="event-name",
        kind="stream",
        about="Events have a name.",
        reports=("https://github.com/zai-org/z-ai-sdk-python", "SamSaffron/term-llm#487"),
        breaks="zai-sdk handles named events differently",
        change=event_name,
        caught_by="SSE-07",
        on="a stream",
        options={"text": Option(text, "message", "the name")},
    ),
    Fault(
        name="event-type",
        kind="stream",
        about="Events have another type than message, which EventSource hands to no onmessage.",
        reports=("https://html.spec.whatwg.org/multipage/server-sent-events.html",),
        breaks="browsers; with a type thread.…, openai (Python and Node) and litellm",
        change=event_name,
        caught_by="SSE-09",
        also=("SSE-07",),
        on="a stream",
        options={"text": Option(text, "chunk", "the type")},
    ),
    Fault(
        name="utf8-split",
        kind="stream",
        about="A multi-byte character is cut in two by two frames.",
        reports=("mattn/tensai#110", "librefang/librefang#3448"),
        breaks="strict decoders raise an error; lenient ones show U+FFFD twice",
        change=utf8_split,
        caught_by="SSE-01",
        on="a stream",
        needs="a character of several bytes in its text",
    ),
    Fault(
        name="surrogate-split",
        kind="stream",
        about="An emoji is escaped as two surrogates, each in its own chunk.",
        reports=("elizaOS/eliza#30904", "elie222/rakazo#416", "anomalyco/opencode#44585"),
        breaks="strict JSON parsers refuse a lone surrogate; others cannot encode it again",
        change=surrogate_split,
        caught_by="EQV-07",
        on="a stream",
        needs="a text",
    ),
)
