"""The control API about single exchanges: explained, written as code and files, sent again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mockglm.app import App
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.programs import needs_curl
from tests.serving import KEY, Served, serving

FILE = """
format: 1
interactions:
  - when: {user: sunny, model: glm-4.5}
    reply: {content: wrong model}
  - when: {user: sunny, stream: true}
    reply: {reasoning: Look out., content: It is sunny., pace: {first: 0.001, every: 0.001}}
  - when: {user: sunny}
    reply: {content: It is sunny.}
  - when: {user: call, header: {x-api-token: secret-value-of-a-header}}
    reply: {tool_calls: [{name: look, arguments: {where: out}}]}
  - when: {user: call}
    reply: {tool_calls: [{name: look, arguments: {where: out}}]}
  - when: {after_tool: look}
    reply: {content: I looked.}
  - when: {user: fail}
    reply: {error: 1302}
  - when: {user: reset}
    reply: {content: This never ends., fault: {do: reset, at: 2 frames}}
"""
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serving(FILE, speed=1) as one:
        yield one


def explain(control: httpx.Client, text: str, **body: Any) -> Any:
    asked = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **body}
    return control.post("/explain", json={"body": asked}).json()


def test_an_explanation_compares_condition_by_condition(control: httpx.Client) -> None:
    found = explain(control, "a sunny day")
    assert (found["source"], found["status"]) == ("file.yaml:8", 200)
    first, second, third, *_ = found["interactions"]
    assert (first["location"], first["verdict"]) == ("file.yaml:8", "answers")
    assert {one["key"]: one["holds"] for one in first["conditions"]} == {"user": True}
    by_location = {one["location"]: one for one in (second, third)}
    assert by_location["file.yaml:4"]["conditions"][0] == {
        "key": "model",
        "expected": '"glm-4.5"',
        "actual": '"glm-4.6"',
        "holds": False,
    }
    assert by_location["file.yaml:6"]["verdict"] == "differs"


def test_an_explanation_changes_nothing(control: httpx.Client) -> None:
    control.post("/replies", json={"content": "queued"})
    assert explain(control, "anything")["source"] == "queued"
    assert len(control.get("/replies").json()) == 1
    assert control.get("/journal").json() == []
    assert control.get("/sessions").json() == [{"session": "", "requests": 0, "queued": 1}]


def test_an_explanation_names_the_handler_that_answers(control: httpx.Client) -> None:
    refused = explain(control, "x", model="glm-99")
    handlers = {one["name"]: one["result"] for one in refused["handlers"]}
    assert handlers["parse"] == "passed on"
    assert handlers["resolve_model"] == "answered"
    assert handlers["match_validated"] == "not reached"
    assert (refused["status"], refused["code"]) == (400, "1211")
    missed = explain(control, "nothing like it")
    assert (missed["source"], missed["status"]) == ("miss", 422)
    assert "the closest is file.yaml" in missed["message"]


def test_a_waived_rule_is_explained_with_its_source(control: httpx.Client) -> None:
    found = explain(control, "sunny", temperature=1.5)
    (rule,) = found["waived"]
    assert (rule["name"], rule["evidence"]) == ("temperature-range", "documented")
    assert rule["source"]


def test_secrets_of_patterns_are_not_explained(control: httpx.Client) -> None:
    text = str(explain(control, "call", tools=[TOOL]))
    assert "x-api-token" in text
    assert "secret-value-of-a-header" not in text


def test_an_endpoint_is_explained_as_one(control: httpx.Client, served: Served) -> None:
    asked = {"path": "/embeddings", "body": {"model": "embedding-3", "input": "a sunny day"}}
    found = control.post("/explain", json=asked).json()
    assert (found["source"], found["status"]) == ("gateway", None)
    assert found["notes"] == ["mockglm answers POST /embeddings itself"]
    assert [(one["name"], one["result"]) for one in found["handlers"]] == [
        ("authenticate", "passed on"),
        ("replay", "passed on"),
        ("answer_endpoint", "answered"),
    ]
    assert {one["verdict"] for one in found["interactions"]} == {"differs"}
    first = found["interactions"][0]["conditions"][0]
    assert first == {
        "key": "path",
        "expected": "that of conversations",
        "actual": "/embeddings",
        "holds": False,
    }
    refused = {**asked, "body": {"model": "embedding-9", "input": "a"}}
    found = control.post("/explain", json=refused).json()
    assert (found["source"], found["status"], found["code"]) == ("refused", 400, "1211")
    assert found["message"]
    assert not list(served.session().journal)


def test_an_endpoint_that_changes_state_is_not_called_for_an_explanation(
    control: httpx.Client, served: Served
) -> None:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {KEY}"}) as client:
        form = {"purpose": "agent"}
        files = {"file": ("a.jsonl", b"{}")}
        id = client.post(f"{served.url}/files", files=files, data=form).json()["id"]
        asked = {"path": f"/files/{id}", "method": "delete", "body": ""}
        assert control.post("/explain", json=asked).json()["source"] == "gateway"
        assert client.get(f"{served.url}/files/{id}/content").content == b"{}"
        client.get(f"{served.host}/api/monitor/usage/quota/limit")
    found = control.get("/journal/3/explanation").json()
    assert (found["source"], found["status"]) == ("gateway", 200)
    assert found["handlers"][-1] == {"name": "answer_endpoint", "result": "answered"}


def test_an_asynchronous_chat_is_explained_as_a_conversation(control: httpx.Client) -> None:
    messages = [{"role": "user", "content": "fail"}]
    asked = {
        "path": "/async/chat/completions",
        "body": {"model": "glm-4.6", "messages": messages},
    }
    found = control.post("/explain", json=asked).json()
    assert (found["source"], found["code"]) == ("file.yaml:16", "1302")
    assert "path" not in str(found["interactions"][1]["conditions"])


def test_a_path_that_is_none_is_explained(control: httpx.Client) -> None:
    found = control.post("/explain", json={"path": "/nothing", "body": {}}).json()
    assert (found["source"], found["status"], found["message"]) == ("gateway", 404, "Not Found")
    assert found["handlers"][-1] == {"name": "not_found", "result": "answered"}


def test_an_entry_is_explained_by_what_answered_it(control: httpx.Client, served: Served) -> None:
    control.post("/replies", json={"content": "queued"})
    served.ask("a sunny day")
    found = control.get("/journal/1/explanation").json()
    assert found["source"] == "queued"
    assert {one["name"]: one["result"] for one in found["handlers"]}["queued_reply"] == "answered"
    assert control.get("/journal/9/explanation").status_code == 404


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ([], "write"),
        ({"path": "/x"}, "write"),
        ({"body": {}, "path": 1}, "path: expected one below a base"),
        ({"body": {}, "headers": [1]}, "headers: expected a mapping"),
    ],
)
def test_a_wrong_request_to_explain_is_refused(
    control: httpx.Client, asked: Any, text: str
) -> None:
    answer = control.post("/explain", json=asked)
    assert answer.status_code == 400
    assert text in answer.json()["error"]


@pytest.mark.parametrize("name", ["zai", "openai", pytest.param("curl", marks=needs_curl)])
def test_code_of_a_chat_sends_it_again(control: httpx.Client, served: Served, name: str) -> None:
    body: dict[str, Any] = {"thinking": {"type": "disabled"}, "temperature": 0.5}
    served.ask('it\'s a sunny "day" \\ 天', stream=name == "openai", **body)
    code = control.get("/journal/1/code").json()
    assert code.keys() == {"curl", "zai", "openai", "yaml"}
    assert KEY not in str(code)
    run_code(name, code[name])
    first, second = (control.get(f"/journal/{number}").json() for number in (1, 2))
    assert second["conversation"] == first["conversation"]
    assert second["reply"]["content"] == "It is sunny."


@pytest.mark.parametrize("name", ["anthropic", pytest.param("curl", marks=needs_curl)])
def test_code_of_a_message_sends_it_again(control: httpx.Client, served: Served, name: str) -> None:
    body = {"model": "glm-4.6", "max_tokens": 9, "messages": [{"role": "user", "content": "sunny"}]}
    url = f"{served.host}/s/@label/api/anthropic/v1/messages"
    httpx.post(url, json=body, headers={"x-api-key": KEY}, trust_env=False)
    code = control.get("/journal/1/code", params={"session": "@label"}).json()
    assert code.keys() == {"curl", "anthropic", "yaml"}
    run_code(name, code[name])
    listed = control.get("/journal", params={"session": "@label"}).json()
    assert [one["source"] for one in listed] == ["file.yaml:8"] * 2


def run_code(name: str, code: str) -> None:
    command = ["sh", "-c", code] if name == "curl" else [sys.executable, "-c", code]
    environ = {**os.environ, "ZAI_API_KEY": KEY, "NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def ask_everything(served: Served) -> list[dict[str, Any]]:
    """Ask for replies of every kind; returns the requests."""
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history = [
        {"role": "user", "content": "call"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]
    asked: list[dict[str, Any]] = [
        {"text": "a sunny day: yes", "stream": True},
        {"text": "sunny\n  too\n"},
        {"text": "call", "tools": [TOOL]},
        {"text": "", "messages": history, "tools": [TOOL]},
        {"text": "fail"},
    ]
    for one in asked:
        served.ask(**one)
    return asked


@pytest.mark.parametrize("form", ["scenario", "cassette"])
def test_a_saved_file_answers_the_same_requests(
    control: httpx.Client, served: Served, form: str
) -> None:
    asked = ask_everything(served)
    entries = list(range(1, len(asked) + 1))
    saved = control.post("/files", json={"as": form, "entries": entries})
    assert saved.headers["content-type"].startswith("application/yaml")
    assert KEY not in saved.text
    assert ("where: out" in saved.text) == (form == "scenario")
    expected = [control.get(f"/journal/{number}").json()["reply"] for number in entries]
    with serving(saved.text, on_miss="error") as again:
        for one in asked:
            again.ask(**one)
        base = f"{again.host}/__mockglm__"
        with httpx.Client(base_url=base, trust_env=False) as client:
            found = [client.get(f"/journal/{number}").json() for number in entries]
    for before, after in zip(expected, found, strict=True):
        for name in ("content", "reasoning", "finish_reason", "error"):
            assert after["reply"].get(name) == before.get(name)
        assert after["source"].startswith("file.yaml:")


def test_a_request_that_is_no_conversation_is_saved_as_a_cassette_only(
    control: httpx.Client, served: Served
) -> None:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {KEY}"}) as client:
        client.get(f"{served.url}/models")
    assert control.get("/journal/1/code").json().keys() == {"curl"}
    refused = control.post("/files", json={"as": "scenario", "entries": [1]})
    assert (refused.status_code, "no conversation" in refused.text) == (400, True)
    assert "path: /models" in control.post("/files", json={"as": "cassette", "entries": [1]}).text


def test_a_cut_response_is_saved_as_it_was_sent(control: httpx.Client, served: Served) -> None:
    with pytest.raises(httpx.TransportError):
        served.ask("reset", stream=True)
    for form in ("scenario", "cassette"):
        text = control.post("/files", json={"as": form, "entries": [1]}).text
        assert "cut: reset" in text
        with serving(text) as again, pytest.raises(httpx.TransportError):
            again.ask("reset", stream=True)


def test_equal_requests_become_a_sequence(control: httpx.Client, served: Served) -> None:
    control.post("/replies", json=[{"content": "one"}, {"content": "two"}])
    served.ask("which?")
    served.ask("which?")
    text = control.post("/files", json={"as": "scenario", "entries": [1, 2]}).text
    assert text.count("when:") == 1
    with serving(text) as again:
        said = [again.ask("which?").json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert said == ["one", "two"]


@pytest.mark.parametrize(
    ("asked", "status", "text"),
    [
        ({"as": "novel", "entries": [1]}, 400, "write"),
        ({"as": "scenario", "entries": []}, 400, "a list of 1 to 1000"),
        ({"as": "scenario", "entries": [7]}, 404, "the journal has no entry 7"),
        ({"as": "scenario", "entries": [1], "write": "x.yaml"}, 400, "--cassette"),
    ],
)
def test_a_wrong_file_is_refused(
    control: httpx.Client, served: Served, asked: Any, status: int, text: str
) -> None:
    served.ask("sunny")
    answer = control.post("/files", json=asked)
    assert answer.status_code == status
    assert text in answer.json()["error"]


def test_a_file_is_written_into_the_folder_and_never_over_another(tmp_path: Path) -> None:
    sessions = Sessions(Settings(speed=0), [parse(FILE.encode(), "file.yaml")])
    background = BackgroundServer(App(sessions, folder=tmp_path), grace=0.2)
    background.start()
    try:
        served = Served(background, sessions)
        served.ask("sunny")
        url = f"{served.host}/__mockglm__/files"
        asked = {"as": "scenario", "entries": [{"session": "", "ordinal": 1}], "write": "new.yaml"}
        with httpx.Client(trust_env=False) as client:
            written = client.post(url, json=asked).json()
            again = client.post(url, json=asked)
            outside = client.post(url, json={**asked, "write": "../new.yaml"})
    finally:
        background.stop()
    assert written == {"written": str(tmp_path / "new.yaml")}
    assert "It is sunny." in (tmp_path / "new.yaml").read_text("utf-8")
    assert (again.status_code, "already exists" in again.text) == (400, True)
    assert (outside.status_code, "expected a name" in outside.text) == (400, True)
    assert [path.name for path in tmp_path.iterdir()] == ["new.yaml"]


def test_a_request_is_sent_again_with_its_credential(control: httpx.Client, served: Served) -> None:
    served.ask("sunny", stream=True)
    made = control.post("/journal/1/replay").json()
    assert made == {"session": "", "ordinal": 2}
    found = control.get("/journal", params={"after": 1, "outcome": "done", "wait": 10}).json()
    assert [(one["ordinal"], one["source"], one["prompt"]) for one in found] == [
        (2, "file.yaml:6", "sunny")
    ]
    assert control.post("/journal/9/replay").status_code == 404


def test_a_request_of_the_coding_plan_is_sent_again_below_its_base(
    control: httpx.Client, served: Served
) -> None:
    base, body = (
        "/api/coding/paas/v4",
        {"model": "glm-4.6", "messages": [{"role": "user", "content": "sunny"}]},
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{served.host}{base}/chat/completions"
    httpx.post(url, json=body, headers=headers, trust_env=False)
    assert control.post("/journal/1/replay").json()["ordinal"] == 2
    assert [control.get(f"/journal/{number}").json()["base"] for number in (1, 2)] == [base] * 2
    assert f"{served.host}{base}" in control.get("/journal/1/code").json()["openai"]


@pytest.mark.parametrize("path", ["/api/monitor/usage/quota/limit", "/api/v1/agents"])
def test_a_request_below_no_base_is_sent_again_there(
    control: httpx.Client, served: Served, path: str
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"agent_id": "a", "messages": [{"role": "user", "content": "Hi"}]}
    method = "GET" if "monitor" in path else "POST"
    json = None if method == "GET" else body
    httpx.request(method, served.host + path, json=json, headers=headers, trust_env=False)
    assert control.post("/journal/1/replay").json()["ordinal"] == 2
    found = control.get("/journal", params={"after": 1, "outcome": "done", "wait": 10}).json()
    assert [(one["path"], one["status"], one["source"]) for one in found] == [
        (path, 200, "gateway")
    ]
    assert control.get("/journal/1").json()["base"] == ""
    code = control.get("/journal/1/code").json()
    assert code.keys() == {"curl"}
    assert f"curl -N {served.host}{path} " in code["curl"]


def test_interactions_of_a_scenario_become_rules(control: httpx.Client, served: Served) -> None:
    params = {"session": "@rules", "scenario": "rate-limit"}
    assert control.post("/interactions", params=params, json=[]).json()["interactions"] > 0
    answer = served.ask("sunny", base=served.base("@rules"))
    assert answer.json()["error"]["code"] == "1302"
    unknown = control.post("/interactions", params={"scenario": "rate-limt"}, json=[])
    assert (unknown.status_code, "did you mean" in unknown.text) == (404, True)


def test_the_catalogue_has_faults_and_errors(control: httpx.Client) -> None:
    found = control.get("/catalogue").json()
    faults = {one["name"]: one for one in found["faults"]}
    assert "frames" in faults["reset"]["positions"]
    assert "for" in faults["stall"]["options"]
    assert {"code": "1302", "status": 429}.items() <= {one["code"]: one for one in found["errors"]}[
        "1302"
    ].items()
    assert found["folder"] is None


def test_the_limits_of_a_key_are_explained() -> None:
    text = f"""
format: 1
accounts:
  - key: {KEY}
    balance: {{requests: 5}}
    concurrency: {{"*": 3}}
    plan: [{{window: 5h, requests: 40}}]
interactions: [{{reply: {{content: fine}}}}]
"""
    with serving(text) as served, httpx.Client(trust_env=False, timeout=30) as client:
        served.ask("one")
        url = f"{served.host}/__mockglm__/journal/1/explanation"
        balance, window, slots = client.get(url).json()["limits"]
    assert (balance["name"], balance["limit"]) == ("balance (requests)", 4)
    assert (window["name"], window["used"], window["limit"]) == ("requests in 18000 s", 1, 40)
    assert window["resets"] > 0
    assert (slots["name"], slots["used"], slots["limit"]) == ("concurrency", 0, 3)


@pytest.mark.parametrize("levels", [30, 80, 400])
def test_code_of_odd_bodies_can_be_compiled(
    control: httpx.Client, served: Served, levels: int
) -> None:
    deep: Any = []
    for _ in range(levels):
        deep = [deep]
    user = [{"role": "user", "content": "sunny"}]
    odd: dict[str, Any] = {"class": 1, "from": 2, "deep": deep, "long": ["x"] * 100_000}
    served.ask(messages=user, model="glm-4.6", **odd)
    code = control.get("/journal/1/code").json()
    for name in ("zai", "openai"):
        made, sent = make_stand_in(), compile(code[name], "snippet", "exec")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ZAI_API_KEY", KEY)
            patch.setitem(sys.modules, name, made)
            exec(sent, {"print": str})
        (arguments,) = made.calls
        assert {**arguments, **arguments.pop("extra_body", {})}["deep"] == deep


def make_stand_in() -> Any:
    """A module of an SDK that keeps the arguments of a call."""
    calls: list[dict[str, Any]] = []
    completions = SimpleNamespace(create=lambda **arguments: calls.append(arguments))
    client = SimpleNamespace(chat=SimpleNamespace(completions=completions))
    return SimpleNamespace(calls=calls, ZaiClient=lambda **_: client, OpenAI=lambda **_: client)
