"""Shape against shape: each fault of meaning is named, and what is the same is passed over."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from mockglm import faults, sse
from mockglm.cassettes import dump
from mockglm.cassettes import file_head as head_of
from mockglm.cli.verify import verify_command as verb
from mockglm.clock import Ids
from mockglm.completions import Renderer, ResponseFields, render_error
from mockglm.errors import FaultError, UsageError
from mockglm.exchange import APIError, Exchange, Reply, Request, Response, ToolCall
from mockglm.models import MODELS
from mockglm.recorder import Upstream
from mockglm.scenarios import load, shipped_scenarios
from mockglm.verify import Plan, drift, plan, shape
from mockglm.verify import verify as check
from tests.recorder.service import KEY, Service, chunk, head, recording
from tests.serving import Served, serving

CALLS = (
    ToolCall("get_weather", '{"city":"北京","unit":"c"}'),
    ToolCall("get_time", '{"zone":"Asia/Shanghai"}'),
)
REPLIES = {
    "text": Reply(content="你好，世界，今天天气很好。", reasoning="用户打招呼，该怎么说才好。"),
    "calls": Reply(content="\n", reasoning="看看。", calls=CALLS, finish_reason="tool_calls"),
    "json": Reply(content='{"city": "北京", "says": "晴\\n冷"}'),
}
ERROR = '{"error":{"code":"%s","message":"…"}}'
CASSETTE = head_of("https://open.bigmodel.cn/api/paas/v4", "2026-11-22T08:00:00Z", "mockglm")
UNSEEN = {"usage-over"}
"""What no shape shows: how many tokens are too many, the request has said."""


def stamp(number: int) -> ResponseFields:
    ids, now = Ids("seed", "session", number), 1_773_349_383.0 + number
    return ResponseFields(
        ids=ids,
        id=ids.log(now),
        request_id=ids.log(now),
        created=int(now),
        model="glm-4.6",
        profile=MODELS["glm-4.6"],
        prompt=8,
    )


def answers(number: int) -> Iterator[Response]:
    """The same replies as they are told at different times, as stream, in pieces and as JSON."""
    for reply in REPLIES.values():
        yield Renderer(reply).render_stream(stamp(number))
        yield Renderer(reply).render_stream(stamp(number), tool_stream=True)
        yield Renderer(reply).render_json(stamp(number))
    yield render_error(APIError("1301"), stamp(number).id)


PAIRS = list(zip(answers(1), answers(5), strict=True))


def laid(name: str, answer: Response) -> Response | None:
    """The answer with a fault laid over it; None where it cannot be."""
    try:
        return faults.apply(answer, faults.parse(name))
    except FaultError:
        return None


def changed(name: str, pairs: list[tuple[Response, Response]] = PAIRS) -> list[list[str]]:
    """What is named of each answer that a fault can be laid over."""
    live = [(recorded, laid(name, answer)) for recorded, answer in pairs]
    return [
        [str(one) for one in drift(shape(recorded), shape(answer))]
        for recorded, answer in live
        if answer is not None
    ]


@pytest.mark.parametrize(("recorded", "live"), PAIRS)
def test_other_ids_and_times_are_no_drift(recorded: Response, live: Response) -> None:
    assert drift(shape(recorded), shape(live)) == ()


def test_other_words_are_no_drift() -> None:
    other = Reply(content="再见，欢迎下次再来。" * 5, reasoning="用户要走了。" * 9)
    for recorded, live in (
        (
            Renderer(REPLIES["text"]).render_stream(stamp(1)),
            Renderer(other).render_stream(stamp(2)),
        ),
        (Renderer(REPLIES["text"]).render_json(stamp(1)), Renderer(other).render_json(stamp(2))),
    ):
        assert drift(shape(recorded), shape(live)) == ()


@pytest.mark.parametrize(
    "name", [name for name, fault in faults.CATALOGUE.items() if fault.kind == "meaning"]
)
def test_every_fault_of_meaning_is_named(name: str) -> None:
    if name in UNSEEN:
        assert not any(changed(name))
        return
    assert any(changed(name)), "no answer shows it"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("finish-unknown", ['$.choices[*].finish_reason: was "stop", is "eos"']),
        ("usage-total", ["usage adds up: was yes, is no"]),
        (
            "usage-zero",
            [
                "completion_tokens: was some, is 0",
                "reasoning_tokens beyond the whole: was no, is yes",
            ],
        ),
        ("usage-cached", ["cached_tokens beyond the whole: was no, is yes"]),
        (
            "content-null",
            ["the text: was no JSON, is none", "$.choices[*].message.content: was text, is null"],
        ),
        ("created-text", ["$.created: was unix seconds, is text"]),
        ("object-missing", ['$.object: was "chat.completion", is nothing']),
        ("model-other", ['$.model: was "glm-4.6", is "gpt-4o"']),
        ("role-user", ['$.choices[*].message.role: was "assistant", is "user"']),
        ("reasoning-missing", ["$.choices[*].message.reasoning_content: was text, is nothing"]),
        ("delta-key", ["$.choices[*].message.annotations: was nothing, is an empty list"]),
        ("refused", ["status: was 200, is 500"]),
        ("mojibake", ["the text is: was as it was written, is UTF-8 read as Latin-1"]),
    ],
)
def test_a_fault_of_a_json_answer_is_named_exactly(name: str, said: list[str]) -> None:
    assert changed(name, [PAIRS[2]]) == [said]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("id-changes", ["$.id of all chunks: was the same, is not the same"]),
        (
            "call-without-type",
            ['tool_calls: $.choices[*].delta.tool_calls[*].type: was "function", is nothing'],
        ),
        ("calls-in-one-chunk", ["calls in a chunk: was one, is several"]),
        ("arguments-cut", ["arguments of all calls: was a JSON object, is not a JSON object"]),
        ("arguments-empty", ["arguments of all calls: was a JSON object, is an empty JSON object"]),
        ("call-id-same", ["the id of a call: was its own, is of several"]),
        ("usage-total", ["usage adds up: was yes, is no"]),
        ("huge-line", ["framing: was canonical, is a line of more than 64 KB"]),
        ("finish-stop", ['finish_reason: $.choices[*].finish_reason: was "tool_calls", is "stop"']),
    ],
)
def test_a_fault_of_a_stream_is_named_exactly(name: str, said: list[str]) -> None:
    assert changed(name, [PAIRS[3]]) == [said]


@pytest.mark.parametrize("name", ["no-done", "done-twice", "glue", "crlf", "bom", "comment"])
def test_a_fault_of_the_stream_is_named(name: str) -> None:
    (said,) = changed(name, [PAIRS[0]])
    assert said


def test_an_answer_that_is_none_of_glm_is_told_in_one_line() -> None:
    page = Response(502, (("Content-Type", "text/html"),), ((0.0, b"<html>"),))
    assert [one.path for one in drift(shape(PAIRS[2][0]), shape(page))] == [
        "status",
        "content type",
        "body",
    ]
    assert shape(Response(200, (), ())).facts["body"] == "empty"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cassette of a tool loop, as it was recorded from the shipped scenarios."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    path = tmp_path / "a.yaml"
    with (
        serving(shipped_scenarios()["hello"], speed=0) as service,
        recording(service.url, path) as proxy,
    ):
        for stream in (True, False):
            proxy.post(json=asked(stream=stream))
    assert len(load(path).interactions) == 2
    return path


def asked(**body: Any) -> Mapping[str, Any]:
    return {"model": "glm-4.6", "messages": [{"role": "user", "content": "你好"}], **body}


def run(path: Path, served: Served, *options: str, base: str = "") -> tuple[int, str]:
    upstream = served.base(base) if base else served.url
    command = [str(path), "--upstream", upstream, "--allow-upstream", "127.0.0.1", *options]
    ended = CliRunner().invoke(verb, command)
    return ended.exit_code, ended.output


def test_a_service_that_did_not_change_is_as_recorded(recorded: Path) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served)
    lines = output.splitlines()
    assert code == 0
    assert lines[0] == f"{recorded}:7: as recorded"
    assert lines[1].endswith(": as recorded")
    assert lines[2:] == ["2 checked, 0 not as recorded"]


def test_a_service_that_changed_is_told_by_path_and_written_down(
    recorded: Path, tmp_path: Path
) -> None:
    report, junit = tmp_path / "new" / "report.json", tmp_path / "junit.xml"
    files = ("--report", str(report), "--junitxml", str(junit))
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served, *files, base="hello+model-other")
    assert code == 1
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.attrib["failures"] == suite.attrib["tests"] == "2"
    assert suite[1].attrib["classname"] == str(recorded)
    assert suite[1][0].attrib["message"] == '$.model: was "glm-4.6", is "gpt-4o"'
    assert '  $.model: was "glm-4.6", is "gpt-4o"\n' in output
    document = json.loads(report.read_text("utf-8"))
    assert (document["schema"], document["same"], document["checked"]) == (
        "mockglm.verify/1",
        False,
        2,
    )
    assert {"path": "$.model", "recorded": '"glm-4.6"', "live": '"gpt-4o"'}.items() <= document[
        "drift"
    ][-1].items()


def test_no_more_is_sent_than_was_allowed(recorded: Path) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served, "--max-requests", "1")
        assert len(served.session().journal) == 1
    assert code == 0
    assert output.splitlines()[1:] == [
        "1 checked, 0 not as recorded",
        "mockglm: 1 requests are the most that is sent, 1 more are recorded; --max-requests 2 "
        "sends them, too",
    ]


def test_there_is_a_ceiling_without_one_being_asked_for(recorded: Path) -> None:
    text = recorded.read_text("utf-8")
    head, marker, one = text.partition("- request:")
    recorded.write_text(head + (marker + one) * 16, "utf-8")
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served)
        assert len(served.session().journal) == 30
    assert code == 0
    assert "2 more are recorded; --max-requests 32 sends them, too" in output


def test_a_plan_says_what_would_be_sent_and_sends_nothing(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZAI_API_KEY")
    monkeypatch.chdir(recorded.parent)
    text = recorded.read_text("utf-8")
    recorded.write_text(f"{text}- {{when: {{}}, reply: {{content: 晴}}}}\n", "utf-8")
    lines = text.count("\n")
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served, "--plan")
        assert len(served.session().journal) == 0
    assert code == 0
    told = output.splitlines()
    assert told[0] == f"{recorded}:7: POST /chat/completions, stream"
    assert told[1].endswith(": POST /chat/completions")
    assert told[2] == f"{recorded}:{lines + 1}: skipped, no recorded request"
    assert re.fullmatch(
        rf"2 requests to {served.url}, which used \d+ tokens when recorded", told[3]
    )
    assert told[4:] == []


def test_a_service_that_is_not_there_could_not_be_asked(recorded: Path) -> None:
    command = [str(recorded), "--upstream", "http://127.0.0.1:9", "--allow-upstream", "127.0.0.1"]
    ended = CliRunner().invoke(verb, command)
    assert ended.exit_code == 6
    assert ended.output.count("did not answer: ConnectError") == 1
    assert "0 checked, 0 not as recorded\nmockglm: the service could not be asked" in ended.output


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, ERROR % "1000", "the service answers 401 1000 …: is the key right"),
        (429, ERROR % "1302", "the service answers 429: ask it later"),
        (429, ERROR % "1113", "the service answers 429 1113 …: the account has no balance"),
        (503, "<html>", "the service answers 503: ask it later"),
    ],
)
def test_what_is_answered_to_all_alike_ends_it_at_once(
    recorded: Path, tmp_path: Path, status: int, body: str, said: str
) -> None:
    answer = head(status, "application/json") + chunk(body.encode()) + chunk(b"")
    files = {name: tmp_path / "new" / name for name in ("report.json", "junit.xml")}
    with Service(lambda call: call.send(answer)) as service:
        command = [str(recorded), "--upstream", service.url, "--allow-upstream", "127.0.0.1"]
        command += ["--report", str(files["report.json"]), "--junitxml", str(files["junit.xml"])]
        ended = CliRunner().invoke(verb, command)
        assert len(service.calls) == 1
    assert ended.exit_code == 6
    assert said in ended.output
    document = json.loads(files["report.json"].read_text("utf-8"))
    assert (document["outcome"], document["checked"], document["left"]) == ("unasked", 0, 1)
    suite = ElementTree.parse(files["junit.xml"]).getroot()[0]
    assert suite.attrib["errors"] == suite.attrib["tests"] == "1"


def test_a_refusal_that_was_recorded_is_compared(tmp_path: Path) -> None:
    refused = render_error(APIError("1302"), stamp(1).id)
    exchange = Exchange(Request("POST", "/chat/completions", body=b"{}"), refused, 0.0)
    (tmp_path / "a.yaml").write_text(CASSETTE + dump(exchange), "utf-8")
    body = refused.body
    answer = head(429, "application/json") + chunk(body) + chunk(b"")
    with Service(lambda call: call.send(answer)) as service:
        upstream = Upstream(service.url, allowed=["127.0.0.1"], key=KEY)
        planned = plan([load(tmp_path / "a.yaml")], 1)
        assert asyncio.run(check(planned, upstream)).outcome == "same"


def test_a_request_whose_query_had_a_key_is_skipped(tmp_path: Path) -> None:
    asked = "{path: /messages, query: a=1&api_key=REDACTED}"
    text = f"format: 1\ninteractions:\n- request: {asked}\n  response: {{}}\n"
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    planned = plan([load(tmp_path / "a.yaml")], 1)
    reason = "its query had a key, which is not recorded"
    assert planned == Plan((), ((f"{tmp_path / 'a.yaml'}:3", reason),))


@pytest.mark.parametrize("options", [["--max-requests", "0"], []], ids=["none allowed", "no file"])
def test_what_checks_nothing_is_not_green(
    recorded: Path, tmp_path: Path, options: list[str]
) -> None:
    if not options:
        recorded = tmp_path / "b.yaml"
        recorded.write_text("format: 1\ninteractions: [{reply: {content: 晴}}]\n", "utf-8")
    with serving(shipped_scenarios()["hello"]) as served:
        code, output = run(recorded, served, *options)
        assert len(served.session().journal) == 0
    assert code == 5
    assert "mockglm: nothing was there to be sent" in output


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(
    recorded: Path,
) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        options = ["--upstream", served.url, "--allow-upstream", "127.0.0.1"]
        ended = CliRunner().invoke(
            verb, [str(recorded), *options, "--report", str(recorded / "a.json")]
        )
        assert len(served.session().journal) == 0
    assert isinstance(ended.exception, UsageError)
    assert "cannot be made" in str(ended.exception)


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of a JSON value, its own among them."""
    yield ()
    rows = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else rows:
        yield from ((key, *path) for path in places(item))


def put(value: Any, path: tuple[Any, ...], item: Any) -> Any:
    """The value with an item at a path."""
    if not path:
        return item
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], item)
    return copy


@pytest.mark.parametrize("odd", [None, 5, 1.5, 1e999, "\ud800", ["x"], [{}], {"a": 1}])
def test_whatever_stands_anywhere_is_told_as_drift_at_most(odd: Any) -> None:
    plain, stream = PAIRS[5][0], PAIRS[4][0]
    value = json.loads(plain.body)
    bodies = [json.dumps(put(value, path, odd)).encode() for path in places(value)]
    compare(plain, bodies)
    events = [event.data for event in sse.read(stream.body)[0]]
    calling = [index for index, event in enumerate(events) if "tool_calls" in event]
    bodies = []
    for index in (calling[0], calling[-1], len(events) - 2):
        value = json.loads(events[index])
        for path in places(value):
            frames = list(events)
            frames[index] = json.dumps(put(value, path, odd))
            bodies.append(b"".join(sse.frame(frame.encode()) for frame in frames))
    compare(stream, bodies)


def compare(recorded: Response, bodies: list[bytes]) -> None:
    """Have every body compared, and each drift written."""
    assert bodies
    for body in bodies:
        live = Response(200, recorded.headers, ((0.0, body),))
        for one in drift(shape(recorded), shape(live)):
            assert str(one).encode()


def test_without_a_key_nothing_is_sent(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZAI_API_KEY")
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(verb, [str(recorded), "--upstream", "https://api.z.ai"])
    assert "no key: set ZAI_API_KEY" in str(ended.exception)
