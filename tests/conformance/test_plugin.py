"""The kit under pytest itself: node ids, markers, selection, several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockglm.conformance.options import OPTIONS
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, KEY
from tests.conformance.server import serving

pytest_plugins = ("pytester",)

BASE = ("-m", "pytest", "-p", "mockglm.conformance.options", "-p", "no:randomly")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    mutant = MUTANTS["SSE-05"][0]
    with serving(lambda name: mutant.answer() if name == mutant.probe else ANSWERS[name]) as (
        base,
        _,
    ):
        yield base


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process of its own, in an empty folder."""
    environment = {**os.environ, "ZAI_API_KEY": KEY, "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, *BASE, "--pyargs", "mockglm.conformance", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_node_ids_are_the_ids_of_checks(url: str, tmp_path: Path) -> None:
    done = run(tmp_path, "--glm-url", url, "--glm-model", "glm-4.6", "-k", "SSE", "-rA", "-q")
    assert done.returncode == 1, done.stderr
    assert "PASSED glm-v4::SSE-04" in done.stdout
    assert "FAILED glm-v4::SSE-05" in done.stdout
    assert "SSE-05 MUST Each event is one JSON object or [DONE]." in done.stdout


def test_a_level_selects(url: str, tmp_path: Path) -> None:
    done = run(
        tmp_path, "--glm-url", url, "--glm-model", "glm-4.6", "-m", "note", "--strict-markers"
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_several_processes_send_the_probes_once(url: str, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    many = ("-n", "2", "--dist", "loadgroup", "--glm-report", "out", "-k", "SSE or CHK")
    done = run(tmp_path, "--glm-url", url, "--glm-model", "glm-4.6", *many)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 18 passed; 1 requests" in done.stdout
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


def test_several_processes_keep_the_exchanges(url: str, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    many = ("-n", "2", "--dist", "loadgroup", "--glm-record-to", "kept", "-k", "SSE-04")
    done = run(tmp_path, "--glm-url", url, "--glm-model", "glm-4.6", *many)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["stream.yaml"]


@pytest.mark.parametrize(("claim", "status"), [("True", 0), ("False", 1)])
def test_a_test_beside_the_checks_fails_the_run_as_they_do(
    url: str, tmp_path: Path, claim: str, status: int
) -> None:
    (tmp_path / "test_own.py").write_text(f"def test_own():\n    assert {claim}\n", "utf-8")
    done = run(tmp_path, "test_own.py", "--glm-url", url, "-k", "SSE-04 or own", "-q")
    assert "SSE-04" in done.stdout
    assert done.returncode == status, done.stdout


def test_another_distribution_is_refused(url: str, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    done = run(tmp_path, "--glm-url", url, "-n", "2")
    assert done.returncode == 4
    assert "--dist loadgroup" in done.stderr


def test_without_a_target_it_is_wrong_usage(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 4
    assert "mockglm.conformance needs --glm-url" in done.stderr


def test_the_options_are_declared_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess(
        "-p", "mockglm.conformance.options", "-p", "no:randomly", "--help"
    )
    text = result.stdout.str()
    assert all(text.count(f"{name}") >= 1 for name, _ in OPTIONS)


def test_other_runs_do_not_load_the_kit(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_light():
            assert "mockglm.conformance.checks" not in sys.modules
            assert "httpx" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "mockglm.conformance.options", "-p", "no:randomly", "-p", "no:asyncio"
    )
    result.assert_outcomes(passed=1)


BUG = """
from msgspec.structs import replace
from mockglm.conformance.checks import CHECKS

def broken(seen):
    yield seen.name[99]

def pytest_configure(config):
    CHECKS["SSE-04"] = replace(CHECKS["SSE-04"], run=broken)
"""


def test_a_check_that_breaks_is_told_beside_the_others(tmp_path: Path, url: str) -> None:
    (tmp_path / "bug.py").write_text(BUG, encoding="utf-8")
    told = ("-p", "bug", "-k", "SSE", "-q", "--tb=no", "--glm-report", "out", "--glm-url", url)
    done = subprocess.run(
        [sys.executable, *BASE, "--pyargs", "mockglm.conformance", *told],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "ZAI_API_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "? SSE-04 MUST" in done.stdout
    assert "a bug of the kit, please report it: IndexError: string index" in done.stdout
    assert "✗ SSE-05 MUST" in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["summary"] == {"error": 1, "fail": 1, "pass": 6}


def test_what_breaks_inside_is_shown_as_pytest_shows_it(tmp_path: Path, url: str) -> None:
    code = (
        "from mockglm.conformance.kit import Kit\n"
        "def pytest_configure(config):\n"
        "    def broken(self, check): raise RuntimeError('a bug of the kit')\n"
        "    Kit.entry = broken\n"
    )
    (tmp_path / "bug.py").write_text(code, encoding="utf-8")
    environment_path = ("-p", "bug", "-k", "TRN-01", "--glm-url", url)
    done = subprocess.run(
        [sys.executable, *BASE, "--pyargs", "mockglm.conformance", *environment_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "ZAI_API_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RuntimeError: a bug of the kit" in done.stdout
    assert done.returncode == 3
