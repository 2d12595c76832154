"""The end of a test: which problems fail it, and the text of the report."""

from __future__ import annotations

import pytest

from tests.testing.inner_runs import run

pytestmark = pytest.mark.usefixtures("one_server")


def test_unused_reply_and_fault_fail_the_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(glm):\n    glm.reply(error=1302)\n    glm.fault('reset')\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "Queued and never used:",
            "  the reply of test_it.py:3",
            "  the fault reset of test_it.py:4",
            "The server received no request.",
        ]
    )


def test_request_that_nothing_matches_fails_the_test(pytester: pytest.Pytester) -> None:
    code = "def test_it(glm):\n    glm.when(user='天气').reply('晴')\n    ask(glm, '时间')\n"
    result = run(pytester, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "Nothing matched:",
            "  #1 POST /chat/completions glm-4.6 “时间”",
            "    mockglm: no interaction matches this request; the closest is test_it.py:3:",
            '*expected a text with "天气", got "时间"',
            "Requests and responses:",
            "  #1 +0.000s POST /chat/completions glm-4.6 “时间” → 422  (miss)",
        ]
    )


def test_allowed_problems_do_not_fail_the_test(pytester: pytest.Pytester) -> None:
    code = """
        @pytest.mark.glm("hello", allow_misses=True, allow_unused=True)
        def test_it(glm):
            glm.when(user="never").reply("said")
            glm.reply(error=1302)
            glm.reply(error=1302)
            glm.when(model="glm-4.5").reply("other")
            ask(glm)

        def test_standing(glm):
            glm.when().reply("never matched")
    """
    run(pytester, code).assert_outcomes(passed=2)


def test_strict_fails_the_test_for_unused_interactions(pytester: pytest.Pytester) -> None:
    code = "@pytest.mark.glm('hello', strict=True)\ndef test_it(glm):\n    ask(glm)\n"
    result = run(pytester, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["Never matched a request (strict):", "  *hello.yaml:4"])


def test_rule_without_a_reply_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(glm):\n    glm.when(user='天气')\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["`glm.when(…)` without a `.reply(…)`:", "  test_it.py:3"])


def test_exceptions_of_functions_fail_the_test_with_tracebacks(pytester: pytest.Pytester) -> None:
    code = """
        def test_it(glm):
            glm.when(lambda request: request.nothing).reply("never")
            glm.when().reply(lambda request: 1 / 0)
            ask(glm)
    """
    result = run(pytester, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "A function of this test raised an exception:",
            "*AttributeError: 'RequestView' object has no attribute 'nothing'",
            "*ZeroDivisionError*",
        ]
    )


def test_call_of_the_real_service_fails_the_test(pytester: pytest.Pytester) -> None:
    code = """
        import socket

        def test_it(glm):
            with pytest.raises(socket.gaierror, match="may not call open.bigmodel.cn"):
                socket.create_connection(("open.bigmodel.cn", 443))
    """
    result = run(pytester, code)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["The test tried to call the real service*", "  open.bigmodel.cn"])
