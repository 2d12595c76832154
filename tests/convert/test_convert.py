"""Cassettes of other recorders: read in every shape they come in, and played byte for byte."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from mockglm.cli.convert import convert_command as verb
from mockglm.convert import convert, read_foreign
from mockglm.errors import FileError, UsageError
from mockglm.exchange import Response
from mockglm.lint import LintLimits, lint_files
from mockglm.scenarios import load, load_all
from tests.serving import KEY, serving

READING = import_module("mockglm.convert.reader")
"""The module, whose name in its package is the function's."""

SOURCES = ("fantasy", "go-z-ai-cassettes", "pydantic-ai")
BODY = '{"id":"1","created":1782862782,"choices":[]}'
URL = "https://open.bigmodel.cn/api/paas/v4/chat/completions"


def vcrpy(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """A cassette of vcrpy."""
    asked = {"method": "POST", "uri": URL, "headers": {}, "body": '{"model":"glm-4.6"}'} | request
    answered = {"status": {"code": 200, "message": "OK"}, "headers": {}} | response
    return {"version": 1, "interactions": [{"request": asked, "response": answered}]}


def go_vcr(version: int, response: dict[str, Any]) -> dict[str, Any]:
    """A cassette of go-vcr."""
    asked = {"body": '{"model":"glm-4.6"}', "headers": {}, "method": "POST", "url": URL}
    answered: dict[str, Any] = {
        "headers": {"Content-Type": ["application/json"]},
        "status": "200 OK",
    }
    answered |= {"code": 200, "body": BODY} | response
    return {"version": version, "interactions": [{"request": asked, "response": answered}]}


def answer(path: Path, file: dict[str, Any]) -> Response:
    path.write_text(yaml.safe_dump(file), "utf-8")
    (exchange,) = read_foreign(path).exchanges
    assert exchange.response is not None
    return exchange.response


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, {"string": BODY}),
        ({}, {"string": BODY.encode()}),
        ({}, {"base64_string": base64.b64encode(BODY.encode()).decode()}),
        ({}, BODY),
        ({"content-encoding": ["gzip"]}, {"string": gzip.compress(BODY.encode())}),
        ({"content-encoding": ["gzip"]}, {"string": BODY}),
        ({"Content-Encoding": ["br"]}, {"string": BODY}),
    ],
)
def test_a_body_of_vcrpy_is_read_in_every_shape(
    tmp_path: Path, headers: dict[str, Any], body: object
) -> None:
    file = vcrpy({}, {"headers": headers, "body": body})
    assert answer(tmp_path / "a.yaml", file).body == BODY.encode()


def test_json_that_was_kept_parsed_is_written_compact(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    file = vcrpy({"parsed_body": {"b": 1, "a": "你"}}, {"parsed_body": {"id": "1", "n": None}})
    assert answer(path, file).body == b'{"id":"1","n":null}'
    (exchange,) = read_foreign(path).exchanges
    assert json.loads(exchange.request.body) == {"b": 1, "a": "你"}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("duration", "at"),
    [("1.116786417s", 1.117), ("350ms", 0.35), ("1m3.5s", 63.5), ("", 0.0), (1_500_000_000, 1.5)],
)
def test_both_versions_of_go_vcr_are_read_with_their_time(
    tmp_path: Path, version: int, duration: object, at: float
) -> None:
    found = answer(tmp_path / "a.yaml", go_vcr(version, {"duration": duration}))
    assert (found.status, found.body, found.head) == (200, BODY.encode(), at)
    assert found.header("content-type") == "application/json"


def test_where_and_when_it_was_recorded_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    answer(path, go_vcr(2, {"headers": {"Date": ["Fri, 10 Jul 2026 22:17:26 GMT"]}}))
    foreign = read_foreign(path)
    assert foreign.origin == "https://open.bigmodel.cn/api/paas/v4"
    assert (foreign.at, foreign.by) == ("2026-07-10T22:17:26Z", "go-vcr")
    answer(path, vcrpy({}, {"body": {"string": BODY}}))
    assert (read_foreign(path).at, read_foreign(path).by) == ("2026-06-30T23:39:42Z", "vcrpy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "a.yaml:2:1: while parsing a flow node"),
        ("interactions: &x [*x]", r"aliases \(`\*name`\) make this too large"),
        ("interactions: " + "[" * 5_000, "1:113: nested more than 100 deep"),
        ("interactions: [!!int '']", "IndexError"),
        (
            "interactions: [{request: {uri: 'http://a/', method: GET}, "
            "response: {status: {code: .inf}}}]",
            "interaction 1: cannot convert float infinity to integer",
        ),
        ("a: 1", "no `interactions`"),
        ("format: 1\ninteractions: []", "a file of mockglm already"),
        ("interactions: [{request: {uri: 'http://a/', method: GET}}]", "'response' is missing"),
        ("interactions: [!!python/object:os.system {}]", "could not determine a constructor"),
        ("interactions: [1]", "interaction 1: "),
    ],
)
def test_a_file_that_is_no_cassette_is_reported(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(FileError, match=said):
        read_foreign(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_foreign(tmp_path / "a.yaml")


def test_an_impossible_status_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("HTTP/1.1 999 What\n\n{}", "utf-8")
    (problem,) = convert([tmp_path / "a.txt"], tmp_path / "to").problems
    assert str(problem) == f"{tmp_path / 'a.txt'}:1:1: 999 is no status of HTTP"


def test_one_that_cannot_be_read_does_not_keep_the_others(tmp_path: Path) -> None:
    source, to = tmp_path / "from", tmp_path / "to"
    (source / "b").mkdir(parents=True)
    answer(source / "Test Chat.yaml", vcrpy({}, {"body": {"string": BODY}}))
    answer(source / "b" / "test-chat.yaml", vcrpy({}, {"body": {"string": BODY}}))
    (source / "wrong.yaml").write_text("a: 1", "utf-8")
    ended = CliRunner().invoke(verb, [str(source), "--to", str(to)])
    assert ended.exit_code == 1
    assert "wrong.yaml:1:1: neither a cassette of vcrpy nor of go-vcr" in ended.output
    assert sorted(path.name for path in to.iterdir()) == ["b-test-chat.yaml", "test-chat.yaml"]
    load_all([to])


def test_an_unknown_content_coding_is_reported(tmp_path: Path) -> None:
    brotli = base64.b64decode("iw+AaGVsbG8gd29ybGQgaGVsbG8gd29ybGQD")
    file = vcrpy({}, {"headers": {"Content-Encoding": ["br"]}, "body": {"string": brotli}})
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(file), "utf-8")
    done = convert([tmp_path / "a.yaml"], tmp_path / "to")
    assert [problem.message for problem in done.problems] == [
        "interaction 1: the body is encoded in br: record it without"
    ]
    assert done.written == ()


def test_codings_are_undone_in_their_order(tmp_path: Path) -> None:
    packed = gzip.compress(zlib.compress(BODY.encode()))
    file = vcrpy(
        {}, {"headers": {"content-encoding": ["deflate, gzip"]}, "body": {"string": packed}}
    )
    assert answer(tmp_path / "a.yaml", file).body == BODY.encode()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_grows_beyond_the_bound_is_refused(
    tmp_path: Path, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(READING, "LARGEST_BODY", 2**20)
    pack = gzip.compress if coding == "gzip" else zlib.compress
    path = tmp_path / "a.yaml"
    response = {"headers": {"content-encoding": [coding]}, "body": {"string": pack(b" " * 2**20)}}
    assert len(answer(path, vcrpy({}, response)).body) == 2**20
    response["body"] = {"string": pack(b" " * (2**20 + 1))}
    message = f"interaction 1: the body is larger than 1 MiB without its {coding}"
    with pytest.raises(FileError, match=message):
        answer(path, vcrpy({}, response))


def test_bodies_that_grow_beyond_the_bound_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(READING, "LARGEST_BODIES", 3 * 2**20)
    body = {"string": gzip.compress(b" " * 2**20)}
    file = vcrpy({}, {"headers": {"content-encoding": ["gzip"]}, "body": body})
    file["interactions"] *= 4
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(file), "utf-8")
    with pytest.raises(FileError, match="the bodies are larger than 3 MiB together"):
        read_foreign(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_and_circular_links_are_reported_without_a_traceback(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    os.mkfifo(source / "pipe.yaml")
    (source / "circle.yaml").symlink_to(source / "circle.yaml")
    (source / "laughs.yaml").write_text("interactions: &x [*x]", "utf-8")
    result = CliRunner().invoke(verb, [str(source), "--to", str(tmp_path / "to")])
    assert result.exit_code == 1
    assert [line.removeprefix(f"{source}/") for line in result.output.splitlines()] == [
        "circle.yaml:1:1: cannot be read: Too many levels of symbolic links",
        "laughs.yaml:1:15: aliases (`*name`) make this too large",
        "pipe.yaml:1:1: cannot be read: not a regular file",
    ]


def test_a_source_is_never_written_over(tmp_path: Path) -> None:
    source = tmp_path / "a.yaml"
    answer(source, vcrpy({}, {"body": {"string": BODY}}))
    (tmp_path / "b.sse").write_text(STREAM, "utf-8")
    before = source.read_bytes()
    ended = CliRunner().invoke(verb, [str(tmp_path), "--to", str(tmp_path / ".")])
    assert ended.exit_code == 1
    assert f"{source}:1:1: {source} would be written over, which is to be read" in ended.output
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.sse", "b.yaml"]


def test_a_dry_run_lists_the_files(tmp_path: Path) -> None:
    for name in ("a.sse", "b.sse"):
        (tmp_path / name).write_text(STREAM, "utf-8")
    to = tmp_path / "to"
    command = [str(tmp_path), "--to", str(to), "--dry-run"]
    ended = CliRunner().invoke(verb, command)
    assert (ended.exit_code, to.exists()) == (0, False)
    assert ended.output == f"{to / 'a.yaml'} would be written\n{to / 'b.yaml'} would be written\n"
    to.mkdir()
    (to / "b.yaml").write_text("mine", "utf-8")
    ended = CliRunner().invoke(verb, command)
    assert ended.output.splitlines()[1] == f"{to / 'b.yaml'} would be written over"
    assert (to / "b.yaml").read_text("utf-8") == "mine"
    found = json.loads(CliRunner().invoke(verb, [*command, "--json"]).output)
    assert found["schema"] == "mockglm.convert/1"
    assert [one["path"] for one in found["written"]] == [str(to / f"{name}.yaml") for name in "ab"]
    assert found["problems"] == []


@pytest.mark.parametrize("to", ["from/to", "."], ids=["below", "above"])
def test_written_cassettes_are_not_converted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("from").mkdir()
    answer(Path("from/a.yaml"), vcrpy({}, {"body": {"string": BODY}}))
    for _ in range(2):
        assert convert([Path("from")], Path(to)).problems == ()
    assert len(load(Path(to, "a.yaml")).interactions) == 1


def test_a_folder_that_cannot_be_made_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_text(STREAM, "utf-8")
    with pytest.raises(UsageError, match="cannot be made"):
        convert([tmp_path / "a.sse"], tmp_path / "a.sse" / "to")


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_a_key_of_any_shape_is_left_behind_where_a_header_has_it(
    tmp_path: Path, header: str
) -> None:
    headers = {header: ["Bearer sk-live-abcdef123456789"]}
    body = {"string": '{"error":{"message":"no key sk-live-abcdef123456789"}}'}
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(vcrpy({"headers": headers}, {"body": body})), "utf-8")
    (written,) = convert([path], tmp_path / "to").written
    text = written.read_text("utf-8")
    assert "sk-live" not in text
    assert "no key REDACTED" in text


def test_keys_are_left_behind(tmp_path: Path) -> None:
    secret = "0123456789abcdef0123456789abcdef.SecretSecret1234"
    body = json.dumps({"model": "glm-4.6", "user": secret})
    file = vcrpy({"headers": {"Authorization": [f"Bearer {secret}"]}, "body": body}, {})
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(file), "utf-8")
    (written,) = convert([path], tmp_path / "to").written
    assert "Secret" not in written.read_text("utf-8")


FRAME = 'data: {"id":"1","created":1782862782,"choices":[]}\n\n'
STREAM = f"{FRAME}data: [DONE]\n\n"
ERROR = '{"error":{"code":"1302","message":"…"}}'
PLAIN = '{"id":"1","created":1782862782,"choices":[]}\n'
GATEWAY = '{"code":1001,"msg":"…","success":false}'
STREAM_TYPE = "text/event-stream;charset=UTF-8"
JSON_TYPE = "application/json; charset=UTF-8"
HEAD = "HTTP/2 429 \r\ncontent-type: text/html\r\ndate: Fri, 10 Jul 2026 22:17:26 GMT\r\n\r\n"
PROXY = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "saved", "expected"),
    [
        ("a.sse", STREAM, (200, STREAM_TYPE, STREAM, "done")),
        ("a.txt", STREAM.rstrip(), (200, STREAM_TYPE, STREAM.rstrip(), "done")),
        ("a.sse", FRAME, (200, STREAM_TYPE, FRAME, "done")),
        ("a.sse", f": ping\r\n\r\n{STREAM}", (200, STREAM_TYPE, f": ping\r\n\r\n{STREAM}", "done")),
        ("a.json", PLAIN, (200, JSON_TYPE, PLAIN, "done")),
        ("a.txt", PLAIN, (200, JSON_TYPE, PLAIN, "done")),
        ("a.json", ERROR, (429, JSON_TYPE, ERROR, "done")),
        ("a.json", GATEWAY, (401, JSON_TYPE, GATEWAY, "done")),
        ("a.json", HEAD + ERROR, (429, "text/html", ERROR, "done")),
        ("a.txt", f"{PROXY}{HEAD}<html>\n", (429, "text/html", "<html>\n", "done")),
        ("a.txt", HEAD, (429, "text/html", "", "done")),
    ],
)
def test_a_body_saved_by_curl_answers_any_request(
    tmp_path: Path, name: str, saved: str, expected: tuple[int, str, str, str]
) -> None:
    (tmp_path / name).write_bytes(saved.encode())
    (written,) = convert([tmp_path / name], tmp_path / "to").written
    (interaction,) = load(written).interactions
    found = interaction.steps[0].response
    assert found is not None
    assert (found.status, found.header("content-type"), found.body.decode(), found.end) == expected
    assert interaction.request is None
    assert lint_files([written], LintLimits(now=0)) == ()
    with serving(written) as served:
        answered = served.ask("随便什么", stream=found.is_stream)
        assert (answered.status_code, answered.text) == (expected[0], expected[2])


def test_a_saved_stream_that_broke_off_is_marked(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_text(FRAME + FRAME[:20], "utf-8")
    (written,) = convert([tmp_path / "a.sse"], tmp_path / "to").written
    assert written.read_text("utf-8").endswith("    cut: true\n")
    with serving(written) as served, pytest.raises(httpx.RemoteProtocolError):
        served.ask("你好", stream=True)


def test_the_time_of_a_saved_body_comes_from_its_date(tmp_path: Path) -> None:
    for saved, at in (
        (STREAM, "2026-06-30T23:39:42Z"),
        (HEAD, "2026-07-10T22:17:26Z"),
        (ERROR, ""),
    ):
        (tmp_path / "a.json").write_text(saved, "utf-8")
        assert read_foreign(tmp_path / "a.json").at == at


def test_a_saved_body_that_is_packed_is_unpacked(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    (tmp_path / "a.txt").write_bytes(head + gzip.compress(PLAIN.encode()))
    assert read_foreign(tmp_path / "a.txt").answers[0].body == PLAIN.encode()


@pytest.mark.parametrize(
    ("name", "saved", "said"),
    [
        ("a.txt", "requests==2.0\n", "neither a stream nor JSON: .*save it with `curl -i`"),
        ("a.json", '{"choices":[', "neither a stream nor JSON"),
        ("a.json", '{"name": "mine"}', "neither a cassette nor an answer of a chat"),
        ("a.json", "[1]", "neither a cassette nor an answer of a chat"),
        ("a.json", '{"error":{"code":"9"}}', "which status 9 comes with is not known"),
        (
            "a.json",
            '{"code":500,"msg":"404 NOT_FOUND"}',
            "which status 500 comes with is not known",
        ),
    ],
)
def test_a_saved_body_that_is_no_response_is_reported(
    tmp_path: Path, name: str, saved: str, said: str
) -> None:
    (tmp_path / name).write_text(saved, "utf-8")
    with pytest.raises(FileError, match=said):
        read_foreign(tmp_path / name)


def test_keys_in_a_saved_body_are_left_behind(tmp_path: Path) -> None:
    secret = "0123456789abcdef0123456789abcdef.SecretSecret1234"
    (tmp_path / "a.sse").write_text(f"data: {secret}\n\n", "utf-8")
    (written,) = convert([tmp_path], tmp_path / "to").written
    assert "Secret" not in written.read_text("utf-8")


def test_of_a_folder_texts_are_not_taken_for_answers(tmp_path: Path) -> None:
    for name in ("a.sse", "b.json", "README.txt"):
        (tmp_path / name).write_text(PLAIN, "utf-8")
    written = convert([tmp_path], tmp_path / "to").written
    assert [path.name for path in written] == ["a.yaml", "b.yaml"]


@pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="needs the recordings")
def test_every_saved_stream_is_played_byte_for_byte(tmp_path: Path) -> None:
    sources = sorted((Path(os.environ["GLM_SAMPLES"]) / "loose").glob("*.sse"))
    converted = convert(sources, tmp_path)
    assert len(converted.written) == len(sources) > 0
    for source, path in zip(sources, converted.written, strict=True):
        with serving(path) as served:
            assert served.ask("你好", stream=True).content == source.read_bytes()


@pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="needs the recordings")
@pytest.mark.parametrize("name", SOURCES)
def test_every_recorded_exchange_is_played_byte_for_byte(tmp_path: Path, name: str) -> None:
    sources = sorted((Path(os.environ["GLM_SAMPLES"]) / name).glob("*.yaml"))
    converted = convert(sources, tmp_path)
    assert not converted.problems
    for source, path in zip(sources, converted.written, strict=True):
        exchanges = read_foreign(source).exchanges
        with serving(path) as served, httpx.Client(trust_env=False) as client:
            for exchange in exchanges:
                asked = exchange.request
                url = f"{served.host if asked.path.startswith('/api') else served.url}{asked.path}"
                headers = {"Authorization": f"Bearer {KEY}"}
                answered = client.request(
                    asked.method, url, params=asked.query, content=asked.body, headers=headers
                )
                assert exchange.response is not None
                assert answered.status_code == exchange.response.status
                assert answered.content == exchange.response.body
