"""Exchanges kept, and judged again for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from mockglm import cassette
from mockglm.conformance.command import main
from mockglm.conformance.keys import NAMES
from mockglm.exchange import Exchange
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, KEY, exchange
from tests.conformance.server import serving


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def verdicts(folder: Path) -> dict[str, str]:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {check["id"]: check["verdict"] for check in report["checks"]}


def reading(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Exchange]) -> None:
    """Have a cassette of a name hold that exchange."""

    def read(path: Path) -> Iterable[Exchange]:
        return [kept[path.stem]]

    monkeypatch.setattr(cassette, "read", read, raising=False)


def test_a_run_is_kept_as_cassettes_without_the_key(tmp_path: Path) -> None:
    mutant = MUTANTS["AUT-06"][0]
    echo = mutant.answer()
    with serving(lambda name: echo if name == mutant.probe else ANSWERS[name]) as (url, _):
        main([url], {"model": "glm-4.6", "record-to": tmp_path / "kept"}, ["-k", "AUT or SSE-05"])
    names = {path.stem for path in (tmp_path / "kept").glob("*.yaml")}
    assert names == {"plain", "stream", "bad-key", "no-key", "jwt", "jwt-expired"}
    for path in (tmp_path / "kept").iterdir():
        text = path.read_text(encoding="utf-8")
        assert KEY not in text
        assert "W" * 16 not in text
        assert text.startswith("format: 1\n")


def test_what_was_kept_is_judged_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = MUTANTS["SSE-05"][0].answer()
    with serving(lambda name: broken if name == "stream" else ANSWERS[name]) as (url, _):
        main([url], {"model": "glm-4.6", "record-to": "kept", "report": "live"})
    reading(monkeypatch, {name: exchange(name, broken if name == "stream" else None)
                          for name in ANSWERS})  # fmt: skip

    assert main([], {"replay-from": "kept", "report": "again"}) == 1

    live, again = verdicts(tmp_path / "live"), verdicts(tmp_path / "again")
    differing = {id for id in live if live[id] != again[id]}
    assert {again[id] for id in differing} <= {"not_applicable"}
    assert again["SSE-05"] == "fail"


def test_recordings_are_judged_without_a_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = exchange("stream", MUTANTS["TOL-02"][0].answer())
    reading(monkeypatch, {"chat": exchange("stream"), "agent": broken})
    for name in ("chat", "agent"):
        (tmp_path / "cassettes").mkdir(exist_ok=True)
        (tmp_path / "cassettes" / f"{name}.yaml").touch()

    assert main([str(tmp_path / "cassettes" / "chat.yaml")]) == 0
    assert main([str(tmp_path / "cassettes")]) == 1

    output = capsys.readouterr().out
    assert "agent, byte" in output
    assert "0 requests" in output


def test_a_folder_without_cassettes_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading(monkeypatch, {})
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 4
    assert "holds no cassette" in capsys.readouterr().err


def test_what_cannot_be_read_yet_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(cassette, "read", raising=False)
    assert main([str(tmp_path)]) == 4
    assert "reading cassettes is still to come" in capsys.readouterr().err
