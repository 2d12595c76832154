"""Exchanges kept, and judged again for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockglm.cassettes import CassetteWriter
from mockglm.conformance import recordings
from mockglm.conformance.command import main
from mockglm.conformance.probes import PROBES
from mockglm.exchange import Exchange, Request, Response
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, JSON_TYPE, KEY, exchange, refusal
from tests.conformance.server import serving

NOT_KEPT = {"TRN-04", "CHK-09", "HDR-01", "AUT-06"}
"""Checks over what a cassette leaves out: headers of requests, the date of an answer."""


pytestmark = pytest.mark.usefixtures("key")


def verdicts(folder: str) -> dict[str, str]:
    report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    return {check["id"]: check["verdict"] for check in report["checks"]}


def run(broken: str = "", *arguments: str, **options: object) -> int:
    """Judge the reference, or the first mutant of a check, and keep all of it."""
    mutant = MUTANTS[broken][0] if broken else None
    changed = {mutant.probe: mutant.answer()} if mutant else {}
    with serving(lambda name: changed.get(name) or ANSWERS[name]) as (url, _):
        wanted = {"model": "glm-4.6", "record-to": "kept", "report": "live", **options}
        return main([url], wanted, arguments)


def write(path: Path, *exchanges: Exchange) -> None:
    """A cassette with these exchanges."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = CassetteWriter(
        path, origin="https://open.bigmodel.cn", at="2026-07-29T00:00:00Z", anew=True
    )
    kept.append(exchanges)
    kept.close()


def test_a_run_is_kept_as_cassettes_without_the_key() -> None:
    run("AUT-06", "-k", "AUT or SSE-05")
    names = {path.stem for path in Path("kept").glob("*.yaml")}
    assert names == {"plain", "stream", "bad-key", "no-key", "jwt", "jwt-expired"}
    for path in Path("kept").iterdir():
        text = path.read_text(encoding="utf-8")
        assert KEY not in text
        assert KEY.partition(".")[2] not in text
        assert "W" * 16 not in text
        assert text.startswith("format: 1\n")


@pytest.mark.parametrize("broken", ["", "SSE-05", "TOL-03", "RSN-05", "ERR-01", "TRN-06", "USE-02"])
def test_what_was_kept_is_judged_alike(broken: str) -> None:
    code = run(broken, failing=True)

    assert main([], {"replay-from": "kept", "report": "again"}) == code

    live, again = verdicts("live"), verdicts("again")
    assert again == live | dict.fromkeys(NOT_KEPT & live.keys(), "not_applicable")
    assert not broken or again[broken] == "fail"


def test_what_was_kept_without_limits_is_judged_alike() -> None:
    code = run("", "-k", "LIM", disruptive=True)

    again = {"replay-from": "kept", "report": "again", "disruptive": True}
    assert main([], again, ["-k", "LIM"]) == code == 0

    assert verdicts("again") == verdicts("live")
    assert len(list(Path("kept").glob("burst*.yaml"))) == 8


def test_what_was_kept_is_an_exchange_for_each_probe(tmp_path: Path) -> None:
    run("", "-k", "SSE-05 or ERR-05")
    kept = {one.name: one.exchange for one in recordings.load(tmp_path / "kept")}
    assert kept.keys() == {"plain", "stream", "bad-json"}
    assert kept["bad-json"].request.body == PROBES["bad-json"].fields
    answer = kept["stream"].response
    assert answer is not None
    assert answer.body == ANSWERS["stream"].body


def test_a_part_of_a_run_cannot_be_judged_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    run("", "-k", "SSE")
    assert main([], {"replay-from": "kept"}, ["-k", "SSE"]) == 0
    assert main([], {"replay-from": "kept"}, ["-k", "SSE or JSN or AUT"]) == 6
    output = capsys.readouterr().out
    assert "What was kept has no exchange of plain, bad-key, no-key." in output


def test_a_run_that_was_stopped_stays_one_that_could_not_be_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    poor = refusal(429, "1113", "余额不足或无可用资源包,请充值。")
    with serving(lambda name: poor) as (url, _):
        assert main([url], {"record-to": "kept"}) == 6
    assert main([], {"replay-from": "kept"}) == 6
    assert capsys.readouterr().out.count("The account is at a limit: 429") == 2


def test_recordings_are_judged_without_a_probe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = exchange("stream", MUTANTS["TOL-02"][0].answer())
    write(tmp_path / "cassettes" / "chat.yaml", exchange("stream"))
    write(tmp_path / "cassettes" / "deep" / "agent.yaml", exchange("plain"), broken)

    assert main([str(tmp_path / "cassettes" / "chat.yaml")]) == 0
    assert main([str(tmp_path / "cassettes")]) == 1

    output = capsys.readouterr().out
    assert "deep/agent-2, byte" in output
    assert "3 recorded exchanges" in output
    assert "· TRN-01…TIM-02 (38 checks): what was recorded cannot tell" in output


def test_recordings_of_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = exchange("stream", MUTANTS["CHK-06"][1].answer())
    write(tmp_path / "a" / "chat.yaml", exchange("stream"))
    write(tmp_path / "b" / "chat.yaml", exchange("stream"), broken)
    write(tmp_path / "b" / "chat-2.yaml", exchange("stream"))

    assert main(["a/chat.yaml", "b"], {"report": "out"}) == 1

    assert "b/chat.yaml#2, byte " in capsys.readouterr().out
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    (found,) = (check for check in report["checks"] if check["id"] == "CHK-06")
    names = ["a/chat.yaml", "b/chat-2.yaml", "b/chat.yaml", "b/chat.yaml#2"]
    assert sorted(found["exchanges"]) == names
    assert '"role":"user"' in found["findings"][0]["excerpt"]["text"]


@pytest.mark.parametrize("paths", [("a.yaml", "a.yaml"), (".", "a.yaml"), ("a.yaml", "./a.yaml")])
def test_a_recording_that_is_named_twice_is_wrong_usage(
    tmp_path: Path, paths: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.yaml", exchange("stream"))
    assert main(paths) == 4
    assert "a.yaml is named more than once" in capsys.readouterr().err


def test_what_is_recorded_is_not_recorded_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "rc" / "deep" / "a.yaml", exchange("stream"))
    assert main(["rc"], {"record-to": "out"}) == 4
    assert "nothing is sent, so that there is nothing to be kept" in capsys.readouterr().err


def test_what_other_paths_answer_is_no_completion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voices = Exchange(
        Request("GET", "/voice/list"), Response(200, (JSON_TYPE,), ((0.1, b"{}"),), head=0.1), 0.0
    )
    write(tmp_path / "both.yaml", voices, exchange("plain"))
    write(tmp_path / "voices.yaml", voices)

    assert main([str(tmp_path / "both.yaml")]) == 0
    assert main([str(tmp_path / "voices.yaml")]) == 4
    assert "voices.yaml holds no recorded exchange of /chat/completions" in capsys.readouterr().err


def test_a_folder_without_cassettes_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 4
    assert "holds no cassette" in capsys.readouterr().err


def test_a_file_that_is_no_cassette_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.yaml").write_text("services: {web: {}}\n", encoding="utf-8")
    assert main([str(tmp_path / "other.yaml")]) == 4
    assert "other.yaml:1:1: " in capsys.readouterr().err
