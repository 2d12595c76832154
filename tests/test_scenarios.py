"""Every scenario that is shipped, played over a socket and held to what it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from click.testing import CliRunner

from mockglm.cli.files import scenarios_command as verb
from mockglm.clock import parse_log_time
from mockglm.error_codes import CODES
from mockglm.models import MODELS
from mockglm.scenarios import load, shipped_scenarios
from tests.arrival import Arrived, read
from tests.outcomes.heard import QUESTION, TOOLS
from tests.outcomes.page import rows
from tests.serving import KEY, Served, post, serving

DOCS = Path(__file__).parents[1] / "docs"
SHIPPED = shipped_scenarios()
ON_CHAT = tuple(name for name in SHIPPED if not name.startswith("anthropic-"))
"""Scenarios that are not for the Anthropic surface alone."""
LINK = re.compile(r"https://\S+|\b[\w.-]+/[\w.-]+#\d+\b")
BASIC = {
    *("hello", "thinking", "json-mode", "tool-loop", "tool-parallel", "tool-stream"),
    *("finish-stop", "finish-length", "finish-tool-calls", "conformance"),
    *("last-year-index", "last-year-newline", "last-year-tools", "conformance"),
    *("content-box-tag", "content-think-tag", "content-tool-call-tags", "prompt-truncated"),
    *("effort-low-no-reasoning", "empty-stop-long-prompt", "head-2025", "head-2026-09"),
    *("tool-name-is-command", "tool-vision-chunk"),
}
"""Scenarios of what goes well, or went well last year, which need no report, and of what is in
recordings that are not public."""


@dataclass(frozen=True)
class Case:
    """What one request to a scenario must get.

    `has` and `lacks` are parts of the body; `end` is how it ends, `whole` or FIN, RST, open.
    """

    name: str
    stream: bool
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    status: int = 200
    end: str = "whole"
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}-{'stream' if self.stream else 'plain'}"


def streamed(name: str, *has: str, lacks: tuple[str, ...] = (), **more: Any) -> Case:
    return Case(name, True, has, lacks, **more)


def plain(name: str, *has: str, lacks: tuple[str, ...] = (), **more: Any) -> Case:
    return Case(name, False, has, lacks, **more)


def refused(name: str, status: int, code: str, *has: str) -> tuple[Case, Case]:
    """The same error whether a stream is asked for or not."""
    has = (f'"error":{{"code":"{code}"', *has)
    return plain(name, *has, status=status), streamed(name, *has, status=status)


ARGUMENTS = r'"arguments":"{\"city\":\"北京\"}"'
DONE = "data: [DONE]\n\n"
STOP = '"finish_reason":"stop"'
CALLS = '"finish_reason":"tool_calls"'
LENGTH = '"finish_reason":"length"'
FAILED = '"finish_reason":"network_error"'
FULL = '"finish_reason":"model_context_window_exceeded"'
SENSITIVE = '"finish_reason":"sensitive"'
ERROR = 'data: {"error":{"code":"1234","message":"网络错误，错误id：'
FINAL = '"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}]'
LEAKED = r"<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>北京</arg_value>"

CASES = (
    streamed("hello", "你好！有", FINAL, DONE),
    plain("hello", "你好！有什么可以帮你的吗？", STOP),
    plain("conformance", '"content":"Hi!"', STOP),
    streamed("thinking", '"reasoning_content":"用户问 ', DONE),
    plain("thinking", '"content":"9.9 比 9.11 大，因为'),
    plain("json-mode", r'"content":"{\"city\": \"北京\"'),
    streamed("sse-glued-chunks", 'data: {"id":"2026', DONE),
    plain("sse-glued-chunks", STOP),
    plain("finish-stop", STOP),
    plain("finish-length", LENGTH),
    plain("finish-tool-calls", CALLS, '"name":"get_time"'),
    streamed("finish-context-window", FULL, DONE, lacks=('"usage"', '"object"')),
    plain("finish-context-window", FULL, '"content":""'),
    plain("finish-context-window-partial", FULL, "从前有一座山"),
    streamed("finish-sensitive", SENSITIVE, '"content_filter":[{"role":"assistant","level":1}]'),
    plain("finish-sensitive", SENSITIVE, '"level":1'),
    plain("finish-sensitive-empty", SENSITIVE, '"content":""', lacks=("content_filter",)),
    streamed("finish-network-error", FAILED, "好的，我", DONE, lacks=("usage",)),
    plain("finish-network-error", FAILED, lacks=("usage",)),
    streamed("finish-network-error-empty", FAILED, '"content":""', lacks=("好", "usage")),
    plain("finish-network-error-usage", FAILED, '"completion_tokens":4'),
    streamed("finish-network-error-tool", FAILED, ARGUMENTS),
    *refused("no-balance", 429, "1113", "余额不足或无可用资源包,请充值。"),
    *refused("rate-limit", 429, "1302", "速率限制"),
    *refused("rate-limit-old-text", 429, "1302", "并发数过高"),
    *refused("rate-limit-should-retry", 429, "1302"),
    *refused("error-200-body", 200, "1305"),
    *refused("overload", 429, "1305"),
    *refused("quota-5h", 429, "1308", "已达到 5 小时的使用上限。您的限额将在 20"),
    *refused("quota-week", 429, "1310", " 00:00:00 重置。"),
    *refused("quota-extra-usage", 429, "1316"),
    *refused("plan-expired", 429, "1309"),
    *refused("plan-without-model", 429, "1311"),
    *refused("fair-use", 429, "1313"),
    *refused("error-auth-older", 401, "1002", "Token非法"),
    *refused("error-auth-two-factor", 401, "1005"),
    *refused("account-states", 429, "1100"),
    *refused("account-locked", 429, "1112"),
    *refused("account-unreachable", 429, "1120"),
    *refused("request-id-twice", 400, "1231", "您已有请求：request_1"),
    *refused("policy-blocked", 400, "1300"),
    *refused("rate-limit-frequency", 429, "1303", "频率过高"),
    *refused("quota-day", 429, "1304"),
    *refused("overload-other-model", 429, "1312", "如 glm-4.7 等"),
    streamed("overload-other-model", "换个模型", body={"model": "glm-4.7"}),
    *refused("plan-enterprise-ended", 429, "1314"),
    *refused("plan-enterprise-key", 429, "1315"),
    *refused("error-gateway-code", 400, "empty_prompt_after_cleanup"),
    *refused("error-request-id", 429, "1302", '"},"request_id":"20260123'),
    streamed(
        "error-first-chunk-request-id",
        'event: error\ndata: {"error":{"code":"1302"',
        '"},"request_id":"20260123',
        DONE,
        lacks=("choices",),
    ),
    plain("error-first-chunk-request-id", '"},"request_id":"20260123', status=429),
    *refused("model-unknown", 400, "1211"),
    *refused("model-code-unknown", 400, "1214", "modelCode: does not exist"),
    plain("json-mode-backticks", r"\\n`bash\\npip", lacks=("```",)),
    streamed("tool-call", ARGUMENTS, '"index":0,"type":"function"', CALLS),
    plain("tool-call", ARGUMENTS, CALLS),
    plain("tool-loop", '"name":"list_files"', CALLS),
    streamed("tool-parallel", r'"index":1,"type":"function"', "上海"),
    streamed(
        "tool-stream",
        '"name":"write_file","arguments":""}}]}}]}',
        r'{"tool_calls":[{"index":0,"function":{"arguments":"{\"path',
        body={"tool_stream": True, "model": "glm-4.6"},
    ),
    streamed(
        "tool-stream-unasked",
        '"name":"get_weather","arguments":""}}]}}]}',
        r'{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]}',
    ),
    streamed(
        "tool-name-repeated",
        r'"name":"get_weather","arguments":"{\"city"',
        r'"name":"get_weather","arguments":"\":\"北京\"}"',
    ),
    streamed("tool-with-finish", '"index":0,"finish_reason":"tool_calls","delta":{"tool_calls":'),
    streamed("tool-parallel-one-chunk", r'北京\"}"}},{"id":"call_'),
    streamed("tool-parallel-same-index", '"index":0,"type"', lacks=('"index":1',)),
    plain("tool-parallel-same-index", "上海", lacks=('"index":1',)),
    streamed("tool-arguments-twice", r"{\"city\":\"北京\"}{\"city\":\"北京\"}"),
    plain("tool-arguments-twice", r"{\"city\":\"北京\"}{\"city\":\"北京\"}"),
    streamed("tool-arguments-again", r'"arguments":"{\"city\":"', ARGUMENTS),
    streamed("tool-id-null", '"tool_calls":[{"id":null,"index":0'),
    plain("tool-id-null", '"id":null'),
    streamed("tool-id-empty", '"tool_calls":[{"id":"","index":0'),
    streamed("tool-id-missing", '"tool_calls":[{"index":0,"type":"function"', lacks=("call_",)),
    streamed("tool-index-missing", '","type":"function","function"', lacks=('"index":0,"type"',)),
    streamed("tool-arguments-object", '"arguments":{"city":"北京"}'),
    plain("tool-arguments-object", '"arguments":{"city":"北京"}'),
    streamed("tool-arguments-cut", r'"arguments":"{\"city"', LENGTH),
    streamed("tool-arguments-eof", r'"arguments":"ty\":', lacks=("[DONE]", "finish_reason")),
    plain("tool-arguments-eof", r'"arguments":"{\"city"', lacks=("finish_reason",)),
    plain("tool-text-in-content", '"content":"' + LEAKED, STOP, lacks=("tool_calls",)),
    streamed("tool-text-in-content", '"content":"<tool_call>', STOP, lacks=("tool_calls",)),
    plain("tool-text-in-reasoning", '"reasoning_content":"' + LEAKED, STOP),
    plain("tool-name-leak", '"name":"get_weather</arg_value>"'),
    plain("think-leak", '"content":"<think>用户在问天气，先说结论。</think>北京'),
    plain("think-leak-orphan", '"content":"', "</think>北京", lacks=("<think>",)),
    streamed("think-leak-split", '</thi"', '"content":"nk>'),
    plain("reasoning-only-stop", '"content":""', '"reasoning_content":"', STOP),
    plain("reasoning-only-length", '"content":""', '"reasoning_content":"', LENGTH),
    streamed("content-null", '"content":null', ARGUMENTS),
    plain("content-null", '"content":null', ARGUMENTS),
    plain("content-newline", r'"content":"\n"', ARGUMENTS),
    streamed("error-mid-stream", '"reasoning_content":"用户在问"', ERROR, DONE),
    *refused("error-server", 500, "500", "Operation failed"),
    plain("error-mid-stream", '"code":"1234"', status=500),
    streamed("error-mid-stream-event", "event: error\n" + ERROR, DONE),
    streamed("error-first-chunk", ERROR, DONE, lacks=("choices",)),
    streamed("disconnect", '"用户在问"', lacks=("天气",), end="FIN"),
    plain("disconnect", lacks=("usage",), end="FIN"),
    streamed("disconnect-reset", '"用户在问"', lacks=("天气",), end="RST"),
    plain("disconnect-reset", lacks=("usage",), end="RST"),
    streamed("disconnect-connection-close", '"用户在问"', end="RST"),
    streamed("disconnect-before-headers", status=0, end="FIN"),
    plain("disconnect-before-headers", status=0, end="FIN"),
    streamed("eof-without-finish", "合出门。", lacks=("finish_reason", "[DONE]")),
    streamed("eof-without-finish-done", "合出门。", DONE, lacks=("finish_reason",)),
    streamed("idle-stall-headers", status=0, end="open"),
    streamed("idle-stall-first", lacks=("data",), end="open"),
    plain("idle-stall-first", lacks=("choices",), end="open"),
    streamed("idle-stall-tool", "我来查询", lacks=("tool_calls",), end="open"),
    streamed("idle-stall-done", FINAL, lacks=("[DONE]",), end="open"),
    streamed("idle-stall-forever", "d", lacks=("data",), end="open"),
    streamed("slow-drip", lacks=("finish_reason",), end="open"),
    *refused("error-parameters", 400, "1210"),
    *refused("error-image-in-history", 400, "1210", "取值范围 ['text']"),
    *refused("error-request", 400, "1210"),
    *refused("error-permission", 403, "1220"),
    *refused("error-auth", 401, "1000"),
    *refused("error-auth-expired", 401, "1003", "已过期"),
    *refused("error-auth-wrong", 401, "401"),
    plain("error-content", '{"contentFilter":[{"level":', '"code":"1301"', status=400),
    plain("error-502-page", "<title>502 Bad Gateway</title>", status=502),
    streamed("error-504-page", "<title>504 Gateway Timeout</title>", status=504),
    plain("wrong-path", '"error":"Not Found","path":"/v4/v1/chat/completions"', status=404),
    streamed("usage-tail", FINAL + "}", '"choices":[],"usage":{"prompt_tokens":'),
    streamed("usage-every-chunk", '"用户在问"}}],"usage":{'),
    streamed("usage-null", '"usage":null'),
    plain("usage-null", '"usage":null'),
    plain("usage-missing", STOP, lacks=("usage",)),
    plain("usage-zero", '"completion_tokens":0'),
    plain("usage-cached", '"prompt_tokens":1200', '"cached_tokens":1152'),
    streamed("utf8-split", "北京今天", DONE),
    streamed("utf8-surrogates", r'\ud83d"', r'"\ude00"'),
    plain("utf8-surrogates", "你好！😀"),
    streamed("sse-crlf", "data: [DONE]\r\n\r\n", lacks=("\n\n",)),
    streamed("sse-no-space", 'data:{"id"', "data:[DONE]", lacks=("data: ",)),
    streamed("sse-comment", "\n: keep-alive\n", DONE),
    streamed("sse-empty-data", "\ndata: \n\n", DONE),
    streamed("sse-done-twice", DONE + DONE),
    streamed("sse-no-done", FINAL, lacks=("[DONE]",)),
    streamed("sse-tail", DONE + 'data: {"choices":[],"cost":"0"}'),
    streamed("sse-sentinel", '{"id":"","object":"","created":0,"model":"","choices":[]}'),
    streamed("role-once", '"role":"assistant"'),
    streamed("role-empty", '"role":""', lacks=('"role":"assistant"',)),
    plain("role-missing", STOP, lacks=('"role"',)),
    plain("object-missing", STOP, lacks=('"object"',)),
    streamed("object-missing", STOP, lacks=('"object"',)),
    plain("web-search", '"web_search":[{', "[ref_1]"),
    streamed("web-search", '"web_search":[{', "ref_1"),
    plain("choices-empty", '"choices":[]'),
    streamed("choices-null", '"choices":null', DONE),
    plain("json-mode-fence", r'"content":"```json\n{', r'}\n```"'),
    plain("json-mode-newline", r'\"晴\n有风\"}"'),
    plain("json-mode-cut", LENGTH, r'\"sky\": \"晴"'),
    plain("runaway-repetition", "我再说一遍。" * 1000, LENGTH),
    streamed("last-year-index", '"index":-1', '"content":"\\n"'),
    streamed("last-year-newline", '"content":"\\n你好"', lacks=('"object"',)),
    plain("content-think-tag", '"content":"先看一下目录。</think>', '"reasoning_content":"'),
    plain("content-tool-call-tags", r'"content":"<tool_call>Bash\n<tool_call>command', STOP),
    plain("content-box-tag", r'"content":"<|begin_of_box|>get_weather\n', STOP),
    streamed(
        "tool-vision-chunk",
        '"content":"","reasoning_content":"","tool_calls":[{"id":"call_20251103101500a1b2c3d4e5f60718_0"',
        DONE,
    ),
    streamed("chunk-null-keys", '"audio":null,"tool_calls":null', STOP, DONE),
    plain(
        "tool-name-is-command", '"name":"cd /srv/app && ls -la | head -n 20"', '"arguments":"{}"'
    ),
    plain("effort-low-no-reasoning", '"reasoning_content":"一加一等于二。"'),
    plain(
        "effort-low-no-reasoning",
        '"reasoning_tokens":0',
        lacks=("reasoning_content",),
        body={"model": "glm-5.3", "reasoning_effort": "low"},
    ),
    streamed("reads-inside-events", STOP, DONE),
    plain("empty-stop-long-prompt", '"content":"好的，我们继续。"', STOP),
    plain("prompt-truncated", '"content":"好的，我们继续。"', STOP),
    plain("last-year-keys", '"created_at":1754443815', '"output_tokens":3'),
    streamed("last-year-tools", CALLS, DONE),
    plain(
        "conformance",
        '"content":"2"',
        body={"messages": [{"role": "user", "content": "How many r are in cherry?"}]},
    ),
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def ask(served: Served, name: str, *, stream: bool = False, key: str = KEY, **body: Any) -> Arrived:
    """Ask a scenario, and read until it has ended or fallen silent."""
    asked = {"model": "glm-4.6", "messages": QUESTION, "tools": TOOLS, "stream": stream, **body}
    path = f"/s/{name}/api/paas/v4/chat/completions"
    request = post(asked, path, "Connection: close", key=key)
    return read(*served.raw_until_silent(request))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_scenario_behaves_as_described(served: Served, case: Case) -> None:
    name = f"{case.name}@{case.stream}".lower()
    arrived = ask(served, name, stream=case.stream, **case.body)
    body = arrived.body.decode()
    assert (arrived.status, arrived.ending) == (case.status, case.end)
    assert [part for part in case.has if part not in body] == []
    assert [part for part in case.lacks if part in body] == []


def test_every_scenario_is_played() -> None:
    files = (Path(__file__), Path(__file__).with_name("test_scenarios_anthropic.py"))
    told = "".join(file.read_text("utf-8") for file in files)
    assert [name for name in SHIPPED if f'"{name}"' not in told] == []


def test_the_description_of_each_scenario_has_a_link() -> None:
    scenarios = [load(path) for path in SHIPPED.values()]
    assert [one.name for one in scenarios if not one.about.endswith(".")] == []
    without = {one.name for one in scenarios if not LINK.search(one.about)}
    assert without - set(BASIC) == set()


def test_all_scenarios_are_listed() -> None:
    listed = json.loads(CliRunner().invoke(verb, ["--json"]).output)
    assert [row["name"] for row in listed] == list(SHIPPED)


@pytest.mark.parametrize(("page", "listed"), [("clients.md", SHIPPED), ("scenarios.md", SHIPPED)])
def test_the_pages_have_a_row_for_each_scenario(page: str, listed: Collection[str]) -> None:
    assert set(rows((DOCS / page).read_text("utf-8"))) == set(listed)


def test_every_error_code_has_a_scenario() -> None:
    text = "".join(path.read_text("utf-8") for path in SHIPPED.values())
    told = set(re.findall(r"(?:error: |code: |\"code\":\")(\w+)", text))
    told |= {"1233", "1701", "1702", "1703"}  # of endpoints that no scenario is for
    assert set(CODES) - told == set()


def test_a_glued_frame_is_no_json(served: Served) -> None:
    body = ask(served, "sse-glued-chunks", stream=True).body.decode()
    glued = [frame for frame in body.split("\n\n") if frame.count("data: ") == 2]
    assert len(glued) == 1
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(glued[0].removeprefix("data: "))


@pytest.mark.parametrize(
    ("name", "size"),
    [("huge-line", 65_536), ("huge-line-1m", 1_048_576), ("huge-line-5m", 4_900_000)],
)
def test_a_line_is_huge(served: Served, name: str, size: int) -> None:
    lines = ask(served, name, stream=True).body.split(b"\n")
    assert size < max(map(len, lines)) < size * 1.1


def test_huge_arguments_keep_their_meaning(served: Served) -> None:
    answer = json.loads(ask(served, "huge-line-arguments").body)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert len(call["function"]["arguments"]) > 1_048_576
    assert json.loads(call["function"]["arguments"]) == {"city": "北京"}


def test_an_answer_has_thousands_of_frames(served: Served) -> None:
    body = ask(served, "huge-in-pieces", stream=True).body
    assert body.count(b"data: ") == 5002


def test_every_byte_is_a_write_of_its_own(served: Served) -> None:
    request = held("utf8-one-byte-writes", stream=True)
    sizes = re.findall(rb"\r\n([0-9a-f]+)\r\n(?=[^\r]\r\n)", served.raw(request)[0])
    assert set(sizes) == {b"1"}
    assert len(sizes) > 100


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("rate-limit-retry-after", ("1", "", "")),
        ("rate-limit-retry-after-ms", ("", "50", "")),
        ("rate-limit-should-retry", ("", "", "false")),
        ("rate-limit", ("", "", "")),
    ],
)
def test_only_marked_scenarios_say_when_to_retry(
    served: Served, name: str, headers: tuple[str, ...]
) -> None:
    arrived = ask(served, f"{name}@headers")
    names = ("retry-after", "retry-after-ms", "x-should-retry")
    assert tuple(map(arrived.header, names)) == headers
    assert "GLM sends none" in load(SHIPPED[name]).about or name == "rate-limit"


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("rate-limit", ["1302", "1302", "", ""]),
        ("rate-limit-old-text", ["1302", "1302", ""]),
        ("rate-limit-retry-after", ["1302", "1302", ""]),
        ("rate-limit-retry-after-ms", ["1302", "1302", ""]),
        ("overload", ["1305", "1305", "1305", ""]),
        ("error-auth", ["1000", "1001", "1003", "401", ""]),
        ("error-permission", ["1220", "1221", "1222", ""]),
        ("error-request", ["1210", "1211", "1212", "1213", "1214", "1215", "1261", ""]),
        ("error-server", ["500", "1200", "1230", "1234", ""]),
        ("error-auth-older", ["1002", "1004", ""]),
        ("account-states", ["1100", "1110", "1111", "1112", "1120", "1121", ""]),
        ("account-unreachable", ["1120", "1120", ""]),
        ("account-locked", ["1112"] * 4),
        ("rate-limit-frequency", ["1303", "1303", ""]),
        ("request-id-twice", ["1231", "", ""]),
        ("error-request-id", ["1302", "1302", ""]),
        ("model-code-unknown", ["1214", "1214", "1214"]),
        ("quota-extra-usage", ["1316", "1317", "1318", "1319", "1320", "1321", ""]),
        ("error-mid-stream-event", ["1234", "1234"]),
        ("error-first-chunk", ["1234", "1234"]),
        ("no-balance", ["1113"] * 4),
        ("loop-cap", [""] * 20 + ["422", "422"]),
    ],
)
def test_errors_come_in_their_order(served: Served, name: str, codes: list[str]) -> None:
    assert [code(ask(served, f"{name}@order")) for _ in codes] == codes


@pytest.mark.parametrize(
    ("name", "ending"), [("sse-glued-chunks-once", "whole"), ("disconnect-once", "FIN")]
)
def test_a_second_try_is_whole(served: Served, name: str, ending: str) -> None:
    broken, whole = (ask(served, f"{name}@once", stream=True) for _ in range(2))
    assert len(frames(broken.body)) < len(broken.body.split(b"data: ")) - 1
    assert (broken.ending, whole.ending) == (ending, "whole")
    assert all(json.loads(frame) for frame in frames(whole.body))
    assert whole.body.endswith(DONE.encode())


def test_one_request_at_a_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = session(served, "concurrency-limit", "one").ledger
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(served.raw, held("concurrency-limit@one"))
        now = monotonic()
        with monkeypatch.context() as patch:
            # The first response does not end before the second request has come.
            patch.setattr("mockglm.scheduler.monotonic", lambda: now)
            served.wait_until(lambda: ledger.in_flight == 1)
            assert code(ask(served, "concurrency-limit@one", key="one.at-a-time")) == "1302"
        assert read(*first.result()).ending == "whole"
    served.wait_until(lambda: ledger.in_flight == 0)


def test_an_overload_is_over_after_its_time(served: Served) -> None:
    assert code(ask(served, "overload-for-minutes")) == "1305"
    session(served, "overload-for-minutes").clock.advance(119)
    assert code(ask(served, "overload-for-minutes")) == "1305"
    session(served, "overload-for-minutes").clock.advance(2)
    assert code(ask(served, "overload-for-minutes")) == ""


def test_an_overload_depends_on_the_prompt(served: Served) -> None:
    agent = [{"role": "system", "content": "You are an agent."}, *QUESTION]
    assert code(ask(served, "overload-by-prompt", messages=agent)) == "1305"
    assert code(ask(served, "overload-by-prompt")) == ""


def test_a_quota_lasts_until_its_reset(served: Served) -> None:
    def again() -> str:
        return code(ask(served, "quota-until-reset", key="three.in-five-hours"))

    def later() -> list[str]:
        session(served, "quota-until-reset").clock.advance(5 * 3600)
        return [again() for _ in range(4)]

    assert [again() for _ in range(4)] == ["", "", "", "1308"]
    assert [later() for _ in range(3)] == [
        ["", "", "", "1308"],
        ["", "", "", "1308"],
        ["", "1310", "1310", "1310"],
    ]
    assert code(ask(served, "quota-until-reset")) == "", "another key has a plan of its own"


def test_a_plan_in_credits_is_used_up_and_the_clock_frees_it(served: Served) -> None:
    clock = session(served, "quota-credits").clock
    clock.advance(parse_log_time("20260803150000") - clock.now())
    assert [code(ask(served, "quota-credits")) for _ in range(3)] == ["", "", "1308"]
    clock.advance(5 * 3600)
    # At eight in the evening an answer costs half.
    codes = [code(ask(served, "quota-credits")) for _ in range(4)]
    assert codes == ["", "", "1310", "1310"]


@pytest.mark.parametrize(
    ("name", "model"), [("empty-stop-long-prompt", "glm-4.7"), ("prompt-truncated", "glm-4.7")]
)
def test_a_prompt_near_the_context_is_answered_otherwise(
    served: Served, name: str, model: str
) -> None:
    long = [{"role": "user", "content": "长" * 320_000}]
    answer = json.loads(ask(served, name, model=model, messages=long).body)
    message = answer["choices"][0]["message"]
    if name == "prompt-truncated":
        assert answer["usage"]["prompt_tokens"] == 194_557
        assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}
    else:
        assert (message["content"], answer["choices"][0]["finish_reason"]) == ("", "stop")
        # Two of 24 had no thought either.
        is_thought = bool(message.get("reasoning_content"))
        assert is_thought == (answer["usage"]["completion_tokens"] > 1)


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("head-2025", {"server": "ZenZGA/2.4"}),
        ("head-2026-09", {"alt-svc": 'h3=":443"; ma=3600'}),
    ],
)
def test_a_head_is_of_its_time(served: Served, name: str, headers: dict[str, str]) -> None:
    found = {key.lower(): value for key, value in ask(served, name).headers}
    assert headers.items() <= found.items()


def test_a_prompt_is_too_long_until_the_history_has_shrunk(served: Served) -> None:
    history = [
        {"role": "user", "content": "山路十八弯，" * 3000},
        {"role": "assistant", "content": "是"},
    ]
    assert code(ask(served, "prompt-too-long", messages=[*history, *QUESTION])) == "1261"
    assert code(ask(served, "prompt-too-long", messages=QUESTION)) == ""


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_prompt_is_too_long_for_every_model(served: Served, model: str) -> None:
    long = [{"role": "user", "content": "山路十八弯，" * 3000}]
    body: dict[str, Any] = {"model": model, "stream": True, "tools": None, "max_tokens": 100}
    arrived = ask(served, "prompt-too-long", messages=long, **body)
    assert code(arrived) == ("1210" if "phone" in model else "1261")
    whole = ask(served, "prompt-too-long", messages=QUESTION, **body)
    assert whole.body.endswith(DONE.encode())


CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"北京"}'},
}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "晴"}
SAID = {"role": "assistant", "content": "\n"}
THOUGHT = "用户想知道天气，我来查询。"
SYSTEM = {"role": "system", "content": "简短回答。"}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], ""),
        ([{**SAID, "tool_calls": [CALL]}, RESULT], ""),
        ([SAID, RESULT], "1214"),
        ([{**SAID, "tool_calls": [{**CALL, "id": "call_2"}]}, RESULT], "1214"),
        ([{**SAID, "content": ""}, {"role": "user", "content": "嗯"}], "1214"),
    ],
)
def test_a_history_without_its_call_is_refused(
    served: Served, history: list[Any], expected: str
) -> None:
    messages = [*QUESTION, *history]
    assert code(ask(served, "history-strict", messages=messages)) == expected


@pytest.mark.parametrize("before", [[], [SYSTEM]])
@pytest.mark.parametrize(("thought", "expected"), [(THOUGHT, ""), (None, "1214"), ("", "1214")])
def test_a_call_comes_back_with_its_thought(
    served: Served, before: list[Any], thought: str | None, expected: str
) -> None:
    turn = {**SAID, "tool_calls": [CALL], "reasoning_content": thought}
    messages = [*before, *QUESTION, turn, RESULT]
    assert code(ask(served, "preserved-thinking", messages=messages)) == expected


TOOL_SCENARIOS = [name for name in SHIPPED if name.startswith(("tool-", "content-n"))]


@pytest.mark.parametrize("name", sorted({*TOOL_SCENARIOS} - {"tool-loop", "tool-stream"}))
def test_a_tool_loop_ends(served: Served, name: str) -> None:
    turn = {**SAID, "tool_calls": [CALL]}
    answer = json.loads(ask(served, name, messages=[*QUESTION, turn, RESULT]).body)
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["choices"][0]["message"]["content"].startswith("北京")


@pytest.mark.parametrize(
    ("name", "due"),
    [
        ("idle-stall-headers", 35),
        ("overload-stall", 45),
        ("idle-stall-first", 35),
        ("idle-stall-tool", 35),
        ("idle-stall-done", 35),
        ("slow-drip", 120),
    ],
)
def test_a_silence_has_the_described_length(served: Served, name: str, due: float) -> None:
    ask(served, f"{name}@long", stream=True)
    (entry,) = session(served, name, "long").journal
    assert entry.response is not None
    assert entry.response.chunks[-1][0] == pytest.approx(due, abs=1)


def test_every_scenario_answers_both_modes(served: Served) -> None:
    for name in ON_CHAT:
        for stream in (False, True):
            ask(served, f"{name}@fits", stream=stream)
        sources = [entry.source for entry in session(served, name, "fits").journal]
        assert len(sources) == 2, name
        assert "miss" not in sources, name


def code(arrived: Arrived) -> str:
    """The business code of an answer; "" for one that is no error."""
    error = json.loads(arrived.body).get("error")
    return str(error["code"]) if error else ""


def session(served: Served, name: str, label: str = "") -> Any:
    return served.session(name, label)


def frames(body: bytes) -> list[str]:
    """The data of a stream's events but [DONE]."""
    events = body.decode().split("\n\n")[:-2]
    return [event.removeprefix("data: ") for event in events]


def held(name: str, *, stream: bool = False) -> bytes:
    """A request for an answer that takes its time."""
    path = f"/s/{name}/api/paas/v4/chat/completions"
    body = {"model": "glm-4.6", "messages": QUESTION, "stream": stream}
    return post(body, path, "Connection: close", key="one.at-a-time")
