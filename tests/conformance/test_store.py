"""The store: cassettes of a run, and recordings read for judging."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.cassettes import CassetteWriter
from mockglm.conformance.probes import PROBES
from mockglm.conformance.store import load_exchanges
from mockglm.exchange import Exchange, Request, Response
from tests.conformance.commands import check, command, read_report
from tests.conformance.endpoint import Endpoint
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, JSON_TYPE, KEY, exchange

pytestmark = pytest.mark.usefixtures("key")


def write(path: str, *exchanges: Exchange) -> None:
    """A cassette with these exchanges."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = CassetteWriter(
        file, origin="https://open.bigmodel.cn", at="2026-07-29T00:00:00Z", overwrite=True
    )
    kept.append(exchanges)
    kept.close()


def test_cassettes_of_a_run_have_no_key(endpoint: Endpoint) -> None:
    mutant = MUTANTS["AUT-06"][0]
    endpoint.answer_with(lambda name: mutant.answer() if name == mutant.probe else ANSWERS[name])
    check(endpoint, "-k", "AUT or SSE-05", "--record-to", "kept")
    names = {path.stem for path in Path("kept").glob("*.yaml")}
    assert names == {"plain", "stream", "bad-key", "no-key", "jwt", "jwt-expired"}
    for path in Path("kept").iterdir():
        text = path.read_text(encoding="utf-8")
        assert KEY not in text
        assert KEY.partition(".")[2] not in text
        assert "W" * 16 not in text
        assert text.startswith("format: 1\n")


def test_a_kept_exchange_has_the_bytes_of_its_probe(endpoint: Endpoint) -> None:
    check(endpoint, "-k", "SSE-05 or ERR-05", "--record-to", "kept")
    kept = {stored.name: stored.exchange for stored in load_exchanges(Path("kept"))}
    assert kept.keys() == {"plain", "stream", "bad-json"}
    assert kept["bad-json"].request.body == PROBES["bad-json"].fields
    answer = kept["stream"].response
    assert answer is not None
    assert answer.body == ANSWERS["stream"].body


def test_recordings_are_judged_without_a_probe(capsys: pytest.CaptureFixture[str]) -> None:
    broken = exchange("stream", MUTANTS["TOL-02"][0].answer())
    write("cassettes/chat.yaml", exchange("stream"))
    write("cassettes/deep/agent.yaml", exchange("plain"), broken)

    assert command("check", "cassettes/chat.yaml") == 0
    assert command("check", "cassettes", "--report", "out") == 1

    output = capsys.readouterr().out
    assert "deep/agent-2, byte" in output
    assert "3 recorded exchanges" in output
    assert "· TRN-01…TIM-02 (38 checks): needs a live endpoint" in output
    assert not Path("out/exchanges").exists()


def test_recordings_with_the_same_name_are_named_by_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = exchange("stream", MUTANTS["CHK-06"][1].answer())
    write("a/chat.yaml", exchange("stream"))
    write("b/chat.yaml", exchange("stream"), broken)
    write("b/chat-2.yaml", exchange("stream"))

    assert command("check", "a/chat.yaml", "b", "--report", "out") == 1

    assert "b/chat.yaml#2, byte " in capsys.readouterr().out
    (found,) = (check for check in read_report()["checks"] if check["id"] == "CHK-06")
    names = ["a/chat.yaml", "b/chat-2.yaml", "b/chat.yaml", "b/chat.yaml#2"]
    assert sorted(found["exchanges"]) == names
    assert '"role":"user"' in found["findings"][0]["excerpt"]["text"]


@pytest.mark.parametrize("paths", [("a.yaml", "a.yaml"), (".", "a.yaml"), ("a.yaml", "./a.yaml")])
def test_a_recording_named_twice_ends_with_4(
    paths: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write("a.yaml", exchange("stream"))
    assert command("check", *paths) == 4
    assert "a.yaml is named more than once" in capsys.readouterr().err


def test_exchanges_of_other_paths_are_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    voices = Exchange(
        Request("GET", "/voice/list"), Response(200, (JSON_TYPE,), ((0.1, b"{}"),), head=0.1), 0.0
    )
    write("both.yaml", voices, exchange("plain"))
    write("voices.yaml", voices)

    assert command("check", "both.yaml") == 0
    assert command("check", "voices.yaml") == 4
    assert "voices.yaml holds no recorded exchange of /chat/completions" in capsys.readouterr().err


def test_a_folder_without_cassettes_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert command("check", "empty") == 4
    assert capsys.readouterr().err == "mockglm: empty holds no cassette\n"


def test_a_file_that_is_not_a_cassette_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.yaml").write_text("services: {web: {}}\n", encoding="utf-8")
    assert command("check", "other.yaml") == 4
    assert capsys.readouterr().err.startswith("other.yaml:1:1: ")
