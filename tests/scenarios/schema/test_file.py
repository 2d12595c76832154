from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockglm.errors import FileError
from mockglm.scenarios import build_json_schema, parse, yaml_nodes
from mockglm.scenarios.problems import Problems

WHOLE = """
format: 1
about: All there is.
recorded: {at: 2026-09-09 05:38:28, from: https://api.z.ai/api/paas/v4, by: mockglm 0.1.0}
speed: 2
keys: listed
ignore: [$.seed]
replace: {'[0-9]+': N}
models: [{id: glm-9, like: glm-4.6, pace: {first: 1}}]
overload: [{model: glm-5, for: 30}]
accounts:
  - key: 1.2
    balance: 0
    prices: {glm-*: {input: 1, output: 2.5, cached: 0}}
    concurrency: {glm-5: 1}
    plan: [{window: 5h, requests: 40}]
    models: [glm-*]
    denied: glm-5.3
    state: active
  - {key: b, balance: {tokens: 1}}
  - {key: c, balance: {requests: 1}}
defaults: {content: 1.10, usage: none, pace: model, headers: {X-A: [1, b]}}
interactions:
  - when:
      model: [glm-4.6, 4.5]
      stream: true
      thinking: false
      user: 天气
      system: [a, /b/]
      assistant: a
      tool: b
      text: 42
      after_tool: f
      tools: [f]
      body: {a: 1}
      header: {X-A: 1}
      key: k
      chance: 0.5
    reply:
      - error: 1302
      - {error: {code: 1308, number: 5, unit: hour, reset: 2026-09-09 05:38:28}, times: 2}
      - {error: {code: 1301, contentFilter: [{role: user, level: 2}]}}
      - reasoning: 用户想知道天气。
        content: 北京今天晴。
        tool_calls: [{name: f, arguments: {a: 1}}, {name: g, arguments: '{', id: x}]
        finish_reason: stop
        usage: {prompt_tokens: 1}
        web_search: [{title: a}]
        content_filter: [{role: user, level: 1}]
        chunks: {content: [a, b], reasoning: 1, arguments: 2}
        pace: {first: 1, every: 0.1, jitter: 0}
        fault: [reset, {do: stall, at: 3 frames, for: 30s}]
        template: true
    times: 5
    validate: false
    speed: 0
  - request: {method: POST, path: /chat/completions, query: a=1, body: {model: glm-4.6}}
    response: {status: 200, headers: {A: b}, events: "0.1 [DONE]", cut: true}
  - request: {path: /files, base64: aGk=}
    response: {at: 1, chunks: [[0.5, a], {at: 1, base64: aGk=}], cut: reset}
  - response: {json: {a: 1}}
  - response: {body: text}
"""


@cache
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(build_json_schema())
    return Draft202012Validator(build_json_schema())


def plain(text: str) -> Any:
    return yaml_nodes.to_python(yaml_nodes.compose_nodes(Problems("x.yaml", text.encode())))


def test_a_file_with_all_there_is_loads_and_fits_the_schema() -> None:
    assert len(parse(WHOLE.encode(), "whole.yaml").interactions) == 5
    assert list(validator().iter_errors(plain(WHOLE))) == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "format: 2",
        "[]",
        "{format: 1, unknown: 1}",
        "{format: 1, interactions: {}}",
        "{format: 1, interactions: [{rply: {}}]}",
        "{format: 1, interactions: [{reply: {content: []}}]}",
        "{format: 1, interactions: [{reply: {chunks: 0}}]}",
        "{format: 1, interactions: [{reply: {finish_reason: stopp}}]}",
        "{format: 1, interactions: [{reply: {fault: {at: 3 frames}}}]}",
        "{format: 1, interactions: [{reply: {pace: {first: -1}}}]}",
        "{format: 1, interactions: [{reply: {tool_calls: [{}]}}]}",
        "{format: 1, interactions: [{reply: {error: {status: 400}}}]}",
        "{format: 1, interactions: [{when: {stream: 'yes'}}]}",
        "{format: 1, interactions: [{response: {cut: maybe}}]}",
        "{format: 1, interactions: [{response: {chunks: [[a, b]]}}]}",
        "{format: 1, keys: some}",
        "{format: 1, accounts: [{}]}",
    ],
)
def test_the_schema_refuses_files_that_do_not_load(text: str) -> None:
    assert list(validator().iter_errors(plain(text))) != []


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a plain value, as what holds it and its key or index."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


SCALARS = st.none() | st.booleans() | st.integers(-2, 2000) | st.floats(0, 2) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["1302", "model", "none", "true", "/(/", "{{ x", "reset", "5h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@given(st.data(), VALUES)
def test_a_file_with_one_thing_changed_fits_the_schema_or_does_not_load(
    data: st.DataObject, value: Any
) -> None:
    changed = plain(WHOLE)
    holder, key = data.draw(st.sampled_from(list(places(changed))), "place")
    if data.draw(st.booleans(), "whether to take it out"):
        del holder[key]
    else:
        holder[key] = value
    try:
        parse(json.dumps(changed).encode(), "a.yaml")
    except FileError:
        return
    assert list(validator().iter_errors(changed)) == []


def test_every_field_has_a_description_or_a_described_type() -> None:
    made = build_json_schema()
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    fields = {
        (name, field)
        for name, part in made["$defs"].items()
        for field, kind in part["properties"].items()
        if "description" not in kind
    }
    assert {name for name, _ in fields} <= {
        *("AccountSpec", "BytesSpec", "ChunksSpec", "ContentFilterSpec", "ModelSpec"),
        *("RequestSpec", "ResponseSpec", "WindowSpec"),
    }
    assert "x-text" not in str(made)
