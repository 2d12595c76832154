"""The metrics of a running server, as Prometheus's own parser reads them."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from mockglm.app import App
from mockglm.errors import UsageError
from mockglm.metrics import MAX_SERIES, OTHER, Metrics
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.serving import Served

FILE = b"""
format: 1
interactions:
  - when: {user: slow}
    reply: {content: one two three, pace: {first: 0.02, every: 0.001}}
  - when: {user: hello}
    reply: {content: Hello, usage: {prompt_tokens: 5, completion_tokens: 3, total_tokens: 8}}
"""

Read = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Watched(Served):
    """A server with metrics."""

    def read(self) -> Mapping[str, list[Sample]]:
        text = httpx.get(f"{self.host}/__mockglm__/metrics", trust_env=False).text
        return {family.name: family.samples for family in parse_text(text)}

    def value(self, family: str, name: str = "", **labels: str) -> float:
        """The sum of the samples that have these labels."""
        samples = self.read()[family]
        return sum(
            sample.value
            for sample in samples
            if sample.name == (name or family) and labels.items() <= sample.labels.items()
        )

    def chat(self, text: str = "hello", **body: Any) -> httpx.Response:
        return self.ask(text, **body)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    metrics = Metrics(folder=tmp_path)
    sessions = Sessions(Settings(), [parse(FILE, "file.yaml")])
    background = BackgroundServer(App(sessions, log=metrics, metrics=metrics), grace=0.2)
    background.start()
    try:
        yield Watched(background, sessions)
    finally:
        background.stop()


def test_requests_are_counted_by_surface_model_source_status_and_code(watched: Watched) -> None:
    watched.chat()
    watched.chat(model="glm-4.5-air")
    watched.chat("unmatched")
    watched.chat(model="gpt-4")
    count = "mockglm_requests", "mockglm_requests_total"
    played = {"surface": "chat", "model": "glm-4.6", "source": "interaction", "status": "200"}
    assert watched.value(*count, **played, code="", outcome="done") == 1
    assert watched.value(*count, model="glm-4.5-air") == 1
    assert watched.value(*count, model=OTHER, source="refused", status="400", code="1211") == 1
    assert watched.value(*count, source="miss") == 1
    assert watched.value("mockglm_misses", "mockglm_misses_total") == 1
    assert watched.value(*count) == 4


def test_tokens_and_frames_of_a_stream_are_counted(watched: Watched) -> None:
    answer = watched.chat(stream=True)
    frames = answer.text.count("\n\n")
    assert watched.value("mockglm_frames", "mockglm_frames_total", model="glm-4.6") == frames
    tokens = "mockglm_tokens", "mockglm_tokens_total"
    assert watched.value(*tokens, kind="prompt") == 5
    assert watched.value(*tokens, kind="completion") == 3


def test_times_are_histograms_whose_buckets_add_up(watched: Watched) -> None:
    for _ in range(3):
        watched.chat("slow", stream=True)
    for name in ("first_byte", "duration"):
        family = f"mockglm_{name}_seconds"
        assert watched.value(family, f"{family}_count", surface="chat", model="glm-4.6") == 3
        assert watched.value(family, f"{family}_bucket", le="+Inf") == 3
        assert watched.value(family, f"{family}_sum") >= 3 * 0.02
        assert watched.value(family, f"{family}_bucket", le="0.01") == 0


def test_lateness_is_measured_of_paced_responses_alone(watched: Watched) -> None:
    watched.chat()
    watched.chat("slow", stream=True)
    assert watched.value("mockglm_lateness_seconds", "mockglm_lateness_seconds_count") >= 1


def test_a_response_that_is_being_sent_is_in_flight(watched: Watched) -> None:
    assert watched.value("mockglm_in_flight") == 0
    script = {"content": "x", "fault": "stall"}
    control = f"{watched.host}/__mockglm__/replies"
    httpx.post(control, json=script, trust_env=False)
    body = {"model": "glm-4.6", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    headers = {"Authorization": "Bearer key"}
    url = f"{watched.url}/chat/completions"
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("POST", url, json=body, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert watched.value("mockglm_in_flight") == 1


def test_tallies_of_other_processes_are_added(watched: Watched, tmp_path: Path) -> None:
    watched.chat()
    script = (
        "import sys; from pathlib import Path; from mockglm.metrics import Metrics;"
        "from mockglm.journal import Entry; from mockglm.exchange import Request, Response;"
        "metrics = Metrics(lambda: 7, folder=Path(sys.argv[1]));"
        "metrics.observe_store('load', 0.002);"
        "metrics(Entry(1, '', 0.0, Request('POST', '/chat/completions'), model='glm-4.6',"
        " source='miss', first=0.1, total=0.2, outcome='done', response=Response(599, (), ())));"
        "metrics.write()"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert watched.value("mockglm_requests", "mockglm_requests_total", model="glm-4.6") == 2
    assert watched.value("mockglm_store_seconds", "mockglm_store_seconds_count") == 1
    # The process has ended, so what it had in flight is not.
    assert watched.value("mockglm_in_flight") == 0


async def test_tallies_are_written_until_the_process_ends(tmp_path: Path) -> None:
    import asyncio

    metrics = Metrics(lambda: 3, folder=tmp_path)
    task = asyncio.create_task(metrics.run())
    await asyncio.sleep(0)
    path = tmp_path / f"{os.getpid()}.metrics"
    assert path.exists()
    path.unlink()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert path.exists()


def test_labels_are_bounded() -> None:
    from mockglm.exchange import Request
    from mockglm.journal import Entry

    metrics = Metrics()
    for number in range(MAX_SERIES + 5):
        metrics(Entry(number, "", 0.0, Request("POST", "/x"), model=f"model-{number}"))
    families = {one.name: one.samples for one in parse_text(metrics.render().decode())}
    samples = [one for one in families["mockglm_requests"] if one.name.endswith("_total")]
    assert len(samples) == MAX_SERIES + 1
    assert sum(one.value for one in samples if one.labels["model"] == OTHER) == 5


def test_tokens_are_found_in_both_surfaces_and_modes(watched: Watched) -> None:
    url = f"{watched.host}/api/anthropic/v1/messages"
    body = {
        "model": "glm-4.6",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hello"}],
    }
    headers = {"x-api-key": "key"}
    for is_stream in (False, True):
        answer = httpx.post(
            url, json={**body, "stream": is_stream}, headers=headers, trust_env=False
        )
        assert answer.status_code == 200
    tokens = "mockglm_tokens", "mockglm_tokens_total"
    assert watched.value(*tokens, surface="anthropic", kind="prompt") == 10
    assert watched.value(*tokens, surface="anthropic", kind="completion") == 6


def test_there_are_no_metrics_unless_they_were_started(server: Served) -> None:
    answer = httpx.get(f"{server.host}/__mockglm__/metrics", trust_env=False)
    assert answer.status_code == 404
    assert "--metrics" in json.loads(answer.text)["error"]


def test_a_missing_client_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *more: Any, **others: Any) -> Any:
        if name == "prometheus_client":
            raise ImportError(name)
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"mockglm\[metrics\]"):
        Metrics()
