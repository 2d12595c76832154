"""`mockglm check` as it is typed: its exit status, and one sentence that says why."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from mockglm.cli import main
from mockglm.exchange import Response
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, HEADERS, refusal
from tests.conformance.server import serving

HTML = Response(
    200, (("Content-Type", "text/html"), *HEADERS), ((0.0, b"<html><body>Hi</body></html>"),)
)
ENDLESS = replace(ANSWERS["stream"], chunks=((0.0, b": still there\n"),), end="hang")


pytestmark = pytest.mark.usefixtures("key")


def ended(*arguments: str) -> object:
    """The exit status of `mockglm check …`."""
    with pytest.raises(SystemExit) as exit:
        main(["check", *arguments])
    return exit.value.code or 0


def always(answer: Response) -> Callable[[str], Response]:
    return lambda name: answer


def once(id: str) -> Callable[[str], Response]:
    """The reference with the first mutant of a check."""
    mutant = MUTANTS[id][0]
    return lambda name: mutant.answer() if name == mutant.probe else ANSWERS[name]


@pytest.mark.parametrize(
    ("choose", "arguments", "status", "sentence"),
    [
        (ANSWERS.__getitem__, (), 0, "; 26 requests, 182 output tokens"),
        (once("USE-02"), ("-k", "USE"), 1, "✗ USE-02 MUST   The counts are integers"),
        (always(HTML), (), 1, "This is no chat endpoint, it answered 200 text/html: <html>"),
        (always(ENDLESS), ("--timeout", "0.3"), 6, "the answer had not ended after 0.3 s"),
        (ANSWERS.__getitem__, ("-k", "nothing"), 5, ""),
        (always(refusal(401, "401", "token expired or incorrect")), (), 6, "The key was refused"),
        (always(refusal(429, "1113", "余额不足")), (), 6, "The account is at a limit: 429"),
        (ANSWERS.__getitem__, ("--max-requests", "3"), 6, "The budget is spent before the probe"),
    ],
)
def test_a_run_ends_with_a_status_and_a_sentence(
    choose: Callable[[str], Response],
    arguments: Sequence[str],
    status: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(choose) as (url, _):
        assert ended(url, "--model", "glm-4.6", *arguments) == status
    assert sentence in capsys.readouterr().out


def test_a_closed_port_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert ended(f"http://127.0.0.1:{port}/api/paas/v4") == 6
    output = capsys.readouterr().out
    assert output.count("No answer came: ConnectError: [Errno 111] Connection refused.") == 1
    assert "Is the URL right, and is the service running?" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "which endpoint? write its base URL, or the path of a recording"),
        (("nowhere.yaml",), "nowhere.yaml is neither a URL (https://…) nor a recording"),
        (("https://a.example", "https://b.example"), "one URL at a time"),
        (("--explain", "SSE-99"), "no check is called SSE-99"),
    ],
)
def test_wrong_usage_ends_with_4(
    arguments: Sequence[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*arguments) == 4
    assert capsys.readouterr().err.startswith(f"mockglm: {sentence}")


def test_an_option_that_there_is_not_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--modle", "glm-4.6") == 4
    assert "No such option" in capsys.readouterr().err
