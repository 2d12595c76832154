"""The pytest plugin: options, markers and fixtures; all else is loaded when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from mockglm.conformance import options

if TYPE_CHECKING:
    from mockglm.fixture import GLM, House


MARKERS = (
    "glm(*scenarios, **config): play scenarios, by name or path, in this test's session; config "
    "are the words of the fixture glm_config",
    "glm_cassette(path=None, **config): replay what was recorded of this test, from <folder of the "
    "test>/cassettes/<module>/<test>.yaml; with --glm-cassettes, record it",
)

MARKED = frozenset(marker.partition("(")[0] for marker in MARKERS)

MODES = ("once", "new", "all", "none")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the fixture, and those of the conformance kit."""
    group = parser.getgroup("mockglm", "mockglm: the glm fixture")
    group.addoption(
        "--glm-verdict",
        action="store_true",
        help="say at the end what clients did that they should not have",
    )
    group.addoption(
        "--glm-cassettes",
        choices=MODES,
        default="none",
        help="tests marked glm_cassette: once records a cassette that is not there, new what is "
        "not in it, all everything anew, none nothing (the default)",
    )
    group.addoption(
        "--glm-upstream",
        metavar="URL",
        help="where to record from, such as https://open.bigmodel.cn/api/paas/v4",
    )
    group.addoption(
        "--glm-allow-upstream",
        metavar="HOST",
        action="append",
        default=[],
        help="record from this host, too, which is none of GLM's",
    )
    group.addoption(
        "--glm-unused",
        action="store_true",
        help="say at the end which recordings of the cassettes played were not used",
    )
    options.pytest_addoption(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and load what the command line asks for."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.glm_verdict or config.option.glm_unused:
        config.pluginmanager.import_plugin("mockglm.fixture.summary")
    options.pytest_configure(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have a test that is marked use the fixture, though it does not take it as an argument:
    otherwise it would ask the real service, and nobody would notice."""
    for item in items:
        if not isinstance(item, pytest.Function) or "glm" in item.fixturenames:
            continue
        if any(marker.name in MARKED for marker in item.iter_markers()):
            # Not in place: the tests that a function is parametrized to share the list.
            item.fixturenames = [*item.fixturenames, "glm"]


@pytest.fixture
def glm_config() -> Mapping[str, Any]:
    """How the session of a test behaves; to be overridden: profile, policy, seed, speed, strict…"""
    return {}


@pytest.fixture(scope="session")
def glm_house(pytestconfig: pytest.Config) -> Iterator[House]:
    """The one server of this process, with a session for each test."""
    from mockglm.fixture import House

    pytestconfig.pluginmanager.import_plugin("mockglm.fixture.watching")
    with House() as house:
        yield house


@pytest.fixture
def glm(
    request: pytest.FixtureRequest, glm_house: House, glm_config: Mapping[str, Any]
) -> Iterator[GLM]:
    """GLM for this test alone: `glm.base_url` is for the client, the rest says what it answers.

    The test fails at its end when a queued reply was not taken or nothing answered a request.
    """
    from mockglm.fixture.testing import opened

    with opened(request, glm_house, glm_config) as handle:
        yield handle
