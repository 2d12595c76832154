"""The hooks of pytest: reports of failed tests, reruns, and the summaries of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm import GLM
from mockglm.testing.hooks import session_label
from tests.testing.client import ask
from tests.testing.inner_runs import SHARED_CASSETTE, run

pytestmark = pytest.mark.usefixtures("one_server")


def test_failed_test_shows_the_journal_and_fails_once(pytester: pytest.Pytester) -> None:
    code = "def test_it(glm):\n    glm.reply(error=1302)\n    assert ask(glm).status_code == 200\n"
    result = run(pytester, code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- mockglm -*", "  #1 *“你好” → 429 1302  (queued)"])


def test_test_that_is_expected_to_fail_is_not_checked(pytester: pytest.Pytester) -> None:
    code = "@pytest.mark.xfail\ndef test_it(glm):\n    glm.reply('never')\n    assert False\n"
    run(pytester, code).assert_outcomes(xfailed=1)


def test_invalid_configuration_is_an_error_without_a_traceback(pytester: pytest.Pytester) -> None:
    result = run(pytester, "@pytest.mark.glm(profil='zai')\ndef test_it(glm): ...\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*glm_config has no 'profil'; did you mean 'profile'?"])
    result.stdout.no_fnmatch_line("*mockglm?testing?*")


MISTAKES = {
    "glm.play('rate-limits')": "*UsageError: there is no scenario*did you mean rate-limit?",
    "glm.when(usr='x')": "*FileError: test_it.py:*:1: unknown key `usr`*",
    "glm.fault('rezet')": "*FaultError: fault rezet: *did you mean reset?",
    "glm.wait_for(1, 0.01)": "*AssertionError: no such request within 0.01 s",
    "open('nowhere')": "*FileNotFoundError*",
}


def test_traceback_of_a_mistake_ends_in_the_test(pytester: pytest.Pytester) -> None:
    lines = MISTAKES.items()
    tests = [f"def test_{n}(glm):\n    {line}\n" for n, (line, _) in enumerate(lines)]
    result = run(pytester, "\n".join(tests))
    result.assert_outcomes(failed=len(MISTAKES))
    result.stdout.fnmatch_lines([part for line, error in lines for part in (f">*{line}", error)])
    result.stdout.no_fnmatch_line("*mockglm?testing?*.py*")


def test_full_trace_is_not_shortened(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(glm):\n    glm.play('rate-limits')\n", "--full-trace")
    result.stdout.fnmatch_lines(["*mockglm?testing?paths.py*"])


BROKEN = """
    def post(glm, body):
        headers = {"Authorization": "Bearer " + glm.api_key}
        with httpx.Client(trust_env=False, verify=False) as client:
            client.post(glm.chat_url, content=body, headers=headers)

    @pytest.mark.parametrize("body", [
        b'{"messages": ["hi"]}',
        b'{"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}',
        b'{"model": {}, "messages": {}, "tools": ["x"], "stream": []}',
        b'{"messages": ' + b"[" * 9000 + b"]" * 9000 + b"}",
        b"\\xff",
    ], ids=str)
    def test_broken(glm, body):
        glm.when().reply("好")
        post(glm, body)
        assert False

    def test_whole(glm):
        glm.reply("好")
        assert ask(glm).status_code == 200
"""


def test_journal_of_broken_requests_does_not_end_the_run(pytester: pytest.Pytester) -> None:
    result = run(pytester, BROKEN)
    result.assert_outcomes(failed=5, passed=1)
    result.stdout.fnmatch_lines(["*- mockglm -*", "  #1 *POST /chat/completions*"])


def test_report_that_raises_does_not_end_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> str:
        raise TypeError("odd")

    monkeypatch.setattr(GLM, "problems", fail)
    code = "def test_it(glm):\n    assert False\n\ndef test_other(): ...\n"
    result = run(pytester, code)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["mockglm could not report on this test: TypeError('odd')"])


def test_run_without_a_terminal_reporter_works(pytester: pytest.Pytester) -> None:
    code = "def test_it(glm):\n    glm.play('nothing')\n"
    assert run(pytester, code, "-p", "no:terminal").ret == pytest.ExitCode.TESTS_FAILED


RERUN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    # As pytest-rerunfailures does it.
    for attempt in range(2):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        is_last = attempt == 1 or all(report.passed for report in reports)
        for report in reports:
            if report.failed and not is_last:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        if is_last:
            return True

def pytest_report_teststatus(report):
    if report.outcome == "rerun":
        return "rerun", "R", "RERUN"
"""


def test_rerun_is_checked_on_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(RERUN)
    code = """
        attempts = []

        def test_it(glm):
            attempts.append(1)
            glm.reply({"error": 1113, "times": 2}, "never used")
            ask(glm), ask(glm)
            assert len(attempts) == 2

        def test_other(glm):
            attempts.append(1)
            glm.reply("好" if len(attempts) == 4 else {"error": 1302})
            assert ask(glm).status_code == 200
    """
    result = run(pytester, code, "--glm-verdict")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["Queued and never used:"])
    lines = [line for line in result.outlines if line.endswith(("#1)", "#2)"))]
    assert [line.split(":")[0].strip() for line in lines] == ["retried-in-vain"]


def test_verdict_option_lists_findings_by_test(pytester: pytest.Pytester) -> None:
    code = """
        def test_bad(glm):
            glm.reply({"error": 1113, "times": 2})
            ask(glm), ask(glm)

        def test_good(glm):
            glm.reply("好")
            ask(glm)
    """
    result = run(pytester, code, "--glm-verdict")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*= mockglm verdict =*", "test_it.py::test_bad", "  retried-in-vain: retried once*"]
    )
    result.stdout.no_fnmatch_line("test_it.py::test_good")


SHARED = """
    pytestmark = pytest.mark.glm_cassette("shared.yaml")

    def test_one(glm):
        ask(glm, "甲")

    def test_other(glm):
        ask(glm, "乙")
        glm.play("hello")
"""


def shared_cassette(pytester: pytest.Pytester) -> Path:
    path = pytester.path / "shared.yaml"
    path.write_text(SHARED_CASSETTE, "utf-8")
    return path


def unused(result: pytest.RunResult) -> list[str]:
    """The lines about the cassette in the summary of recordings."""
    return [line for line in result.outlines if line.startswith("shared.yaml:")]


def test_unused_option_lists_recordings_that_no_test_used(pytester: pytest.Pytester) -> None:
    shared_cassette(pytester)
    lines = ["shared.yaml:5 was not used", "shared.yaml:17 was not used"]
    result = run(pytester, SHARED, "--glm-unused")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*= mockglm recordings =*", *lines])
    assert unused(result) == lines
    assert unused(run(pytester, SHARED)) == []


def test_unused_option_does_not_blame_a_failed_test(pytester: pytest.Pytester) -> None:
    shared_cassette(pytester)
    code = SHARED + "\n    def test_failed(glm):\n        assert False\n"
    result = run(pytester, code, "--glm-unused")
    result.assert_outcomes(passed=2, failed=1)
    assert unused(result) == ["shared.yaml: unknown, because a test that plays it failed"]


def test_summaries_without_findings_say_so(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): ...\n", "--glm-unused", "--glm-verdict")
    result.stdout.fnmatch_lines(["No findings.", "All recordings were used."])


def test_handle_lists_unused_recordings(glm: GLM, pytester: pytest.Pytester) -> None:
    path = shared_cassette(pytester)
    glm.play("hello")
    assert glm.unused() == {}
    glm.cassette(path)
    ask(glm, "甲")
    assert glm.unused() == {str(path): (5, 13, 17)}
    glm.play("rate-limit")
    assert glm.unused() == {str(path): (5, 13, 17)}
    for text in ("你好", "乙", "丙"):
        ask(glm, text)
    assert glm.unused() == {str(path): ()}


MANY = """
import httpx, pytest, sys

@pytest.fixture(scope="session")
def client():
    with httpx.Client(trust_env=False, verify=False) as client:
        yield client

@pytest.mark.glm("rate-limit")
@pytest.mark.parametrize("turn", range(100))
def test_it(glm, client, turn):
    def ask():
        body = {"model": "glm-4.6", "messages": [{"role": "user", "content": str(turn)}]}
        headers = {"Authorization": "Bearer " + glm.api_key}
        return client.post(glm.chat_url, json=body, headers=headers).status_code

    assert [ask(), ask(), ask()] == [429, 429, 200]
    assert [one.user for one in glm.requests] == [str(turn)] * 3
    glm.reply({"error": 1113, "times": 2})
    ask(), ask()

@pytest.mark.glm_cassette("shared.yaml")
@pytest.mark.parametrize("text", "甲乙")
def test_recorded(glm, client, text):
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": "Bearer " + glm.api_key}
    assert client.post(glm.chat_url, json=body, headers=headers).status_code == 200

def test_modules_of_mockglm_are_imported_without_assertion_rewriting(glm):
    loaders = {type(sys.modules[name].__loader__) for name in ("mockglm.app", "mockglm.faults")}
    assert "AssertionRewritingHook" not in map(repr, loaders)
    assert {loader.__name__ for loader in loaders} == {"SourceFileLoader"}
"""


def test_tests_on_several_workers_in_any_order_are_isolated(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=MANY)
    shared_cassette(pytester)
    # Each worker imports every plugin anew; these take longer than all tests together.
    foreign = ("hypothesispytest", "asyncio", "anyio")
    options = ("-n", "2", "-q", "--glm-verdict", "--glm-unused", "-W", "ignore")
    blocked = [part for name in foreign for part in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess(*options, *blocked, timeout=600)
    result.assert_outcomes(passed=103)
    assert sum(line.startswith("  retried-in-vain") for line in result.outlines) == 100
    assert unused(result) == ["shared.yaml:5 was not used", "shared.yaml:17 was not used"]


def test_session_labels_are_readable_and_distinct() -> None:
    one = session_label("tests/test_a.py::test_it[中文-1]")
    other = session_label("tests/test_b.py::test_it[中文-1]")
    assert one != other
    assert one.startswith("test-it-1-")
    assert session_label("a.py::中文") == session_label("a.py::中文")
    assert session_label("a.py::" + "长" * 500 + "x" * 500)[:3] == "xxx"
