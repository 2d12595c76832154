"""Settings: options that do not fit are refused before anything is sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import trustme

from tests.conformance.commands import MODEL, check, command
from tests.conformance.endpoint import Endpoint, running_endpoint
from tests.conformance.reference import ANSWERS

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def files(key: None) -> None:
    Path("file").write_text("x", encoding="utf-8")
    Path("folder").mkdir()
    Path("bad.pem").write_text(PEM, encoding="utf-8")
    Path("bell.yaml").write_bytes(b"SSE-05: a\x07b\n")


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
        (("--baseline", "bell.yaml"), "bell.yaml:1:10: character #x0007 is not allowed"),
        (("--ca", "nowhere.pem"), "nowhere.pem has no certificates: No such file"),
        (("--ca", "bad.pem"), "bad.pem has no certificates: "),
        (("--header", "x-team"), "a header is written NAME=VALUE, not 'x-team'"),
        (("--timeout", "-1"), "--timeout and --pause are seconds, at most 86400"),
        (("--timeout", "nan"), "--timeout and --pause are seconds, at most 86400"),
        (("--pause", "inf"), "--timeout and --pause are seconds, at most 86400"),
    ],
)
def test_an_invalid_option_ends_with_4_before_a_request(
    endpoint: Endpoint,
    arguments: Sequence[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check(endpoint, *arguments) == 4
    output = capsys.readouterr()
    assert output.err.removeprefix("mockglm: ").startswith(sentence)
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert endpoint.probes == []


def test_a_url_with_a_user_ends_with_4_and_makes_no_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("check", "http://bob:hunter2@127.0.0.1:9/v4", "--report", "out") == 4
    error = capsys.readouterr().err
    assert "the URL has a user in it" in error
    assert "hunter2" not in error
    assert not Path("out").exists()


def test_a_key_that_no_header_can_carry_ends_with_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "ключ")
    assert command("check", "http://127.0.0.1:9/v4") == 4
    error = capsys.readouterr().err
    assert "the key of the environment has characters that no key has" in error
    assert "ключ" not in error


def test_recordings_are_not_recorded_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", "folder", "--record-to", "out") == 4
    assert "nothing is sent, so that there is nothing to be kept" in capsys.readouterr().err


def test_missing_folders_are_made(endpoint: Endpoint) -> None:
    new = ("--report", "a/b", "--record-to", "c/d", "--write-baseline", "e/f/known.yaml")
    assert check(endpoint, "-k", "SSE-05", *new) == 0
    assert Path("a/b/report.json").exists()
    assert Path("c/d/stream.yaml").exists()
    assert Path("e/f/known.yaml").exists()


@pytest.fixture
def encrypted() -> Iterator[Endpoint]:
    """An endpoint with a certificate by an unknown authority; `ca.pem` is the authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path("ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running_endpoint(context) as endpoint:
        yield endpoint.answer_with(ANSWERS.__getitem__)


def test_a_certificate_of_its_own_is_trusted_with_ca(
    encrypted: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("check", encrypted.url, *MODEL, "-k", "SSE-05", "--ca", "ca.pem") == 0
    assert command("check", encrypted.url, *MODEL, "-k", "SSE-05") == 6
    output = capsys.readouterr().out
    assert "CERTIFICATE_VERIFY_FAILED" in output
    assert "name it with --ca" in output
