"""TOL: tool calls; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import REPEATED, Mutant, frame, instead, sub, twice
from tests.conformance.reference import ANSWERS, refusal
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "TOL-01": (
        Mutant(
            "tools",
            sub(b'"id":"call_417fb00c5b2d4aada7fa6660",', b""),
            "no id",
            path="$.choices[0].delta.tool_calls[0].id",
            actual="null",
            also="TOL-05",
        ),
        Mutant(
            "tools",
            sub(b'"type":"function",', b""),
            "unexpected type",
            path="$.choices[0].delta.tool_calls[0].type",
            count=2,
        ),
        Mutant(
            "tools",
            sub(b'"name":"get_weather"', b'"name":""'),
            "no name",
            path="$.choices[0].delta.tool_calls[0].function.name",
            actual="",
            count=2,
            also="TOL-06",
        ),
        Mutant(
            "tools",
            twice(-4),
            "the name is repeated",
            path="$.choices[0].delta.tool_calls[0].function.name",
            actual="get_weather",
            also="TOL-03 TOL-08",
        ),
        Mutant(
            "tool-stream",
            frame(1, lambda p: p.replace(b'[{"index":0', b'[{"id":"call_other","index":0')),
            "unexpected id",
            path="$.choices[0].delta.tool_calls[0].id",
            actual="call_other",
        ),
        Mutant(
            "tools",
            sub(b'"id":"call_417fb00c5b2d4aada7fa6660"', b'"id":5'),
            "no id",
            path="$.choices[0].delta.tool_calls[0].id",
            actual="5",
            also="TOL-05",
        ),
        Mutant(
            "tools",
            sub(
                b'"name":"get_weather","arguments":"{\\"city\\":\\"B',
                b'"name":5,"arguments":"{\\"city\\":\\"B',
            ),
            "no name",
            path="$.choices[0].delta.tool_calls[0].function.name",
            actual="5",
            also="TOL-06",
        ),
        Mutant(
            "tools",
            sub(
                b',"function":{"name":"get_weather","arguments":"{\\"city\\":\\"Beijing\\"}"}', b""
            ),
            "no name",
            path="$.choices[0].delta.tool_calls[0].name",
            actual="null",
            also="TOL-03 TOL-06",
        ),
    ),
    "TOL-02": (
        Mutant(
            "tools",
            sub(b'0","index":0', b'0","index":1'),
            "unexpected index",
            path="$.choices[0].delta.tool_calls[0].index",
            actual="1",
            also="TOL-01 TOL-03 TOL-08",
        ),
        Mutant(
            "tools",
            sub(b'1","index":1', b'1","index":2'),
            "unexpected index",
            path="$.choices[0].delta.tool_calls[0].index",
            actual="2",
        ),
        Mutant(
            "tools",
            sub(b'0","index":0,', b'0",'),
            "unexpected index",
            path="$.choices[0].delta.tool_calls[0].index",
            actual="null",
        ),
        Mutant(
            "tools",
            sub(b'0","index":0', b'0","index":false'),
            "unexpected index",
            path="$.choices[0].delta.tool_calls[0].index",
            actual="false",
        ),
    ),
    "TOL-03": (
        Mutant(
            "tools",
            sub(b'\\"Beijing\\"}"', b'\\"Beij"'),
            "not a JSON object",
            path="$.choices[0].delta.tool_calls[0].arguments",
            actual='{"city":"Beij',
            also="TOL-08",
        ),
        Mutant(
            "tools",
            sub(b'"{\\"city\\":\\"Beijing\\"}"', b'{"city":"Beijing"}'),
            "not text",
            path="$.choices[0].delta.tool_calls[0].function.arguments",
            actual='{"city": "Beijing"}',
            also="TOL-08",
        ),
        Mutant(
            "tools",
            sub(b'"{\\"city\\":\\"Beijing\\"}"', b'"[]"'),
            "not a JSON object",
            path="$.choices[0].delta.tool_calls[0].arguments",
            actual="[]",
            also="TOL-08",
        ),
    ),
    "TOL-04": (
        Mutant(
            "tools",
            lambda a: replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:])),
            "no call was made",
            path="$.choices[0].finish_reason",
        ),
        Mutant(
            "tools-plain",
            sub(b'"finish_reason":"tool_calls"', b'"finish_reason":"stop"'),
            "calls were made",
            path="$.choices[0].finish_reason",
            actual="stop",
        ),
    ),
    "TOL-05": (
        Mutant(
            "tools",
            sub(b"fa6661", b"fa6660"),
            "the id is empty or taken",
            path="$.choices[0].delta.tool_calls[0].id",
            actual="call_417fb00c5b2d4aada7fa6660",
        ),
        Mutant(
            "tools-plain",
            sub(b"84836", b"84837"),
            "the id is empty or taken",
            path="$.choices[0].message.tool_calls[1].id",
            actual="call_-7807249954186984837",
        ),
        Mutant(
            "tools-plain",
            sub(b'"id":"call_-7807249954186984836"', b'"id":""'),
            "the id is empty or taken",
            path="$.choices[0].message.tool_calls[1].id",
            actual="",
            also="TOL-07",
        ),
        Mutant(
            "tools",
            sub(b'"id":"call_417fb00c5b2d4aada7fa6660"', b'"id":5'),
            "the id is empty or taken",
            path="$.choices[0].delta.tool_calls[0].id",
            actual="5",
            also="TOL-01",
        ),
    ),
    "TOL-06": (
        Mutant(
            "tools",
            sub(b'"get_weather"', b'"get_time"', 1),
            "not offered",
            path="$.choices[0].delta.tool_calls[0].name",
            actual="get_time",
        ),
    ),
    "TOL-07": (
        Mutant(
            "tools-plain",
            sub(b'"{\\"city\\":\\"Beijing\\"}"', b'{"city":"Beijing"}'),
            "not text",
            path="$.choices[0].message.tool_calls[0].function.arguments",
            actual='{"city": "Beijing"}',
            also="TOL-08",
        ),
        Mutant(
            "tools-plain",
            sub(b'\\"Beijing\\"}"', b'\\"Beij"'),
            "not a JSON object",
            path="$.choices[0].message.tool_calls[0].arguments",
            actual='{"city":"Beij',
            also="TOL-08",
        ),
        Mutant(
            "tools-plain",
            sub(b'"type":"function"', b'"type":"tool"'),
            "unexpected type",
            path="$.choices[0].message.tool_calls[0].type",
            actual="tool",
            count=2,
        ),
    ),
    "TOL-08": (
        Mutant(
            "tools",
            sub(b'{\\"city\\":\\"Beijing\\"}', b'{\\"town\\":\\"Beijing\\"}'),
            "the schema is not satisfied",
            path="$.choices[0].delta.tool_calls[0].arguments",
            actual='{"town":"Beijing"}',
        ),
        Mutant(
            "tools",
            sub(b':\\"Beijing\\"}', b":5}"),
            "the schema is not satisfied",
            path="$.choices[0].delta.tool_calls[0].arguments",
            actual='{"city":5}',
        ),
    ),
    "TOL-09": (
        Mutant(
            "tool-result",
            instead(refusal(400, "1214", "messages 参数非法。")),
            "unexpected answer",
            actual='400 {"error":{"code":"1214","message":"m…',
        ),
    ),
    "TOL-10": (
        Mutant(
            "tool-stream",
            instead(ANSWERS["tools"]),
            "in one piece",
            path="$.choices[0].delta.tool_calls[0].arguments",
            actual='{"city":"Beijing"}',
        ),
    ),
    "TOL-11": (
        Mutant(
            "tools",
            frame(
                -3,
                lambda p: p.replace(
                    b'"index":0,"delta"', b'"index":0,"finish_reason":"tool_calls","delta"'
                ),
            ),
            "a call beside the finish",
            path="$.choices[0].finish_reason",
            also="FIN-01",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "TOL-01": (
        Mutant("tool-stream", REPEATED),
        Mutant("tool-stream", sub(b',"function":{"arguments":"{\\"city\\""}', b"")),
    ),
    "TOL-03": (
        Mutant(
            "tools",
            lambda a: sub(b'Shanghai\\"}', b"Shang")(
                sub(b'"tool_calls","delta"', b'"length","delta"')(a)
            ),
        ),
    ),
    "TOL-04": (Mutant("tools", sub(b'"tool_calls","delta"', b'"length","delta"')),),
    "TOL-05": (Mutant("tool-stream", REPEATED),),
    "TOL-09": (Mutant("tool-result", instead(ANSWERS["tools-plain"])),),
    "TOL-11": (
        Mutant(
            "tools",
            frame(
                -2,
                lambda p: p.replace(b'"delta":{"role":"assistant","content":""}', b'"delta":null'),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
