"""The report as lines, and the parts of a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockglm.conformance.cause import because
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import Evidence, judge
from mockglm.conformance.report.document import clean, document, entry, head
from mockglm.conformance.report.excerpt import excerpt
from mockglm.conformance.report.lines import render
from mockglm.conformance.report.marks import MARKS, WORDS
from mockglm.conformance.report.matrix import load, matrix
from mockglm.conformance.report.repeat import curl
from mockglm.conformance.seen import Seen
from mockglm.errors import FileError
from mockglm.exchange import Request, Response
from mockglm.redaction import Redactor
from tests.conformance.reference import JSON_TYPE, KEY, STARTED, TARGET, exchange
from tests.conformance.report.test_page import report


def texts(*ids: str) -> list[str]:
    return [text for text, _ in render(report(*ids)[0])]


def test_a_failure_has_all_it_takes_to_mend_it() -> None:
    lines = texts("TOL-03")
    start = lines.index(
        "    ✗ TOL-03 MUST   The fragments of a call's arguments are text that joins to one "
        "JSON object."
    )
    block = [line.strip() for line in lines[start + 1 : start + 9]]
    assert block[0].startswith("tools, byte ")
    assert block[0].endswith("at $.choices[0].delta.tool_calls[0].arguments: no JSON object")
    assert block[2] == "^"
    assert block[3] == "expected: one JSON object"
    assert block[4] == 'actual:   {"city":"Beij'
    assert block[5].startswith("source: doc: docs.bigmodel.cn")
    assert block[6].startswith("repeat: curl -N http://127.0.0.1:9/api/paas/v4/chat/completions")
    assert block[7] == "next:   Send arguments as text that was JSON before it was cut."


def test_without_details_a_failure_is_one_line() -> None:
    lines = [text for text, _ in render(report("TOL-03")[0], details=False)]
    assert sum("TOL-03" in line for line in lines) == 1
    assert not any("curl" in line for line in lines)


def test_a_note_is_told_though_it_passes() -> None:
    assert "        note: the unknown key service_tier: default" in texts("CHK-11")


def test_the_root_cause_is_told_once() -> None:
    cause = because("key", "The key was refused: 401 no.")
    unsent = {name: f"{name} was not sent: {cause.message}" for name in ("stream", "plain")}
    nothing = Evidence({}, TARGET.profile, unsent=unsent, cause=cause)
    entries = [entry(judge(CHECKS[id], nothing), {}, "") for id in ("SSE-01", "SSE-02", "CHK-01")]
    told = document(head(target="a", model="b", started=0.0, cause=cause), entries)
    lines = [text for text, _ in render(told)]
    assert sum("The key was refused" in line for line in lines) == 1
    assert "    – SSE-01, SSE-02, CHK-01: see below" in lines


def test_the_caret_stands_under_the_byte_however_wide_the_text() -> None:
    body = '{"error":{"message":"模型不存在","code":1211}}'.encode()
    seen = Seen("bad-model", exchange("bad-model", Response(400, (JSON_TYPE,), ((0.1, body),))))
    shown = excerpt(seen, body.index(b'"code"'))
    assert shown.text[shown.column :].startswith('"code"')
    assert shown.text[: shown.column].endswith('模型不存在",')


def test_an_excerpt_shows_what_cannot_be_printed() -> None:
    body = b"data: a\x00b\xff c\n\n"
    seen = Seen("stream", exchange("stream", Response(200, (), ((0.1, body),))))
    assert excerpt(seen, 6).text == "data: a\\x00b\\xff c"


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (
            Request("POST", "/chat/completions", "", (("authorization", "Bearer x"),), b"{'a'}"),
            'curl -N http://a/v4/chat/completions -H "Authorization: Bearer $ZAI_API_KEY" '
            "-H 'Content-Type: application/json' -d '{'\"'\"'a'\"'\"'}'",
        ),
        (Request("GET", "/models", "a=1"), "curl -N 'http://a/v4/models?a=1' -X GET"),
    ],
)
def test_a_request_can_be_repeated(request_: Request, command: str) -> None:
    assert curl("http://a/v4/", request_) == command


def test_no_secret_is_left_in_a_document() -> None:
    told = {"a": [f"Bearer {KEY}", 1, None], "b": {"c": KEY}}
    assert KEY not in json.dumps(clean(told, Redactor([KEY])))


def test_reports_stand_side_by_side(tmp_path: Path) -> None:
    paths = []
    for number, ids in enumerate(((), ("SSE-05",))):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(report(*ids)[0]), encoding="utf-8")
        paths.append(path)

    lines = list(matrix(load(paths)))

    assert lines[0].count("http://127.0.0.1:9/api/paas/v4 glm-4.6") == 2
    assert "| SSE-05 MUST | Each event is one JSON object or [DONE]. | ✓ | ✗ |" in lines
    assert any(line.endswith("more checks passed everywhere.") for line in lines)


def test_what_is_no_report_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":\n]', encoding="utf-8")
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    paths = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    with pytest.raises(FileError) as caught:
        load(paths)
    assert [problem.line for problem in caught.value.problems] == [2, 1, 1]
    assert "is not a report (mockglm.report/1)" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"schema": "mockglm.report/1"}', "1:1: is not a report (mockglm.report/1)"),
        (b"\xff", "1:1: is not JSON: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "1:1: is not JSON: "),
        (
            b'{"schema": "mockglm.report/1", "target": "", "model": "", "checks": [{"id": "A"}]}',
            "1:1: is a report whose checks are not whole",
        ),
    ],
)
def test_a_report_that_is_not_whole_is_told(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(FileError) as caught:
        load([tmp_path / "a.json"])
    assert str(caught.value).startswith(f"{tmp_path}/a.json:{sentence}")


def test_a_table_in_markdown_shows_every_character_and_explains_every_mark() -> None:
    one, other = report("RSN-04", "ERR-10")[0], report()[0]
    other["checks"] = [{**check, "verdict": "of tomorrow"} for check in other["checks"]]
    lines = list(matrix([one, {**other, "target": "a|<b>"}]))
    assert "| RSN-04 MUST | The content holds no &lt;think> tag. | ✗ | ¿ |" in lines
    assert "a&#124;&lt;b>" in lines[0]
    assert all(f"{mark} {WORDS[verdict]}" in lines[-1] for verdict, mark in MARKS.items())
    assert len(set(MARKS.values())) == len(MARKS)


def test_a_bug_of_the_kit_is_told() -> None:
    told = report("SSE-05")[0]
    for check in told["checks"]:
        check.update(verdict="error" if check["id"] == "SSE-01" else check["verdict"], cause="Oh")
    lines = [text for text, _ in render(told)]
    assert lines[lines.index(next(line for line in lines if "? SSE-01 " in line)) + 1].endswith(
        "Oh"
    )


def test_the_document_keeps_its_keys() -> None:
    told = report("SSE-05")[0]
    assert told.keys() >= {
        "schema", "tool", "set", "started", "target", "model", "requests", "tokens", "summary",
        "checks",
    }  # fmt: skip
    assert told["schema"] == "mockglm.report/1"
    assert told["started"] == STARTED
    assert sum(told["summary"].values()) == len(CHECKS)
