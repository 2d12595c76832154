"""Readiness and draining of a real process."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families as parse_text

from mockglm.readiness import Readiness
from tests.cli.commands import HELLO, Running, running
from tests.serving import Served


def get(served: Running | Served, path: str) -> httpx.Response:
    return httpx.get(f"{served.host}/__mockglm__/{path}", trust_env=False, timeout=30)


def test_a_running_server_is_live_and_ready(server: Served) -> None:
    assert get(server, "live").json()["status"] == "ok"
    assert get(server, "ready").json() == {"status": "ready"}


async def test_a_check_with_a_reason_makes_a_server_unready() -> None:
    async def check() -> str:
        return "the store is away"

    readiness = Readiness()
    assert await readiness.find_reasons() == []
    readiness.checks.append(check)
    readiness.is_draining = True
    assert await readiness.find_reasons() == ["the server is stopping", "the store is away"]


def test_a_draining_server_is_not_ready_and_answers_until_it_stops(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO, encoding="utf-8")
    with running(path, "--metrics", "--drain", "3600", "--grace", "0") as server:
        assert server.ask().status_code == 200
        server.process.send_signal(signal.SIGTERM)
        while (ready := get(server, "ready")).status_code == 200:
            pass
        assert ready.json() == {"status": "not ready", "reasons": ["the server is stopping"]}
        assert get(server, "live").status_code == 200
        assert server.ask().status_code == 200
        families = {one.name: one for one in parse_text(get(server, "metrics").text)}
        assert families["mockglm_requests"].samples[0].value == 2
        # A second signal ends the draining.
        code, _, said = server.end()
    assert code == 0
    assert said.count("/chat/completions") == 2
