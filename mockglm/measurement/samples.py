"""Samples: the figures of one stream, read from its bytes and the times at which they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from mockglm import sse
from mockglm.exchange import Exchange, Response

OK = 200
DONE = "[DONE]"
TEXTS = ("reasoning_content", "content")
"""The keys of a delta that hold text: the first token is in whichever comes first."""


class Sample(Struct, frozen=True, kw_only=True):
    """One stream. Times are seconds; those of a stream without text are None or empty.

    `first` is the time from the request to the first text or call; `gaps` are between chunks of
    text; `rate` is tokens a second after the first. `code` is the business code of a refusal,
    `error` tells why a response is none that can be measured. `reads` are the events that each read
    completed, `split_reads` the reads that ended within an event.
    """

    series: str
    status: int = 0
    code: str = ""
    error: str = ""
    first: float | None = None
    gaps: tuple[float, ...] = ()
    rate: float | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    finish: str = ""
    is_empty_stop: bool = False
    reads: tuple[int, ...] = ()
    split_reads: int = 0

    @property
    def is_measured(self) -> bool:
        """True for a stream that was answered and came to its end."""
        return self.status == OK and not self.error

    @property
    def is_cache_hit(self) -> bool:
        """True if most of the prompt was cached; a few tokens nearly always are (glm-4.7, 2025)."""
        return 2 * self.cached_tokens > self.prompt_tokens


class _Chunk(Struct, frozen=True):
    """A chunk of a stream and the time at which its last byte came."""

    at: float
    value: Mapping[str, Any]

    @property
    def choice(self) -> Mapping[str, Any]:
        choices = self.value.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        return first if isinstance(first, dict) else {}

    @property
    def delta(self) -> Mapping[str, Any]:
        delta = self.choice.get("delta")
        return delta if isinstance(delta, dict) else {}

    @property
    def has_text(self) -> bool:
        return any(self.delta.get(key) for key in TEXTS)

    @property
    def has_output(self) -> bool:
        return self.has_text or bool(self.delta.get("tool_calls"))


def read_sample(series: str, exchange: Exchange) -> Sample:
    """Read the figures of an exchange. A response that is no stream has a reason in `error`."""
    response = exchange.response
    if response is None:
        return Sample(series=series, error=exchange.error or "no response")
    if response.status != OK or not response.is_stream:
        return _read_refusal(series, response)
    chunks, reads, split = _read_chunks(response)
    failure = exchange.error or _find_error(chunks)
    texts = [chunk.at for chunk in chunks if chunk.has_text]
    outputs = [chunk.at for chunk in chunks if chunk.has_output]
    finish = next((str(one.choice["finish_reason"]) for one in chunks if _finish(one)), "")
    usage: Mapping[str, Any] = next(
        (one.value["usage"] for one in reversed(chunks) if _usage(one)), {}
    )
    completion = _count(usage, "completion_tokens") or len(texts)
    return Sample(
        series=series,
        status=response.status,
        error=failure,
        first=min(outputs, default=None),
        gaps=tuple(later - earlier for earlier, later in pairwise(texts)),
        rate=_token_rate(texts, completion),
        prompt_tokens=_count(usage, "prompt_tokens"),
        cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        completion_tokens=completion,
        finish=finish,
        is_empty_stop=finish == "stop" and not _has_answer(chunks),
        reads=reads,
        split_reads=split,
    )


def _read_refusal(series: str, response: Response) -> Sample:
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    reason = "no stream" if response.status == OK else f"status {response.status}"
    return Sample(series=series, status=response.status, code=code, error=reason)


def _read_chunks(response: Response) -> tuple[list[_Chunk], tuple[int, ...], int]:
    """Return the chunks, the events that each read completed, and the reads that split one."""
    reader, chunks, reads, split = sse.Reader(), [], [], 0
    for at, piece in response.chunks:
        events = reader.feed(piece)
        reads.append(len(events))
        split += not piece.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        chunks += [_Chunk(at, value) for value in map(_decode, events) if value is not None]
    return chunks, tuple(reads), split


def _decode(event: sse.Event) -> Mapping[str, Any] | None:
    if event.data == DONE:
        return None
    try:
        value = msgspec.json.decode(event.data.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError):
        return None
    return value if isinstance(value, dict) else None


def _find_error(chunks: Iterable[_Chunk]) -> str:
    """The reason for which a stream cannot be measured: an error in it, or no finish reason."""
    has_finish = False
    for chunk in chunks:
        if chunk.value.get("error"):
            return "an error in the stream"
        has_finish = has_finish or _finish(chunk)
    return "" if has_finish else "no finish reason"


def _finish(chunk: _Chunk) -> bool:
    return bool(chunk.choice.get("finish_reason"))


def _usage(chunk: _Chunk) -> bool:
    return isinstance(chunk.value.get("usage"), dict)


def _count(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else 0


def _has_answer(chunks: Iterable[_Chunk]) -> bool:
    deltas = (chunk.delta for chunk in chunks)
    return any(delta.get("content") or delta.get("tool_calls") for delta in deltas)


def _token_rate(texts: list[float], tokens: int) -> float | None:
    """Return the tokens a second after the first; None for texts that came at once."""
    span = texts[-1] - texts[0] if texts else 0.0
    return (tokens - 1) / span if span > 0 and tokens > 1 else None


def count_reads(samples: Iterable[Sample]) -> Iterator[int]:
    """Yield the number of events of each read that completed any."""
    for sample in samples:
        yield from (count for count in sample.reads if count)
