"""The kit under pytest: node ids, markers, selection, reports, several processes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mockglm.conformance.options import OPTIONS
from mockglm.conformance.run import Run
from tests.conformance.endpoint import Endpoint
from tests.conformance.message_reference import MESSAGE_ANSWERS
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS

pytest_plugins = ("pytester",)

PLAIN = ("-p", "mockglm.pytest_plugin", "-p", "no:cacheprovider")
PACKAGE = ("--pyargs", "mockglm.conformance")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugins but that of mockglm: others take seconds to load, in every run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def broken(endpoint: Endpoint, pytester: pytest.Pytester) -> Endpoint:
    """An endpoint that breaks SSE-05, and an empty folder."""
    mutant = MUTANTS["SSE-05"][0]
    return endpoint.answer_with(
        lambda name: mutant.answer() if name == mutant.probe else ANSWERS[name]
    )


def run(pytester: pytest.Pytester, endpoint: Endpoint, *arguments: str) -> pytest.RunResult:
    """A run of pytest in this process."""
    target = ("--glm-url", endpoint.url, "--glm-model", "glm-4.6")
    return pytester.runpytest_inprocess(*PLAIN, *target, *arguments)


def run_workers(pytester: pytest.Pytester, endpoint: Endpoint, *arguments: str) -> pytest.RunResult:
    """A run of pytest with two workers of xdist."""
    pytest.importorskip("xdist")
    target = ("--glm-url", endpoint.url, "--glm-model", "glm-4.6")
    many = ("-p", "xdist", "-n", "2", "--dist", "loadgroup")
    return pytester.runpytest_subprocess(*PLAIN, *target, *many, *arguments)


def test_node_ids_of_the_other_set_choose_it(endpoint: Endpoint, pytester: pytest.Pytester) -> None:
    endpoint.answer_with(MESSAGE_ANSWERS.__getitem__)
    url = endpoint.url.replace("/paas/v4", "/gateway")
    target = ("--glm-url", url, "--glm-model", "glm-4.6")
    ids = ("glm-anthropic::EVT-03", "glm-anthropic::KEY-02")
    found = pytester.runpytest_inprocess(*PLAIN, *target, *ids, "-rA")
    assert found.ret == 0
    assert "PASSED glm-anthropic::EVT-03" in found.stdout.str()
    assert endpoint.probes == ["message-stream", "message-bearer"]

    found = pytester.runpytest_inprocess(*PLAIN, *target, "glm-anthropic::SSE-05")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*there is no check glm-anthropic::SSE-05*"])


def test_the_other_set_is_chosen_by_an_option(
    endpoint: Endpoint, pytester: pytest.Pytester
) -> None:
    endpoint.answer_with(MESSAGE_ANSWERS.__getitem__)
    found = run(pytester, endpoint, *PACKAGE, "--glm-set", "glm-anthropic", "-k", "THK", "-rA")
    assert found.ret == 0
    assert "PASSED glm-anthropic::THK-01" in found.stdout.str()
    assert endpoint.probes == ["message-thinking"]


def test_node_ids_are_the_ids_of_checks(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, *PACKAGE, "-k", "SSE", "-rA")
    assert found.ret == 1
    text = found.stdout.str()
    assert "PASSED glm-v4::SSE-04" in text
    assert "FAILED glm-v4::SSE-05" in text
    assert "SSE-05 MUST Each event is one JSON object or [DONE]." in text
    assert "8 passed; 1 requests" in text
    assert broken.probes == ["stream"]


def test_node_ids_are_arguments_of_pytest(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, "glm-v4::SSE-04", "glm-v4::ERR-03", "-v")
    found.assert_outcomes(passed=2)
    assert broken.probes == ["plain", "stream", "bad-model"]
    found = run(pytester, broken, "glm-v4::SSE-05")
    assert found.ret == 1


def test_a_node_id_beside_a_file_selects_both(broken: Endpoint, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_own(): pass")
    found = run(pytester, broken, "test_own.py", "glm-v4::SSE-04")
    found.assert_outcomes(passed=2)


def test_an_unknown_node_id_ends_with_4(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, "glm-v4::SSE-55")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*there is no check glm-v4::SSE-55; did you mean glm-v4::*"])
    assert broken.probes == []


def test_a_disruptive_node_id_needs_the_option(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, "glm-v4::LIM-02")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*glm-v4::LIM-02 exceeds limits*add --glm-disruptive*"])


def test_deselected_checks_send_no_probes(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, *PACKAGE, "-k", "SSE", "--deselect", "glm-v4::SSE-05")
    assert found.ret == 0
    assert broken.probes == ["stream"]


def test_a_level_is_a_marker(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, *PACKAGE, "-m", "note", "--strict-markers")
    found.assert_outcomes(passed=5)


def test_a_plan_sends_nothing(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run(pytester, broken, *PACKAGE, "-k", "SSE", "--glm-plan")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["at most 4 requests and 64 output tokens"])
    assert broken.probes == []


def test_the_report_of_pytest_is_that_of_the_command(
    broken: Endpoint, pytester: pytest.Pytester
) -> None:
    files = ("--glm-report", "out", "--junitxml", "junit.xml", "--glm-write-baseline", "known.yaml")
    found = run(pytester, broken, *PACKAGE, "-k", "SSE", *files)
    assert found.ret == 1
    report = json.loads(Path("out/report.json").read_text("utf-8"))
    assert report["summary"] == {"fail": 1, "pass": 8}
    assert Path("known.yaml").read_text("utf-8").splitlines()[1].startswith("SSE-05: 'event 1: ")
    assert Path("out/exchanges/stream.yaml").exists()
    own, pytests = (ElementTree.parse(path).getroot() for path in ("out/junit.xml", "junit.xml"))
    names = [
        [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
        for root in (own, pytests)
    ]
    assert names[0] == names[1]
    assert pytests.find(".//property[@name='level']") is not None


def test_a_should_warns_in_the_words_of_pytest(
    endpoint: Endpoint, pytester: pytest.Pytester
) -> None:
    mutant = MUTANTS["CHK-03"][0]
    endpoint.answer_with(lambda name: mutant.answer() if name == mutant.probe else ANSWERS[name])
    found = run(pytester, endpoint, "glm-v4::CHK-03", "-v")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*CHK-03 WARNED*", "*1 warned*"])
    assert run(pytester, endpoint, "glm-v4::CHK-03", "--glm-strict").ret == 1


@pytest.mark.parametrize(("claim", "status"), [("True", 0), ("False", 1)])
def test_a_failed_test_beside_the_checks_fails_the_run(
    broken: Endpoint, pytester: pytest.Pytester, claim: str, status: int
) -> None:
    pytester.makepyfile(test_own=f"def test_own():\n    assert {claim}\n")
    found = run(pytester, broken, "test_own.py", *PACKAGE, "-k", "SSE-04 or own")
    assert "SSE-04" in found.stdout.str()
    assert found.ret == status


def test_a_run_without_a_target_ends_with_4(pytester: pytest.Pytester) -> None:
    found = pytester.runpytest_inprocess(*PLAIN, *PACKAGE)
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*mockglm.conformance needs --glm-url*"])


def test_recordings_that_cannot_be_read_end_with_4(pytester: pytest.Pytester) -> None:
    Path("empty").mkdir()
    found = pytester.runpytest_inprocess(*PLAIN, *PACKAGE, "--glm-recording", "empty")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*empty holds no cassette*"])


def test_an_exception_outside_a_check_is_an_internal_error(
    broken: Endpoint, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Run, check: object) -> None:
        raise RuntimeError("a bug of the kit")

    monkeypatch.setattr(Run, "judge", fail)
    found = run(pytester, broken, "glm-v4::TRN-01")
    assert "RuntimeError: a bug of the kit" in found.stdout.str()
    assert found.ret == 3


def test_workers_send_the_probes_once(broken: Endpoint, pytester: pytest.Pytester) -> None:
    files = ("--glm-report", "out", "--glm-record-to", "kept")
    found = run_workers(pytester, broken, *PACKAGE, "-k", "SSE or CHK", *files)
    assert found.ret == 1
    assert "1 failed, 20 passed; 1 requests" in found.stdout.str()
    assert broken.probes == ["stream"]
    assert Path("out/report.html").stat().st_size > 10_000
    assert [path.name for path in Path("kept").iterdir()] == ["stream.yaml"]


def test_workers_take_node_ids(broken: Endpoint, pytester: pytest.Pytester) -> None:
    found = run_workers(pytester, broken, "glm-v4::SSE-04", "glm-v4::CHK-01")
    found.assert_outcomes(passed=2)
    assert broken.probes == ["stream"]


def test_another_distribution_is_refused(broken: Endpoint, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    found = run(pytester, broken, *PACKAGE, "-p", "xdist", "-n", "2", "--dist", "load")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*--dist loadgroup*"])


def test_options_are_declared_once_by_two_plugins(pytester: pytest.Pytester) -> None:
    found = pytester.runpytest_inprocess(*PLAIN, "-p", "mockglm.conformance.options", "--help")
    assert found.ret == 0
    text = found.stdout.str()
    assert all(text.count(f"--glm-{option.name}") >= 1 for option in OPTIONS)


def test_other_runs_do_not_load_the_kit(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_light():
            assert "mockglm.conformance.checks" not in sys.modules
            assert "httpx" not in sys.modules
        """
    )
    found = pytester.runpytest_subprocess(*PLAIN, "-p", "mockglm.conformance.options")
    found.assert_outcomes(passed=1)
