"""Faults of the end: the finish reason wrong, missing, too early or everywhere."""

from __future__ import annotations

from mockglm.exchange import ERROR_FINISHES, Response
from mockglm.faults.fault import BOTH, CHAT, Change, Fault
from mockglm.faults.frames import (
    JSON,
    Document,
    Edit,
    apply_edits,
    calls,
    choices,
    documents,
    messages,
    recast,
    rewrite_documents,
)
from mockglm.faults.options import Option, Options, choice, text
from mockglm.faults.position import FIRST, START, Offset
from mockglm.faults.selectors import delete_key, each, finishes, set_key, string


def last(answer: Response, spot: Offset) -> Document | None:
    """The first object from the place on that says why the answer ends."""
    found = (doc for doc in documents(answer, spot.start) if any(finishes(doc.value)))
    return next(found, None)


def halt(reason: str) -> Change:
    """End for that reason at the place: what is between it and the last chunk is not sent."""

    def change(answer: Response, spot: Offset, options: Options) -> Response:
        final = last(answer, spot)
        if final is None:
            return answer
        for ended in finishes(final.value):
            ended["finish_reason"] = reason
        is_error = reason in ERROR_FINISHES and answer.is_stream
        if options["usage"] == "no" or (options["usage"] is None and is_error):
            final.value.pop("usage", None)
        if is_error:
            final.value.pop("object", None)
        if options.get("filter") == "yes":
            final.value["content_filter"] = [{"level": 1, "role": "assistant"}]
        if not answer.is_stream:
            _shorten(final, half=spot.start > 0)
        halted = rewrite_documents(answer, [final])
        return apply_edits(
            halted, [Edit(min(spot.start, final.frame.start), final.frame.start, b"")]
        )

    return change


def _reason(answer: Response, spot: Offset, options: Options) -> Response:
    return each(finishes, set_key("finish_reason", options["reason"]))(answer, spot, options)


def finish_everywhere(answer: Response, spot: Offset, options: Options) -> Response:
    found = documents(answer, spot.start)
    reasons = [end["finish_reason"] for doc in found for end in finishes(doc.value)]
    for one in (one for doc in found if reasons for one in choices(doc.value)):
        _close(one, reasons[-1])
    return rewrite_documents(answer, (doc for doc in found if any(choices(doc.value))))


def finish_null(answer: Response, spot: Offset, options: Options) -> Response:
    open_ended = [
        doc
        for doc in documents(answer, spot.start)
        if any(choices(doc.value)) and not any(finishes(doc.value))
    ]
    for one in (one for doc in open_ended for one in choices(doc.value)):
        _close(one, None)
    return rewrite_documents(answer, open_ended)


def finish_twice(answer: Response, spot: Offset, options: Options) -> Response:
    final = last(answer, spot)
    before = [doc for doc in documents(answer, spot.start) if any(choices(doc.value))]
    if final is None or len(before) < 2:
        return answer
    reason = next(finishes(final.value))["finish_reason"]
    earlier = before[-2]
    for one in choices(earlier.value):
        _close(one, reason)
    return rewrite_documents(answer, [earlier])


def finish_with_call(answer: Response, spot: Offset, options: Options) -> Response:
    final = last(answer, spot)
    called = [doc for doc in documents(answer, spot.start) if any(calls(doc.value))]
    if final is None or not called or called[-1].frame == final.frame:
        return answer
    value = called[-1].value
    for one in choices(value):
        _close(one, next(finishes(final.value))["finish_reason"])
    if "usage" in final.value:
        value["usage"] = final.value["usage"]
    return recast(answer, [(called[-1], [value]), (final, [])])


def _close(choice: JSON, reason: str | None) -> None:
    """Say why a choice ends, where GLM says it: before the delta."""
    choice["finish_reason"] = reason
    if "delta" in choice:
        choice["delta"] = choice.pop("delta")


def _shorten(document: Document, *, half: bool) -> None:
    """Half the text of a JSON answer, or none; no call."""
    for message in messages(document.value):
        message.pop("tool_calls", None)
        content = string(message, "content")
        message["content"] = content[: len(content) // 2] if half else ""


YES_NO = choice("yes", "no")
FINISH = "a finish reason"
LOOPS = ("anomalyco/opencode#18813", "badlogic/pi-mono#1937", "mozilla-ai/any-llm#1200")


def _usage(default: str) -> Option:
    return Option(YES_NO, default, "put usage on the last chunk")


FAULTS = (
    Fault(
        name="sensitive",
        kind="meaning",
        about="The response is cut off with the finish reason `sensitive`.",
        reports=("pydantic/pydantic-ai#7678", CHAT),
        breaks="opencode retries endlessly (453 requests in 55 s); enums without the value",
        change=halt("sensitive"),
        caught_by="FIN-04",
        needs=FINISH,
        options={
            "usage": _usage("no"),
            "filter": Option(YES_NO, "yes", "add content_filter with role and level"),
        },
        position=FIRST,
    ),
    Fault(
        name="network-error",
        kind="meaning",
        about="The response is cut off with the finish reason `network_error`.",
        reports=("spring-projects/spring-ai#5530", "earendil-works/pi#2313"),
        breaks="Spring AI's enum; litellm reports `stop`: the response looks complete",
        change=halt("network_error"),
        caught_by="FIN-04",
        needs=FINISH,
        options={"usage": _usage("no")},
        position=FIRST,
    ),
    Fault(
        name="context-window",
        kind="meaning",
        about="The response is empty, with the finish reason `model_context_window_exceeded`.",
        reports=LOOPS,
        breaks="opencode retries endlessly (613 requests in 55 s); enums without the value",
        change=halt("model_context_window_exceeded"),
        caught_by="FIN-04",
        also=("FIN-03", "EQV-03"),
        needs=FINISH,
        options={"usage": Option(YES_NO, None, "keep usage; by default only in JSON")},
        position=START,
    ),
    Fault(
        name="cut-short",
        kind="meaning",
        about="The response is cut off with the finish reason `length`.",
        reports=("No-Compromise-AI/glm-mcp#41", "OpenHands/OpenHands#11234"),
        breaks="a partial text or partial JSON that is treated as complete",
        change=halt("length"),
        caught_by="FIN-04",
        needs=FINISH,
        options={"usage": _usage("yes")},
        position=FIRST,
    ),
    Fault(
        name="finish-everywhere",
        kind="meaning",
        about="Every chunk has the finish reason.",
        reports=("su-kaka/gcli2api#403",),
        breaks="clients stop reading at the first chunk",
        change=finish_everywhere,
        caught_by="FIN-01",
        on="a stream",
        needs=FINISH,
    ),
    Fault(
        name="finish-null",
        kind="meaning",
        about="Every chunk but the last has `finish_reason: null`, as OpenAI's do.",
        reports=("https://platform.openai.com/docs/api-reference/chat-streaming",),
        breaks="clients that treat the key itself as the end",
        change=finish_null,
        why="null means the same as no key",
        on="a stream",
        needs="a chunk without a finish reason",
    ),
    Fault(
        name="finish-twice",
        kind="meaning",
        about="The chunk before the last has the finish reason too, as glm-4.5's had in 2025.",
        reports=(
            "https://github.com/charmbracelet/fantasy",
            "https://github.com/charmbracelet/crush",
        ),
        breaks="clients that stop there lose the usage",
        change=finish_twice,
        caught_by="FIN-01",
        on="a stream",
        needs="a finish reason and a chunk before it",
    ),
    Fault(
        name="finish-missing",
        kind="meaning",
        surfaces=BOTH,
        about="The finish reason is missing.",
        reports=("OpenHands/OpenHands#11234", "ranxianglei/billion-context-omp#105"),
        breaks="litellm and pydantic-ai report `stop`; the AI SDK raises InvalidResponseDataError",
        change=each(finishes, delete_key("finish_reason")),
        caught_by="FIN-01",
        also=("JSN-04",),
        needs=FINISH,
    ),
    Fault(
        name="finish-unknown",
        kind="meaning",
        surfaces=BOTH,
        about="The finish reason is not a documented one.",
        reports=("spring-projects/spring-ai#5530", CHAT),
        breaks="clients with an enum raise an error; others pass it on",
        change=_reason,
        caught_by="FIN-02",
        needs=FINISH,
        options={"reason": Option(text, "eos", "the finish reason")},
    ),
    Fault(
        name="finish-stop",
        kind="meaning",
        surfaces=BOTH,
        about="The finish reason is `stop` although there is a call or the response was cut off.",
        reports=("BerriAI/litellm#37754", "No-Compromise-AI/glm-mcp#41"),
        breaks="agents that rely on it do not run the call, or use a partial response as complete",
        change=each(finishes, set_key("finish_reason", "stop")),
        caught_by="EQV-03",
        also=("FIN-03", "TOL-04"),
        needs="a finish reason other than `stop`",
    ),
    Fault(
        name="finish-length",
        kind="meaning",
        surfaces=BOTH,
        about="The finish reason is `length` although the response is complete.",
        reports=("mrwogu/factory-droid-openai#33", CHAT),
        breaks="agents discard the response or request the rest",
        change=each(finishes, set_key("finish_reason", "length")),
        caught_by="FIN-04",
        needs="a finish reason other than `length`",
    ),
    Fault(
        name="finish-with-call",
        kind="meaning",
        about="The call, the finish reason and usage come in one chunk, the last one.",
        reports=("vllm-project/vllm-ascend#8327", "jeremychone/rust-genai#199"),
        breaks="crewai and llama-index-llms-zhipuai lose the call",
        change=finish_with_call,
        caught_by="TOL-11",
        on="a stream",
        needs="a tool call before the finish reason",
    ),
)
