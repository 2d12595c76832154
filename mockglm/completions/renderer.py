"""The renderer: replies and API errors encoded as JSON or as frames of a stream.

A Reply is encoded once; per response only ids, times and usage are filled in.

Deliberate oddities, all of the real service (GLM v4, recordings of 2025-09 … 2026-10):
every delta of text says `role: assistant`, a delta with tool calls does not; there is no opening
chunk without text; finish_reason and usage come together, beside an empty content; a JSON answer
has its keys in alphabetical order at every level, a chunk has not.

Assumed, no recording exists: `web_search` and `content_filter` stand on the last chunk of a
stream; with `tool_stream` the first piece of a call has id, type, name and empty arguments and
each further piece only index and arguments (docs.z.ai, guides/tools/stream-tool).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from mockglm import error_codes
from mockglm.clock import AT_ONCE, Ids, Pace
from mockglm.error_codes import Language
from mockglm.exchange import (
    ERROR_FINISHES,
    APIError,
    Frames,
    Headers,
    JSONObject,
    Reply,
    Response,
    Slot,
    ToolCall,
    count_tokens,
)
from mockglm.http1 import LOG_ID
from mockglm.models import Model


def schedule_frames(pace: Pace, weights: tuple[int, ...], ids: Ids) -> tuple[Slot, ...]:
    """Schedule frames by their weights in tokens; frames due at the same time share a slot."""
    if pace.is_none and weights:
        return ((0.0, 0, len(weights)),)
    return _slots(pace.schedule(weights, ids)) if pace.jitter else _regular(pace, weights)


@lru_cache(maxsize=256)
def _regular(pace: Pace, weights: tuple[int, ...]) -> tuple[Slot, ...]:
    """The schedule of all streams with these weights, at a pace without jitter."""
    return _slots(pace.schedule(weights, Ids("", "", 0)))


def _slots(times: Sequence[float]) -> tuple[Slot, ...]:
    ends = [index for index, (at, then) in enumerate(pairwise(times), 1) if at != then]
    bounds = pairwise((0, *ends, len(times)))
    return tuple((times[first], first, end) for first, end in bounds)


JSON_TYPE = "application/json; charset=UTF-8"
STREAM_TYPE = "text/event-stream;charset=UTF-8"
GATEWAY_TYPE = "application/json"

MISS_HEADER = "X-MockGLM-Miss"
"""The header that marks a response as a report of mockglm itself."""

MOCK_ERROR_STATUS = 422
"""The status of such a report: no client retries it, and GLM never sends it."""

encode = msgspec.json.encode
encode_sorted = msgspec.json.Encoder(order="sorted").encode


def common_headers(log_id: str) -> Headers:
    """Return the headers of every response (SamyRai/go-z-ai cassettes, both hosts, 2026-07)."""
    return (
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
        (LOG_ID, log_id),
    )


def response_headers(content_type: str, log_id: str, own: Headers = ()) -> Headers:
    """Return the headers of a response; its own replace the common ones of the same name."""
    base = (*_shared_headers(content_type), (LOG_ID, log_id))
    if not own:
        return base
    names = {name.lower() for name, _ in own}
    return (*(pair for pair in base if pair[0].lower() not in names), *own)


@lru_cache(maxsize=16)
def _shared_headers(content_type: str) -> Headers:
    return (("Content-Type", content_type), *common_headers("")[:-1])


def render_error(
    error: APIError, log_id: str, *, language: Language = "zh", headers: Headers = ()
) -> Response:
    """Render an API error: the code is a string, there is neither `type` nor `param`.

    A status or message of None comes from the table of error codes, in the given language.
    """
    row = error_codes.CODES.get(error.code)
    message = error.message
    if message is None:
        fields = {"error_id": log_id, **error.fields}
        message = error_codes.message_for(error.code, language, fields)
    status = error.status or (row.status if row else 400)
    body = {"error": {"code": error.code, "message": message}, **error.extra}
    content_type = GATEWAY_TYPE if row and row.gateway else JSON_TYPE
    return Response(
        status, response_headers(content_type, log_id, headers), ((0.0, encode_sorted(body)),)
    )


def render_mock_error(message: str, log_id: str, status: int = MOCK_ERROR_STATUS) -> Response:
    """Render a report of mockglm itself: in GLM's envelope, so that clients show it, but marked."""
    error = APIError(str(status), status=status, message=message)
    return render_error(error, log_id, headers=((MISS_HEADER, "1"),))


OPENING = b"data: "
OBJECT = b'"object":"chat.completion.chunk",'
DONE = b"data: [DONE]\n\n"

# Bytes that UTF-8 never has, so that no text of a reply can be taken for a mark.
PLACEHOLDER = b"\xff"
USAGE = PLACEHOLDER + b"u"
CALL = PLACEHOLDER + b"c%d;"

PIECE = 4
"""Characters of a piece unless a reply says otherwise."""


class Chunking(Struct, frozen=True):
    """The cut of a stream: Unicode characters per chunk, or the exact chunks.

    Exact chunks are sent unchanged, even if they do not add up to the text. On the chat surface
    `arguments` applies only to requests with `tool_stream`, None is 4; on the Anthropic surface
    None leaves them whole.
    """

    content: int | tuple[str, ...] = PIECE
    reasoning: int | tuple[str, ...] = PIECE
    arguments: int | tuple[str, ...] | None = None


DEFAULT_CHUNKING = Chunking()


class FrameTemplates(Struct, frozen=True):
    """The frames of a stream without their openings, which are the same within one response.

    `weights` are the tokens of each frame, and 0 for the `[DONE]` that follows; `marked` are the
    indices of the frames with placeholders.
    """

    tails: tuple[bytes, ...]
    weights: tuple[int, ...]
    marked: tuple[int, ...]

    @classmethod
    def from_frames(cls, frames: Iterator[tuple[int, bytes]]) -> FrameTemplates:
        weights, tails = zip(*frames, strict=True)
        marked = tuple(number for number, tail in enumerate(tails) if PLACEHOLDER in tail)
        return cls(tails, (*weights, 0), marked)

    def fill(self, fill: Callable[[bytes], bytes]) -> list[bytes]:
        """Fill in the placeholders."""
        tails = list(self.tails)
        for number in self.marked:
            tails[number] = fill(tails[number])
        return tails


def cut_frames(
    reply: Reply, chunking: Chunking = DEFAULT_CHUNKING, *, tool_stream: bool = False
) -> Iterator[tuple[int, bytes]]:
    """Yield (tokens, frame without its opening, with placeholders) for each frame of a reply."""
    for piece in split_text(reply.reasoning or "", chunking.reasoning):
        yield 1, _frame(b'{"role":"assistant","reasoning_content":%b}' % encode(piece))
    for piece in split_text(reply.content or "", chunking.content):
        yield 1, _frame(b'{"role":"assistant","content":%b}' % encode(piece))
    for index, call in enumerate(reply.calls):
        if tool_stream:
            yield from _call_pieces(index, call, chunking.arguments)
        else:
            body = b'{"tool_calls":[%b]}' % _call(index, call, call.arguments)
            yield max(1, count_tokens(call.arguments)), _frame(body)
    yield 1, _last(reply)


def call_id(index: int, call: ToolCall) -> bytes:
    """Return the id of a call, escaped for JSON, or its placeholder."""
    return CALL % index if call.id is None else encode(call.id)[1:-1]


def split_text(text: str, chunking: int | tuple[str, ...]) -> Iterator[str]:
    """Cut a text into pieces of so many characters; exact pieces stand for any text."""
    if isinstance(chunking, tuple):
        yield from chunking if text else ()
        return
    for start in range(0, len(text), chunking):
        yield text[start : start + chunking]


def _frame(delta: bytes) -> bytes:
    return b'"choices":[{"index":0,"delta":%b}]}\n\n' % delta


def _last(reply: Reply) -> bytes:
    tail = b""
    if reply.web_search:
        tail += b',"web_search":' + encode(reply.web_search)
    if reply.content_filter:
        tail += b',"content_filter":' + encode(reply.content_filter)
    # The chunk of an error has no usage, unless a reply gives figures of its own.
    is_error = reply.finish_reason in ERROR_FINISHES
    if reply.usage or (reply.usage is not None and not is_error):
        tail += b',"usage":' + USAGE
    return b'"choices":[{"index":0,"finish_reason":%b,"delta":%b}]%b}\n\n' % (
        encode(reply.finish_reason),
        b'{"role":"assistant","content":""}',
        tail,
    )


def _call(index: int, call: ToolCall, arguments: str) -> bytes:
    return b'{"id":"%b","index":%d,"type":"function","function":{"name":%b,"arguments":%b}}' % (
        call_id(index, call),
        index,
        encode(call.name),
        encode(arguments),
    )


def _call_pieces(
    index: int, call: ToolCall, chunking: int | tuple[str, ...] | None
) -> Iterator[tuple[int, bytes]]:
    yield 1, _frame(b'{"tool_calls":[%b]}' % _call(index, call, ""))
    for piece in split_text(call.arguments, PIECE if chunking is None else chunking):
        body = b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}'
        yield 1, _frame(body % (index, encode(piece)))


HEAD = PLACEHOLDER + b"h"
_HEAD_FORM = b'"created":%b,"id":%b,"model":%b,"object":"chat.completion","request_id":%b'
_HEAD_FORM_WITHOUT_OBJECT = b'"created":%b,"id":%b,"model":%b,"request_id":%b'
_VALUE = msgspec.Raw(PLACEHOLDER)
_FORMATS = (b"%d", b"%b", b"%b", b"%b", b"%d", b"%d", b"%d")
"""The formats of the values of a JSON form: those of HEAD, then of usage."""

Derived = TypeVar("Derived")


class ResponseFields(Struct, frozen=True, kw_only=True, gc=False):
    """The fields in which responses to equal requests differ.

    `created` is in unix seconds; `prompt` and `cached` are tokens of the prompt; `model` is the id
    as the client spelled it, `profile` tells which usage details are reported.
    """

    ids: Ids
    id: str
    request_id: str
    created: int
    model: str
    profile: Model
    prompt: int = 0
    cached: int = 0


class Renderer(Struct, frozen=True, dict=True):
    """Renders one reply as JSON and as a stream; each encoding is made on first use and kept.

    `is_reused` is False for a reply to one request: a form of its JSON costs more than it saves.
    """

    reply: Reply
    chunking: Chunking = DEFAULT_CHUNKING
    headers: Headers = ()
    is_reused: bool = True

    def render_json(self, fields: ResponseFields, pace: Pace = AT_ONCE) -> Response:
        """Render one JSON response; head and body come when the last token is due."""
        # Without a pace the reply need not be cut.
        at = 0.0 if pace.is_none else pace.end(self._templates.weights, fields.ids)
        created = fields.created + int(at)
        form = self._json_form(fields.profile) if self.is_reused else None
        body = self._fill_json(fields, created) if form is None else form.fill(fields, created)
        headers = response_headers(JSON_TYPE, fields.id, self.headers)
        return Response(200, headers, ((at, body),), head=at)

    def render_stream(
        self, fields: ResponseFields, pace: Pace = AT_ONCE, *, tool_stream: bool = False
    ) -> Response:
        """Render server-sent events; frames due at the same time make one chunk."""
        templates = self._tool_stream_templates if tool_stream else self._templates
        call_id = fields.ids.stream_call
        tails = templates.fill(lambda tail: self._fill(tail, fields, call_id=call_id, dump=encode))
        schedule = schedule_frames(pace, templates.weights, fields.ids)
        headers = response_headers(STREAM_TYPE, fields.id, self.headers)
        frames = Frames(_opening(fields), tails, ending=DONE, schedule=schedule)
        if self.reply.finish_reason in ERROR_FINISHES:
            return Response(200, headers, _without_last_object(frames))
        return Response(200, headers, frames)

    def derive(self, make: Callable[[Renderer], Derived]) -> Derived:
        """Make the renderer of another surface; it is made once and kept."""
        derived: Derived | None = self._derived.get(make)
        if derived is None:
            derived = self._derived[make] = make(self)
        return derived

    @cached_property
    def _derived(self) -> dict[Callable[[Renderer], Any], Any]:
        return {}

    @property
    def frame_count(self) -> int:
        """The number of events in a stream of the reply, `[DONE]` included."""
        return len(self._templates.weights)

    @cached_property
    def _templates(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking))

    @cached_property
    def _tool_stream_templates(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking, tool_stream=True))

    def _json_form(self, profile: Model) -> _JSONForm | None:
        """Return the form of the JSON for a model; None if the reply has usage of its own, or calls
        whose ids are made up."""
        try:
            return self._json_forms[profile]
        except KeyError:
            is_fixed = all(call.id is not None for call in self.reply.calls)
            form = None if self.reply.usage or not is_fixed else self._build_form(profile)
            return self._json_forms.setdefault(profile, form)

    @cached_property
    def _json_forms(self) -> dict[Model, _JSONForm | None]:
        return {}

    def _build_form(self, profile: Model) -> _JSONForm:
        usage = _usage(self._tokens, profile, prompt=_VALUE, cached=_VALUE, total=_VALUE)
        text = self._json.replace(HEAD, _head_form(profile) % ((PLACEHOLDER,) * 4))
        text = text.replace(USAGE, encode_sorted(usage)).replace(b"%", b"%%")
        first, *parts = text.split(PLACEHOLDER)
        form = b"".join((first, *chain(*zip(_FORMATS, parts, strict=False))))
        has_usage = self.reply.usage is not None
        return _JSONForm(form, self._tokens[0], has_usage, profile.reports_cached)

    def _fill_json(self, fields: ResponseFields, created: int) -> bytes:
        text = self._fill(self._json, fields, call_id=fields.ids.plain_call, dump=encode_sorted)
        head = _head_form(fields.profile) % tuple(_head_values(fields, created))
        return text.replace(HEAD, head)

    @cached_property
    def _json(self) -> bytes:
        """The JSON with its placeholders."""
        return _json(self.reply)

    @cached_property
    def _tokens(self) -> tuple[int, int]:
        return estimate_tokens(self.reply)

    def _fill(
        self,
        text: bytes,
        fields: ResponseFields,
        *,
        call_id: Callable[[int], str],
        dump: Callable[[JSONObject], bytes],
    ) -> bytes:
        """Fill in the placeholders of usage and of the ids of tool calls."""
        if self.reply.usage is not None:
            total = fields.prompt + self._tokens[0]
            usage = _usage(
                self._tokens,
                fields.profile,
                prompt=fields.prompt,
                cached=fields.cached,
                total=total,
            )
            own = self.reply.usage
            text = text.replace(USAGE, dump(_override(usage, own) if own else usage))
        for index, call in enumerate(self.reply.calls):
            if call.id is None:
                text = text.replace(CALL % index, call_id(index).encode())
        return text


class _JSONForm(Struct, frozen=True):
    """The JSON of a reply with formats in place of time, ids and usage."""

    text: bytes
    completion: int
    has_usage: bool
    reports_cached: bool

    def fill(self, fields: ResponseFields, created: int) -> bytes:
        id = encode(fields.id)
        request_id = id if fields.request_id is fields.id else encode(fields.request_id)
        head = created, id, encode(fields.model), request_id
        if not self.has_usage:
            return self.text % head
        prompt, total = fields.prompt, fields.prompt + self.completion
        if self.reports_cached:
            return self.text % (*head, prompt, fields.cached, total)
        return self.text % (*head, prompt, total)


def estimate_tokens(reply: Reply) -> tuple[int, int]:
    """Estimate the tokens of a reply: (completion, of them reasoning)."""
    reasoning = count_tokens(reply.reasoning or "")
    content = count_tokens(reply.content or "")
    calls = sum(count_tokens(call.name) + count_tokens(call.arguments) for call in reply.calls)
    return reasoning + content + calls, reasoning


def _without_last_object(
    chunks: Sequence[tuple[float, bytes]],
) -> tuple[tuple[float, bytes], ...]:
    """Remove the key `object` from the last frame that has one."""
    kept = list(chunks)
    for index in range(len(kept) - 1, -1, -1):
        at, chunk = kept[index]
        before, found, after = chunk.rpartition(OBJECT)
        if found:
            kept[index] = at, before + after
            break
    return tuple(kept)


def _json(reply: Reply) -> bytes:
    message: dict[str, Any] = {}
    if reply.content is not None:
        message["content"] = reply.content
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    message["role"] = "assistant"
    calls = b",".join(_json_call(i, call) for i, call in enumerate(reply.calls))
    text = encode(message)
    if calls:
        text = text[:-1] + b',"tool_calls":[%b]}' % calls
    choice = b'{"finish_reason":%b,"index":0,"message":%b}' % (encode(reply.finish_reason), text)
    parts = [b'"choices":[%b]' % choice]
    if reply.content_filter:
        parts.append(b'"content_filter":' + encode_sorted(reply.content_filter))
    parts.append(HEAD)
    if reply.usage is not None:
        parts.append(b'"usage":' + USAGE)
    if reply.web_search:
        parts.append(b'"web_search":' + encode_sorted(reply.web_search))
    return b"{%b}" % b",".join(parts)


def _json_call(index: int, call: ToolCall) -> bytes:
    return b'{"function":{"arguments":%b,"name":%b},"id":"%b","index":%d,"type":"function"}' % (
        encode(call.arguments),
        encode(call.name),
        call_id(index, call),
        index,
    )


def _opening(fields: ResponseFields) -> bytes:
    return OPENING + b'{"id":%b,"created":%d,%b"model":%b,' % (
        encode(fields.id),
        fields.created,
        OBJECT if fields.profile.has_object else b"",
        encode(fields.model),
    )


def _head_form(profile: Model) -> bytes:
    return _HEAD_FORM if profile.has_object else _HEAD_FORM_WITHOUT_OBJECT


def _head_values(fields: ResponseFields, created: int) -> list[bytes]:
    id = encode(fields.id)
    request_id = id if fields.request_id is fields.id else encode(fields.request_id)
    return [encode(created), id, encode(fields.model), request_id]


def _usage(
    estimate: tuple[int, int],
    profile: Model,
    *,
    prompt: int | msgspec.Raw,
    cached: int | msgspec.Raw,
    total: int | msgspec.Raw,
) -> dict[str, Any]:
    """Return the estimated usage with the details that a model reports."""
    completion, reasoning = estimate
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
    }
    if profile.reports_cached:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    if profile.reports_reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return usage


def _override(usage: dict[str, Any], overlay: JSONObject) -> dict[str, Any]:
    """A usage with figures of a reply's own: the total is theirs or their sum, and no part is more
    than its whole."""
    prompt, done = (
        overlay.get(name, usage[name]) for name in ("prompt_tokens", "completion_tokens")
    )
    are_counts = isinstance(prompt, int) and isinstance(done, int)
    usage["total_tokens"] = prompt + done if are_counts else None
    for name, whole in (("prompt_tokens_details", prompt), ("completion_tokens_details", done)):
        if name in usage and isinstance(whole, int):
            usage[name] = {part: min(count, whole) for part, count in usage[name].items()}
    return {**usage, **overlay}
