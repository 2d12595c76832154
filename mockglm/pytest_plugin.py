"""The pytest plugin: options, markers and fixtures.

Other modules are imported when a test needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from mockglm.conformance import options

if TYPE_CHECKING:
    from mockglm.testing import GLM, TestServer


MARKERS = (
    "glm(*scenarios, **config): play scenarios, by name or path, in the session of this test; "
    "config overrides the fixture glm_config",
    "glm_cassette(path=None, **config): replay the recordings of this test, from <folder of the "
    "test>/cassettes/<module>/<test>.yaml; with --glm-cassettes, record them",
)

MARKER_NAMES = frozenset(marker.partition("(")[0] for marker in MARKERS)

MODES = ("once", "new", "all", "none")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the options of the fixture and of the conformance kit."""
    _skip_assertion_rewriting(pluginmanager)
    group = parser.getgroup("mockglm", "mockglm: the glm fixture")
    group.addoption(
        "--glm-verdict",
        action="store_true",
        help="List the mistakes of the clients under test at the end of the run.",
    )
    group.addoption(
        "--glm-cassettes",
        choices=MODES,
        default="none",
        help="Record the cassettes of tests marked glm_cassette: once records those that do not "
        "exist, new adds missing requests, all records everything again, none only replays. "
        "(default: none)",
    )
    group.addoption(
        "--glm-upstream",
        metavar="URL",
        help="Record from this base URL, such as https://open.bigmodel.cn/api/paas/v4.",
    )
    group.addoption(
        "--glm-allow-upstream",
        metavar="HOST",
        action="append",
        default=[],
        help="Allow this host besides those of GLM (repeatable).",
    )
    group.addoption(
        "--glm-unused",
        action="store_true",
        help="List the recordings that no test has used at the end of the run.",
    )
    options.pytest_addoption(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and import the modules that the command line asks for."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.glm_verdict or config.option.glm_unused:
        _register_hooks(config)
    options.pytest_configure(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let marked tests use the fixture even without the argument.

    Otherwise they would call the real service, and nobody would notice.
    """
    for item in items:
        if not isinstance(item, pytest.Function) or "glm" in item.fixturenames:
            continue
        if any(marker.name in MARKER_NAMES for marker in item.iter_markers()):
            # Not in place: the parametrized tests of a function share the list.
            item.fixturenames = [*item.fixturenames, "glm"]


@pytest.fixture
def glm_config() -> Mapping[str, Any]:
    """The settings of each test's session (profile, policy, seed, strict, …); override this."""
    return {}


@pytest.fixture(scope="session")
def glm_server(pytestconfig: pytest.Config) -> Iterator[TestServer]:
    """The server of this process, with a session for each test."""
    from mockglm.testing import TestServer

    _register_hooks(pytestconfig)
    with TestServer() as server:
        yield server


@pytest.fixture
def glm(
    request: pytest.FixtureRequest, glm_server: TestServer, glm_config: Mapping[str, Any]
) -> Iterator[GLM]:
    """The mock server for one test: its client uses `glm.base_url`, the test sets the replies.

    The test fails at its end for replies that were not used and requests that nothing matched.
    """
    from mockglm.testing.hooks import open_for_test

    with open_for_test(request, glm_server, glm_config) as handle:
        yield handle


def _register_hooks(config: pytest.Config) -> None:
    from mockglm.testing import hooks

    if not config.pluginmanager.is_registered(hooks):
        config.pluginmanager.register(hooks, hooks.__name__)


def _skip_assertion_rewriting(pluginmanager: pytest.PytestPluginManager) -> None:
    # pytest rewrites the asserts of all modules in the distribution of a plugin. For those that a
    # test with `glm` imports that takes 0.6 s, wherever no earlier run has cached them, as in CI.
    rewritten = getattr(pluginmanager.rewrite_hook, "_must_rewrite", None)
    if isinstance(rewritten, set):
        rewritten.discard("mockglm")
