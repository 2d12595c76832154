"""Metrics of a server: exchanges are tallied as they end, and exposed in the format of Prometheus.

A tally is a few additions. prometheus-client, the extra `mockglm[metrics]`, is imported when the
metrics are read. With several processes, each writes its tallies to a file of a common folder, and
the process that is asked adds all of them up.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from mockglm.errors import UsageError
from mockglm.exchange import Frames, Response
from mockglm.journal import Entry, Source, find_usage
from mockglm.surfaces import find_surface

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric

TIMES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""The upper bounds of the buckets of durations, in seconds."""

DELAYS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)
"""The upper bounds of the buckets of lateness and of the store's latency, in seconds."""

MAX_SERIES = 1000
"""Combinations of labels of one process; what comes after them is counted as OTHER."""

MAX_LABEL = 64

OTHER = "other"
INTERACTION = "interaction"
"""The label of a source that is an interaction: a label for each would be too many."""

INTERVAL = 1.0
"""Seconds between two writings of a process's tallies to the common folder."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_UNKNOWN_MODEL = "1211"
_SOURCES = frozenset(Source)

Labels = tuple[str, str, str, str, str, str]
_LABELS = ("surface", "model", "source", "status", "code", "outcome")


class Histogram(Struct):
    """Observed values, counted by the first bound that is not below them; the last is infinite."""

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, other: Histogram) -> None:
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class Traffic(Struct):
    """The exchanges of one model on one surface."""

    first: Histogram = field(default_factory=lambda: Histogram(TIMES))
    duration: Histogram = field(default_factory=lambda: Histogram(TIMES))
    frames: int = 0
    prompt: int = 0
    completion: int = 0

    def add(self, other: Traffic) -> None:
        self.first.add(other.first)
        self.duration.add(other.duration)
        self.frames += other.frames
        self.prompt += other.prompt
        self.completion += other.completion


class Tallies(Struct):
    """All that one process, or several together, have counted."""

    requests: dict[Labels, int] = field(default_factory=dict)
    traffic: dict[tuple[str, str], Traffic] = field(default_factory=dict)
    lateness: Histogram = field(default_factory=lambda: Histogram(DELAYS))
    store: dict[str, Histogram] = field(default_factory=dict)
    in_flight: int = 0

    def add(self, other: Tallies) -> None:
        for labels, count in other.requests.items():
            self.requests[labels] = self.requests.get(labels, 0) + count
        for key, traffic in other.traffic.items():
            self.traffic.setdefault(key, Traffic()).add(traffic)
        for name, histogram in other.store.items():
            self.store.setdefault(name, Histogram(DELAYS)).add(histogram)
        self.lateness.add(other.lateness)
        self.in_flight += other.in_flight


class Metrics:
    """The metrics of one process; call it with the entry of each finished exchange.

    `count_open` returns the number of responses that are being sent. `folder` is common to all
    processes of a server, None if there is only one. Raises UsageError without prometheus-client.
    """

    def __init__(
        self, count_open: Callable[[], int] = lambda: 0, *, folder: Path | None = None
    ) -> None:
        _import_client()
        self.count_open = count_open
        self._tallies = Tallies()
        self._folder = folder

    def __call__(self, entry: Entry) -> None:
        tallies, response = self._tallies, entry.response
        surface, model = find_surface(entry.request.path).name, _find_model(entry)
        labels: Labels = (
            surface,
            model,
            entry.source if entry.source in _SOURCES else INTERACTION,
            str(response.status) if response else "",
            entry.code[:MAX_LABEL],
            entry.outcome,
        )
        if labels not in tallies.requests and len(tallies.requests) >= MAX_SERIES:
            model, labels = OTHER, (surface, OTHER, OTHER, OTHER, OTHER, OTHER)
        tallies.requests[labels] = tallies.requests.get(labels, 0) + 1
        if not entry.model:
            return
        traffic = tallies.traffic.get((surface, model))
        if traffic is None:
            traffic = tallies.traffic[surface, model] = Traffic()
        self._count(traffic, entry)

    def _count(self, traffic: Traffic, entry: Entry) -> None:
        if entry.first is not None:
            traffic.first.observe(entry.first)
        if entry.total is not None:
            traffic.duration.observe(entry.total)
        traffic.frames += entry.frames
        response = entry.response
        if response is None or entry.outcome != "done":
            return
        usage = find_usage(entry)
        traffic.prompt += usage.get("prompt", 0)
        traffic.completion += usage.get("completion", 0)
        due = _last_time(response)
        if due and entry.total is not None:
            self._tallies.lateness.observe(max(0.0, entry.total - due))

    def observe_store(self, operation: str, seconds: float) -> None:
        """Count a round trip to the store of session state."""
        store = self._tallies.store
        histogram = store.get(operation)
        if histogram is None:
            histogram = store[operation] = Histogram(DELAYS)
        histogram.observe(seconds)

    def render(self) -> bytes:
        """Render the metrics of all processes as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(_Collector(self._add_up()))
        return generate_latest(registry)

    async def run(self) -> None:
        """Write the tallies to the common folder until cancelled, and once more then."""
        try:
            while True:
                self.write()
                await asyncio.sleep(INTERVAL)
        finally:
            self.write(is_last=True)

    def write(self, *, is_last: bool = False) -> None:
        """Write the tallies to the common folder, where they stay when the process ends."""
        if self._folder is None:
            return
        self._tallies.in_flight = 0 if is_last else self.count_open()
        path = self._folder / f"{os.getpid()}.metrics"
        partial = path.with_suffix(".part")
        partial.write_bytes(msgspec.msgpack.encode(self._tallies))
        partial.replace(path)

    def _add_up(self) -> Tallies:
        """Add the tallies of all processes up; a process that died has nothing in flight."""
        self._tallies.in_flight = self.count_open()
        if self._folder is None:
            return self._tallies
        total = Tallies()
        total.add(self._tallies)
        for path in self._folder.glob("*.metrics"):
            if path.stem != str(os.getpid()):
                other = msgspec.msgpack.decode(path.read_bytes(), type=Tallies)
                if not _is_alive(int(path.stem)):
                    other.in_flight = 0
                total.add(other)
        return total


class _Collector:
    """Gives tallies to prometheus-client as families of metrics."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        tallies = self._tallies
        requests = CounterMetricFamily("mockglm_requests", "Finished exchanges.", labels=_LABELS)
        misses = 0
        for labels, count in tallies.requests.items():
            requests.add_metric(labels, count)
            misses += count if labels[2] == Source.MISS else 0
        yield requests
        yield CounterMetricFamily("mockglm_misses", "Requests that nothing matched.", value=misses)
        open_ = GaugeMetricFamily("mockglm_in_flight", "Responses that are being sent.")
        open_.add_metric([], tallies.in_flight)
        yield open_
        yield from self._collect_traffic()
        late = _family("mockglm_lateness_seconds", "Delay of a paced stream's last frame.")
        _add(late, (), tallies.lateness)
        yield late
        store = _family("mockglm_store_seconds", "Round trips to the store.", ("operation",))
        for name, histogram in tallies.store.items():
            _add(store, (name,), histogram)
        yield store

    def _collect_traffic(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        by_model = ("surface", "model")
        first = _family("mockglm_first_byte_seconds", "Time to the first byte.", by_model)
        duration = _family("mockglm_duration_seconds", "Time to the last byte.", by_model)
        frames = CounterMetricFamily("mockglm_frames", "Frames of streams.", labels=by_model)
        tokens = CounterMetricFamily(
            "mockglm_tokens", "Tokens as usage reports them.", labels=(*by_model, "kind")
        )
        for key, traffic in self._tallies.traffic.items():
            _add(first, key, traffic.first)
            _add(duration, key, traffic.duration)
            frames.add_metric(key, traffic.frames)
            tokens.add_metric((*key, "prompt"), traffic.prompt)
            tokens.add_metric((*key, "completion"), traffic.completion)
        yield from (first, duration, frames, tokens)


def _family(name: str, text: str, labels: Iterable[str] = ()) -> HistogramMetricFamily:
    from prometheus_client.core import HistogramMetricFamily

    return HistogramMetricFamily(name, text, labels=tuple(labels))


def _add(family: HistogramMetricFamily, labels: Sequence[str], histogram: Histogram) -> None:
    """Add a histogram as Prometheus has it: each bucket includes those below."""
    buckets, count = [], 0
    for bound, new in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        count += new
        buckets.append((str(bound), float(count)))
    family.add_metric(labels, buckets, histogram.total)


def _find_model(entry: Entry) -> str:
    """The label of a model; a name that no model has can be anything."""
    return OTHER if entry.code == _UNKNOWN_MODEL else entry.model[:MAX_LABEL]


def _last_time(response: Response) -> float:
    """The time at which the last chunk is due, in seconds since the request."""
    chunks = response.chunks
    return chunks.last if type(chunks) is Frames else chunks[-1][0] if chunks else 0.0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def _import_client() -> None:
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        raise UsageError("metrics need prometheus-client: pip install 'mockglm[metrics]'") from None
