"""Every scenario that is shipped, played today and in 2030: the same, and no reset time is past."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import product

import pytest

from mockglm.clock import BEIJING, Clock
from mockglm.scenarios import Scenario, load, shipped_scenarios
from tests.arrival import Arrived, read
from tests.outcomes.heard import QUESTION, TOOLS
from tests.serving import Served, post, serving

SHIPPED = shipped_scenarios()
LATER = datetime(2030, 6, 14, 15, 30, tzinfo=UTC).timestamp()
RESET = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
TIMES = (
    (re.compile(r"20\d{12}(?=[0-9a-f]{16})|(?<=\"id\":\")20\d+"), "{time}"),  # an id begins so
    (re.compile(r'(?<="created":)\d+'), "{created}"),
    (RESET, "{reset}"),
)
WITH_A_RESET = {"quota-5h": 1, "quota-week": 1, "quota-extra-usage": 6}
"""How many answers of a scenario name the time of a reset."""

MODES = (False, True)
A_MINUTE = 60
"""What the test itself may take."""

MOST = 8
"""Requests that are made of a scenario at most; a sequence of errors has no more."""

SILENT = ("idle-stall", "slow-drip", "overload-stall")
"""Scenarios that leave a connection open."""


@contextmanager
def serving_at(second: float, *names: str) -> Iterator[Served]:
    """Serve these of the shipped scenarios with clocks that begin at a unix second."""
    ahead = second - time.time()
    with serving() as served:
        with pytest.MonkeyPatch.context() as patch:
            clock = partial(Clock, lambda: time.time() + ahead)
            patch.setattr("mockglm.server.sessions.Clock", clock)
            for name, stream in product(names, MODES):
                served.session(name, label(stream=stream))
        yield served


@pytest.fixture(scope="module")
def today() -> Iterator[Served]:
    with serving_at(time.time(), *SHIPPED) as served:
        yield served


@pytest.fixture(scope="module")
def later() -> Iterator[Served]:
    with serving_at(LATER, *SHIPPED) as served:
        yield served


def label(*, stream: bool) -> str:
    return "stream" if stream else "plain"


def play(served: Served, name: str, *, stream: bool) -> list[Arrived]:
    """The answers to one request, or to one more than the scenario's longest sequence has."""
    path = f"/s/{name}@{label(stream=stream)}/api/paas/v4/chat/completions"
    body = {"model": "glm-4.6", "messages": QUESTION, "tools": TOOLS, "stream": stream}
    request = post(body, path, "Connection: close")
    sequence = longest(load(SHIPPED[name]))
    tries = min(sequence + 1, MOST) if sequence > 1 else 1
    send = served.raw_until_silent if name.startswith(SILENT) else served.raw
    return [read(*send(request)) for _ in range(tries)]


def longest(scenario: Scenario) -> int:
    """How many answers the longest sequence of a scenario has."""
    return max(
        sum(step.times or 1 for step in interaction.steps) for interaction in scenario.interactions
    )


def behaviour(arrived: Arrived) -> tuple[object, ...]:
    """Everything about an answer but the times that are in it."""
    text = arrived.body.decode("utf-8", "surrogateescape")
    for pattern, word in TIMES:
        text = pattern.sub(word, text)
    names = tuple(name for name, _ in arrived.headers)
    return arrived.status, names, arrived.ending, text


def resets(answers: list[Arrived]) -> list[float]:
    """The times, in unix seconds, at which the answers say that a limit ends."""
    refused = [arrived.body.decode() for arrived in answers if arrived.status == 429]
    return [unix(reset) for text in refused for reset in RESET.findall(text)]


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_scenario_plays_in_2030_as_it_does_today(
    today: Served, later: Served, name: str, stream: bool
) -> None:
    now, then = (play(served, name, stream=stream) for served in (today, later))
    assert [behaviour(arrived) for arrived in then] == [behaviour(arrived) for arrived in now]
    assert len(resets(then)) == len(resets(now)) >= WITH_A_RESET.get(name, 0)
    assert [reset for reset in resets(now) if reset <= time.time()] == []
    clock = later.session(name, label(stream=stream)).clock
    assert [reset for reset in resets(then) if reset <= clock.now()] == []
    assert clock.now() > LATER


@pytest.mark.parametrize(
    "begins",
    ["2029-12-31 23:59:59", "2030-01-01 00:00:00", "2030-06-14 19:59:59", "2030-06-16 23:59:59"],
)
@pytest.mark.parametrize(("name", "most"), [("quota-5h", 5 * 3600), ("quota-week", 7 * 86400)])
def test_a_reset_lies_within_its_window(name: str, most: int, begins: str) -> None:
    with serving_at(unix(begins), name) as served:
        first, *_ = resets(play(served, name, stream=False))
    assert 0 < first - unix(begins) <= most + A_MINUTE


def test_no_scenario_has_a_fixed_reset_time() -> None:
    fixed = re.compile(r"reset: *['\"]?\d")
    assert [name for name, path in SHIPPED.items() if fixed.search(path.read_text("utf-8"))] == []


def unix(reset: str) -> float:
    """The unix second of a local time in Beijing."""
    return datetime.fromisoformat(f"{reset}+00:00").timestamp() - BEIJING
