"""Samples: the figures of one stream, read from its bytes and the times at which they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from mockglm import sse
from mockglm.exchange import Exchange, Response
from mockglm.measurement.surfaces import CHAT_SURFACE, MeasuredSurface, StreamEvent, Usage

OK = 200
DONE = "[DONE]"


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


def read_sample(series: str, exchange: Exchange, surface: MeasuredSurface = CHAT_SURFACE) -> Sample:
    """Read the figures of an exchange. A response that is no stream has a reason in `error`."""
    response = exchange.response
    if response is None:
        return Sample(series=series, error=exchange.error or "no response")
    if response.status != OK or not response.is_stream:
        return _read_refusal(series, response)
    events, reads, split = _read_events(response, surface)
    failure = exchange.error or _find_error(events)
    texts = [one.at for one in events if one.has_text]
    outputs = [one.at for one in events if one.has_output]
    finish = next((one.finish for one in events if one.finish), "")
    usage = reduce(Usage.merge, (one.usage for one in events if one.usage), Usage())
    completion = usage.completion or len(texts)
    return Sample(
        series=series,
        status=response.status,
        error=failure,
        first=min(outputs, default=None),
        gaps=tuple(later - earlier for earlier, later in pairwise(texts)),
        rate=_token_rate(texts, completion),
        prompt_tokens=usage.prompt,
        cached_tokens=usage.cached,
        completion_tokens=completion,
        finish=finish,
        is_empty_stop=finish == "stop" and not any(one.has_answer for one in events),
        reads=reads,
        split_reads=split,
    )


def _read_refusal(series: str, response: Response) -> Sample:
    reason = "no stream" if response.status == OK else f"status {response.status}"
    code = read_code(response.body)
    return Sample(series=series, status=response.status, code=code, error=reason)


def read_code(body: bytes) -> str:
    """Read the business code of a refusal; empty if there is none.

    The Anthropic surface has that of a wrong key as the type of the error.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return ""
    kind = str(error.get("type", ""))
    return str(error.get("code") or (kind if kind.isdigit() else ""))


def _read_events(
    response: Response, surface: MeasuredSurface
) -> tuple[list[StreamEvent], tuple[int, ...], int]:
    """Return the meaning of the events, the number that each read completed, and the reads that
    split one."""
    reader, found, reads, split = sse.Reader(), [], [], 0
    for at, piece in response.chunks:
        events = reader.feed(piece)
        reads.append(len(events))
        split += not piece.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        values = (value for value in map(_decode, events) if value is not None)
        found += [surface.read_event(at, value) for value in values]
    return found, tuple(reads), split


def _decode(event: sse.Event) -> Mapping[str, Any] | None:
    if event.data == DONE:
        return None
    try:
        value = msgspec.json.decode(event.data.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError):
        return None
    return value if isinstance(value, dict) else None


def _find_error(events: Sequence[StreamEvent]) -> str:
    """The reason for which a stream cannot be measured: an error in it, or no finish reason."""
    if any(event.has_error for event in events):
        return "an error in the stream"
    return "" if any(event.finish for event in events) else "no finish reason"


def _token_rate(texts: list[float], tokens: int) -> float | None:
    """Return the tokens a second after the first; None for texts that came at once."""
    span = texts[-1] - texts[0] if texts else 0.0
    return (tokens - 1) / span if span > 0 and tokens > 1 else None


def count_reads(samples: Iterable[Sample]) -> Iterator[int]:
    """Yield the number of events of each read that completed any."""
    for sample in samples:
        yield from (count for count in sample.reads if count)
