"""Cassettes of other recorders: read in every shape they come in, and played byte for byte."""

from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from mockglm.cli.convert import convert as verb
from mockglm.convert import convert, read
from mockglm.errors import FileError
from mockglm.exchange import Answer
from mockglm.scenario import load_all
from tests.serving import KEY, serving

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


def answer(path: Path, file: dict[str, Any]) -> Answer:
    path.write_text(yaml.safe_dump(file), "utf-8")
    (exchange,) = read(path).exchanges
    assert exchange.answer is not None
    return exchange.answer


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
    (exchange,) = read(path).exchanges
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
    foreign = read(path)
    assert foreign.origin == "https://open.bigmodel.cn/api/paas/v4"
    assert (foreign.at, foreign.by) == ("2026-07-10T22:17:26Z", "go-vcr")
    answer(path, vcrpy({}, {"body": {"string": BODY}}))
    assert (read(path).at, read(path).by) == ("2026-06-30T23:39:42Z", "vcrpy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("a: 1", "no `interactions`"),
        ("format: 1\ninteractions: []", "a file of mockglm already"),
        ("interactions: [{request: {uri: 'http://a/', method: GET}}]", "'response' is missing"),
        ("interactions: [!!python/object:os.system {}]", "could not determine a constructor"),
        ("interactions: [1]", "interaction 1: "),
    ],
)
def test_what_is_no_cassette_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(FileError, match=said):
        read(path)


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


def test_keys_are_left_behind(tmp_path: Path) -> None:
    secret = "0123456789abcdef0123456789abcdef.SecretSecret1234"
    body = json.dumps({"model": "glm-4.6", "user": secret})
    file = vcrpy({"headers": {"Authorization": [f"Bearer {secret}"]}, "body": body}, {})
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(file), "utf-8")
    (written,) = convert([path], tmp_path / "to").written
    assert "Secret" not in written.read_text("utf-8")


@pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="needs the recordings")
@pytest.mark.parametrize("name", SOURCES)
def test_every_recorded_exchange_is_played_byte_for_byte(tmp_path: Path, name: str) -> None:
    sources = sorted((Path(os.environ["GLM_SAMPLES"]) / name).glob("*.yaml"))
    converted = convert(sources, tmp_path)
    assert not converted.problems
    for source, path in zip(sources, converted.written, strict=True):
        exchanges = read(source).exchanges
        with serving(path) as served, httpx.Client(trust_env=False) as client:
            for exchange in exchanges:
                asked = exchange.request
                url = f"{served.host if asked.path.startswith('/api') else served.url}{asked.path}"
                headers = {"Authorization": f"Bearer {KEY}"}
                answered = client.request(
                    asked.method, url, params=asked.query, content=asked.body, headers=headers
                )
                assert exchange.answer is not None
                assert answered.status_code == exchange.answer.status
                assert answered.content == exchange.answer.body
