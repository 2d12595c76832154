"""What does not fit is one sentence and 4, before anything is sent."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path

import click
import pytest
import trustme

from mockglm.cli import main
from mockglm.cli.check import check_command
from mockglm.conformance.cause import _ADVICE
from mockglm.conformance.listing import page
from mockglm.conformance.options import OPTIONS
from tests.conformance.reference import ANSWERS
from tests.conformance.server import handler, serving

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def taken(key: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bad.pem").write_text(PEM, encoding="utf-8")
    (tmp_path / "bell.yaml").write_bytes(b"SSE-05: a\x07b\n")


def ended(*arguments: str) -> object:
    """The exit status of `mockglm …`."""
    with pytest.raises(SystemExit) as exit:
        main(list(arguments))
    return exit.value.code or 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--report", "file"), "file cannot be made a folder: File exists"),
        (("--report", "file/deep"), "file/deep cannot be made a folder: Not a directory"),
        (("--record-to", "file"), "file cannot be made a folder: File exists"),
        (("--write-baseline", "file/known.yaml"), "file cannot be made a folder: File exists"),
        (("--write-baseline", "folder"), "folder is a folder, and a file is to be written"),
        (("--junitxml", "file/junit.xml"), "file cannot be made a folder: File exists"),
        (("--baseline", "nowhere.yaml"), "nowhere.yaml:1:1: cannot be read: No such file"),
        (("--baseline", "bell.yaml"), "bell.yaml:1:1: is not YAML that can be read: "),
        (("--ca", "nowhere.pem"), "nowhere.pem has no certificates: No such file"),
        (("--ca", "bad.pem"), "bad.pem has no certificates: "),
        (("--header", "x-team"), "a header is written NAME=VALUE, not 'x-team'"),
        (("--header", "x team=a"), "a header is written NAME=VALUE, not 'x team=a'"),
        (("--header", "x-team=a\nb"), "a header is written NAME=VALUE, not 'x-team=a\\nb'"),
        (("--header", "Authorization=Bearer a"), "the header Authorization is the kit's own"),
    ],
)
def test_an_option_that_does_not_fit_is_told_before_anything_is_sent(
    arguments: Sequence[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(ANSWERS.__getitem__) as (url, asked):
        assert ended("check", url, *arguments) == 4
    output = capsys.readouterr()
    assert f"ERROR: {sentence}" in output.err
    assert "Traceback" not in output.err + output.out
    assert asked == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://bob:hunter2@127.0.0.1:9/v4", "the URL has a user in it"),
        ("http://127.0.0.1:9/v4?api_key=hunter2", "is not a base URL such as https://open.big"),
        ("http://127.0.0.1:99999/v4", "is not a URL: Port out of range"),
        ("http://[::", "is not a URL: "),
        ("http://", "is not a base URL such as"),
    ],
)
def test_a_url_that_does_not_fit_is_told(
    url: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("check", url, "--report", "out") == 4
    assert sentence in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_key_that_no_header_carries_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "ключ")
    assert ended("check", "http://127.0.0.1:9/v4") == 4
    assert "the key of the environment has characters that no key has" in capsys.readouterr().err


def test_folders_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    new = ("--report", "a/b", "--record-to", "c/d", "--write-baseline", "e/f/known.yaml")
    with serving(ANSWERS.__getitem__) as (url, _):
        assert ended("check", url, "--model", "glm-4.6", "-k", "SSE-05", *new) == 0
    assert Path("a/b/report.json").exists()
    assert Path("c/d/stream.yaml").exists()
    assert Path("e/f/known.yaml").exists()


def test_a_plan_makes_nothing() -> None:
    assert ended("check", "--plan", "--report", "out", "--write-baseline", "a/known.yaml") == 0
    assert not Path("out").exists()
    assert not Path("a").exists()


def test_what_cannot_be_written_in_the_end_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/report.html").mkdir(parents=True)
    with serving(ANSWERS.__getitem__) as (url, _):
        assert ended("check", url, "-k", "SSE-05", "--report", "out") == 3
    output = capsys.readouterr().out
    assert "out/report.html could not be written: Is a directory" in output
    assert "1 passed" in output


def test_headers_go_with_every_request() -> None:
    with serving(ANSWERS.__getitem__) as (url, asked):
        pair = ("--header", "X-Team=a", "--header", "x-route=b=c")
        assert ended("check", url, "--model", "glm-4.6", "-k", "AUT-02", *pair) == 0
    assert [(h["x-team"], h["x-route"]) for _, h in asked] == [("a", "b=c")] * 2


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """The base URL of a server whose certificate nobody knows; `ca.pem` is who signed it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(ANSWERS.__getitem__, []))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/api/paas/v4"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_of_ones_own_is_named(
    encrypted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    selected = (encrypted, "--model", "glm-4.6", "-k", "SSE-05")
    assert ended("check", *selected, "--ca", "ca.pem") == 0
    assert ended("check", *selected) == 6
    output = capsys.readouterr().out
    assert "CERTIFICATE_VERIFY_FAILED" in output
    assert "name it with --ca" in output


COMMAND = {
    name for one in check_command.params if isinstance(one, click.Option) for name in one.opts
}


def options(text: str) -> set[str]:
    return set(re.findall(r"--[a-z-]+", text))


@pytest.mark.parametrize("text", _ADVICE.values(), ids=list(_ADVICE))
def test_advice_names_options_that_there_are(text: str) -> None:
    assert options(text) <= COMMAND


def test_the_page_names_options_that_there_are() -> None:
    lines = page().splitlines()
    assert options("\n".join(line for line in lines if line.startswith("mockglm check"))) <= COMMAND
    for line in lines:
        is_of_pytest = "pytest" in line
        assert is_of_pytest or not any(name.startswith("--glm") for name in options(line))


def test_every_option_of_the_kit_is_one_of_the_command() -> None:
    apart = {"--glm-url", "--glm-recording", "--glm-quiet"}
    assert {name.replace("--glm-", "--") for name, _ in OPTIONS if name not in apart} <= COMMAND
