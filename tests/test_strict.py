"""`mockglm serve --strict` refuses nothing that the service answered.

The recordings are read where GLM_SAMPLES says, the clients' requests where GLM_CLIENTS does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import httpx
import pytest

from tests import test_captured as clients
from tests.serving import KEY, Served, serving
from tests.validation import test_recorded as recordings

pytestmark = pytest.mark.skipif(
    "GLM_SAMPLES" not in os.environ or "GLM_CLIENTS" not in os.environ,
    reason="GLM_SAMPLES and GLM_CLIENTS name no folders",
)


@pytest.fixture
def served() -> Iterator[Served]:
    """A strict server with no file, its clock where the JWTs of the clients are good."""
    with serving(policy="strict") as one:
        clock = one.session().clock
        clock.advance(clients.BEFORE - clock.now())
        yield one


def test_requests_that_the_service_answered_are_answered(served: Served) -> None:
    count = 0
    for name, request, response in recordings.exchanges():
        if recordings.status(response) != 200:
            continue
        path = re.sub(r"^https?://[^/]+", "", request.get("url") or request["uri"])
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        answer = httpx.post(
            served.host + path,
            content=recordings.body(request),
            headers=headers,
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == 200, (name, answer.text)
        count += 1
    assert count >= 28


def test_requests_of_real_clients_are_answered(served: Served) -> None:
    """All but a loop that sends results without calls, which no recording shows answered."""
    for name, request in clients.every(dropping=False):
        status, body = clients.send(request, served)
        assert status == 200, (name, body)
