"""The verbs `scenarios`, `explain` and `schema`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mockglm.scenarios import shipped_scenarios
from tests.cli.commands import ASK, run
from tests.conformance.commands import command


def test_faults_are_listed_with_effects_checks_and_links() -> None:
    rows = json.loads(run("faults", "--json").stdout)
    lines = run("faults").stdout.splitlines()
    for row in rows:
        head = next(number for number, line in enumerate(lines) if line.split()[0] == row["name"])
        assert lines[head].endswith(row["about"])
        breaks, caught, *links = lines[head + 1 : head + 3 + len(row["seen"])]
        assert breaks == f"    breaks: {row['breaks']}"
        check = row["caught_by"]
        assert caught.startswith(f"    caught by: {check}" if check else "    caught by no check: ")
        assert links == [f"    seen: {link}" for link in row["seen"]]


def test_scenarios_are_listed_and_copied(tmp_path: Path) -> None:
    listed = json.loads(run("scenarios", "--json").stdout)
    assert {row["name"] for row in listed} == set(shipped_scenarios())
    assert run("scenarios", "--copy", "hello", cwd=tmp_path).stdout == "copied to hello.yaml\n"
    assert (tmp_path / "hello.yaml").read_bytes() == shipped_scenarios()["hello"].read_bytes()
    again = run("scenarios", "--copy", "hello", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "mockglm: hello.yaml already exists\n")


def test_explain_prints_the_interaction_and_exits_with_1_if_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "weather.yaml"
    path.write_text("format: 1\ninteractions: [{when: {user: 天气}, reply: {content: 晴}}]\n")
    for text, status in (("天气", 0), ("你好", 1)):
        request = tmp_path / "request.json"
        asked = {**ASK, "messages": [{"role": "user", "content": text}]}
        request.write_text(json.dumps(asked), "utf-8")
        done = run("explain", path, "--request", request)
        assert (done.returncode, done.stderr) == (status, "")
        assert "weather.yaml:2" in done.stdout
    done = run("explain", path, "--request", request, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["source"]) == (1, "miss")
    (compared,) = found["interactions"]
    assert (compared["location"], compared["verdict"]) == ("weather.yaml:2", "differs")


def test_explain_takes_a_request_of_the_anthropic_surface(tmp_path: Path) -> None:
    path, request = tmp_path / "weather.yaml", tmp_path / "request.json"
    path.write_text(
        "format: 1\n"
        "interactions:\n"
        "  - when: {surface: chat}\n"
        "    reply: {content: 晴}\n"
        "  - when: {surface: anthropic, user: 天气}\n"
        "    reply: {content: 晴}\n",
        "utf-8",
    )
    block = {"type": "text", "text": "天气"}
    asked = {**ASK, "max_tokens": 5, "messages": [{"role": "user", "content": [block]}]}
    request.write_text(json.dumps(asked), "utf-8")
    done = run("explain", path, "--request", request, "--path", "/v1/messages")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("weather.yaml:5 answers: 200 stop")
    assert 'weather.yaml:3 surface: expected "chat", got "anthropic"' in done.stdout
    refused = run("explain", path, "--request", os.devnull, "--path", "/v1/messages")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert refused.stdout.startswith("refused: 422 422")


def test_explain_takes_a_request_of_any_endpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, request = tmp_path / "two.yaml", tmp_path / "request.json"
    path.write_text(
        "format: 1\n"
        "interactions:\n"
        "  - reply: {content: any}\n"
        "  - when: {path: /embeddings, model: embedding-3}\n"
        "    response: {json: {object: list}}\n",
        "utf-8",
    )
    request.write_text('{"model": "embedding-3", "input": "a"}', "utf-8")
    chosen = ("explain", str(path), "--request", str(request), "--path")
    assert command(*chosen, "/embeddings") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "two.yaml:4 answers: 200"
    assert second == "two.yaml:3 path: expected that of conversations, got /embeddings"
    quota = ("--method", "GET", "--path", "/api/monitor/usage/quota/limit")
    assert command("explain", str(path), *quota) == 1
    answer, *others = capsys.readouterr().out.splitlines()
    assert answer == "gateway: 200"
    assert 'expected "/embeddings", got "/api/monitor' in others[1]
    assert command(*chosen, "/nothing") == 1
    assert capsys.readouterr().out.startswith("gateway: 404")
    assert command("explain", str(path)) == 2
    assert "a POST has a body: give --request FILE" in capsys.readouterr().err


def test_explain_sends_an_accepted_key_and_the_given_headers(tmp_path: Path) -> None:
    path, request = tmp_path / "house.yaml", tmp_path / "request.json"
    path.write_text(
        "format: 1\n"
        "keys: listed\n"
        "accounts: [{key: one.secret}, {key: two.secret}]\n"
        "interactions:\n"
        "  - when: {header: {x-team: red}}\n"
        "    reply: {content: red}\n"
        "  - when: {key: two.secret}\n"
        "    reply: {content: two}\n",
        "utf-8",
    )
    request.write_text(json.dumps(ASK), "utf-8")
    for header, source in (
        ("X-Team: red", "house.yaml:5 answers"),
        ("Authorization: Bearer two.secret", "house.yaml:7 answers"),
        ("Authorization: Bearer three.secret", "refused: 401"),
        ("X-Team: blue", "miss: 422"),
    ):
        done = run("explain", path, "--request", request, "--header", header)
        assert source in done.stdout.splitlines()[0]
        assert (done.returncode, done.stderr) == (int("answers" not in source), "")
    wrong = run("explain", path, "--request", request, "--header", "red")
    told = "mockglm: 'red' is not a header; expected 'NAME: VALUE'\n"
    assert (wrong.returncode, wrong.stderr) == (2, told)


def test_schema_prints_a_valid_json_schema() -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(run("schema").stdout)
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    assert judge.is_valid({"format": 1, "interactions": [{"reply": {"content": "x"}}]})
    assert not judge.is_valid({"format": 1, "interactions": [{"reply": {"contnt": "x"}}]})
