"""The pytest plugin: its options and fixtures, and its cost to runs that do not use it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mockglm import pytest_plugin
from mockglm.recorder import MODES
from tests.testing.conftest import one_server
from tests.testing.inner_runs import CASSETTE, ISOLATED, run

__all__ = ["one_server"]

pytest_plugins = ("pytester",)


def test_cassette_modes_are_those_of_the_recorder() -> None:
    assert set(pytest_plugin.MODES) == set(MODES)


def test_options_and_markers_are_in_the_help(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*ISOLATED, "--help")
    names = ("verdict", "cassettes", "upstream", "allow-upstream", "unused")
    lines = [f"*--glm-{name}*" for name in names]
    result.stdout.fnmatch_lines(["mockglm: the glm fixture:", *lines])
    result = pytester.runpytest_inprocess(*ISOLATED, "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.glm(*", "@pytest.mark.glm_cassette(*"])


@pytest.mark.usefixtures("one_server")
def test_marked_test_uses_the_fixture_without_the_argument(pytester: pytest.Pytester) -> None:
    code = """
        import socket

        @pytest.mark.glm("no-such-thing")
        def test_scenario(): ...

        @pytest.mark.glm_cassette
        class TestMine:
            def test_cassette(self): ...

        @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.glm("hello"))])
        def test_blocked(n, request):
            assert ("glm" in request.fixturenames) == (n == 2)
            if n == 2:
                with pytest.raises(socket.gaierror, match="may not call"):
                    socket.getaddrinfo("open.bigmodel.cn", 443)
    """
    result = run(pytester, code)
    result.assert_outcomes(passed=2, errors=3)
    result.stdout.fnmatch_lines(
        [
            "there is no scenario 'no-such-thing'*",
            "there is no cassette *cassettes/test_it/TestMine.test_cassette.yaml*",
            "The test tried to call the real service*",
        ]
    )


@pytest.mark.usefixtures("one_server")
def test_cassette_marker_replays_recordings(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("cassettes") / "test_it"
    folder.mkdir()
    (folder / "test_it.yaml").write_text(CASSETTE, "utf-8")
    (pytester.path / "mine.yaml").write_text(CASSETTE, "utf-8")
    code = """
        @pytest.mark.glm_cassette
        def test_it(glm):
            assert "录音" in ask(glm).text

        @pytest.mark.glm_cassette("mine.yaml", allow_misses=True)
        def test_named(glm):
            assert "录音" in ask(glm).text
            assert ask(glm, "别的").status_code == 422
    """
    run(pytester, code).assert_outcomes(passed=2)


@pytest.mark.usefixtures("one_server")
@pytest.mark.parametrize("marker", ["asyncio", "anyio"])
def test_asynchronous_test_uses_the_fixture(pytester: pytest.Pytester, marker: str) -> None:
    code = f"""
        import asyncio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.{marker}
        async def test_it(glm):
            glm.reply("好")
            assert (await asyncio.to_thread(ask, glm)).status_code == 200
    """
    options = ("-p", "no:asyncio", "-o", "addopts=") if marker == "anyio" else ()
    run(pytester, code, *options).assert_outcomes(passed=1)


def python(*arguments: str, folder: os.PathLike[str] | None = None) -> str:
    """Run Python alone: no other plugins of pytest, no measuring of coverage."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("COVERAGE_PROCESS_START", None)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


LOADED = """
import pytest, sys
before = set(sys.modules)
import mockglm.pytest_plugin
loaded = set(sys.modules) - before
print(*sorted(name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names))
"""


def test_plugin_imports_four_small_modules() -> None:
    assert python("-c", LOADED).split() == [
        "mockglm",
        "mockglm._version",
        "mockglm.conformance",
        "mockglm.conformance.options",
        "mockglm.pytest_plugin",
    ]


def test_run_without_the_fixture_imports_nothing_for_it(pytester: pytest.Pytester) -> None:
    code = """
        import sys

        def test_it():
            heavy = {"httpx", "starlette", "uvicorn", "msgspec", "yaml", "mockglm.testing"}
            assert heavy & set(sys.modules) == set()
    """
    pytester.makepyfile(test_it=code)
    options = ("-q", "-p", "mockglm.pytest_plugin", str(pytester.path))
    python("-m", "pytest", *options, folder=pytester.path)
