"""What several test modules need: one running server, and scripted answers as it sends them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from itertools import count
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest
from _pytest.pytester import SysModulesSnapshot
from hypothesis import settings

from mockglm.exchange import Response
from tests.serving import KEY, Served, serving

if TYPE_CHECKING:
    from tests.browsing import Browsing

Serve = Callable[[Mapping[str, Any], Mapping[str, Any]], Response]
Base = Callable[[str], str]


def _restore(snapshot: SysModulesSnapshot) -> None:
    """Remove the modules of an inner run, and no others.

    pytest empties `sys.modules` for a moment. A thread that imports httpcore just then, as each new
    client of httpx does, gets a second copy, whose exceptions httpx does not know.
    """
    assert httpcore  # imported before any inner run, so that it stays the only copy
    saved = vars(snapshot)["_SysModulesSnapshot__saved"]
    for name in set(sys.modules).difference(saved):
        sys.modules.pop(name, None)
    sys.modules.update(saved)


SysModulesSnapshot.restore = _restore  # type: ignore[assignment, method-assign]

# A response that takes more than httpx's five seconds says the same about the machine.
PATIENT = signature(httpx.Client).parameters["timeout"].default
PATIENT.connect = PATIENT.read = PATIENT.write = PATIENT.pool = 60.0

# An example that takes long says something about the machine, not about the code.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use more workers than cores: most tests wait for processes and for paced responses."""
    return min(2 * (os.cpu_count() or 1), 8)


LONGEST = ("test_readme.py", "test_attack.py", "test_run_mock.py", "test_run_messages.py")
"""Modules that take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules, so that no worker has one left when the others end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    """A server with no file, for all tests; a label of its own gives each a session."""
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def labels() -> Iterator[str]:
    """Labels that no test had before."""
    return (f"t{number}" for number in count())


@pytest.fixture
def label(labels: Iterator[str]) -> str:
    """A label of this test's own."""
    return next(labels)


@pytest.fixture
def base(server: Served, label: str) -> Base:
    """The base URL of a scenario of the server, in this test's own session."""
    return lambda name: server.base(f"{name}@{label}")


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """A client with a pool and a key, which no proxy of the environment comes between."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def serve(server: Served, http: httpx.Client, label: str) -> Serve:
    """Answer a request body with a scripted reply, both as JSON in the words of the file format."""

    def answer(request: Mapping[str, Any], script: Mapping[str, Any]) -> Response:
        control = f"{server.host}/__mockglm__/replies"
        queued = http.post(control, params={"session": f"@{label}"}, json=script)
        assert queued.json() == {"queued": 1}
        sent = http.post(f"{server.base(f'@{label}')}/chat/completions", json=request)
        headers = tuple(sent.headers.multi_items())
        return Response(sent.status_code, headers, ((0.0, sent.content),))

    return answer


@pytest.fixture(scope="session")
def browsing() -> Iterator[Browsing]:
    """The browser for tests of pages; they are skipped where there is none."""
    from tests.browsing import Browsing, find_browser

    executable = find_browser()
    if executable is None:
        pytest.skip("no Chromium is here")
    browsing = Browsing(executable)
    yield browsing
    browsing.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a test that uses the browser in the browser's thread."""
    if "browsing" not in pyfuncitem.fixturenames:
        return None
    from tests.browsing import Browsing, run_in_thread

    browsing = pyfuncitem.funcargs["browsing"]
    assert isinstance(browsing, Browsing)
    run_in_thread(pyfuncitem, browsing)
    return True
