"""Faults of the order, the number and the wholeness of a stream's frames."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

import msgspec
from msgspec.structs import replace

from mockglm import sse
from mockglm.exchange import APIError, Response
from mockglm.faults.fault import ROUTECODEX, Fault
from mockglm.faults.frames import Edit, Frame, apply_edits, done, frames_from, split_chunks
from mockglm.faults.options import Option, Options, choice, count, text
from mockglm.faults.position import FIRST, NOWHERE, Offset
from mockglm.faults.refusals import message
from mockglm.messages import error_event, is_message

_OPENS = re.compile(
    rb'"(?:content|reasoning_content|arguments)":"|"(?:text|thinking|partial_json)":"(?!")'
)


def glue(answer: Response, spot: Offset, options: Options) -> Response:
    pair = list(islice(frames_from(answer, spot.start), 2))
    if len(pair) < 2 or pair[0].low + options["keep"] >= pair[0].high:
        return answer
    return apply_edits(answer, [Edit(pair[0].low + options["keep"], pair[0].end, b"")])


def garble(answer: Response, spot: Offset, options: Options) -> Response:
    found = islice(frames_from(answer, spot.start), 1)
    spans = [(frame.low, min(frame.low + 8, frame.high)) for frame in found]
    return apply_edits(answer, [Edit(low, high, b"#" * (high - low)) for low, high in spans])


def unescaped_quote(answer: Response, spot: Offset, options: Options) -> Response:
    match = _OPENS.search(answer.body, spot.start)
    return apply_edits(answer, [Edit(match.end(), match.end(), b'"')]) if match else answer


def duplicate(answer: Response, spot: Offset, options: Options) -> Response:
    found = islice(frames_from(answer, spot.start), 1)
    return apply_edits(answer, [_doubled(answer, frame) for frame in found])


def drop(answer: Response, spot: Offset, options: Options) -> Response:
    return apply_edits(
        answer, [Edit(f.start, f.end, b"") for f in islice(frames_from(answer, spot.start), 1)]
    )


def swap(answer: Response, spot: Offset, options: Options) -> Response:
    pair = list(islice(frames_from(answer, spot.start), 2))
    if len(pair) < 2:
        return answer
    body = answer.body
    turned = zip(pair, reversed(pair), strict=True)
    return apply_edits(answer, [Edit(a.start, a.end, body[b.start : b.end]) for a, b in turned])


def no_done(answer: Response, spot: Offset, options: Options) -> Response:
    return apply_edits(answer, [Edit(f.start, f.end, b"") for f in done(answer)])


def done_twice(answer: Response, spot: Offset, options: Options) -> Response:
    # The last one alone: to double each would double their number with every such fault.
    return apply_edits(answer, [_doubled(answer, frame) for frame in done(answer)[-1:]])


def end(answer: Response, spot: Offset, options: Options) -> Response:
    return replace(answer, chunks=split_chunks(answer.chunks, spot.start)[0])


def error(answer: Response, spot: Offset, options: Options) -> Response:
    is_done = _chosen(options["done"], default=not is_message(answer))
    last = sse.frame(b"[DONE]") if is_done else b""
    said = Edit(spot.start, spot.start, _error("error", answer, options) + last)
    return apply_edits(end(answer, spot, options), [said])


def error_continues(answer: Response, spot: Offset, options: Options) -> Response:
    return apply_edits(
        answer, [Edit(spot.start, spot.start, _error("error-continues", answer, options))]
    )


def _doubled(answer: Response, frame: Frame) -> Edit:
    return Edit(frame.start, frame.end, answer.body[frame.start : frame.end] * 2)


def _error(name: str, answer: Response, options: Options) -> bytes:
    said = message(name, answer, options)
    body: Mapping[str, object] = {"error": {"code": options["code"], "message": said}}
    if is_message(answer):
        failure = APIError(options["code"], message=options["message"])
        body = error_event(failure, answer.header("x-log-id"))
    is_named = _chosen(options["event"], default=is_message(answer))
    event = b"event: error\n" if is_named else b""
    return event + sse.frame(msgspec.json.encode(body))


def _chosen(word: str | None, *, default: bool) -> bool:
    return default if word is None else word == "yes"


GLUED = (
    "zai-org/GLM-5#66",
    "Kilo-Org/kilocode#9432",
    "anomalyco/opencode#8431",
    "anomalyco/opencode#7692",
)
CUT = ("OpenHands/OpenHands#11234", "CommandCodeAI/command-code#785")
RELAYED = "every client that relies on the order of frames"
ERROR: Mapping[str, Option] = {
    "code": Option(text, "1234", "the business code"),
    "message": Option(text, None, "the message (by default that of the code)"),
    "event": Option(
        choice("yes", "no"), None, "name the event `error` (by default on the Anthropic surface)"
    ),
    "done": Option(
        choice("yes", "no"), None, "send [DONE] after it (by default on the chat surface)"
    ),
}

FAULTS = (
    Fault(
        name="glue",
        kind="stream",
        about="A frame is cut in the middle, and the next one follows on the same line.",
        reports=GLUED,
        breaks="almost every client raises a bare JSON error; Kilo Code retries forever",
        change=glue,
        caught_by="SSE-05",
        on="a stream",
        needs="two frames there",
        options={"keep": Option(count, 17, "bytes that are left of the cut frame")},
        position=FIRST,
    ),
    Fault(
        name="garble",
        kind="stream",
        about="The first bytes of a frame's JSON are overwritten.",
        reports=("anomalyco/opencode#25858",),
        breaks="almost every client raises a bare JSON error",
        change=garble,
        caught_by="SSE-05",
        on="a stream",
        needs="a frame there",
        position=FIRST,
    ),
    Fault(
        name="unescaped-quote",
        kind="stream",
        about="A quotation mark in a text is not escaped.",
        reports=("anomalyco/opencode#23442",),
        breaks="almost every client raises a bare JSON error",
        change=unescaped_quote,
        caught_by="SSE-05",
        also=("AUT-03",),
        needs="a text",
    ),
    Fault(
        name="duplicate",
        kind="stream",
        about="A frame is sent twice.",
        reports=("team-telnyx/ai#252",),
        breaks="the text repeats itself; arguments are not JSON",
        change=duplicate,
        caught_by="EQV-07",
        also=("TOL-03",),
        on="a stream",
        needs="a frame there",
        position=FIRST,
    ),
    Fault(
        name="drop",
        kind="stream",
        about="A frame is lost.",
        reports=("sgl-project/sglang#19345",),
        breaks="the text has a gap; arguments are not JSON",
        change=drop,
        caught_by="EQV-07",
        also=("TOL-03",),
        on="a stream",
        needs="a frame there",
        position=FIRST,
    ),
    Fault(
        name="swap",
        kind="stream",
        about="Two frames change places.",
        reports=("team-telnyx/ai#248",),
        breaks=RELAYED,
        change=swap,
        caught_by="EQV-07",
        also=("TOL-03",),
        on="a stream",
        needs="two frames there",
        position=FIRST,
    ),
    Fault(
        name="no-done",
        kind="stream",
        about="The stream ends without [DONE].",
        reports=("CommandCodeAI/command-code#785",),
        breaks="clients that wait for it, or treat its absence as an error",
        change=no_done,
        caught_by="SSE-06",
        on="a stream",
        needs="[DONE]",
        positions=NOWHERE,
    ),
    Fault(
        name="done-twice",
        kind="stream",
        about="[DONE] is sent twice.",
        reports=(ROUTECODEX,),
        breaks="hand-written parsers that read on after the first one",
        change=done_twice,
        caught_by="SSE-06",
        on="a stream",
        needs="[DONE]",
        positions=NOWHERE,
    ),
    Fault(
        name="end",
        kind="stream",
        about="The stream ends early, without an error.",
        reports=CUT,
        breaks="litellm and pydantic-ai report `stop`: the response looks complete",
        change=end,
        caught_by="SSE-06",
        also=("FIN-01",),
        on="a stream",
        needs="anything after that place",
        position=FIRST,
    ),
    Fault(
        name="error",
        kind="stream",
        about="An error is sent as an event and ends the stream.",
        reports=("vercel/ai#13506", "diegosouzapw/OmniRoute#8210"),
        breaks="zai-sdk loses the message, the AI SDK the code; ChatZhipuAI raises KeyError",
        change=error,
        caught_by="ERR-02",
        also=("EQV-07",),
        trial="error.0-frames",
        on="a stream",
        options=ERROR,
        position=FIRST,
    ),
    Fault(
        name="error-continues",
        kind="stream",
        about="An error is sent as an event, and the stream continues.",
        reports=("vercel/ai#13506",),
        breaks="clients that stop at the error do not read the rest",
        change=error_continues,
        caught_by="ERR-12",
        on="a stream",
        options={name: option for name, option in ERROR.items() if name != "done"},
        position=FIRST,
    ),
)
